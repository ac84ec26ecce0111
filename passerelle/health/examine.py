"""The examination: all that is known of the chain, and the concerns in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.health.chain import FileHealth, Sights, look_at_files
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.health.orders import (
    OrdersHealth,
    SalesHealth,
    look_at_orders,
    look_at_sales,
    order_concerns,
    sale_concerns,
)
from passerelle.health.pool import PoolHealth, look_at_pool, pool_concerns
from passerelle.health.runs import SUCCESSES, RunHealth, look_at_run, run_concerns
from passerelle.ledger.ledger import Ledger
from passerelle.schedule.timetable import timetable


@dataclass(frozen=True, slots=True)
class Health:
    """How it goes at the time ``at``; ``concerns`` need a person, the gravest first.

    ``sales`` is ``None`` where fulfilment is off.
    """

    at: datetime
    runs: tuple[RunHealth, ...]
    files: tuple[FileHealth, ...]
    orders: OrdersHealth
    concerns: tuple[Concern, ...]
    sales: SalesHealth | None = None
    pool: PoolHealth | None = None


def examine(
    settings: Settings, ledger: Ledger, now: datetime, sights: Sights | None = None
) -> Health:
    """How it goes, from the ledger alone, or with ``sights`` from a look at the servers."""
    runs = tuple(look_at_run(settings, ledger, run, now) for run in timetable(settings))
    files = tuple(look_at_files(settings, ledger, now, sights))
    last = ledger.runs.last("orders", SUCCESSES)
    orders = look_at_orders(ledger, last)
    concerns = [concern for health in runs for concern in run_concerns(health)]
    concerns += _unreachable(sights) if sights else ()
    concerns += [file.concern for file in files if file.concern]
    concerns += order_concerns(orders)
    sales = look_at_sales(settings, ledger, last)
    concerns += sale_concerns(sales) if sales else ()
    pool = look_at_pool(settings.pool, ledger) if settings.pool else None
    concerns += pool_concerns(settings, pool, now) if pool else ()
    return Health(now, runs, files, orders, tuple(concerns), sales, pool)


def _unreachable(sights: Sights) -> Iterator[Concern]:
    for server, error in sights.unreachable.items():
        text = _("the server {server} cannot be looked at: {error}")
        mend = _("`passerelle check` finds what is wrong")
        yield Concern(
            ConcernKind.UNREACHABLE, server, text.format(server=server, error=error), mend
        )
