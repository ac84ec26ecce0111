"""What the page calls things, and the signs by which they are told without colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from passerelle.base.language import N_, _
from passerelle.base.wording import clock
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.health.examine import Health
from passerelle.health.report.strip import Slot, SlotLook
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder
from passerelle.model.states import State

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Matter:
    """A concern, the first of its orders, and how many more there are."""

    concern: Concern
    orders: tuple[KnownOrder, ...] = ()
    more: int = 0

    @property
    def has_reasons(self) -> bool:
        """Whether any of the orders says why."""
        return any(order.reason for order in self.orders)


def matters(settings: Settings, ledger: Ledger, health: Health) -> list[Matter]:
    """The concerns as the page shows them."""
    return [_matter(settings, ledger, health, concern) for concern in health.concerns]


def _matter(settings: Settings, ledger: Ledger, health: Health, concern: Concern) -> Matter:
    found = _orders(settings, ledger, health, concern)
    return Matter(concern, tuple(found[:MOST_SHOWN]), max(len(found) - MOST_SHOWN, 0))


def _orders(
    settings: Settings, ledger: Ledger, health: Health, concern: Concern
) -> Sequence[KnownOrder]:
    if concern.kind == ConcernKind.WITHHELD:
        return health.orders.withheld
    if concern.kind == ConcernKind.REJECTED and concern.subject == "orders":
        return health.orders.rejected
    if settings.orders is None:
        return ()
    ids = concern.orders or _ids_in(ledger, concern)
    return list(ledger.orders.known(settings.orders.channel, ids).values())


def _ids_in(ledger: Ledger, concern: Concern) -> Sequence[str]:
    """The orders of an XML that the ERP has not taken."""
    if concern.kind != ConcernKind.NOT_TAKEN:
        return ()
    dispatches = [d for d in ledger.dispatches.untaken() if str(d.place) == concern.subject]
    return [id for dispatch in dispatches for id in ledger.dispatches.orders_of(dispatch)]


SIGNS = {
    SlotLook.NONE: "\u00a0",
    SlotLook.IDLE: "·",
    SlotLook.WELL: "✓",
    SlotLook.ACTIVE: "…",
    SlotLook.REJECTED: "!",
    SlotLook.MISSED: "?",
    SlotLook.KILLED: "†",
    SlotLook.HELD: "‖",
    SlotLook.FAILED: "×",
}
LOOKS = {
    SlotLook.NONE: N_("none was due"),
    SlotLook.IDLE: N_("nothing to do"),
    SlotLook.WELL: N_("went well"),
    SlotLook.ACTIVE: N_("going on"),
    SlotLook.REJECTED: N_("data rejected"),
    SlotLook.MISSED: N_("missed"),
    SlotLook.KILLED: N_("killed"),
    SlotLook.HELD: N_("held"),
    SlotLook.FAILED: N_("failed"),
}
# In the order of the legend.
SHOWN = (
    *(
        SlotLook.WELL,
        SlotLook.IDLE,
        SlotLook.ACTIVE,
        SlotLook.REJECTED,
        SlotLook.HELD,
        SlotLook.FAILED,
    ),
    *(SlotLook.KILLED, SlotLook.MISSED),
)
STATES = {
    State.WAITING: N_("its status is not to be sent yet, or it is to be sent again"),
    State.WITHHELD: N_("paid with a gift card: to be entered at the till"),
    State.REJECTED: N_("it cannot be read"),
    State.PREPARED: N_("in an XML that is on its way"),
    State.SENT: N_("in the ERP's import folder"),
    State.TAKEN: N_("the ERP has fetched it"),
    State.SKIPPED: N_("handled by the previous system"),
    State.SETTLED: N_("entered by hand"),
}
# A summary may be as long as an error; the trace has all of it. There are thousands of titles.
_LONGEST, _LONGEST_TITLE = 140, 80


def in_words(look: SlotLook) -> str:
    """What a look means."""
    return _(LOOKS[look])


def about(slot: Slot) -> str:
    """One time of a run in words: when, how it ended, with what."""
    if slot.last is None:
        return f"{clock(slot.at)} {in_words(slot.look)}"
    return "; ".join(_about_run(slot, n) for n in range(len(slot.runs)))


def _about_run(slot: Slot, n: int) -> str:
    run = slot.runs[n]
    parts = [clock(run.started)]
    if n == len(slot.runs) - 1:
        parts.append(in_words(slot.look))
    if run.exit_code is not None:
        parts.append(_("(exit code {code})").format(code=run.exit_code))
    text = " ".join(parts)
    return _(": ").join((text, cut(run.summary, _LONGEST_TITLE))) if run.summary else text


def cut(text: str, longest: int = _LONGEST) -> str:
    """The text on one line, its end left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
