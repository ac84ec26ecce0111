"""The ledger's token, and the servers where it left marks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Column, Connection, Select, delete, exists, func, select, update

from passerelle.ledger.book import Begin, Book, record_of, row_of
from passerelle.ledger.schema import clocks, dispatches, identity, orders, servers
from passerelle.model.servers import NAMED_IN_MARK, KnownServer
from passerelle.model.states import DONE, Stage

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN = (Stage.STAGED, Stage.SENT)


class ServerBook(Book):
    def __init__(self, begin: Begin, begin_lightly: Begin) -> None:
        super().__init__(begin)
        self._begin_lightly = begin_lightly

    @cached_property
    def token(self) -> str:
        """Eight hexadecimal digits that no other ledger has; a copy of this one has them, too."""
        return str(self._value(select(identity.c.token)))

    def known(self, name: str) -> KnownServer | None:
        return self._first(KnownServer, select(servers).where(servers.c.name == name))

    def at(self, name: str, address: str) -> KnownServer | None:
        """The server of that name, or of another at its address: these are one, with one count."""
        alike = [one for one in self.all() if one.address == address]
        known = self.known(name) or next((replace(one, name=name) for one in alike), None)
        return known and replace(known, seq=max([known.seq, *(one.seq for one in alike)]))

    def all(self) -> list[KnownServer]:
        return self._records(KnownServer, select(servers))

    def rename(self, names: Mapping[str, str]) -> None:
        """Servers are called otherwise in config.toml; all that is known of them stays.

        ``names`` has the old ones, each with its new one; two may have swapped theirs. A new one
        that is known already is another name of the same place: both are one from now on.
        """
        with self._begin() as connection:
            for old, new in names.items():
                if new not in names:
                    _make_one(connection, old, new)
            for name in (servers.c.name, dispatches.c.server, clocks.c.server):
                for old, new in names.items():
                    _put(connection, name, old, f"\n{new}")
                for new in names.values():
                    _put(connection, name, f"\n{new}", new)

    def remember(self, server: KnownServer) -> None:
        with self._begin() as connection:
            connection.execute(delete(servers).where(servers.c.name == server.name))
            connection.execute(servers.insert().values(**row_of(servers, server)))

    def note_mark(self, name: str, seq: int, paths: Sequence[str]) -> None:
        """Our mark is there, and says that number. Need not wait for the disk: less is doubted."""
        mine = update(servers).where(servers.c.name == name)
        with self._begin_lightly() as connection:
            connection.execute(mine.values(marked=True, written=seq, marks=[*paths]))

    def note_folders(self, name: str, folders: Mapping[str, str]) -> None:
        """Which folders these are. Need not wait for the disk: less is known."""
        mine = update(servers).where(servers.c.name == name)
        with self._begin_lightly() as connection:
            connection.execute(mine.values(folders={**folders}))

    def has_open(self, name: str) -> bool:
        """Whether only that server can tell what became of something that was promised to it."""
        d = dispatches.c
        return bool(self._value(select(func.count()).where(d.server == name, d.stage.in_(_OPEN))))

    def newest_sent(self) -> dict[str, Any]:
        """Of what may have reached the ERP: id and date of the newest order, and the last ones.

        ``last`` has id and date of each; both are of the orders that no run sends any more.
        """
        date = orders.c.date
        # Asked in these forms, SQLite goes to the end of an index, and no further than needed.
        newest = _went().where(date > _EVER).order_by(date.desc()).limit(1)
        last = _went().where(orders.c.dispatch > 0).order_by(orders.c.dispatch.desc())
        with self._begin() as connection:
            first = connection.execute(newest).first()
            rows = connection.execute(last.limit(NAMED_IN_MARK)).all()
        told = {} if first is None else {"id": first.id, "date": _iso(first.date)}
        return told | {"last": [[row.id, _iso(row.date)] for row in rows]}


def _make_one(connection: Connection, old: str, new: str) -> None:
    """What is known of ``new``, if anything is, stays, with the greater number of deeds."""
    connection.execute(delete(clocks).where(clocks.c.server == new))
    both = select(servers.c.name, servers.c.seq).where(servers.c.name.in_((old, new)))
    seqs = {row.name: row.seq for row in connection.execute(both)}
    if new in seqs:
        connection.execute(delete(servers).where(servers.c.name == old))
        most = update(servers).where(servers.c.name == new).values(seq=max(seqs.values()))
        connection.execute(most)


def _put(connection: Connection, name: Column[Any], old: str, new: str) -> None:
    connection.execute(update(name.table).where(name == old).values({name: new}))


def _went() -> Select[Any]:
    """A SELECT of orders whose XML left this machine, or was about to."""
    d = dispatches.c
    is_here = d.stage.in_((Stage.PREPARED, Stage.ABANDONED))
    went = (d.number == orders.c.dispatch) & ~is_here & orders.c.state.in_(DONE)
    return select(orders.c.id, orders.c.date).where(exists().where(went).correlate(orders))


def _iso(date: datetime | None) -> str | None:
    return date.isoformat() if date else None


def count_deed(connection: Connection, name: str, address: str) -> None:
    """One deed more on a server, whatever its name, in the caller's transaction."""
    row = connection.execute(select(servers).where(servers.c.name == name)).first()
    known = record_of(KnownServer, row) if row else KnownServer(name, address, 0)
    alike = select(func.max(servers.c.seq)).where(servers.c.address == known.address)
    seq = max(known.seq, connection.scalar(alike) or 0) + 1
    same = update(servers).where(servers.c.address == known.address)
    connection.execute(same.values(seq=seq))
    values = row_of(servers, known) | {"seq": seq}
    connection.execute(delete(servers).where(servers.c.name == name))
    connection.execute(servers.insert().values(**values))
