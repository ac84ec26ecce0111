"""What the page shows, gathered from the ledger and the settings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from operator import attrgetter
from typing import Any

from msgspec import Struct

from passerelle.base.language import N_
from passerelle.config.model import Settings
from passerelle.health.pool import happened, names_in, suspects_in_words
from passerelle.health.report.charts import charts
from passerelle.health.report.days import Window, delays, figures, total, window_of
from passerelle.health.report.matters import groups_of, verdict
from passerelle.health.report.strip import (
    DayStrip,
    Incident,
    SlotLook,
    incidents,
    look_at_slots,
    strips,
)
from passerelle.health.status import examine
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, Run
from passerelle.model.states import State
from passerelle.schedule.timetable import timetable

ORDERS_SHOWN, INCIDENTS_SHOWN, POOL_SHOWN, JOBS_SHOWN = 500, 30, 100, 50


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


class RunStrip(Struct, frozen=True):
    """One run's strip, the newest day first."""

    run: str
    days: Sequence[DayStrip]

    def count(self, look: SlotLook) -> int:
        return sum(day.count(look) for day in self.days)


def content_of(settings: Settings, ledger: Ledger, now: datetime) -> dict[str, Any]:
    """By the names that the templates have for it."""
    window = window_of(now)
    health = examine(settings, ledger, now)
    groups = groups_of(settings, ledger, health)
    runs = ledger.overview.runs(window.start)
    moves = ledger.pool.log(limit=POOL_SHOWN) if health.pool else ()
    return {
        "health": health,
        # A configuration may have a pool, tills or jobs alone: then there are no orders to tell of.
        "has_shop": bool(settings.orders or settings.stock),
        "groups": groups,
        "verdict": verdict(groups),
        "window": window,
        "currency": settings.report.currency,
        **_figures(settings, ledger, window, runs),
        **_runs(settings, ledger, window, runs),
        **_orders(ledger, window),
        "sync_jobs": ledger.jobs.latest(JOBS_SHOWN) if health.syncs else (),
        "pool_log": moves,
        "names": names_in(settings, moves),
        "happened": happened,
        "suspects_in_words": suspects_in_words,
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
