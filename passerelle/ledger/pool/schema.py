"""The pool's tables: one stock that several shops share (docs/pool.md)."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from passerelle.ledger.schema import UtcTime, metadata

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
    Column("state", String, nullable=False),  # asked, joining, member, left
    Column("via", String, nullable=False, default=""),
    Column("changed", UtcTime, nullable=False),
    Column("read", String, nullable=False, default=""),  # which file of levels was read last
    Column("read_at", UtcTime),
    Column("upto", Integer, nullable=False, default=0),  # the last move that the view knows
    Column("items", Integer, nullable=False, default=0),  # that take part in it
    Column("view", LargeBinary),
)

pool_files = Table(
    "pool_files",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("shop", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("stage", String, nullable=False),  # prepared, published, taken, superseded
    Column("sha256", String, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("upto", Integer, nullable=False),
    Column("taken", UtcTime),
    Column("view", LargeBinary),  # what the shop shows once it was taken; of the last files only
    Index("pool_files_by_shop", "shop", "number"),
)

pool_lines = Table(
    "pool_lines",
    metadata,
    Column("shop", String, primary_key=True),
    Column("order_id", String, primary_key=True),
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
    Column("order_id", String, nullable=False, default=""),
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
