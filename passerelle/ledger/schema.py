"""The ledger's tables.

No customer data is stored: an order is its id, reference, date, state and what was sold.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from passerelle.base.ids import plain_id
from passerelle.ledger.column_types import Money, Text, UtcTime, Word
from passerelle.model.pool import ShopState
from passerelle.model.states import Kind, OpenMatter, SaleState, Stage, State
from passerelle.model.sync import JobState

metadata = MetaData()
# The last of Alembic's steps that this ledger took.
alembic_version = Table(
    "alembic_version", metadata, Column("version_num", String(32), primary_key=True)
)
# One row: what tells this ledger from every other, and where it went, if it did.
identity = Table(
    "identity",
    metadata,
    Column("token", Text, primary_key=True),
    Column("moved", Text, nullable=False, server_default=""),
)
# What is kept in no folder: `[archive] store = "ledger"`.
kept_files = Table(
    "kept_files",
    metadata,
    Column("archive", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kept", UtcTime, nullable=False),
    Column("pending", Boolean, nullable=False),  # not promised to anybody yet
    Column("data", LargeBinary, nullable=False),
)


def _bare_where_it_differs(context: Any) -> str | None:
    """An order's id without what spreadsheets add or take; ``None`` for most."""
    id = context.get_current_parameters()["id"]
    bare = plain_id(id)
    return bare if bare != id else None


