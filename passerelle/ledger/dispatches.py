"""The ledger's dispatches: each XML on its way to the ERP, from ``prepared`` to ``taken``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select, update

from passerelle.base.language import _
from passerelle.ledger.marks import move_all, write_marks
from passerelle.ledger.sales import doubt_sale, move_sales, prepare_sale
from passerelle.ledger.schema import Begin, dispatches, orders
from passerelle.ledger.stock import write_clock
from passerelle.model.location import Location
from passerelle.model.records import SALE, Dispatch, Issue, Mark
from passerelle.model.states import SaleState, Stage, State


class DispatchBook:
    """The book of dispatches."""

    def __init__(self, begin: Begin, begin_lightly: Begin) -> None:
        self._begin, self._begin_lightly = begin, begin_lightly

    def prepare(
        self,
        channel: str,
        marks: Sequence[Mark],
        at: datetime,
        *,
        place: Location,
        archived: str,
        sha256: str,
        size: int,
    ) -> Dispatch:
        """Promises an XML and its orders, in one transaction. From here on it will be sent."""
        with self._begin() as connection:
            number = _insert(connection, at, place, archived, sha256, size)
            write_marks(connection, channel, marks, at, dispatch=number)
            return _one(connection, number)

    def prepare_sale(
        self, issue: Issue, at: datetime, *, place: Location, archived: str, sha256: str, size: int
    ) -> Dispatch:
        """Promises the XML of a sale, in one transaction with the sale's own state."""
        with self._begin() as connection:
            number = _insert(connection, at, place, archived, sha256, size, kind=SALE)
            prepare_sale(connection, issue, at, number)
            return _one(connection, number)

    def stage(self, dispatch: Dispatch, at: datetime, uploaded: datetime | None) -> Dispatch:
        """Its bytes are on the server, under the name that only Passerelle touches.

        ``uploaded`` is that moment on the server's clock, which is measured by it.
        """
        with self._begin() as connection:
            if uploaded:
                write_clock(connection, dispatch.place.server, uploaded - at, at)
            _set(connection, dispatch, Stage.STAGED, staged=at, uploaded=uploaded)
            return _one(connection, dispatch.number)

    def unstage(self, dispatch: Dispatch) -> Dispatch:
        """What lies on the server under its temporary name counts for nothing any more."""
        with self._begin() as connection:
            _set(connection, dispatch, Stage.PREPARED, staged=None, uploaded=None)
            return _one(connection, dispatch.number)

    def send(
        self, dispatch: Dispatch, at: datetime, published: datetime | None, *, lightly: bool = False
    ) -> Dispatch:
        """The ERP can see it. ``published`` is that moment on the server's clock.

        ``lightly``: does not wait for the disk, where the next run would find it out by itself.
        """
        # Translators: the place comes last: `customer erase` finds the XML of an order by it
        note = _("sent as {place}").format(place=dispatch.place)
        with (self._begin_lightly if lightly else self._begin)() as connection:
            _set(connection, dispatch, Stage.SENT, sent=at, published=published)
            move_all(connection, dispatch.number, (State.PREPARED, State.SENT), at, note)
            move_sales(connection, dispatch.number, SaleState.SENT, at, note)
            return _one(connection, dispatch.number)

    def take(self, dispatch: Dispatch, at: datetime) -> None:
        """The ERP has fetched it."""
        with self._begin() as connection:
            _set(connection, dispatch, Stage.TAKEN, taken=at)
            note = _("the ERP took {place}").format(place=dispatch.place)
            move_all(connection, dispatch.number, (State.SENT, State.TAKEN), at, note)

    def abandon(self, dispatch: Dispatch, at: datetime, why: str) -> None:
        """It never reached its name and cannot be sent any more: its orders start over."""
        with self._begin() as connection:
            _set(connection, dispatch, Stage.ABANDONED)
            move_all(connection, dispatch.number, (State.PREPARED, State.WAITING), at, why)
            move_sales(connection, dispatch.number, SaleState.WANTED, at, why)

    def doubt(self, dispatch: Dispatch) -> None:
        """Nobody but the ERP can tell whether it arrived."""
        with self._begin() as connection:
            _set(connection, dispatch, Stage.DOUBTFUL)
            doubt_sale(connection, dispatch.number)

    def unfinished(self) -> list[Dispatch]:
        """Those that are on their way, or in doubt while an order still hangs on them."""
        hanging = exists().where(
            orders.c.dispatch == dispatches.c.number, orders.c.state == State.PREPARED
        )
        on_the_way = dispatches.c.stage.in_((Stage.PREPARED, Stage.STAGED))
        return self._list(on_the_way | ((dispatches.c.stage == Stage.DOUBTFUL) & hanging))

    def untaken(self) -> list[Dispatch]:
        """Those that the ERP had not fetched when last looked at."""
        return self._list(dispatches.c.stage == Stage.SENT)

    def is_used(self, place: Location) -> bool:
        """Whether an XML was ever sent under that name."""
        query = select(func.count()).where(
            dispatches.c.server == place.server, dispatches.c.path == place.path
        )
        with self._begin() as connection:
            return bool(connection.execute(query).scalar())

    def archived_as(self, number: int) -> str | None:
        """The name in ArchiveExport of a dispatch; ``None`` for one that was never prepared."""
        query = select(dispatches.c.archived).where(dispatches.c.number == number)
        with self._begin() as connection:
            return connection.execute(query).scalar()

    def orders_of(self, dispatch: Dispatch) -> list[str]:
        """The ids of its orders."""
        query = select(orders.c.id).where(orders.c.dispatch == dispatch.number)
        with self._begin() as connection:
            return list(connection.execute(query.order_by(orders.c.id)).scalars())

    def _list(self, condition: Any) -> list[Dispatch]:
        query = select(dispatches).where(condition).order_by(dispatches.c.number)
        with self._begin() as connection:
            return [_dispatch(row) for row in connection.execute(query)]

    def _move(self, dispatch: Dispatch, stage: Stage, **values: Any) -> Dispatch:
        with self._begin() as connection:
            _set(connection, dispatch, stage, **values)
            return _one(connection, dispatch.number)


def _insert(
    connection: Connection,
    at: datetime,
    place: Location,
    archived: str,
    sha256: str,
    size: int,
    kind: str | None = None,
) -> int:
    values = {
        "server": place.server,
        "path": place.path,
        "archived": archived,
        "sha256": sha256,
        "size": size,
        "stage": Stage.PREPARED,
        "prepared": at,
        "kind": kind,
    }
    result = connection.execute(dispatches.insert().values(**values))
    return int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0


def _set(connection: Connection, dispatch: Dispatch, stage: Stage, **values: Any) -> None:
    target = update(dispatches).where(dispatches.c.number == dispatch.number)
    connection.execute(target.values(stage=stage, **values))


def _one(connection: Connection, number: int) -> Dispatch:
    query = select(dispatches).where(dispatches.c.number == number)
    return _dispatch(connection.execute(query).one())


def _dispatch(row: Row[Any]) -> Dispatch:
    return Dispatch(
        number=row.number,
        place=Location(row.server, row.path),
        archived=row.archived,
        sha256=row.sha256,
        size=row.size,
        stage=Stage(row.stage),
        prepared=row.prepared,
        staged=row.staged,
        uploaded=row.uploaded,
        sent=row.sent,
        kind=row.kind,
    )
