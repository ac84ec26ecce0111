"""The ledger's token, and the servers where it left marks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import Connection, delete, func, select, update

from passerelle.ledger.book import Begin, Book, record_of, row_of
from passerelle.ledger.schema import clocks, dispatches, identity, orders, servers
from passerelle.model.servers import KnownServer
from passerelle.model.states import Stage

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

    def all(self) -> list[KnownServer]:
        return self._records(KnownServer, select(servers))

    def rename(self, old: str, new: str) -> None:
        """The server is called otherwise in config.toml; all that is known of it stays."""
        with self._begin() as connection:
            for table, name in (
                (servers, servers.c.name),
                (dispatches, dispatches.c.server),
                (clocks, clocks.c.server),
            ):
                connection.execute(update(table).where(name == old).values({name: new}))

    def remember(self, server: KnownServer) -> None:
        with self._begin() as connection:
            connection.execute(delete(servers).where(servers.c.name == server.name))
            connection.execute(servers.insert().values(**row_of(servers, server)))

    def note_mark(self, name: str, seq: int) -> None:
        """Our mark is there, and says that number. Need not wait for the disk: less is doubted."""
        mine = update(servers).where(servers.c.name == name)
        with self._begin_lightly() as connection:
            connection.execute(mine.values(marked=True, written=seq))

    def note_folders(self, name: str, folders: Mapping[str, str]) -> None:
        """Which folders these are. Need not wait for the disk: less is known."""
        mine = update(servers).where(servers.c.name == name)
        with self._begin_lightly() as connection:
            connection.execute(mine.values(folders={**folders}))

    def has_open(self, name: str) -> bool:
        """Whether only that server can tell what became of something that was promised to it."""
        d = dispatches.c
        return bool(self._value(select(func.count()).where(d.server == name, d.stage.in_(_OPEN))))

    def newest_sent(self) -> dict[str, str]:
        """Id and date of the newest order that was ever promised to the ERP."""
        date = orders.c.date
        # Asked in this form, SQLite goes to the end of its index, and no further than needed.
        query = select(orders.c.id, date).where(date > _EVER, orders.c.dispatch.is_not(None))
        with self._begin() as connection:
            row = connection.execute(query.order_by(date.desc()).limit(1)).first()
        return {} if row is None else {"id": row.id, "date": row.date.isoformat()}


def count_deed(connection: Connection, name: str, address: str) -> None:
    """One deed more on a server, in the caller's transaction."""
    row = connection.execute(select(servers).where(servers.c.name == name)).first()
    known = record_of(KnownServer, row) if row else KnownServer(name, address, 0)
    values = row_of(servers, known) | {"seq": known.seq + 1}
    connection.execute(delete(servers).where(servers.c.name == name))
    connection.execute(servers.insert().values(**values))
