"""What the ledger knows of the pool, and what a run writes down at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from passerelle.model.location import ORIGIN
from passerelle.model.orders import Fault
from passerelle.model.states import Stage

Json = Mapping[str, Any]


class ShopState(StrEnum):
    """Where a shop stands: it was asked to join, its first file waits, it takes part, it left."""

    ASKED = "asked"
    JOINING = "joining"
    MEMBER = "member"
    LEFT = "left"


ACTIVE = (ShopState.MEMBER, ShopState.JOINING)


class LevelFile(Struct, frozen=True):
    """A shop's own levels, as its file has them: ``levels`` are those of items that can take part.

    ``marks`` tell each item's line by all but its number and quantity. ``nameless`` are the lines
    without an item number, ``twice`` the items met more than once with their lines, ``faults`` what
    could not be read, ``lines`` where each item stands, ``cells`` where in ``data`` its quantity.
    """

    name: str
    levels: Mapping[str, int]
    marks: Mapping[str, int] = field(default_factory=dict)
    nameless: tuple[int, ...] = ()
    twice: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    data: bytes = b""
    cells: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def rewritten(self, levels: Mapping[str, int]) -> bytes:
        """The file with these quantities; all else is copied byte for byte."""
        data, pieces, position = memoryview(self.data), list[bytes | memoryview](), 0
        for (start, end), level in sorted((self.cells[i], n) for i, n in levels.items()):
            pieces += (data[position:start], b"%d" % level)
            position = end
        return b"".join((*pieces, data[position:]))


class PoolItem(Struct, frozen=True):
    """An item of the pool: its level, which may be owed (below zero), and where it was first seen.

    ``since`` is when the shop wrote the level that counted, ``orders_until`` when it had written
    the orders read with it; ``None`` where that is not told.
    """

    level: int
    shop: str
    since: datetime | None = None
    orders_until: datetime | None = None


class KnownShop(Struct, frozen=True):
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

    @property
    def is_of_tills(self) -> bool:
        """Whether it is a group of tills, which can bring no levels to another."""
        return self.via.startswith(f"{ORIGIN}:")


class PoolFile(Struct, frozen=True):
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


class Move(Struct, frozen=True):
    """What moves an item's level, and why; or what happened to a shop (without an item).

    The ledger gives it its ``number`` and its time.
    """

    shop: str
    item: str
    kind: str
    quantity: int
    order: str = ""
    number: int | None = None
    at: datetime | None = None


class Suspect(Struct, frozen=True):
    """A difference that nothing explains, and on how many quiet reads in a row it was the same.

    The ledger knows where it is, and since when.
    """

    difference: int
    reads: int
    shop: str = ""
    item: str = ""
    since: datetime | None = None


class ShopRead(Struct, frozen=True):
    """What a run keeps of a shop that it has read; ``via`` where it met it first."""

    name: str
    state: ShopState
    read: str
    view: Json | None
    suspects: Mapping[str, Suspect]
    taken: bool
    items: int = 0
    via: str = ""


class LineMark(Struct, frozen=True):
    """What is counted of an order's line from now on; ``moved`` is what that moved the pool by."""

    shop: str
    order: str
    item: str
    quantity: int
    moved: int
    is_new: bool
    date: datetime | None = None


class Bookings(Struct, frozen=True):
    """What a run writes down at once. ``levels`` are those that changed."""

    moves: Sequence[Move] = ()
    lines: Sequence[LineMark] = ()
    new: Mapping[str, PoolItem] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    shops: Sequence[ShopRead] = ()