orders = Table(
    "orders",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("date", UtcTime),
    Column("state", Word(State), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("fingerprint", Text, nullable=False, default=""),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("resend", Boolean, nullable=False, default=False),
    Column("due", Boolean, nullable=False, default=False),  # should be in the ERP, but is not
    Column("dispatch", Integer),
    Column("seen", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("total", Money),  # what the customer paid, where the order is legible
    Column("matter", Word(OpenMatter)),  # what a person has to see to, beside its state
    Column("matter_note", Text, nullable=False, server_default=""),
    Column("matter_since", UtcTime),
    # The shop gave its id to another order, and nobody has seen to that one yet.
    Column("reused", Boolean, nullable=False, default=False, server_default="0"),
    Column("bare", Text, default=_bare_where_it_differs),
    Index("orders_by_state_and_cancelled", "state", "cancelled"),
    Index("orders_by_dispatch", "dispatch"),
    Index("orders_by_date", "date"),
)
# Cancelled orders wait for ever, and there are more of them each year: a run looks at these only.
IS_DUE = orders.c.due | orders.c.resend
Index("orders_due", orders.c.id, sqlite_where=IS_DUE)
Index("orders_by_bare", orders.c.bare, sqlite_where=orders.c.bare.is_not(None))
HAS_MATTER = orders.c.matter.is_not(None)
Index("orders_by_matter", orders.c.id, sqlite_where=HAS_MATTER)


def _lines(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("channel", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        *more,
        Column("position", Integer, primary_key=True),
        Column("key", Text, nullable=False),
        Column("quantity", BigInteger),
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
    Column("channel", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("order_date", UtcTime),
    Column("at", UtcTime, nullable=False),
    Column("before", JSON(none_as_null=True), nullable=False),
    Index("settlements_by_order", "channel", "id"),
)
# The newest order of each channel that was adopted.
adopted = Table(
    "adopted",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("date", UtcTime),
    Column("id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Index("events_by_order", "channel", "id"),
)
dispatches = Table(
    "dispatches",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("server", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("archived", Text, nullable=False, default=""),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
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
    Column("target", Text, nullable=False, default=""),  # the shop of the pool that it is for
    Column("address", Text, nullable=False, server_default=""),  # of the server, at its promise
    Column("publish", Text, nullable=False, server_default="rename"),  # or "direct"
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
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("order_date", UtcTime, primary_key=True),
    Column("state", Word(SaleState), nullable=False),
    Column("problem", Text, nullable=False, default=""),  # a word; ``reason`` is for people
    Column("reason", Text, nullable=False, default=""),
    Column("document", Text, nullable=False, default=""),
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
    Column("channel", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("order_date", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("dispatch", Integer),
    Index("sale_events_by_order", "channel", "id"),
)
runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("ended", UtcTime),
    Column("exit_code", Integer),
    Column("summary", Text, nullable=False, default=""),
    Column("facts", JSON(none_as_null=True)),  # counts, and the files met, of a run that ended well
    Index("runs_by_name", "run", "number"),
    Index("runs_by_start", "started"),
)
# What is known of an ExportCSVmod beside its dispatch, whose number it has.
publications = Table(
    "publications",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source_sha256", Text, nullable=False),
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
    Column("key", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text),
    Column("orders", Text, nullable=False),
    Index("changes_by_key", "publication", "key"),
)
clocks = Table(
    "clocks",
    metadata,
    Column("server", Text, primary_key=True),
    Column("offset", Float, nullable=False),  # seconds that the server's clock is ahead of ours
    Column("measured", UtcTime, nullable=False),
)
# When a measurement differed so much from the last one that a clock must have been set.
clock_jumps = Table(
    "clock_jumps",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("server", Text, nullable=False),  # "" where only our own clock can be meant
    Column("noticed", UtcTime, nullable=False),
    Column("seconds", Float, nullable=False),  # by which the server's clock went ahead of ours
    Column("upto", Integer, nullable=False),  # the last dispatch of before
)
# Where our marks are; ``seq`` counts what was done there.
servers = Table(
    "servers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("marked", Boolean),
    Column("written", Integer, nullable=False, server_default="0"),  # what our mark said at least
    Column("folders", JSON, nullable=False, server_default="{}"),  # each with its number there
    Column("stranger", Text, nullable=False, server_default=""),  # another program's file
    Column("marks", JSON, nullable=False, server_default="[]"),  # the paths of our mark
)
chores = Table(
    "chores",
    metadata,
    Column("name", Text, primary_key=True),
    Column("done", UtcTime, nullable=False),
)
# What people were told and have not been told the end of yet.
alerts = Table(
    "alerts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("told", UtcTime, nullable=False),
)


# What a sync does, one job after the other for each target.
jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("state", Word(JobState), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("started", UtcTime),
    Column("ended", UtcTime),
    Column("attempt", Integer, nullable=False, default=0),
    Column("owner", Text, nullable=False, default=""),
    Column("lease", UtcTime),  # until then its owner is believed to be alive
    Column("result", Text, nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    Column("mend", Text, nullable=False, default=""),
    Column("forced", Boolean, nullable=False, default=False),
    Column("facts", JSON(none_as_null=True)),
    Index("jobs_by_target", "target", "number"),
    Index("jobs_by_state", "state"),
)
# What is known of a batch of levels beside its dispatch, whose number it has.
sync_batches = Table(
    "sync_batches",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("job", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("location", Integer, nullable=False),
    Column("company", Integer, nullable=False),
    Column("name", Text, nullable=False),  # the location's
    Column("moves_before", Integer, nullable=False),  # the id of the newest move before it
    Index("sync_batches_by_job", "job"),
)
sync_lines = Table(
    "sync_lines",
    metadata,
    Column("batch", Integer, primary_key=True),
    Column("product", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("before", Money, nullable=False),
    Column("level", Money, nullable=False),
    Column("after", Money),  # as it was read back
    Index("sync_lines_by_sku", "sku", "batch"),
)
# The last whole reading of each target: what its source said, and what was left out and why.
sync_readings = Table(
    "sync_readings",
    metadata,
    Column("target", Text, primary_key=True),
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
    Column("item", Text, primary_key=True),
    Column("level", BigInteger, nullable=False),
    Column("initial", BigInteger, nullable=False),
    Column("shop", Text, nullable=False),  # where it was first seen
    Column("met", UtcTime, nullable=False),
    Column("since", UtcTime),
    Column("orders_until", UtcTime),
    Index("pool_items_by_level", "level"),  # what is owed
)
pool_shops = Table(
    "pool_shops",
    metadata,
    Column("name", Text, primary_key=True),
    Column("state", Word(ShopState), nullable=False),
    Column("via", Text, nullable=False, default=""),
    Column("changed", UtcTime, nullable=False),
    Column("read", Text, nullable=False, default=""),  # which file of levels was read last
    Column("read_at", UtcTime),
    Column("upto", Integer, nullable=False, default=0),  # the last move that the view knows
    Column("items", Integer, nullable=False, default=0),  # that take part in it
    Column("view", JSON(none_as_null=True)),
)
# What is known of a shop's file beside its dispatch, whose number it has.
pool_files = Table(
    "pool_files",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("changed", Integer, nullable=False),
    Column("upto", Integer, nullable=False),
    # What the shop shows once it was taken; of the last files only.
    Column("view", JSON(none_as_null=True)),
)
pool_lines = Table(
    "pool_lines",
    metadata,
    Column("shop", Text, primary_key=True),
    Column("order", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),  # 0 once it is cancelled
    Column("moved", BigInteger, nullable=False),  # what it took from the pool
    Column("date", UtcTime),
    Index("pool_lines_by_date", "shop", "date"),
)
pool_moves = Table(
    "pool_moves",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("shop", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("order", Text, nullable=False, default=""),
    Index("pool_moves_by_item", "item", "number"),
    Index("pool_moves_by_shop", "shop", "number"),
)
pool_suspects = Table(
    "pool_suspects",
    metadata,
    Column("shop", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("difference", BigInteger, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
)
