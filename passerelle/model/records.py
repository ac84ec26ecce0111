"""What the ledger knows, as values: orders, sales, dispatches, publications, runs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from passerelle.model.location import Location
from passerelle.model.orders import Gist, Reading, Sold
from passerelle.model.states import DONE, IN_ERP, UNSENT, Kind, OpenMatter, SaleState, Stage, State


class KnownOrder(Struct, frozen=True):
    """An order as the ledger knows it.

    ``dispatch`` is the number of its last XML, ``sent_as`` that XML's name, ``published`` the time
    on the server's clock at which it appeared there, ``lying`` the one at which it was last seen
    there, ``taken`` when it was first seen to be gone (our clock). ``total`` is what the customer
    paid; ``None`` for orders that were illegible or met before it was kept. ``matter`` is what a
    person has to see to, ``matter_note`` that in words. ``reused``: the shop gave its id to another
    order, too.
    """

    channel: str
    id: str
    reference: str
    date: datetime | None
    state: State
    reason: str
    fingerprint: str
    cancelled: bool
    resend: bool
    seen: datetime
    changed: datetime
    stage: Stage | None = None
    sent_as: str | None = None
    archived: str | None = None
    server: str | None = None
    sent: datetime | None = None
    published: datetime | None = None
    lying: datetime | None = None
    taken: datetime | None = None
    total: Decimal | None = None
    due: bool = False
    dispatch: int | None = None
    matter: OpenMatter | None = None
    matter_note: str = ""
    matter_since: datetime | None = None
    reused: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it should be in the ERP, but could not be sent, or is to be sent again."""
        return self.state in UNSENT and (self.due or self.resend)

    @property
    def is_beyond_recall(self) -> bool:
        """Whether the ERP has it, or may have: a change of the shop's comes too late."""
        is_uploaded = self.stage in (Stage.STAGED, Stage.DOUBTFUL)
        return self.state in IN_ERP or (self.state == State.PREPARED and is_uploaded)

    @property
    def is_open_itself(self) -> bool:
        """Whether a person has to see to it, and not only to another order that has its id."""
        if self.matter not in (None, OpenMatter.ID_REUSED):
            return True
        is_doubtful = self.state == State.PREPARED and self.stage == Stage.DOUBTFUL
        return is_doubtful or (self.state not in DONE and not self.cancelled)


class Mark(Struct, frozen=True):
    """A state to write for an order, with its reason in words.

    ``due``: it should be in the ERP but cannot be sent now, so it must not be lost from sight.
    ``cancelled``: it waits because the shop cancelled it. ``matter``: what a person has to see to.
    """

    reading: Reading | Gist
    state: State
    reason: str = ""
    due: bool = False
    cancelled: bool = False
    matter: OpenMatter | None = None


class ChangedOrder(Struct, frozen=True):
    """An order that the shop changed after it was sent; or another one that has its id.

    ``reading`` has what the shop says now; its fingerprint tells that from what it says next.
    ``cancelled`` is, where the id was used again, the other order.
    """

    reading: Gist
    note: str
    cancelled: bool
    matter: OpenMatter = OpenMatter.CHANGED

    @property
    def is_another(self) -> bool:
        return self.matter == OpenMatter.ID_REUSED


class HighWater(Struct, frozen=True):
    """The newest order of a channel that was adopted: what is older is the previous system's."""

    date: datetime | None
    id: str


class Decision(Struct, frozen=True):
    """What was decided on the order of this number in the file.

    ``before`` is what the ledger knew of it.
    """

    number: int
    what: Mark | ChangedOrder
    before: KnownOrder | None

    @property
    def is_news(self) -> bool:
        """Whether it was not in the same state for the same reason."""
        before, what = self.before, self.what
        if before is None or isinstance(what, ChangedOrder):
            return True
        return (before.state, before.reason) != (what.state, what.reason)


class Settlement(Struct, frozen=True):
    """What an order, or (with a date) its sale, was before a person settled it."""

    number: int
    channel: str
    id: str
    order_date: datetime | None
    at: datetime
    before: Mapping[str, Any]


class Event(Struct, frozen=True):
    """Something that happened to an order."""

    at: datetime
    event: str
    note: str


class Publication(Struct, frozen=True):
    """One ExportCSVmod, and the ERP's file that it was made from.

    ``sent``, ``taken`` or ``withdrawn`` are the stages of those that the shop could see; ``left``
    is when it was seen to lie there although its time had passed. ``accepted``: a person said that
    fewer lines in stock are right.
    """

    number: int
    at: datetime
    stage: Stage
    source_sha256: str
    source_modified: datetime | None
    sha256: str
    size: int
    lines: int
    in_stock: int
    left: datetime | None = None
    accepted: bool = False

    @property
    def fate(self) -> str | None:
        """``"taken"`` by the shop, ``"left"`` lying, ``None`` while that is not known."""
        return "taken" if self.stage == Stage.TAKEN else "left" if self.left else None


class SoldSince(Struct, frozen=True):
    """What web orders took of an item, of which the ERP had ``level``, as its file wrote it.

    ``quantity`` is ``None`` where an order does not say how many, ``level`` where it is not known.
    """

    quantity: int | None = 0
    level: str | None = None

    def and_also(self, quantity: int | None) -> "SoldSince":
        told = None if quantity is None or self.quantity is None else self.quantity + quantity
        return SoldSince(told, self.level)


