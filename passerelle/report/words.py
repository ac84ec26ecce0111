"""What the page calls things, and the signs by which they are told without colour."""

from passerelle.language import N_, _
from passerelle.ledger import State
from passerelle.report.strip import Look, Slot

SIGNS = {
    Look.NONE: "\u00a0",
    Look.IDLE: "·",
    Look.WELL: "✓",
    Look.ACTIVE: "…",
    Look.REJECTED: "!",
    Look.MISSED: "?",
    Look.KILLED: "†",
    Look.HELD: "‖",
    Look.FAILED: "×",
}
LOOKS = {
    Look.NONE: N_("none was due"),
    Look.IDLE: N_("nothing to do"),
    Look.WELL: N_("went well"),
    Look.ACTIVE: N_("going on"),
    Look.REJECTED: N_("data rejected"),
    Look.MISSED: N_("missed"),
    Look.KILLED: N_("killed"),
    Look.HELD: N_("held"),
    Look.FAILED: N_("failed"),
}
# In the order of the legend.
SHOWN = (
    *(Look.WELL, Look.IDLE, Look.ACTIVE, Look.REJECTED, Look.HELD, Look.FAILED),
    *(Look.KILLED, Look.MISSED),
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


def in_words(look: Look) -> str:
    """What a look means."""
    return _(LOOKS[look])


def about(slot: Slot) -> str:
    """One time of a run in words: when, how it ended, with what."""
    if slot.last is None:
        return f"{slot.at.astimezone():%H:%M} {in_words(slot.look)}"
    return "; ".join(_about_run(slot, n) for n in range(len(slot.runs)))


def _about_run(slot: Slot, n: int) -> str:
    run = slot.runs[n]
    parts = [f"{run.started.astimezone():%H:%M}"]
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
