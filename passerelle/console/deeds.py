"""What the buttons may start: commands of the command line, and what each asks first."""

import shlex
from collections.abc import Sequence

from msgspec import Struct

from passerelle.base import commands
from passerelle.base.errors import UsageError
from passerelle.base.language import N_, _
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.health.report.live import Button

_UNSTEADY = regex(r"\b(?:written|dated|écrit|daté)\b[^,\n]*|[0-9]{8}_[0-9]{6}")
_PRINTED = regex(r"`(passerelle [^`]+)`")
# Where `settle` means that a person entered the order.
_BY_HAND = frozenset(
    {ConcernKind.WITHHELD, ConcernKind.REJECTED, ConcernKind.NOT_SENT, ConcernKind.LEFT}
)
_SETTLE = ("orders", "settle")
_LONGEST = 4_000  # of a command line; Windows takes twice that
_NAMING = frozenset({"--all", "--until", "--in"})


class _Kind(Struct, frozen=True):
    """A command that a button may start: the words that it begins with, and how it is called.

    ``rehearse`` is the option by which it tells what will follow and does nothing; with ``--yes``
    it tells so where that is left out. Without ``rehearse`` it can be taken back, or is a run that
    the schedule starts too.
    """

    words: tuple[str, ...]
    label: str
    rehearse: str = ""
    options: frozenset[str] = frozenset()


_KINDS = (
    _Kind(_SETTLE, N_("Entered at the till"), options=_NAMING),
    _Kind(("orders", "unsettle"), N_("Take back")),
    _Kind(("orders", "resend"), N_("Send again"), "--yes", _NAMING),
    _Kind(("orders", "retry"), N_("Try again")),
    _Kind(("run", "stock", "--accept-drop"), N_("Accept the drop"), "--dry-run"),
    _Kind(("run", "pool", "--accept"), N_("Accept the change"), "--dry-run"),
    _Kind(("run", "tills", "--accept"), N_("Accept the change"), "--dry-run"),
    _Kind(("run", "orders"), N_("Send the orders now")),
    _Kind(("run", "stock"), N_("Update the stock now")),
    _Kind(("run", "pool"), N_("Share the stock now")),
    _Kind(("run", "tills"), N_("Book the tills now")),
    _Kind(("run",), N_("Run {what} now")),
    _Kind(("sync", "run"), N_("Run {what} now")),
    _Kind(("jobs", "retry"), N_("Try again")),
    _Kind(("jobs", "run"), N_("Go on")),
    _Kind(("pool", "accept"), N_("Let {what} join"), "--dry-run"),
    _Kind(("schedule", "disable"), N_("Pause")),
    _Kind(("schedule", "enable"), N_("Go on")),
    _Kind(("shop", "clear-cache"), N_("Clear the shop's cache"), "--yes"),
    _Kind(("status",), N_("Look at the servers")),
    _Kind(("check",), N_("Check everything")),
)


class Deed(Struct, frozen=True):
    """What one button starts: the words of its command, without the program's name."""

    kind: _Kind
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The command line."""
        return "passerelle " + shlex.join(self.words)

    @property
    def asks(self) -> bool:
        """Whether a person is shown first what will follow."""
        return bool(self.kind.rehearse) or (self.settles and bool(_NAMING & {*self.words}))

    @property
    def settles(self) -> bool:
        """Whether it says that a person entered orders: as they were when that person looked."""
        return self.kind.words == _SETTLE

    @property
    def takes_back(self) -> bool:
        return self.kind.words == ("orders", "unsettle")

    @property
    def only_looks(self) -> bool:
        """Whether its exit code says how things are, not whether it went well."""
        return self.kind.words in (("status",), ("check",))

    @property
    def rehearsal(self) -> Sequence[str]:
        """What tells what will follow, and does nothing."""
        return self.words if self.kind.rehearse == "--yes" else self._with(self.kind.rehearse)

    @property
    def command(self) -> Sequence[str]:
        return self._with("--yes") if self.kind.rehearse == "--yes" else self.words

    @property
    def undo(self) -> str:
        """The command that takes it back; empty where it has none, or names no ids."""
        ids = self.words[2:]
        if not self.settles or _NAMING.intersection(ids):
            return ""
        return "passerelle " + shlex.join(("orders", "unsettle", *ids))

    def _with(self, option: str) -> Sequence[str]:
        """Where an option still is one: before any ``--``."""
        known = len(self.kind.words)
        return (*self.words[:known], option, *self.words[known:])


def deed_of(text: str) -> Deed | None:
    """The deed that a command line is; ``None`` where no button may start it."""
    try:
        program, *words = shlex.split(text)
    except ValueError:
        return None
    for kind in _KINDS:
        known = len(kind.words)
        if program == "passerelle" and tuple(words[:known]) == kind.words:
            return Deed(kind, tuple(words)) if _fits(kind, words[known:]) else None
    return None


def needed_deed(text: str) -> Deed:
    """The same. Raises :class:`UsageError` where no button may start it."""
    deed = deed_of(text) if text.isprintable() and len(text) <= _LONGEST else None
    if deed is None:
        raise UsageError(_("no button starts this"), shorten(text), _("type it at a console"))
    return deed


def _fits(kind: _Kind, rest: Sequence[str]) -> bool:
    """Whether all options are known ones; what follows ``--`` is none."""
    before = rest[: rest.index("--")] if "--" in rest else rest
    return all(word in kind.options for word in before if word.startswith("-"))


def button(text: str, label: str = "") -> Button | None:
    """The button that starts a command line; ``None`` where none may."""
    deed = deed_of(text)
    if deed is None:
        return None
    what = " ".join(deed.words[len(deed.kind.words) :])
    label = label or _(deed.kind.label).format(what=what)
    return Button(label, "do", {"command": text}, text, deed.asks)


def buttons_of(concern: Concern) -> tuple[Button, ...]:
    """A button for each command that a concern's mend names, and that a button may start.

    None where an order's id would end the command that names it: what follows is the shop's text.
    """
    if any("`" in id for id in concern.orders):
        return ()
    printed = dict.fromkeys(_PRINTED.findall(concern.mend))
    return tuple(filter(None, (button(text, _label(concern, text)) for text in printed)))


def button_of_order(concern: Concern, id: str) -> Button | None:
    """The button that says of one order of several that it was entered."""
    if concern.kind not in _BY_HAND or len(concern.orders) < 2:
        return None
    return button(commands.command("settle", id), _("Entered: {id}").format(id=id))


def outcome_of(deed: Deed, code: int) -> str:
    """In one word: that some data was rejected keeps nothing else from being done."""
    if code < 0:
        return "killed"
    return "done" if code == 0 or deed.only_looks else "partly" if code == 5 else "failed"


def steady(text: str) -> str:
    """What a rehearsal says, but for what each says otherwise: ages of files, times in names."""
    return _UNSTEADY.sub("", text).strip()


def _label(concern: Concern, text: str) -> str:
    """Of an order that is in the ERP, `settle` says that a person saw to what is open about it."""
    settles = text.startswith(f"passerelle {' '.join(_SETTLE)} ")
    return _("Seen to") if settles and concern.kind not in _BY_HAND else ""
