"""Levels that go from one system to another: items, jobs, and what is promised of them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from passerelle.base.regex import regex
from passerelle.model.states import Stage

# The kind of all jobs so far.
SYNC_STOCK = "sync_stock_from_zortout"


class JobState(StrEnum):
    """Where a job stands.

    ``pending``: to be run at its time. ``running``: by its owner. ``waiting``: tried again at its
    time. ``unsettled``: the answer to a write was lost, and what became of it is looked up first.
    ``done``; ``partly``: some items were left out, or it stopped half way. ``held`` for safety.
    ``failed``: a person must see to it. ``cancelled`` by one.
    """

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    UNSETTLED = "unsettled"
    DONE = "done"
    PARTLY = "partly"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


_J = JobState
_ENDS = frozenset((_J.DONE, _J.PARTLY, _J.HELD, _J.WAITING, _J.FAILED, _J.UNSETTLED))
# A running job whose process died is pending, or unsettled, again.
JOB_STEPS: Mapping[JobState, frozenset[JobState]] = {
    _J.PENDING: frozenset((_J.RUNNING, _J.CANCELLED)),
    _J.WAITING: frozenset((_J.RUNNING, _J.CANCELLED, _J.PENDING)),
    _J.UNSETTLED: frozenset((_J.RUNNING, _J.CANCELLED)),
    _J.RUNNING: _ENDS | {_J.PENDING, _J.CANCELLED},
    _J.HELD: frozenset((_J.PENDING, _J.CANCELLED)),
    _J.FAILED: frozenset((_J.PENDING, _J.CANCELLED)),
    _J.PARTLY: frozenset((_J.PENDING,)),
    _J.CANCELLED: frozenset((_J.PENDING,)),
    _J.DONE: frozenset(),
}
# What stands in the way of a new job of the same target; and what is run at its time.
OPEN_JOBS = (_J.PENDING, _J.WAITING, _J.UNSETTLED)
DONE_JOBS = (_J.DONE, _J.PARTLY)


class Job(Struct, frozen=True):
    """A job as the ledger knows it. ``due``: when it is run or tried again; ``owner`` runs it.

    ``facts`` are its result in numbers; ``result``, ``error`` and ``mend`` (what is to be done
    about that) are words for people.
    ``forced``: a person lets it pass the guards. Until its ``lease`` its owner is believed to be
    alive.
    """

    number: int
    kind: str
    target: str
    state: JobState
    created: datetime
    due: datetime
    started: datetime | None = None
    ended: datetime | None = None
    attempt: int = 0
    owner: str = ""
    lease: datetime | None = None
    result: str = ""
    error: str = ""
    mend: str = ""
    forced: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def is_lost(self, now: datetime) -> bool:
        """Whether it is called running, and nothing has been heard of its owner."""
        return self.state == JobState.RUNNING and self.lease is not None and self.lease < now


class ItemKind(StrEnum):
    """What a source's item is; only products have levels of their own."""

    PRODUCT = "product"
    SERVICE = "service"
    BUNDLE = "bundle"


class SourceItem(Struct, frozen=True):
    """An item of the source. ``level`` as it was written, ``None`` where it says none."""

    id: str
    sku: str
    level: str | None
    kind: ItemKind = ItemKind.PRODUCT


_NONE = Decimal(0)
_LEVEL = regex(r"[+-]?[0-9]{1,20}(\.[0-9]{1,12})?")
# What is greater is another column's number.
_MOST = Decimal(10) ** 12


# Most items have one of few levels: each is kept once.
@lru_cache(maxsize=10_000)
def level_of(text: str | None) -> Decimal | None:
    """The exact number that a source writes as a text; ``None`` where it is none: never 0."""
    bare = (text or "").strip()
    number = Decimal(bare) if _LEVEL.fullmatch(bare) else None
    return number if number is not None and abs(number) < _MOST else None


class SourceLevels(Struct, frozen=True):
    """All items of a source, each once, as they were at ``at`` (aware) or later."""

    items: tuple[SourceItem, ...]
    at: datetime


class Product(Struct, frozen=True):
    """A product of Odoo's. ``sku`` is what it is matched by, ``company`` ``None`` for all of them.

    ``rounding`` is the smallest step of its unit.
    """

    id: int
    sku: str
    active: bool = True
    storable: bool = True
    by_lot: bool = False
    company: int | None = None
    rounding: Decimal = Decimal("0.01")


class Quant(Struct, frozen=True):
    """What lies of a product at the location or below it.

    ``is_plain``: right there, in no package, of no lot, of no owner. ``is_counted``: a person's
    count is pending. ``reserved`` is promised to somebody.
    """

    id: int
    product: int
    quantity: Decimal
    is_plain: bool = True
    is_counted: bool = False
    reserved: Decimal = _NONE


class TargetPlace(Struct, frozen=True):
    """Odoo's location that is written, and its company."""

    location: int
    company: int
    name: str


class TargetStock(Struct, frozen=True):
    """All that is known of the target: its products, also archived ones, and what lies there."""

    products: tuple[Product, ...]
    quants: tuple[Quant, ...]


class Skip(StrEnum):
    """Why an item's level is left as it is."""

    NO_SKU = "no_sku"
    BLANKS = "blanks"
    NO_LEVEL = "no_level"
    NEGATIVE = "negative"
    TWICE = "twice"
    SERVICE = "service"
    BUNDLE = "bundle"
    UNKNOWN = "unknown"
    SEVERAL = "several"
    ARCHIVED = "archived"
    NOT_STORABLE = "not_storable"
    BY_LOT = "by_lot"
    ELSEWHERE = "elsewhere"
    QUANTS = "quants"
    COUNTED = "counted"
    TOO_FINE = "too_fine"
    COMPANY = "company"
    CHANGED = "changed"
    REFUSED = "refused"
    ABSENT = "absent"


class Skipped(Struct, frozen=True):
    """An item that is left out; ``said`` is the source's level as it was written."""

    sku: str
    why: Skip
    said: str = ""
    id: str = ""


class Write(Struct, frozen=True):
    """A level to write: ``before`` is what the target has, ``level`` what it gets.

    Of what is there so many are ``reserved``: where fewer are left, Odoo takes them back.
    """

    sku: str
    product: int
    before: Decimal
    level: Decimal
    reserved: Decimal = _NONE


class Batch(Struct, frozen=True):
    """Levels that were promised to the target in one request.

    ``mark`` stands in its moves, whose ids are greater than ``moves_before``. ``address`` is the
    system's, ``place`` the location there: both may be others in config.toml by now.
    """

    dispatch: int
    mark: str
    stage: Stage
    prepared: datetime
    place: TargetPlace
    moves_before: int
    address: str
    writes: tuple[Write, ...]


class Written(Struct, frozen=True):
    """The last write of an item: its job, batch, and what was read back, if it was."""

    sku: str
    job: int
    mark: str
    stage: Stage
    at: datetime
    before: Decimal
    level: Decimal
    after: Decimal | None
