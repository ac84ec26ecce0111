"""The page: all that it shows, gathered, and filled into its template."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from itertools import dropwhile
from operator import attrgetter
from pathlib import Path
from typing import Any

from passerelle import __version__
from passerelle.base.durable import make_private_folder, replace_whole, write_privately
from passerelle.base.errors import UnreachableError
from passerelle.base.language import N_, _, n_, spoken
from passerelle.base.wording import (
    clock,
    date_and_time,
    full_date,
    money,
    number,
    short_date,
    span,
    with_offset,
)
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.health.pool import happened, names_in, suspects_in_words
from passerelle.health.report.charts import charts, least_to_most
from passerelle.health.report.days import Window, delays, figures, total, window_of
from passerelle.health.report.live import Live
from passerelle.health.report.strip import (
    SHOWN,
    SIGNS,
    DayStrip,
    Incident,
    SlotLook,
    about,
    cut,
    in_words,
    incidents,
    look_at_slots,
    look_of,
    strips,
)
from passerelle.health.status import Health, examine
from passerelle.health.sync import outcome_of, sync_in_words
from passerelle.health.tills import tills_in_words
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, Run
from passerelle.model.states import State
from passerelle.schedule.timetable import timetable

# By the names that the page's template has for them.
_FORMATS = (number, money, full_date, short_date, clock, date_and_time, with_offset, span)
ORDERS_SHOWN, INCIDENTS_SHOWN, POOL_SHOWN, JOBS_SHOWN = 500, 30, 100, 50


@dataclass(frozen=True, slots=True)
class RunStrip:
    """One run's strip, the newest day first."""

    run: str
    days: Sequence[DayStrip]

    def count(self, look: SlotLook) -> int:
        return sum(day.count(look) for day in self.days)


