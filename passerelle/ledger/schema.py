"""The ledger's tables.

No customer data is stored: an order is its id, reference, date, state and what was sold.
"""

import secrets
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    inspect,
)

from passerelle.base.errors import ConfigError
from passerelle.base.ids import plain_id
from passerelle.base.language import _
from passerelle.model.pool import ShopState
from passerelle.model.states import Kind, OpenMatter, SaleState, Stage, State
from passerelle.model.sync import JobState


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored as ISO 8601 text in UTC: sorts as text, reads the same anywhere."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Money(TypeDecorator[Decimal]):
    """An amount in the shop's currency, stored as text: exact on every database."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Word(TypeDecorator[StrEnum]):
    """One of a few words, stored as text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


metadata = MetaData()
# One row: what tells this ledger from every other.
identity = Table("identity", metadata, Column("token", String, primary_key=True))


def _bare_where_it_differs(context: Any) -> str | None:
    """An order's id without what spreadsheets add or take; ``None`` for most."""
    id = context.get_current_parameters()["id"]
    bare = plain_id(id)
    return bare if bare != id else None


orders = Table(
    "orders",
    metadata,
    Column("channel", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("reference", String, nullable=False),
    Column("date", UtcTime),
    Column("state", Word(State), nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("fingerprint", String, nullable=False, default=""),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("resend", Boolean, nullable=False, default=False),
    Column("due", Boolean, nullable=False, default=False),  # should be in the ERP, but is not
    Column("dispatch", Integer),
    Column("seen", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("total", Money),  # what the customer paid, where the order is legible
    Column("matter", Word(OpenMatter)),  # what a person has to see to, beside its state
    Column("matter_note", String, nullable=False, server_default=""),
    Column("matter_since", UtcTime),
    # The shop gave its id to another order, and nobody has seen to that one yet.
    Column("reused", Boolean, nullable=False, default=False, server_default="0"),
    Column("bare", String, default=_bare_where_it_differs),
    Index("orders_by_state_and_cancelled", "state", "cancelled"),
    Index("orders_by_dispatch", "dispatch"),
    Index("orders_by_date", "date"),
)
# Cancelled orders wait for ever, and there are more of them each year: a run looks at these only.
IS_DUE = orders.c.due | orders.c.resend
# (Naming PostgreSQL's form of it here would load that dialect at every start.)
Index("orders_due", orders.c.id, sqlite_where=IS_DUE)
Index("orders_by_bare", orders.c.bare, sqlite_where=orders.c.bare.is_not(None))
HAS_MATTER = orders.c.matter.is_not(None)
Index("orders_by_matter", orders.c.id, sqlite_where=HAS_MATTER)


def _lines(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("channel", String, primary_key=True),
        Column("id", String, primary_key=True),
        *more,
        Column("position", Integer, primary_key=True),
        Column("key", String, nullable=False),
        Column("quantity", Integer),
    )


# What an order takes out of stock as it was sent, or is to be; and what the shop has said since.
sold, sold_since = _lines("sold"), _lines("sold_since")
# The same of the orders to which the shop gave its id since, by their dates.
sold_by_others = _lines("sold_by_others", Column("date", UtcTime, primary_key=True))
# What an order, or (with a date) its sale, was before a person settled it.
settlements = Table(
    "settlements",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("id", String, nullable=False),
    Column("order_date", UtcTime),
    Column("at", UtcTime, nullable=False),
    Column("before", JSON(none_as_null=True), nullable=False),
    Index("settlements_by_order", "channel", "id"),
)
# The newest order of each channel that was adopted.
adopted = Table(
    "adopted",
    metadata,
    Column("channel", String, primary_key=True),
    Column("date", UtcTime),
    Column("id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)
events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", String, nullable=False),
    Column("note", String, nullable=False, default=""),
    Index("events_by_order", "channel", "id"),
)
dispatches = Table(
    "dispatches",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("server", String, nullable=False),
    Column("path", String, nullable=False),
    Column("archived", String, nullable=False, default=""),
    Column("sha256", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("stage", Word(Stage), nullable=False),
    Column("prepared", UtcTime, nullable=False),
    Column("staged", UtcTime),
    Column("uploaded", UtcTime),  # on the server's clock
    Column("sent", UtcTime),
    Column("published", UtcTime),  # on the server's clock
    Column("lying", UtcTime),  # when an XML was last seen there, on the server's clock
    Column("taken", UtcTime),
    Column("stuck", UtcTime),  # when a run saw that it had not got its name
    Column("left", UtcTime),  # when it was seen to lie there although its time had passed
    Column("refused", UtcTime),  # when it was seen among those that the ERP would not have
    Column("kind", Word(Kind), nullable=False),
    Column("target", String, nullable=False, default=""),  # the shop of the pool that it is for
    Column("address", String, nullable=False, server_default=""),  # of the server, at its promise
    Column("publish", String, nullable=False, server_default="rename"),  # or "direct"
    Index("dispatches_by_stage", "stage"),
    Index("dispatches_by_kind", "kind", "target", "number"),
    Index("dispatches_by_path", "path"),
    Index("dispatches_by_published", "published"),
    Index("dispatches_by_taken", "taken"),
    Index("dispatches_by_lying", "lying"),
)
# One row for each order that is to have a sale, or has one. The shop may use an id again after an
# outage: only with its date is it the same order.
sales = Table(
    "sales",
    metadata,
    Column("channel", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("order_date", UtcTime, primary_key=True),
    Column("state", Word(SaleState), nullable=False),
    Column("problem", String, nullable=False, default=""),  # a word; ``reason`` is for people
    Column("reason", String, nullable=False, default=""),
    Column("document", String, nullable=False, default=""),
    Column("imported", Integer),  # the dispatch of the order that this sale belongs to
    Column("dispatch", Integer),  # the sale's own XML, the last one
    Column("refusals", Integer, nullable=False, default=0),  # since it was last done
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("tried", UtcTime),
    Column("told", UtcTime),  # when people were last told of the problem
    Column("changed", UtcTime, nullable=False),
    Index("sales_by_state", "state"),
    Index("sales_by_dispatch", "dispatch"),
    Index("sales_by_id", "id"),
)
# The same form in index and question, or SQLite does not see that the one answers the other.
IS_CANCELLED = sales.c.cancelled.is_(True)
Index("sales_cancelled", sales.c.order_date, sales.c.id, sqlite_where=IS_CANCELLED)
sale_events = Table(
    "sale_events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("id", String, nullable=False),
    Column("order_date", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", String, nullable=False),
    Column("note", String, nullable=False, default=""),
    Column("dispatch", Integer),
    Index("sale_events_by_order", "channel", "id"),
)
runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("ended", UtcTime),
    Column("exit_code", Integer),
    Column("summary", String, nullable=False, default=""),
    Column("facts", JSON(none_as_null=True)),  # counts, and the files met, of a run that ended well
    Index("runs_by_name", "run", "number"),
    Index("runs_by_start", "started"),
)
# What is known of an ExportCSVmod beside its dispatch, whose number it has.
publications = Table(
    "publications",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source_sha256", String, nullable=False),
    Column("source_modified", UtcTime),  # on the server's clock
    Column("lines", Integer, nullable=False),
    Column("in_stock", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False, default=False),  # a person said that it is right
    Index("publications_by_source", "source_sha256"),
)
changes = Table(
    "changes",
    metadata,
    Column("publication", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String),
    Column("orders", String, nullable=False),
    Index("changes_by_key", "publication", "key"),
)
clocks = Table(
    "clocks",
    metadata,
    Column("server", String, primary_key=True),
    Column("offset", Float, nullable=False),  # seconds that the server's clock is ahead of ours
    Column("measured", UtcTime, nullable=False),
)
# When a measurement differed so much from the last one that a clock must have been set.
clock_jumps = Table(
    "clock_jumps",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("server", String, nullable=False),  # "" where only our own clock can be meant
    Column("noticed", UtcTime, nullable=False),
    Column("seconds", Float, nullable=False),  # by which the server's clock went ahead of ours
    Column("upto", Integer, nullable=False),  # the last dispatch of before
)
# Where our marks are; ``seq`` counts what was done there.
servers = Table(
    "servers",
    metadata,
    Column("name", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("marked", Boolean),
    Column("written", Integer, nullable=False, server_default="0"),  # what our mark said at least
    Column("folders", JSON, nullable=False, server_default="{}"),  # each with its number there
    Column("stranger", String, nullable=False, server_default=""),  # another program's file
    Column("marks", JSON, nullable=False, server_default="[]"),  # the paths of our mark
)
chores = Table(
    "chores",
    metadata,
    Column("name", String, primary_key=True),
    Column("done", UtcTime, nullable=False),
)
# What people were told and have not been told the end of yet.
alerts = Table(
    "alerts",
    metadata,
    Column("key", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("told", UtcTime, nullable=False),
)


# What a sync does, one job after the other for each target.
jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("state", Word(JobState), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("started", UtcTime),
    Column("ended", UtcTime),
    Column("attempt", Integer, nullable=False, default=0),
    Column("owner", String, nullable=False, default=""),
    Column("lease", UtcTime),  # until then its owner is believed to be alive
    Column("result", String, nullable=False, default=""),
    Column("error", String, nullable=False, default=""),
    Column("mend", String, nullable=False, default=""),
    Column("forced", Boolean, nullable=False, default=False),
    Column("facts", JSON(none_as_null=True)),
    Index("jobs_by_target", "target", "number"),
    Index("jobs_by_state", "state"),
)
# What is known of a batch of levels beside its dispatch, whose number it has.
sync_batches = Table(
    "sync_batches",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("job", Integer, nullable=False),
    Column("mark", String, nullable=False),
    Column("location", Integer, nullable=False),
    Column("company", Integer, nullable=False),
    Column("name", String, nullable=False),  # the location's
    Column("moves_before", Integer, nullable=False),  # the id of the newest move before it
    Index("sync_batches_by_job", "job"),
)
sync_lines = Table(
    "sync_lines",
    metadata,
    Column("batch", Integer, primary_key=True),
    Column("product", Integer, primary_key=True),
    Column("sku", String, nullable=False),
    Column("before", Money, nullable=False),
    Column("level", Money, nullable=False),
    Column("after", Money),  # as it was read back
    Index("sync_lines_by_sku", "sku", "batch"),
)
# The last whole reading of each target: what its source said, and what was left out and why.
sync_readings = Table(
    "sync_readings",
    metadata,
    Column("target", String, primary_key=True),
    Column("job", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("total", Integer, nullable=False),
    Column("levels", JSON, nullable=False),  # by SKU, as they were written
    Column("skipped", JSON, nullable=False),  # by SKU, the word for it
)


# A level may be owed, below zero.
pool_items = Table(
    "pool_items",
    metadata,
    Column("item", String, primary_key=True),
    Column("level", BigInteger, nullable=False),
    Column("initial", BigInteger, nullable=False),
    Column("shop", String, nullable=False),  # where it was first seen
    Column("met", UtcTime, nullable=False),
    Column("since", UtcTime),
    Column("orders_until", UtcTime),
    Index("pool_items_by_level", "level"),  # what is owed
)
pool_shops = Table(
    "pool_shops",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", Word(ShopState), nullable=False),
    Column("via", String, nullable=False, default=""),
    Column("changed", UtcTime, nullable=False),
    Column("read", String, nullable=False, default=""),  # which file of levels was read last
    Column("read_at", UtcTime),
    Column("upto", Integer, nullable=False, default=0),  # the last move that the view knows
    Column("items", Integer, nullable=False, default=0),  # that take part in it
    Column("view", JSON(none_as_null=True)),
)
# What is known of a shop's file beside its dispatch, whose number it has.
pool_files = Table(
    "pool_files",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("changed", Integer, nullable=False),
    Column("upto", Integer, nullable=False),
    # What the shop shows once it was taken; of the last files only.
    Column("view", JSON(none_as_null=True)),
)
pool_lines = Table(
    "pool_lines",
    metadata,
    Column("shop", String, primary_key=True),
    Column("order", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("quantity", Integer, nullable=False),  # 0 once it is cancelled
    Column("moved", Integer, nullable=False),  # what it took from the pool
    Column("date", UtcTime),
    Index("pool_lines_by_date", "shop", "date"),
)
pool_moves = Table(
    "pool_moves",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("shop", String, nullable=False),
    Column("item", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("order", String, nullable=False, default=""),
    Index("pool_moves_by_item", "item", "number"),
    Index("pool_moves_by_shop", "shop", "number"),
)
pool_suspects = Table(
    "pool_suspects",
    metadata,
    Column("shop", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("difference", BigInteger, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
)
# Of the tables above; raise it, and write the way there, when a released one changes.
VERSION = 1


def new_token() -> str:
    return secrets.token_hex(4)


def make_tables(connection: Connection) -> None:
    """Makes the tables of an empty ledger, in the caller's transaction.

    Raises :class:`ConfigError` for a ledger that another Passerelle has written in another form.
    """
    current = connection.exec_driver_sql("PRAGMA user_version").scalar()
    if current == VERSION:
        return
    if current or inspect(connection).get_table_names():
        what = _("the ledger has version {current}, this program knows {newest}")
        newer = _("install the newest Passerelle")
        older = _(
            "move it away; the next run begins a new one, and holds if anything was sent before"
        )
        raise ConfigError(
            what.format(current=current, newest=VERSION),
            str(connection.engine.url.database),
            newer if current and current > VERSION else older,
        )
    metadata.create_all(connection)
    connection.execute(identity.insert().values(token=new_token()))
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