class Run(Struct, frozen=True):
    """A run so far; without ``ended`` it is active, or was killed.

    ``facts`` has what a run that ended well met and did: counts, and files with size and time.
    """

    number: int
    run: str
    started: datetime
    ended: datetime | None
    exit_code: int | None
    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Dispatch(Struct, frozen=True):
    """A file that was promised: where it goes, what it must be, how far it is.

    ``archived`` is an XML's name in ArchiveExport. ``staged`` is when its upload was complete (our
    clock), ``uploaded`` the same moment on the server's clock where that tells it; ``sent`` is when
    others could see it (our clock). ``stuck``: a run saw, then, that it had not got its name.
    ``target`` is the shop of the pool that it is for. ``address`` is the server's, ``publish`` the
    server's mode ("rename", "direct") at its promise.
    """

    number: int
    kind: Kind
    place: Location
    archived: str
    sha256: str
    size: int
    stage: Stage
    prepared: datetime
    staged: datetime | None = None
    uploaded: datetime | None = None
    sent: datetime | None = None
    stuck: datetime | None = None
    target: str = ""
    left: datetime | None = None
    address: str = ""
    publish: str = "rename"


# Times are told in whole seconds, and clocks drift between two measurements.
CLOCK_SLACK = timedelta(seconds=5)
# People are told of a problem when it begins, and then once a day.
DAILY = timedelta(hours=24)


class KnownSale(Struct, frozen=True):
    """An order's sale as the ledger knows it.

    ``problem`` is a word for what stands or stood against it since it was last done, ``reason``
    the same for people. ``imported`` is the number of the order's XML that it belongs to,
    ``dispatch`` that of its own last XML; what follows is of that one, as with an order.
    """

    channel: str
    id: str
    order_date: datetime
    state: SaleState
    problem: str = ""
    reason: str = ""
    document: str = ""
    imported: int | None = None
    dispatch: int | None = None
    refusals: int = 0
    cancelled: bool = False
    tried: datetime | None = None
    told: datetime | None = None
    changed: datetime | None = None
    stage: Stage | None = None
    server: str | None = None
    sent_as: str | None = None
    archived: str | None = None
    sent: datetime | None = None
    published: datetime | None = None
    lying: datetime | None = None
    taken: datetime | None = None

    def is_news(self, problem: str, now: datetime) -> bool:
        """Whether people are to be told of a problem now: it is new, or a day has passed."""
        return self.problem != problem or self.told is None or abs(now - self.told) >= DAILY


class SaleMark(Struct, frozen=True):
    """What to write of a sale. ``is_told``: people are told of its problem now.

    ``refusals`` and ``imported`` are left as they are where they are ``None``. ``by_hand``: a
    person entered it, so that none of our XMLs is the one that the ERP has.
    """

    channel: str
    id: str
    order_date: datetime
    state: SaleState
    problem: str = ""
    reason: str = ""
    imported: int | None = None
    cancelled: bool = False
    refusals: int | None = None
    is_told: bool = False
    by_hand: bool = False


class Issue(Struct, frozen=True):
    """A sale to issue now, as which ``document``, for the order's XML ``imported``.

    ``sold`` is what it takes out of stock: the shop may have changed the order since.
    """

    channel: str
    id: str
    order_date: datetime
    document: str
    imported: int | None
    sold: tuple[Sold, ...] = ()


class ClockJump(Struct, frozen=True):
    """That a ``server``'s clock or ours (``""`` where only ours can be meant) was set.

    ``seconds`` is by how much the server's went ahead of ours, below 0 where it fell back or ours
    went forward. ``upto`` is the number of the last dispatch of before it was ``noticed``.
    """

    server: str
    noticed: datetime
    seconds: float
    upto: int


class ClockHistory(Struct, frozen=True):
    """When clocks were set; and the last publication that was made from another file of the ERP's.

    The file was written after that one: it includes what was ``sent`` before and is taken now.
    """

    jumps: tuple[ClockJump, ...] = ()
    number: int = 0
    at: datetime | None = None

    def is_across(self, jump: ClockJump, sent: KnownOrder | KnownSale) -> bool:
        """Whether the ERP's file or an XML may be of before a clock was set."""
        return jump.upto >= self.number or (sent.dispatch or 0) <= jump.upto

    def proves(self, sent: KnownOrder | KnownSale) -> bool:
        if sent.dispatch is None or sent.sent is None or self.at is None:
            return False
        return sent.dispatch < self.number and sent.sent <= self.at

    @property
    def unproved(self) -> int | None:
        """After which number a dispatch may count as missed, whatever the times say."""
        return self.number if self.jumps else None


class HeldBack(Struct, frozen=True):
    """A line that a publication has lower than the ERP, or (``after`` is ``None``) not at all."""

    line: int
    key: str
    before: str
    after: str | None
    orders: str

    def names(self, id: str) -> bool:
        """Whether the order of that id is one of the reasons; an id may hold commas itself."""
        return f",{id}," in f",{self.orders},"


class Since(Struct, frozen=True):
    """Since when something is as it is; not ``is_exact`` where it was so before, too."""

    at: datetime
    is_exact: bool


class OrderTotal(Struct, frozen=True):
    """An order that counts as sold: when it was ordered, and its total where that is known."""

    date: datetime
    total: Decimal | None


class Delivery(Struct, frozen=True):
    """An order that the ERP took: when it was ordered, and when the ERP was seen to have it."""

    id: str
    date: datetime
    taken: datetime


class Told(Struct, frozen=True):
    """What people were told, in which words; when it ``began``, when they were last ``told``."""

    key: str
    text: str
    began: datetime
    told: datetime


class AlertMemory(Struct, frozen=True):
    """What one address was told, by key, and the last ``run`` that was looked at for it."""

    told: Mapping[str, Told] = field(default_factory=dict)
    run: int = 0
