"""Which form a ledger has, and how it comes to the one that this program knows.

A new ledger is made as the tables are now; an older one takes Alembic's steps, in one transaction.
"""

import secrets
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.schema import CreateSchema

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.ledger.schema import alembic_version, identity, metadata

# The last of ``migrations/versions``, which are numbered one after the other.
NEWEST = "0002"


def make_tables(connection: Connection, *, may_upgrade: bool = True) -> None:
    """Makes the tables of an empty ledger, or brings an older one to its newest form.

    In the caller's transaction; who is long in it ``may_upgrade`` nothing. Raises
    :class:`ConfigError` for a ledger that is newer than this program, or that nobody knows who
    wrote.
    """
    current = _version(connection)
    if current == NEWEST:
        return
    if not current and _is_empty(connection):
        metadata.create_all(connection, checkfirst=False)
        connection.execute(identity.insert().values(token=secrets.token_hex(4)))
        connection.execute(alembic_version.insert().values(version_num=NEWEST))
    elif current and current < NEWEST and not may_upgrade:
        what = _("the ledger has an older form")
        mend = _("let a run bring it to the newest one first")
        raise ConfigError(what, schema_of(connection), mend)
    elif current and current < NEWEST:
        _upgrade(connection, current)
    else:
        _refuse(connection, current)


def _is_empty(connection: Connection) -> bool:
    """Whether nothing is there yet; PostgreSQL's schema is made then."""
    if connection.dialect.name == "sqlite":
        return not inspect(connection).get_table_names()
    schema = schema_of(connection)
    found = {"schema": schema}
    if connection.scalar(text("SELECT to_regnamespace(:schema) IS NULL"), found):
        connection.execute(CreateSchema(schema))
    asked = "SELECT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = :schema)"
    return bool(connection.scalar(text(asked), found))


def _version(connection: Connection) -> str:
    """The form that a ledger says it has; ``""`` where it does not say."""
    if _has_versions(connection):
        return connection.scalar(select(alembic_version.c.version_num)) or ""
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar()
        return f"{number:04}" if number else ""
    return ""


def _has_versions(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return connection.dialect.has_table(connection, alembic_version.name)
    schema = schema_of(connection)
    if connection.scalar(text("SELECT current_setting('search_path')")) != schema:
        # A pool between took them: all shops' tables would be made in one schema.
        what = _("the connection has lost its settings")
        mend = _("connect to PostgreSQL itself, or to a pool of sessions that passes `options` on")
        raise ConfigError(what, schema, mend)
    # SQLAlchemy's own question takes longer the more shops a database has.
    return is_made(connection, schema)


def is_made(connection: Connection, schema: str) -> bool:
    """Whether a schema of PostgreSQL's has a ledger in it."""
    name = {"name": f"{schema}.{alembic_version.name}"}
    return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), name))


def schema_of(connection: Connection) -> str:
    return str(connection.engine.url.database)


def _upgrade(connection: Connection, current: str, to: str = NEWEST) -> None:
    from alembic import command  # a tenth of a second, and needed once a release
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if current and not _has_versions(connection):
        command.stamp(config, current)
    command.upgrade(config, to)


def _refuse(connection: Connection, current: str) -> None:
    what = _("the ledger has version {current}, this program knows {newest}")
    newer = _("install the newest Passerelle")
    older = _("move it away; the next run begins a new one, and holds if anything was sent before")
    raise ConfigError(
        what.format(current=current or "0", newest=NEWEST),
        str(connection.engine.url.database),
        newer if current else older,
    )