def render(settings: Settings, ledger: Ledger, now: datetime, live: Live | None = None) -> str:
    """The page as HTML, with buttons where it is served ``live``.

    Raises :class:`UnreachableError` where the ledger cannot be read.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.globals.update(_words(), **_constants())
    template = environment.from_string(_text("report.html"))
    return template.render(_content(settings, ledger, now), live=live)


def _words() -> dict[str, Any]:
    return {
        **{format.__name__: format for format in _FORMATS},
        "_": _,
        "n_": n_,
        "in_words": in_words,
        "about": about,
        "cut": cut,
        "look_of": look_of,
        "code": code,
        "least_to_most": least_to_most,
        "happened": happened,
        "sync_in_words": sync_in_words,
        "outcome_of": outcome_of,
        "tills_in_words": tills_in_words,
        "suspects_in_words": suspects_in_words,
    }


def _constants() -> dict[str, Any]:
    from markupsafe import Markup

    style, script = _text("report.css"), _text("report.js")
    return {
        "Look": SlotLook,
        "SHOWN": SHOWN,
        "SIGNS": SIGNS,
        "STATES": STATES,
        "language": spoken(),
        "version": __version__,
        # Both are this package's own; the page's policy lets no other style or script be.
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "style_hash": _digest(style),
        "script_hash": _digest(script),
    }


def _content(settings: Settings, ledger: Ledger, now: datetime) -> dict[str, Any]:
    window = window_of(now)
    health = examine(settings, ledger, now)
    runs = ledger.overview.runs(window.start)
    moves = ledger.pool.log(limit=POOL_SHOWN) if health.pool else ()
    return {
        "health": health,
        "matters": [_matter(settings, ledger, health, one) for one in health.concerns],
        "window": window,
        "currency": settings.report.currency,
        **_figures(settings, ledger, window, runs),
        **_runs(settings, ledger, window, runs),
        **_orders(ledger, window),
        "sync_jobs": ledger.jobs.latest(JOBS_SHOWN) if health.syncs else (),
        "pool_log": moves,
        "names": names_in(settings, moves),
    }


def _figures(
    settings: Settings, ledger: Ledger, window: Window, runs: Sequence[Run]
) -> dict[str, Any]:
    book, start = ledger.overview, window.start
    first = ledger.runs.first("orders")
    delivered = book.deliveries(max(start, first.started)) if first else []
    days = figures(window, book.totals(start), delivered, runs)
    return {
        "days": days,
        "told_days": [*dropwhile(attrgetter("is_empty"), days)],
        "total": total(days),
        "delays": delays(delivered),
        "held_back": next((day.held_back for day in reversed(days) if day.held_back), None),
        "charts": charts(days, settings.report.currency),
    }


def _runs(
    settings: Settings, ledger: Ledger, window: Window, runs: Sequence[Run]
) -> dict[str, Any]:
    shown: list[RunStrip] = []
    found: list[Incident] = []
    for name in timetable(settings):
        ran = [run for run in runs if run.run == name]
        first = ledger.runs.first(name)
        slots = look_at_slots(settings, name, ran, window, first.started if first else None)
        shown.append(RunStrip(name, strips(slots, window)))
        found += incidents(name, slots)
    found.sort(key=lambda incident: incident.slots[-1].at, reverse=True)
    has_begun = any(not day.is_empty for strip in shown for day in strip.days)
    return {
        "strips": shown,
        "has_begun": has_begun,
        "incidents": found[:INCIDENTS_SHOWN],
        "more_incidents": max(len(found) - INCIDENTS_SHOWN, 0),
    }


def _orders(ledger: Ledger, window: Window) -> dict[str, Any]:
    orders = ledger.overview.newest(window.start, ORDERS_SHOWN)
    return {
        "orders": orders,
        "order_count": ledger.overview.count(window.start),
        "has_undated": ledger.overview.has_undated(),
        "states": _states(orders),
    }


def _states(orders: Sequence[KnownOrder]) -> Mapping[str, int]:
    counts = {state.value: 0 for state in STATES}
    for order in orders:
        counts[order.state] += 1
    return {state: count for state, count in counts.items() if count}


def code(text: str) -> Any:
    """The text, escaped, with what stands in backticks as code to be copied."""
    from markupsafe import Markup, escape

    def parts() -> Iterator[Any]:
        for n, part in enumerate(text.split("`")):
            yield Markup("<code>{}</code>").format(part) if n % 2 else escape(part)

    return Markup("").join(parts())


def _text(name: str) -> str:
    """A file of this package; its lines end as HTML's parser makes them end."""
    return files("passerelle.health.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


FILE_NAME = "report.html"


def write_report(settings: Settings, ledger: Ledger, now: datetime) -> Path:
    """Writes the page as of ``now`` (aware); returns where.

    Raises :class:`UnreachableError` where the ledger cannot be read or the file not written.
    """
    path = settings.folder / FILE_NAME
    page = render(settings, ledger, now).encode("utf-8")
    try:
        _replace(path, page)
    except OSError as error:
        raise UnreachableError(
            _("the report cannot be written"),
            f"{path}: {error.strerror or error}",
            _("close the program that holds it open, or see to the folder's rights"),
        ) from error
    return path


def _replace(path: Path, page: bytes) -> None:
    make_private_folder(path.parent)
    try:
        replace_whole(path, page)
    except PermissionError:
        # Windows moves nothing over a file that somebody reads, but often lets it be written.
        if not path.exists():
            raise
        write_privately(path, page)


MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Matter:
    """A concern, the first of its orders, and how many more there are."""

    concern: Concern
    orders: tuple[KnownOrder, ...] = ()
    more: int = 0

    @property
    def has_reasons(self) -> bool:
        return any(order.reason for order in self.orders)


def _matter(settings: Settings, ledger: Ledger, health: Health, concern: Concern) -> Matter:
    found = _orders_of(settings, ledger, health, concern)
    return Matter(concern, tuple(found[:MOST_SHOWN]), max(len(found) - MOST_SHOWN, 0))


def _orders_of(
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
