"""The ledger's outbox: each file that was promised to a server, from ``prepared`` to ``taken``.

Every change of a file's stage goes through :func:`_move`, which knows the table of stages and what
follows for the orders, the sale or the shop that hang on the file.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, exists, func, select, update

from passerelle.base.language import _
from passerelle.ledger.book import Begin, Book, in_batches, insert_all, insert_one, row_of
from passerelle.ledger.marks import move_all, write_marks
from passerelle.ledger.pool_booking import last_move, note, supersede, waiting_for
from passerelle.ledger.sales import doubt_sale, move_sales, prepare_sale
from passerelle.ledger.schema import (
    changes,
    dispatches,
    orders,
    pool_files,
    publications,
    sales,
    sync_batches,
    sync_lines,
)
from passerelle.ledger.servers import count_deed
from passerelle.ledger.stock import write_clock
from passerelle.model.location import Location
from passerelle.model.orders import Change
from passerelle.model.pool import Json
from passerelle.model.records import Dispatch, Issue, Mark
from passerelle.model.states import (
    LEVELS,
    OF_ORDERS,
    STAGES,
    XMLS,
    Kind,
    SaleState,
    Stage,
    State,
)
from passerelle.model.sync import Batch, TargetPlace, Write

# The changed lines of older publications are dropped: `stock why` speaks of the last one.
KEPT_PUBLICATIONS = 50
# Of older files of a shop of the pool it is only known that they were.
_KEPT_VIEWS = 3
# Which stages lead to each.
_FROM = {after: [s for s, nexts in STAGES.items() if s and after in nexts] for after in Stage}


class Promise(Struct, frozen=True):
    """A file to be sent: where to, and what it must be there.

    ``archived`` is an XML's name in ArchiveExport; levels have none. ``target`` is the shop of the
    pool that it is for.
    """

    kind: Kind
    place: Location
    sha256: str
    size: int
    archived: str = ""
    target: str = ""
    address: str = ""
    publish: str = "rename"


class DispatchBook(Book):
    """The book of what was promised. Each promise is one transaction with what hangs on it."""

    def __init__(self, begin: Begin, begin_lightly: Begin) -> None:
        super().__init__(begin)
        self._begin_lightly = begin_lightly

    # --- promises ----------------------------------------------------------------------------

    def prepare_orders(
        self, promise: Promise, at: datetime, channel: str, marks: Sequence[Mark]
    ) -> Dispatch:
        """Promises an XML and its orders. From here on it will be sent."""
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            write_marks(connection, channel, marks, at, dispatch=dispatch.number)
            return dispatch

    def adopt_xml(
        self,
        promise: Promise,
        at: datetime,
        channel: str,
        marks: Sequence[Mark],
        lain: datetime | None,
    ) -> None:
        """An XML that another ledger had sent, and that lies there since ``lain`` (its server's
        clock), is this one's from now on, with its orders.
        """
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            write_marks(connection, channel, marks, at, dispatch=dispatch.number)
            dispatch = _move(connection, dispatch, Stage.STAGED, at, staged=at, uploaded=lain)
            told = _("found there as {place}").format(place=dispatch.place)
            _move(connection, dispatch, Stage.SENT, at, told, sent=at, published=lain)

    def prepare_anew(
        self, old: Dispatch, promise: Promise, at: datetime, stay: Collection[str], why: str
    ) -> Dispatch:
        """Promises an XML instead of one that nobody saw, with those of its orders that stay.

        The others start over.
        """
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            for some in in_batches(stay):
                mine = (orders.c.dispatch == old.number) & orders.c.id.in_(some)
                connection.execute(update(orders).where(mine).values(dispatch=dispatch.number))
            _move(connection, old, Stage.ABANDONED, at, why)
            return dispatch

    def prepare_sale(self, promise: Promise, at: datetime, issue: Issue) -> Dispatch:
        """Promises the XML of a sale, with the sale's own state."""
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            prepare_sale(connection, issue, at, dispatch.number)
            return dispatch

    def prepare_stock(
        self, promise: Promise, at: datetime, changed: Iterable[Change], **facts: Any
    ) -> Dispatch:
        """Promises an ExportCSVmod, with each changed line and its reason.

        ``facts`` are the columns of ``publications``: what it was made from, how many lines.
        """
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            number = dispatch.number
            connection.execute(publications.insert().values(number=number, **facts))
            rows = (
                row_of(changes, change) | {"publication": number, "orders": ",".join(change.orders)}
                for change in changed
            )
            insert_all(connection, changes, rows)
            connection.execute(changes.delete().where(changes.c.publication < oldest(connection)))
            return dispatch

    def prepare_pool(self, promise: Promise, at: datetime, changed: int, view: Json) -> Dispatch:
        """Promises a shop's file, with what the shop shows once it took it."""
        with self._begin() as connection:
            dispatch = _insert(connection, promise, at)
            values = {"number": dispatch.number, "changed": changed, "view": view}
            connection.execute(pool_files.insert().values(upto=last_move(connection), **values))
            mine = select(dispatches.c.number).where(
                dispatches.c.target == promise.target,
                dispatches.c.kind == Kind.POOL,
                dispatches.c.stage.in_((Stage.TAKEN, Stage.SUPERSEDED)),
                dispatches.c.number <= dispatch.number - _KEPT_VIEWS,
            )
            old = pool_files.c.view.is_not(None) & pool_files.c.number.in_(mine)
            connection.execute(update(pool_files).where(old).values(view=None))
            return dispatch

    def prepare_batch(
        self,
        promise: Promise,
        at: datetime,
        job: int,
        place: TargetPlace,
        moves_before: int,
        writes: Sequence[Write],
    ) -> Batch:
        """Promises levels that are written through an API, each with what was there before."""
        mark = promise.place.path
        with self._begin() as connection:
            number = _insert(connection, promise, at).number
            values = row_of(sync_batches, place, moves_before=moves_before, job=job, mark=mark)
            connection.execute(sync_batches.insert().values(values | {"number": number}))
            rows = (row_of(sync_lines, one) | {"batch": number} for one in writes)
            insert_all(connection, sync_lines, rows)
        more = place, moves_before, promise.address, tuple(writes)
        return Batch(number, mark, Stage.PREPARED, at, *more)

    # --- stages ------------------------------------------------------------------------------

    def stage(
        self,
        dispatch: Dispatch,
        at: datetime,
        uploaded: datetime | None,
        *,
        is_deed: bool = True,
    ) -> Dispatch:
        """Its bytes are on the server, under the name that only this ledger touches.

        ``uploaded`` is that moment on the server's clock, which is measured by it. ``is_deed``: it
        gets its name next, which is counted for the server's mark.
        """
        with self._begin() as connection:
            if is_deed:
                count_deed(connection, dispatch.place.server, dispatch.address)
            if uploaded:
                server, number = dispatch.place.server, dispatch.number
                write_clock(connection, server, uploaded - at, at, of=number)
            return _move(connection, dispatch, Stage.STAGED, at, staged=at, uploaded=uploaded)

    def unstage(self, dispatch: Dispatch, at: datetime) -> Dispatch:
        """What lies on the server under its temporary name counts for nothing any more."""
        with self._begin() as connection:
            return _move(connection, dispatch, Stage.PREPARED, at, staged=None, uploaded=None)

    def send(
        self, dispatch: Dispatch, at: datetime, published: datetime | None, *, lightly: bool = False
    ) -> Dispatch:
        """Others can see it. ``published`` is that moment on the server's clock.

        ``lightly``: does not wait for the disk, where the next run would find it out by itself.
        """
        # Translators: the place comes last: `customer erase` finds the XML of an order by it
        told = _("sent as {place}").format(place=dispatch.place)
        with (self._begin_lightly if lightly else self._begin)() as connection:
            return _move(connection, dispatch, Stage.SENT, at, told, sent=at, published=published)

    def take(self, dispatch: Dispatch, at: datetime) -> Dispatch:
        """Whoever it was for has fetched it."""
        told = _("the ERP took {place}").format(place=dispatch.place)
        with self._begin() as connection:
            return _move(connection, dispatch, Stage.TAKEN, at, told, taken=at)

    def note_stuck(self, dispatch: Dispatch, at: datetime | None) -> Dispatch:
        """A run saw that it did not get its name; or (``None``) it is to get it now."""
        mine = update(dispatches).where(dispatches.c.number == dispatch.number)
        with self._begin() as connection:
            connection.execute(mine.values(stuck=at))
            return _one(connection, dispatch.number)

    def settle_batch(
        self, batch: Batch, stage: Stage, at: datetime, levels: Mapping[int, Decimal] | None = None
    ) -> None:
        """What became of levels: ``taken``, with those read back; ``doubtful``; ``abandoned``;
        ``superseded`` where nobody can tell any more, and others are written elsewhere.
        """
        with self._begin() as connection:
            taken = at if stage == Stage.TAKEN else None
            _move(connection, _one(connection, batch.dispatch), stage, at, taken=taken)
            for product, level in (levels or {}).items():
                line = (sync_lines.c.batch == batch.dispatch) & (sync_lines.c.product == product)
                connection.execute(update(sync_lines).where(line).values(after=level))

    def note_lying(self, dispatch: Dispatch, at: datetime) -> None:
        """It lay there ``at`` that moment of the server's clock."""
        mine = update(dispatches).where(dispatches.c.number == dispatch.number)
        with self._begin_lightly() as connection:
            connection.execute(mine.values(lying=at))

    def end(self, dispatch: Dispatch, stage: Stage, at: datetime, why: str = "") -> Dispatch:
        """It is ``abandoned`` (its orders start over), ``superseded`` or ``withdrawn``."""
        with self._begin() as connection:
            return _move(connection, dispatch, stage, at, why)

    def doubt(self, dispatch: Dispatch, at: datetime) -> Dispatch:
        """Nobody but the ERP can tell whether it arrived."""
        with self._begin() as connection:
            return _move(connection, dispatch, Stage.DOUBTFUL, at)

    def leave(self, dispatch: Dispatch, at: datetime) -> None:
        """It still lies there although its time has passed."""
        mine = update(dispatches).where(dispatches.c.number == dispatch.number)
        with self._begin() as connection:
            connection.execute(mine.values(left=at))

    def publish_as(self, dispatch: Dispatch, mode: str) -> Dispatch:
        """It goes the other way that servers allow; nobody has seen anything of it yet."""
        mine = update(dispatches).where(dispatches.c.number == dispatch.number)
        with self._begin() as connection:
            connection.execute(mine.values(publish=mode))
            return _one(connection, dispatch.number)

    def move(self, dispatch: Dispatch, place: Location, address: str) -> Dispatch:
        """It goes elsewhere, of which nobody saw anything yet; or others moved it there."""
        mine = update(dispatches).where(dispatches.c.number == dispatch.number)
        told = {"server": place.server, "path": place.path, "address": address}
        with self._begin() as connection:
            connection.execute(mine.values(told))
            return _one(connection, dispatch.number)

    def doubt_open(self, server: str, at: datetime, *stages: Stage) -> list[Dispatch]:
        """Nobody knows what became of these: their server is another, or another sends there, too.

        Of levels it does not matter: newer ones are made. Returns the XMLs in doubt.
        """
        d = dispatches.c
        mine = _numbered().where(d.server == server, d.stage.in_(stages))
        with self._begin() as connection:
            found = [dispatch_of(row) for row in connection.execute(mine)]
            for one in found:
                let_go = Stage.SUPERSEDED if one.stage == Stage.SENT else Stage.ABANDONED
                _move(connection, one, let_go if one.kind in LEVELS else Stage.DOUBTFUL, at)
        return [one for one in found if one.kind not in LEVELS]

    # --- questions ---------------------------------------------------------------------------

    def unfinished(self) -> list[Dispatch]:
        """The XMLs that are on their way, or in doubt while an order still hangs on them."""
        d = dispatches.c
        hanging = exists().where(orders.c.dispatch == d.number, orders.c.state == State.PREPARED)
        on_the_way = d.stage.in_((Stage.PREPARED, Stage.STAGED))
        in_doubt = (d.stage == Stage.DOUBTFUL) & hanging
        return self._list(_numbered().where(on_the_way | in_doubt, d.kind.in_(XMLS)))

    def doubtful_sales(self) -> list[Dispatch]:
        """The XMLs of sales of which nobody has said yet whether they arrived."""
        d = dispatches.c
        hanging = exists().where(sales.c.dispatch == d.number, sales.c.state == SaleState.PREPARED)
        return self._list(_numbered().where(d.stage == Stage.DOUBTFUL, hanging))

    def untaken(self) -> list[Dispatch]:
        """The XMLs that the ERP had not fetched when last looked at."""
        sent = dispatches.c.stage == Stage.SENT
        return self._list(_numbered().where(sent, dispatches.c.kind.in_(XMLS)))

    def taken_since(self, moment: datetime) -> list[Dispatch]:
        """The XMLs of orders that the ERP took, and is not known to have refused."""
        d = dispatches.c
        good = (d.stage == Stage.TAKEN) & d.kind.in_(OF_ORDERS) & d.refused.is_(None)
        return self._list(_numbered().where(d.taken >= moment, good))

    def last(self, kind: Kind, target: str = "", stages: Collection[Stage] = ()) -> Dispatch | None:
        """The last file of that kind, for that shop of the pool; of those stages, where given."""
        d = dispatches.c
        mine = select(dispatches).where(d.kind == kind, d.target == target)
        mine = mine.where(d.stage.in_(stages)) if stages else mine
        return next(iter(self._list(mine.order_by(d.number.desc()).limit(1))), None)

    def is_used(self, place: Location) -> bool:
        d = dispatches.c
        query = select(func.count()).where(d.server == place.server, d.path == place.path)
        return bool(self._value(query))

    def archived_as(self, number: int) -> str | None:
        """The name in ArchiveExport of a dispatch; ``None`` for one that was never prepared."""
        return self._value(select(dispatches.c.archived).where(dispatches.c.number == number))

    def channel_of(self, dispatch: Dispatch) -> str | None:
        """The channel of its orders, or of its sale; ``None`` where it has none any more."""
        of = sales if dispatch.kind == Kind.SALE else orders
        mine = select(of.c.channel).where(of.c.dispatch == dispatch.number)
        return self._value(mine.limit(1))

    def orders_of(self, dispatch: Dispatch) -> list[str]:
        return self.orders_in(dispatch.number)

    def orders_in(self, number: int) -> list[str]:
        """The orders whose last XML has that number."""
        query = select(orders.c.id).where(orders.c.dispatch == number)
        with self._begin() as connection:
            return list(connection.execute(query.order_by(orders.c.id)).scalars())

    def in_doubt(self, dispatch: Dispatch) -> list[str]:
        """Its orders of which nobody has said yet whether they arrived."""
        hanging = (orders.c.dispatch == dispatch.number) & (orders.c.state == State.PREPARED)
        with self._begin() as connection:
            query = select(orders.c.id).where(hanging).order_by(orders.c.id)
            return list(connection.execute(query).scalars())

    def _list(self, query: Select[Any]) -> list[Dispatch]:
        with self._begin() as connection:
            return [dispatch_of(row) for row in connection.execute(query)]


