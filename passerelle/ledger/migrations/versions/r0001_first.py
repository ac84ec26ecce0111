"""The ledger as its first release made it.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from passerelle.ledger.column_types import Text

revision = "0001"
down_revision = None


def _where(sqlite: str, postgresql: str = "") -> dict[str, Any]:
    """The condition of a partial index, as each database spells it."""
    return {"sqlite_where": sa.text(sqlite), "postgresql_where": sa.text(postgresql or sqlite)}


def upgrade() -> None:
    op.create_table(
        "adopted",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("date", Text()),
        sa.Column("id", Text(), nullable=False),
        sa.Column("at", Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "alerts",
        sa.Column("key", Text(), nullable=False),
        sa.Column("text", Text(), nullable=False),
        sa.Column("began", Text(), nullable=False),
        sa.Column("told", Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "changes",
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("before", Text(), nullable=False),
        sa.Column("after", Text()),
        sa.Column("orders", Text(), nullable=False),
        sa.PrimaryKeyConstraint("publication", "line"),
    )
    op.create_index("changes_by_key", "changes", ["publication", "key"])
    op.create_table(
        "chores",
        sa.Column("name", Text(), nullable=False),
        sa.Column("done", Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "clock_jumps",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("server", Text(), nullable=False),
        sa.Column("noticed", Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "clocks",
        sa.Column("server", Text(), nullable=False),
        sa.Column("offset", sa.Float(), nullable=False),
        sa.Column("measured", Text(), nullable=False),
        sa.PrimaryKeyConstraint("server"),
    )
    op.create_table(
        "dispatches",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("server", Text(), nullable=False),
        sa.Column("path", Text(), nullable=False),
        sa.Column("archived", Text(), nullable=False),
        sa.Column("sha256", Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stage", Text(), nullable=False),
        sa.Column("prepared", Text(), nullable=False),
        sa.Column("staged", Text()),
        sa.Column("uploaded", Text()),
        sa.Column("sent", Text()),
        sa.Column("published", Text()),
        sa.Column("lying", Text()),
        sa.Column("taken", Text()),
        sa.Column("stuck", Text()),
        sa.Column("left", Text()),
        sa.Column("refused", Text()),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("target", Text(), nullable=False),
        sa.Column("address", Text(), server_default="", nullable=False),
        sa.Column("publish", Text(), server_default="rename", nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("dispatches_by_kind", "dispatches", ["kind", "target", "number"])
    op.create_index("dispatches_by_lying", "dispatches", ["lying"])
    op.create_index("dispatches_by_path", "dispatches", ["path"])
    op.create_index("dispatches_by_published", "dispatches", ["published"])
    op.create_index("dispatches_by_stage", "dispatches", ["stage"])
    op.create_index("dispatches_by_taken", "dispatches", ["taken"])
    op.create_table(
        "events",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("at", Text(), nullable=False),
        sa.Column("event", Text(), nullable=False),
        sa.Column("note", Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("events_by_order", "events", ["channel", "id"])
    op.create_table(
        "identity", sa.Column("token", Text(), nullable=False), sa.PrimaryKeyConstraint("token")
    )
    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("target", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("created", Text(), nullable=False),
        sa.Column("due", Text(), nullable=False),
        sa.Column("started", Text()),
        sa.Column("ended", Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("owner", Text(), nullable=False),
        sa.Column("lease", Text()),
        sa.Column("result", Text(), nullable=False),
        sa.Column("error", Text(), nullable=False),
        sa.Column("mend", Text(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.JSON()),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("jobs_by_state", "jobs", ["state"])
    op.create_index("jobs_by_target", "jobs", ["target", "number"])
    op.create_table(
        "orders",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("reference", Text(), nullable=False),
        sa.Column("date", Text()),
        sa.Column("state", Text(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("fingerprint", Text(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("resend", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("dispatch", sa.Integer()),
        sa.Column("seen", Text(), nullable=False),
        sa.Column("changed", Text(), nullable=False),
        sa.Column("total", Text()),
        sa.Column("matter", Text()),
        sa.Column("matter_note", Text(), server_default="", nullable=False),
        sa.Column("matter_since", Text()),
        sa.Column("reused", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("bare", Text()),
        sa.PrimaryKeyConstraint("channel", "id"),
    )
    op.create_index("orders_by_bare", "orders", ["bare"], **_where("bare IS NOT NULL"))
    op.create_index("orders_by_date", "orders", ["date"])
    op.create_index("orders_by_dispatch", "orders", ["dispatch"])
    op.create_index("orders_by_matter", "orders", ["id"], **_where("matter IS NOT NULL"))
    op.create_index("orders_by_state_and_cancelled", "orders", ["state", "cancelled"])
    op.create_index(
        "orders_due", "orders", ["id"], **_where("due = 1 OR resend = 1", "due OR resend")
    )
    op.create_table(
        "pool_files",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("view", sa.JSON()),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "pool_items",
        sa.Column("item", Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("initial", sa.BigInteger(), nullable=False),
        sa.Column("shop", Text(), nullable=False),
        sa.Column("met", Text(), nullable=False),
        sa.Column("since", Text()),
        sa.Column("orders_until", Text()),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_index("pool_items_by_level", "pool_items", ["level"])
    op.create_table(
        "pool_lines",
        sa.Column("shop", Text(), nullable=False),
        sa.Column("order", Text(), nullable=False),
        sa.Column("item", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("date", Text()),
        sa.PrimaryKeyConstraint("shop", "order", "item"),
    )
    op.create_index("pool_lines_by_date", "pool_lines", ["shop", "date"])
    op.create_table(
        "pool_moves",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Text(), nullable=False),
        sa.Column("shop", Text(), nullable=False),
        sa.Column("item", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("order", Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("pool_moves_by_item", "pool_moves", ["item", "number"])
    op.create_index("pool_moves_by_shop", "pool_moves", ["shop", "number"])
    op.create_table(
        "pool_shops",
        sa.Column("name", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("via", Text(), nullable=False),
        sa.Column("changed", Text(), nullable=False),
        sa.Column("read", Text(), nullable=False),
        sa.Column("read_at", Text()),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("view", sa.JSON()),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "pool_suspects",
        sa.Column("shop", Text(), nullable=False),
        sa.Column("item", Text(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("since", Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "item"),
    )
    op.create_table(
        "publications",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source_sha256", Text(), nullable=False),
        sa.Column("source_modified", Text()),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("in_stock", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("publications_by_source", "publications", ["source_sha256"])
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", Text(), nullable=False),
        sa.Column("started", Text(), nullable=False),
        sa.Column("ended", Text()),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("summary", Text(), nullable=False),
        sa.Column("facts", sa.JSON()),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("runs_by_name", "runs", ["run", "number"])
    op.create_index("runs_by_start", "runs", ["started"])
    op.create_table(
        "sale_events",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("order_date", Text(), nullable=False),
        sa.Column("at", Text(), nullable=False),
        sa.Column("event", Text(), nullable=False),
        sa.Column("note", Text(), nullable=False),
        sa.Column("dispatch", sa.Integer()),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("sale_events_by_order", "sale_events", ["channel", "id"])
    op.create_table(
        "sales",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("order_date", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("problem", Text(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("document", Text(), nullable=False),
        sa.Column("imported", sa.Integer()),
        sa.Column("dispatch", sa.Integer()),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("tried", Text()),
        sa.Column("told", Text()),
        sa.Column("changed", Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "id", "order_date"),
    )
    op.create_index("sales_by_dispatch", "sales", ["dispatch"])
    op.create_index("sales_by_id", "sales", ["id"])
    op.create_index("sales_by_state", "sales", ["state"])
    op.create_index(
        "sales_cancelled",
        "sales",
        ["order_date", "id"],
        **_where("cancelled IS 1", "cancelled IS true"),
    )
    op.create_table(
        "servers",
        sa.Column("name", Text(), nullable=False),
        sa.Column("address", Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("marked", sa.Boolean()),
        sa.Column("written", sa.Integer(), server_default="0", nullable=False),
        sa.Column("folders", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("stranger", Text(), server_default="", nullable=False),
        sa.Column("marks", sa.JSON(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "settlements",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("order_date", Text()),
        sa.Column("at", Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("settlements_by_order", "settlements", ["channel", "id"])
    op.create_table(
        "sold",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger()),
        sa.PrimaryKeyConstraint("channel", "id", "position"),
    )
    op.create_table(
        "sold_by_others",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("date", Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger()),
        sa.PrimaryKeyConstraint("channel", "id", "date", "position"),
    )
    op.create_table(
        "sold_since",
        sa.Column("channel", Text(), nullable=False),
        sa.Column("id", Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger()),
        sa.PrimaryKeyConstraint("channel", "id", "position"),
    )
    op.create_table(
        "sync_batches",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("mark", Text(), nullable=False),
        sa.Column("location", sa.Integer(), nullable=False),
        sa.Column("company", sa.Integer(), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("moves_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("sync_batches_by_job", "sync_batches", ["job"])
    op.create_table(
        "sync_lines",
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("product", sa.Integer(), nullable=False),
        sa.Column("sku", Text(), nullable=False),
        sa.Column("before", Text(), nullable=False),
        sa.Column("level", Text(), nullable=False),
        sa.Column("after", Text()),
        sa.PrimaryKeyConstraint("batch", "product"),
    )
    op.create_index("sync_lines_by_sku", "sync_lines", ["sku", "batch"])
    op.create_table(
        "sync_readings",
        sa.Column("target", Text(), nullable=False),
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("at", Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("target"),
    )
