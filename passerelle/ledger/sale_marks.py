"""How a sale is written into the ledger, within a caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from passerelle.errors import UsageError
from passerelle.language import _
from passerelle.ledger.known_sales import KnownSale, known_sale, select_sales
from passerelle.ledger.marks import replace_sold
from passerelle.ledger.schema import sale_events, sales
from passerelle.ledger.states import SALE_TRANSITIONS, SaleState
from passerelle.sales import Sold

DOUBTFUL, REFUSED = "doubtful", "refused"


@dataclass(frozen=True, slots=True)
class SaleMark:
    """What to write of a sale. ``is_told``: people are told of its problem now.

    ``refusals`` and ``imported`` are left as they are where they are ``None``. ``by_hand``: a
    person entered it, so that none of our XMLs is the one that the ERP has.
    """

    channel: str
    id: str
    order_date: datetime
    state: SaleState
    problem: str = ""
    reason: str = ""
    imported: int | None = None
    cancelled: bool = False
    refusals: int | None = None
    is_told: bool = False
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Issue:
    """A sale to issue now, as which ``document``, for the order's XML ``imported``.

    ``sold`` is what it takes out of stock: the shop may have changed the order since.
    """

    channel: str
    id: str
    order_date: datetime
    document: str
    imported: int | None
    sold: tuple[Sold, ...] = ()


Key = KnownSale | SaleMark | Issue


def of_key(key: Key) -> Any:
    """The condition for one sale's row."""
    same = (sales.c.channel == key.channel) & (sales.c.id == key.id)
    return same & (sales.c.order_date == key.order_date)


def find_sale(connection: Connection, key: Key) -> KnownSale | None:
    """The sale of that channel, id and date."""
    row = connection.execute(select_sales().where(of_key(key))).one_or_none()
    return known_sale(row) if row else None


def write_sale_marks(connection: Connection, marks: Sequence[SaleMark], at: datetime) -> None:
    """Writes each sale; what does not change makes no event.

    Raises :class:`UsageError` for a step that the table of transitions does not allow.
    """
    for mark in marks:
        _write(connection, mark, find_sale(connection, mark), at)


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
    query = select_sales().where(sales.c.dispatch == dispatch, sales.c.state == SaleState.PREPARED)
    for sale in [known_sale(row) for row in connection.execute(query)]:
        values = {"state": state, "changed": at}
        connection.execute(update(sales).where(of_key(sale)).values(**values))
        add_sale_event(connection, sale, at, state, note, dispatch)


def doubt_sale(connection: Connection, dispatch: int) -> None:
    """Nobody but the ERP can tell whether it has the sale of a dispatch."""
    values = {"problem": DOUBTFUL, "reason": _("its upload was interrupted"), "told": None}
    connection.execute(update(sales).where(sales.c.dispatch == dispatch).values(**values))


def add_sale_event(
    connection: Connection,
    key: Key,
    at: datetime,
    what: str,
    note: str,
    dispatch: int | None = None,
) -> None:
    """Notes something that happened to a sale."""
    values = {"channel": key.channel, "id": key.id, "order_date": key.order_date, "at": at,
              "event": what, "note": note, "dispatch": dispatch}  # fmt: skip
    connection.execute(sale_events.insert().values(**values))


def check_sale_step(key: Key, before: KnownSale | None, state: SaleState) -> None:
    """Raises :class:`UsageError` for a step that the table does not allow."""
    if state not in SALE_TRANSITIONS[before.state if before else None]:
        now = f'"{before.state}"' if before else _("unknown")
        what = _('the sale of order {id} is {now} and cannot become "{state}"')
        raise UsageError(
            what.format(id=key.id, now=now, state=state), "", _("see `passerelle orders show`")
        )
