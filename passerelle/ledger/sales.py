"""The ledger's sales, and how one is written, within a caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, select, update

from passerelle.base.commands import command
from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.ledger.book import Book, in_batches, record_of
from passerelle.ledger.marks import of_late, replace_sold, select_with_xml
from passerelle.ledger.schema import IS_CANCELLED, dispatches, sale_events, sales
from passerelle.ledger.settling import remember_sale, restore_sale
from passerelle.model.location import Location
from passerelle.model.records import Event, Issue, KnownOrder, KnownSale, SaleMark, Settlement
from passerelle.model.states import ON_THE_WAY, OPEN, SALE_TRANSITIONS, SaleState, Stage


class SaleBook(Book):
    def of_orders(self, channel: str, ids: Collection[str]) -> dict[str, list[KnownSale]]:
        """The sales of these orders, by id; several where the shop used an id again."""
        found: dict[str, list[KnownSale]] = {}
        with self._begin() as connection:
            for some in in_batches(ids):
                of_them = (sales.c.channel == channel) & sales.c.id.in_(some)
                query = select_with_xml(sales).where(of_them)
                for row in connection.execute(query.order_by(sales.c.order_date)):
                    found.setdefault(row.id, []).append(record_of(KnownSale, row))
        return found

    def of_order(self, order: KnownOrder) -> KnownSale | None:
        found = self.of_orders(order.channel, [order.id]).get(order.id, ())
        return next((sale for sale in found if sale.order_date == order.date), None)

    def in_states(self, *states: SaleState) -> list[KnownSale]:
        return self._list(sales.c.state.in_(states))

    def cancelled(self) -> list[KnownSale]:
        """Those whose order the shop cancelled although they were sent or done."""
        found = self._list(IS_CANCELLED)
        return [sale for sale in found if sale.state in (SaleState.SENT, SaleState.DONE)]

    def sent_as(self, places: Collection[Location]) -> list[KnownSale]:
        """The sales whose last XML had one of these names, and was taken by the ERP."""
        found: list[KnownSale] = []
        names = sorted({(place.server, place.path) for place in places})
        for server in {server for server, _path in names}:
            paths = [path for of, path in names if of == server]
            for some in in_batches(paths):
                d = dispatches.c
                named = d.path.in_(some) & (d.server == server)
                taken = named & (d.stage == Stage.TAKEN)
                found += self._list(sales.c.dispatch.in_(select(d.number).where(taken)))
        return found

    def unseen_by_erp(
        self, written: datetime | None, taken_after: datetime, unproved: int | None = None
    ) -> list[KnownSale]:
        """Sales that the ERP's file may lack: open, on their way, or taken of late.

        The arguments are those of :func:`of_late`.
        """
        open_ones = sales.c.state.in_((*OPEN, *ON_THE_WAY))
        late = sales.c.dispatch.in_(of_late(written, taken_after, unproved))
        return self._list(open_ones | late)

    def events(self, sale: KnownSale) -> list[Event]:
        e = sale_events.c
        mine = (e.channel == sale.channel) & (e.id == sale.id) & (e.order_date == sale.order_date)
        query = select(e.at, e.event, e.note).where(mine).order_by(e.number)
        return self._records(Event, query)

    def mark(self, marks: Sequence[SaleMark], at: datetime) -> None:
        """Writes each sale; what does not change makes no event.

        Raises :class:`UsageError` for a step that the table of transitions does not allow.
        """
        if marks:
            with self._begin() as connection:
                for mark in marks:
                    _write(connection, mark, find_sale(connection, mark), at)

    def retry(self, sale: KnownSale, at: datetime) -> None:
        """A person wants it tried anew."""
        self._steer(sale, SaleState.WANTED, at, _("to be tried again, as asked"))

    def settle(self, sale: KnownSale, at: datetime) -> None:
        self._steer(sale, SaleState.DONE, at, _("entered by hand"), is_settled=True)

    def undo(self, sale: KnownSale, at: datetime) -> None:
        """A person undid the sale of a cancelled order in the ERP."""
        self._steer(sale, SaleState.WITHDRAWN, at, _("undone by hand"), is_settled=True)

    def unsettle(self, sale: KnownSale, settlement: Settlement, at: datetime) -> None:
        """A person takes back that it was settled: it is what it was before."""
        with self._begin() as connection:
            restore_sale(connection, sale, settlement, at)
            told = settlement.before["state"], _("not settled after all")
            add_sale_event(connection, sale, at, *told)

    def _steer(
        self,
        sale: KnownSale,
        state: SaleState,
        at: datetime,
        note: str,
        *,
        is_settled: bool = False,
    ) -> None:
        values: dict[str, Any] = {"state": state, "problem": "", "reason": note, "refusals": 0,
                                  "told": None, "changed": at}  # fmt: skip
        if state == SaleState.DONE:
            values["dispatch"] = None  # none of ours: the file of stock that follows includes it
        with self._begin() as connection:
            check_sale_step(sale, sale, state)
            if is_settled:
                remember_sale(connection, sale, at)
            connection.execute(update(sales).where(of_key(sale)).values(**values))
            add_sale_event(connection, sale, at, state, note)

    def _list(self, condition: Any) -> list[KnownSale]:
        query = select_with_xml(sales).where(condition).order_by(sales.c.order_date, sales.c.id)
        return self._records(KnownSale, query)


DOUBTFUL, REFUSED = "doubtful", "refused"
Key = KnownSale | SaleMark | Issue


def of_key(key: Key) -> Any:
    same = (sales.c.channel == key.channel) & (sales.c.id == key.id)
    return same & (sales.c.order_date == key.order_date)


def find_sale(connection: Connection, key: Key) -> KnownSale | None:
    row = connection.execute(select_with_xml(sales).where(of_key(key))).one_or_none()
    return record_of(KnownSale, row) if row else None


def _write(connection: Connection, mark: SaleMark, before: KnownSale | None, at: datetime) -> None:
    check_sale_step(mark, before, mark.state)
    values: dict[str, Any] = {
        "state": mark.state,
        "problem": mark.problem,
        "reason": mark.reason,
        "cancelled": mark.cancelled,
    }
    values |= {"refusals": mark.refusals} if mark.refusals is not None else {}
    values |= {"dispatch": None, "refusals": 0} if mark.by_hand else {}
    values |= {"imported": mark.imported} if mark.imported is not None else {}
    if mark.is_told or not mark.problem:
        values["told"] = at if mark.is_told else None
    if before is None or before.state != mark.state:
        values["changed"] = at
    if before is None:
        key = {"channel": mark.channel, "id": mark.id, "order_date": mark.order_date}
        connection.execute(sales.insert().values(**key, **values))
    else:
        connection.execute(update(sales).where(of_key(mark)).values(**values))
    imported = mark.imported if mark.imported is not None or before is None else before.imported
    said = before and (before.state, before.problem, before.cancelled, before.imported)
    if said != (mark.state, mark.problem, mark.cancelled, imported):
        add_sale_event(connection, mark, at, mark.state, mark.reason)


def prepare_sale(connection: Connection, issue: Issue, at: datetime, dispatch: int) -> None:
    """Promises a sale in the caller's transaction.

    That the ERP refused it before stays known until it is done.
    """
    before = find_sale(connection, issue)
    if before is None or before.state != SaleState.WANTED:
        mark = SaleMark(issue.channel, issue.id, issue.order_date, SaleState.WANTED)
        if before is not None and before.problem:
            mark = replace(mark, problem=before.problem, reason=before.reason)
        _write(connection, mark, before, at)
    values: dict[str, Any] = {
        "state": SaleState.PREPARED,
        "document": issue.document,
        "dispatch": dispatch,
        "imported": issue.imported,
        "tried": at,
        "changed": at,
    }
    if before is None or before.problem != REFUSED:
        values |= {"problem": "", "reason": "", "told": None}
    connection.execute(update(sales).where(of_key(issue)).values(**values))
    replace_sold(connection, issue.channel, {issue.id: issue.sold})
    add_sale_event(connection, issue, at, SaleState.PREPARED, issue.document, dispatch)


def move_sales(
    connection: Connection, dispatch: int, state: SaleState, at: datetime, note: str
) -> None:
    """Moves the sale of a dispatch on, if it has one that is ``prepared``."""
    query = select_with_xml(sales).where(
        sales.c.dispatch == dispatch, sales.c.state == SaleState.PREPARED
    )
    for sale in [record_of(KnownSale, row) for row in connection.execute(query)]:
        values = {"state": state, "changed": at}
        if sale.problem == DOUBTFUL:
            values |= {"problem": "", "reason": ""}
        connection.execute(update(sales).where(of_key(sale)).values(**values))
        add_sale_event(connection, sale, at, state, note, dispatch)


def doubt_sale(connection: Connection, dispatch: int) -> None:
    """Nobody but the ERP can tell whether it has the sale of a dispatch."""
    values = {"problem": DOUBTFUL, "reason": _("nobody saw that it was taken"), "told": None}
    mine = sales.c.dispatch == dispatch
    connection.execute(update(sales).where(mine).values(**values))
    sent = mine & (sales.c.state == SaleState.SENT)
    connection.execute(update(sales).where(sent).values(state=SaleState.PREPARED))


def add_sale_event(
    connection: Connection,
    key: Key,
    at: datetime,
    what: str,
    note: str,
    dispatch: int | None = None,
) -> None:
    values = {"channel": key.channel, "id": key.id, "order_date": key.order_date, "at": at,
              "event": what, "note": note, "dispatch": dispatch}  # fmt: skip
    connection.execute(sale_events.insert().values(**values))


def check_sale_step(key: Key, before: KnownSale | None, state: SaleState) -> None:
    """Raises :class:`UsageError` for a step that the table does not allow."""
    if state not in SALE_TRANSITIONS[before.state if before else None]:
        now = f'"{before.state}"' if before else _("unknown")
        what = _('the sale of order {id} is {now} and cannot become "{state}"')
        raise UsageError(
            what.format(id=key.id, now=now, state=state),
            "",
            _("see `{show}`").format(show=command("show", key.id)),
        )
