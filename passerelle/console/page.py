"""The page of the console: the report, with buttons; in words where it cannot be shown."""

import threading
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from passerelle.base.clocks import clock
from passerelle.base.errors import PasserelleError, lines_of
from passerelle.base.language import _, spoken
from passerelle.base.wording import shorten
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.console.deeds import Deed, button, button_of_order, buttons_of, deed_of
from passerelle.console.settling import look_at
from passerelle.health.report.live import Button, Live
from passerelle.health.report.page import render
from passerelle.ledger.ledger import Ledger, reading_ledger
from passerelle.schedule.schtasks import find_schtasks
from passerelle.schedule.tasks import look_up
from passerelle.schedule.timetable import timetable

B = TypeVar("B", Button, Button | None)
_TASKS_SECONDS = 30
# Windows ask at once; a process has one connection to its ledger, which bears one thread.
_one_by_one = threading.Lock()
STYLES, SCRIPTS = ("report.css", "console.css"), ("report.js", "console.js")


def live_page(config: Path, undo: str = "") -> str:
    """HTML. What the config file says counts from the next look on; its faults are told. ``undo``
    is the command that takes back what was done last."""
    try:
        settings = load_config(config)
        with _one_by_one, reading_ledger(settings.ledger_at) as ledger:
            marked = partial(_marked, settings, ledger)
            live = Live(
                STYLES,
                SCRIPTS,
                tuple(_toolbar(settings, undo)),
                lambda concern: [marked(one) for one in buttons_of(concern)],
                lambda concern, id: marked(button_of_order(concern, id)),
            )
            return render(settings, ledger, clock(), live)
    except PasserelleError as error:
        return _told(error)


def _marked(settings: Settings, ledger: Ledger, one: B) -> B:
    """The button, with what tells the orders that it settles from what they may be by then."""
    deed = deed_of(one.command) if one else None
    if not one or not deed or not deed.settles:
        return one
    mark = look_at(settings, ledger, deed).mark
    return replace(one, values={**one.values, "mark": mark})


class Settled(NamedTuple):
    """The orders that a command would settle: their mark, in words, what is left to be settled."""

    mark: str
    text: str
    left: str
    mark_left: str


def what_is_settled(config: Path, deed: Deed) -> Settled:
    """Raises as reading config.toml and the ledger does."""
    settings = load_config(config)
    with _one_by_one, reading_ledger(settings.ledger_at) as ledger:
        now = look_at(settings, ledger, deed)
        rest = deed_of(now.left)
        left = look_at(settings, ledger, rest) if rest else now
        return Settled(now.mark, "\n".join(now.describe(settings, ledger)), now.left, left.mark)


def _toolbar(settings: Settings, undo: str) -> Iterator[Button]:
    ids = shorten(undo.partition(" unsettle ")[2])
    if undo and (back := button(undo, _("Take back: {ids}").format(ids=ids))):
        yield back
    yield from filter(None, map(button, _commands(settings)))


def _commands(settings: Settings) -> Iterator[str]:
    runs = tuple(timetable(settings))
    for run in runs:
        yield f"passerelle run {run}"
    for verb in _pausing(runs, int(time.monotonic() // _TASKS_SECONDS)):
        yield f"passerelle schedule {verb}"
    if settings.shop.cache:
        yield "passerelle shop clear-cache"
    yield "passerelle status"
    yield "passerelle check"


@lru_cache(maxsize=1)
def _pausing(runs: Sequence[str], _moment: int) -> Sequence[str]:
    """What `schedule` may do to the tasks that there are; asking Windows takes its time."""
    if find_schtasks() is None:
        return ()
    try:
        found = {look_up(run).enabled for run in runs}
    except PasserelleError:
        return ()
    return [verb for verb, those in (("disable", True), ("enable", False)) if those in found]


def forget_tasks() -> None:
    """A button may have changed them."""
    _pausing.cache_clear()


def _told(error: PasserelleError) -> str:
    links = "".join(f'<link rel="stylesheet" href="{name}">' for name in STYLES)
    scripts = "".join(f'<script src="{name}" defer></script>' for name in SCRIPTS)
    lines = "".join(f"<p>{escape(line)}</p>" for line in lines_of(error))
    title = _("The page cannot be shown")
    return (
        f'<!doctype html><html lang="{spoken()}"><head><meta charset="utf-8">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Passerelle</title>{links}{scripts}</head>"
        f'<body><main role="alert"><h1>{escape(title)}</h1>{lines}</main></body></html>'
    )


def words() -> dict[str, str]:
    """What the page's script says."""
    return {
        "busy": _('"{command}" is running'),
        "done": _("Done."),
        "partly": _("Done, but for what was rejected:"),
        "refused": _("Not done:"),
        "failed": _("Not done (exit code {code})."),
        "killed": _("It was killed: the next run finishes what it left."),
        "orphan": _("The console has ended. What it started goes on: `passerelle history` tells."),
        "anew": _("The console was started anew: open the address that it printed."),
        "sure": _("Do it"),
        "cancel": _("Leave it"),
        "close": _("Close"),
        "undo": _("Take it back"),
        "nothing": _("It printed nothing."),
        "gone": _("The console has ended, or its machine does not answer: start it again."),
        "asks": _("This is what will follow:"),
        "changed": _("Nothing was done, since this has changed meanwhile. What will follow now:"),
    }
