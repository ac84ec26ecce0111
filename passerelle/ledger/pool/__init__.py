"""The pool's book: one stock that several shops share."""

from passerelle.ledger.pool.book import OF_ORDERS, Pool
from passerelle.ledger.pool.records import (
    Bookings,
    FileStage,
    LineCount,
    NewItem,
    PoolFile,
    PoolItem,
    PoolMove,
    PoolShop,
    PoolSuspect,
    ShopRead,
    ShopState,
)

__all__ = [
    "OF_ORDERS",
    "Bookings",
    "FileStage",
    "LineCount",
    "NewItem",
    "Pool",
    "PoolFile",
    "PoolItem",
    "PoolMove",
    "PoolShop",
    "PoolSuspect",
    "ShopRead",
    "ShopState",
]
