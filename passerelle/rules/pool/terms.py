"""The words of the pool: what was read, what is known, what is going to be done."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from passerelle.model.pool import LevelFile, LineMark, Move, PoolItem, Suspect

ORDER, CANCELLED, EDIT = "order", "cancelled", "edit"
LineKey = tuple[str, str]  # order id, item
Moves = Mapping[str, Sequence[int]]


class View(Struct, frozen=True):
    """What a shop should show of each item; ``others`` are further levels that it may show.

    ``marks`` tell each item's line by all but its number and quantity.
    """

    levels: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)


class Rules(Struct, frozen=True):
    """What the settings say of a shop: units kept unpublished, items that take no part in it."""

    buffer: int = 0
    exclude: frozenset[str] = frozenset()


class OrderLine(Struct, frozen=True):
    """What an order of a shop takes of an item: ``ordered``, or nothing once it is cancelled."""

    order: str
    item: str
    ordered: int
    date: datetime | None = None
    cancelled: bool = False

    @property
    def quantity(self) -> int:
        return 0 if self.cancelled else self.ordered


class Published(Struct, frozen=True):
    """A file that was written for a shop and not known to be taken; ``number`` is the ledger's.

    ``whole`` is false where an upload straight to the final name may have been cut, ``lies`` where
    it was withdrawn: the shop may have been taking it just then.
    """

    number: int
    view: View
    whole: bool = True
    lies: bool = True


class Seen(Struct, frozen=True):
    """A shop as it was read: its orders, its own levels, and whether it took the last file.

    ``moves`` are those of its orders since ``view`` was known, ``waiting_moves`` those since the
    file that waits was planned, ``ordered`` what the other shops' orders moved since; all without
    what this run is going to count. ``known`` is what was counted of the orders read.
    ``illegible`` are items of which an order does not say how many. ``is_fresh`` is false where
    the levels are the file that was read before. ``writes`` is false for a shop that gets nothing
    now. What one that ``is_joining`` shows is about to be written over. Tills have no levels:
    their drafts have no date, and what they were paid for before they ``joined`` is not counted.
    """

    shop: str
    rules: Rules
    levels: LevelFile
    lines: Sequence[OrderLine] = ()
    known: Mapping[LineKey, int] = field(default_factory=dict)
    view: View | None = None
    moves: Moves = field(default_factory=dict)
    waiting: Published | None = None
    waiting_moves: Moves = field(default_factory=dict)
    taken: bool = False
    suspects: Mapping[str, Suspect] = field(default_factory=dict)
    illegible: frozenset[str] = frozenset()
    levels_at: datetime | None = None
    orders_at: datetime | None = None
    is_fresh: bool = True
    is_newcomer: bool = False
    is_joining: bool = False
    writes: bool = True
    ordered: Mapping[str, int] = field(default_factory=dict)
    is_of_tills: bool = False
    joined: datetime | None = None


class SharedStock(Struct, frozen=True):
    items: Mapping[str, PoolItem] = field(default_factory=dict)


class Counted(Struct, frozen=True):
    """What the orders read do to the pool: moves, what is counted of lines, items met first.

    ``barred`` are items whose number a shop has twice: they take no part anywhere.
    """

    moves: tuple[Move, ...]
    marks: tuple[LineMark, ...]
    new: Mapping[str, PoolItem]
    barred: frozenset[str]


class Edit(Struct, frozen=True):
    """A change by hand that moves the pool."""

    shop: str
    item: str
    difference: int
    shown: int


class Shortfall(Struct, frozen=True):
    item: str
    missing: int


class ShopPlan(Struct, frozen=True):
    """What becomes of one shop: its view from now on, and the levels to write if any.

    ``changes`` are the items whose level changes, with what the shop shows; ``held`` those that
    are left as they are in this run. ``written`` is the view once the file is taken. ``news``
    counts the levels that were not decided before and that no order explains, ``zeroed`` those of
    them that end at 0, ``share`` all items that take part. ``gone`` are items that left the shop's
    own file.
    """

    seen: Seen
    view: View
    written: View
    changes: Mapping[str, tuple[int, int]]
    held: Mapping[str, Suspect]
    is_due: bool
    news: int
    zeroed: int
    share: int
    renamed: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """What a run will do. ``levels`` is the pool from now on."""

    counted: Counted
    levels: Mapping[str, int]
    edits: tuple[Edit, ...]
    shops: tuple[ShopPlan, ...]
    shortfalls: tuple[Shortfall, ...]