def _numbered() -> Select[Any]:
    return select(dispatches).order_by(dispatches.c.number)


def _insert(connection: Connection, promise: Promise, at: datetime) -> Dispatch:
    place = {"server": promise.place.server, "path": promise.place.path}
    row = row_of(dispatches, promise, **place, stage=Stage.PREPARED, prepared=at)
    return _one(connection, insert_one(connection, dispatches, **row))


def _move(
    connection: Connection,
    dispatch: Dispatch,
    stage: Stage,
    at: datetime,
    told: str = "",
    **values: Any,
) -> Dispatch:
    """The one place where a file changes its stage, from one that the table allows."""
    mine = (dispatches.c.number == dispatch.number) & dispatches.c.stage.in_(_FROM[stage])
    moved = connection.execute(update(dispatches).where(mine).values(stage=stage, **values))
    if moved.rowcount != 1:
        raise AssertionError(f"dispatch {dispatch.number}: {dispatch.stage} -> {stage}")
    _follow(connection, dispatch, stage, at, told)
    return _one(connection, dispatch.number)


def _follow(
    connection: Connection, dispatch: Dispatch, stage: Stage, at: datetime, told: str
) -> None:
    """What a file's new stage means for what hangs on it."""
    number = dispatch.number
    if stage == Stage.SENT and dispatch.kind in LEVELS:
        waits = waiting_for(dispatch.target, dispatch.kind)
        supersede(connection, waits & (dispatches.c.number < number))
    if dispatch.kind == Kind.SYNC:
        return  # its levels hang on nothing else
    match stage:
        case Stage.SENT if dispatch.kind == Kind.POOL:
            changed = select(pool_files.c.changed).where(pool_files.c.number == number)
            note(connection, dispatch.target, "written", at, connection.scalar(changed) or 0)
        case Stage.SENT:
            move_all(connection, number, (State.PREPARED, State.SENT), at, told)
            move_sales(connection, number, SaleState.SENT, at, told)
        case Stage.TAKEN:
            move_all(connection, number, (State.SENT, State.TAKEN), at, told)
        case Stage.ABANDONED:
            move_all(connection, number, (State.PREPARED, State.WAITING), at, told)
            move_sales(connection, number, SaleState.WANTED, at, told)
        case Stage.DOUBTFUL:
            move_all(connection, number, (State.SENT, State.PREPARED), at, told)
            doubt_sale(connection, number)


def oldest(connection: Connection) -> int:
    """The oldest publication of stock whose changed lines are kept; 0 while all are."""
    newest = select(publications.c.number).order_by(publications.c.number.desc())
    return connection.scalar(newest.offset(KEPT_PUBLICATIONS).limit(1)) or 0


def _one(connection: Connection, number: int) -> Dispatch:
    query = select(dispatches).where(dispatches.c.number == number)
    return dispatch_of(connection.execute(query).one())


def dispatch_of(row: Row[Any]) -> Dispatch:
    values = dict(row._mapping)
    place = Location(values.pop("server"), values.pop("path"))
    names = Dispatch.__struct_fields__
    return Dispatch(place=place, **{name: values[name] for name in names if name in values})
