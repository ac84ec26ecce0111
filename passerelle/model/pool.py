"""What the ledger knows of the pool, and what a run writes down at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from passerelle.model.states import Stage

Json = Mapping[str, Any]


class ShopState(StrEnum):
    """Where a shop stands: it was asked to join, its first file waits, it takes part, it left."""

    ASKED = "asked"
    JOINING = "joining"
    MEMBER = "member"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item met for the first time, and the times of the files that it was read from."""

    level: int
    shop: str
    since: datetime | None = None
    orders_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownShop:
    """A shop. ``view`` is what it should show, of which ``items`` take part."""

    name: str
    state: ShopState
    via: str
    changed: datetime
    read: str = ""
    read_at: datetime | None = None
    upto: int = 0
    items: int = 0
    view: Json | None = None


@dataclass(frozen=True, slots=True)
class PoolFile:
    """A file written for a shop; ``changed`` counts the levels in it that the shop did not show."""

    number: int
    shop: str
    at: datetime
    stage: Stage
    sha256: str
    changed: int
    upto: int
    taken: datetime | None
    view: Json | None = None


@dataclass(frozen=True, slots=True)
class PoolMove:
    """Something that moved an item's level, or that happened to a shop (without an item)."""

    number: int
    at: datetime
    shop: str
    item: str
    kind: str
    quantity: int
    order: str = ""


@dataclass(frozen=True, slots=True)
class PoolSuspect:
    """A difference that is looked at: nothing else explains what the shop shows."""

    shop: str
    item: str
    difference: int
    reads: int
    since: datetime


@dataclass(frozen=True, slots=True)
class ShopRead:
    """What a run keeps of a shop that it has read."""

    name: str
    state: ShopState
    read: str
    view: Json
    suspects: Mapping[str, tuple[int, int]]
    taken: bool
    items: int = 0


@dataclass(frozen=True, slots=True)
class LineCount:
    """What is counted of an order's line from now on, and what that moved the pool by."""

    shop: str
    order: str
    item: str
    quantity: int
    moved: int
    is_new: bool
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bookings:
    """What a run writes down at once. Moves are (shop, item, kind, quantity, order).

    ``levels`` are those that changed.
    """

    moves: Sequence[tuple[str, str, str, int, str]] = ()
    lines: Sequence[LineCount] = ()
    new: Mapping[str, NewItem] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    shops: Sequence[ShopRead] = ()
