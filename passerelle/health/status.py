"""The examination, all that is known of the chain with the concerns in it, and its one screen."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from passerelle.archive.retention import mend_of_prune
from passerelle.base.deadline import Deadline
from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.base.wording import ago, clock, fields_of, time_of_day
from passerelle.config.model import Settings
from passerelle.health.chain import FileHealth, Sights, look_around, look_at_files
from passerelle.health.concerns import Cause, Concern, ConcernKind, Level, concern_of, name_of_cause
from passerelle.health.folding import folded, not_taken
from passerelle.health.orders import OrdersHealth, look_at_orders, order_concerns
from passerelle.health.pool import PoolHealth, look_at_pool, pool_concerns, pool_in_words
from passerelle.health.pool import as_dict as pool_dict
from passerelle.health.runs import SUCCESSES, RunHealth, is_doubt, look_at_run, run_concerns
from passerelle.health.sales import SalesHealth, look_at_sales, sale_concerns
from passerelle.health.sync import SyncHealth, look_at_syncs, sync_concerns, sync_in_words
from passerelle.health.sync import as_dict as sync_dict
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.runs import PRUNE_HELD
from passerelle.model.records import Run
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote
from passerelle.schedule.timetable import timetable

if TYPE_CHECKING:
    from passerelle.health.tills import TillsHealth


class Health(Struct, frozen=True):
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
    syncs: tuple[SyncHealth, ...] = ()
    tills: "TillsHealth | None" = None

    @property
    def level(self) -> Level | None:
        """That of the gravest concern; ``None`` where all is well."""
        return self.concerns[0].level if self.concerns else None

    def of_level(self, level: Level) -> list[Concern]:
        return [concern for concern in self.concerns if concern.level == level]


def examine(
    settings: Settings, ledger: Ledger, now: datetime, sights: Sights | None = None
) -> Health:
    """How it goes, from the ledger alone, or with ``sights`` from a look at the servers."""
    runs = tuple(look_at_run(settings, ledger, run, now) for run in timetable(settings))
    files = tuple(look_at_files(settings, ledger, now, sights))
    last = ledger.runs.last("orders", SUCCESSES)
    orders = look_at_orders(ledger, last)
    doubted = {run.run for run in runs if orders.doubtful and is_doubt(run)}
    concerns = [concern for run in runs if run.run not in doubted for concern in run_concerns(run)]
    concerns += _unreachable(sights) if sights else ()
    concerns += [file.concern for file in files if file.concern and file.role != "sales"]
    concerns += not_taken([file.concern for file in files if file.concern and file.role == "sales"])
    sales = look_at_sales(settings, ledger, last)
    concerns += order_concerns(orders, {sale.id for sale in sales.cancelled} if sales else ())
    concerns += sale_concerns(sales) if sales else ()
    pool = look_at_pool(settings.pool, ledger) if settings.pool else None
    concerns += pool_concerns(settings, pool, now) if pool else ()
    syncs = look_at_syncs(settings, ledger, now)
    concerns += sync_concerns(settings, syncs, now)
    concerns += _archive_concerns(ledger)
    concerns += _left_concerns(ledger, {concern.key for concern in concerns})
    tills = _look_at_tills(settings, now, concerns) if settings.tills else None
    concerns = sorted(folded(concerns), key=lambda concern: concern.level == Level.TO_DO)
    return Health(now, runs, files, orders, tuple(concerns), sales, pool, syncs, tills)


def _look_at_tills(settings: Settings, now: datetime, concerns: list[Concern]) -> "TillsHealth":
    """Who has no tills never loads their book."""
    from passerelle.health.tills import look_at_tills, till_concerns

    found = look_at_tills(settings, now)
    concerns += till_concerns(found)
    return found


def _archive_concerns(ledger: Ledger) -> Iterator[Concern]:
    if since := ledger.runs.chore_done(PRUNE_HELD):
        text = _(
            "old files stay in the archives: most of one would go, or this machine's clock was set"
        )
        yield Concern(ConcernKind.PRUNE_HELD, "archive", text, mend_of_prune(), since)


def _left_concerns(ledger: Ledger, told: Collection[str]) -> Iterator[Concern]:
    """Old levels that are not ours to withdraw."""
    for place, since in ledger.runs.left().items():
        text = _("{file} was left where it lies: the shop may import old levels from it")
        mend = _("look at it; remove it if the shop is not to import it")
        found = Concern(ConcernKind.NOT_TAKEN, place, text.format(file=place), mend, since)
        if found.key not in told:
            yield found


def _unreachable(sights: Sights) -> Iterator[Concern]:
    for server, error in sights.unreachable.items():
        text = _("the server {server} cannot be looked at").format(server=server)
        cause = Cause(name_of_cause(error.what, error.where), (text,), (str(error),))
        mend = _("`passerelle check` finds what is wrong")
        yield concern_of(ConcernKind.UNREACHABLE, server, cause, mend)


# A person is waiting; a server that takes longer is told as unreachable.
_PATIENCE = timedelta(seconds=20)


def look(settings: Settings, ledger: Ledger, now: datetime) -> Health:
    """Examines the chain, with a look at its files on the servers. Changes nothing."""
    with ExitStack() as stack:
        deadline = Deadline(min(settings.time_limit, _PATIENCE))
        opened: dict[str, Remote] = {}

        def remote(name: str) -> Remote:
            if name not in opened:
                opened[name] = open_remote(name, settings.servers[name], deadline)
                stack.callback(opened[name].close)
            return opened[name]

        return examine(settings, ledger, now, look_around(settings, ledger, remote, now))


# An ERP that is down for a weekend leaves one XML each half hour.
_XMLS = 3


def describe(health: Health, paused: Collection[str] = ()) -> Iterator[str]:
    """The screen, line by line: ``!`` begins what is out of order, ``-`` what is to do.

    ``paused`` are the runs that the Task Scheduler is told not to start.
    """
    for run in health.runs:
        yield f"{'run ' + run.run:<12} {_run(run, health.at, is_paused=run.run in paused)}"
    yield ""
    yield from _files(health)
    yield ""
    yield _(
        "orders not in the ERP: {withheld} withheld, {waiting} waiting, {on_the_way} on their way, "
        "{doubtful} in doubt, {rejected} rejected"
    ).format(**health.orders.counts())
    if health.pool:
        yield _("pool: {facts}").format(facts=pool_in_words(health.pool))
    for one in health.syncs:
        yield f"sync {one.name}: {sync_in_words(one, health.at)}"
    if health.tills:
        from passerelle.health.tills import tills_in_words

        for line in tills_in_words(health.tills, health.at):
            yield line if line.startswith("  ") else _("tills: {facts}").format(facts=line)
    if health.sales:
        yield _(
            "sales not done: {wanted} wanted ({short_of_stock} short of stock), {on_the_way} on "
            "their way, {refused} refused"
        ).format(**health.sales.counts())
    yield ""
    yield from _concerns(health)
    if paused:
        text = _("paused: {runs}; `passerelle schedule enable` lets them start again")
        yield text.format(runs=", ".join(paused))
    elif health.level is None:
        yield _("all is well: nothing needs a person")


def _files(health: Health) -> Iterator[str]:
    xmls = [file for file in health.files if file.role == "sales"]
    others = [file for file in health.files if file.role != "sales"]
    for file in (*xmls[:_XMLS], *others):
        yield f"{file.place.name:<32} {_file(file, health.at)}"
    if (more := len(xmls) - _XMLS) > 0:
        yield n_(
            "and {n} more XML that waits for the ERP",
            "and {n} more XMLs that wait for the ERP",
            more,
        )


def _run(health: RunHealth, now: datetime, *, is_paused: bool) -> str:
    due = _("next at {time}").format(time=clock(health.next_due))
    due = _("paused") if is_paused else due
    parts = [_("going on since {time}").format(time=time_of_day(health.active.started, now))
             if health.active else _last(health, now)]  # fmt: skip
    if health.success and health.success is not health.last and health.success != health.last:
        since = now - health.success.started
        parts.append(_("last went well {ago}").format(ago=ago(since)))
    return _("; ").join((*parts, due))


def _last(health: RunHealth, now: datetime) -> str:
    run = health.last
    if run is None:
        return _("never started")
    values = {"ago": ago(now - run.started), "summary": run.summary}
    if health.is_killed:
        return _("killed {ago}").format(**values)
    if run.exit_code in (None, *SUCCESSES):
        return _("went well {ago}: {summary}").format(**values)
    text = _("held {ago}") if run.exit_code == HeldError.exit_code else _("failed {ago}")
    return text.format(**values)


def _file(file: FileHealth, now: datetime) -> str:
    if file.role == "sales" and file.present is False:
        return _("taken by the ERP; the next run notes it")
    if file.role == "sales":
        return _("sent {ago}, waits for the ERP").format(ago=ago(now - (file.written or now)))
    if file.present is None:
        return _("not looked at")
    if file.role == "shop_stock":
        if file.present:
            return _("waits for the shop")
        return _("withdrawn by us") if file.withdrawn else _("taken by the shop, or not there")
    if not file.present:
        return _("not there")
    written = _("of unknown age")
    if file.written is not None:
        written = _("written {ago}").format(ago=ago(now - file.written))
    return _("{size} bytes, {written}").format(size=file.size or 0, written=written)


def _concerns(health: Health) -> Iterator[str]:
    grave, to_do = health.of_level(Level.OUT_OF_ORDER), health.of_level(Level.TO_DO)
    if grave:
        yield n_("{n} thing is out of order:", "{n} things are out of order:", len(grave))
        yield from _listed("!", grave, health.at)
    if grave and to_do:
        yield n_(
            "{n} more thing is to do when there is time:",
            "{n} more things are to do when there is time:",
            len(to_do),
        )
    elif to_do:
        yield n_(
            "nothing is out of order; {n} thing is to do when there is time:",
            "nothing is out of order; {n} things are to do when there is time:",
            len(to_do),
        )
    yield from _listed("-", to_do, health.at)


def _listed(sign: str, concerns: Iterable[Concern], now: datetime) -> Iterator[str]:
    for concern in concerns:
        yield f"{sign} {concern.text}{concern.since_in_words(now)}"
        yield f"  -> {concern.mend}"


def as_dict(health: Health) -> dict[str, Any]:
    """The same for programs: names are a contract, words are for people."""
    return {
        "at": health.at,
        "healthy": health.level != Level.OUT_OF_ORDER,
        "level": health.level,
        "runs": [_run_dict(run) for run in health.runs],
        "files": [
            fields_of(file) | {"concern": file.concern.key if file.concern else None}
            for file in health.files
        ],
        "orders": health.orders.counts(),
        "pool": pool_dict(health.pool) if health.pool else None,
        **({"syncs": [sync_dict(one) for one in health.syncs]} if health.syncs else {}),
        **({"tills": _tills_dict(health.tills)} if health.tills else {}),
        **({"sales": health.sales.counts()} if health.sales else {}),
        "concerns": [
            fields_of(one) | {"key": one.key, "level": one.level} for one in health.concerns
        ],
    }


def _tills_dict(tills: "TillsHealth") -> dict[str, Any]:
    from passerelle.health.tills import as_dict

    return as_dict(tills)


_OF_A_RUN = ("number", "started", "ended", "exit_code", "summary", "facts")


def _run_dict(health: RunHealth) -> dict[str, Any]:
    return {
        "run": health.run,
        "last": _one_run(health.last),
        "last_success": _one_run(health.success),
        "last_failure": _one_run(health.failure),
        "active": _one_run(health.active),
        "missed": health.missed,
        "next_due": health.next_due,
    }


def _one_run(run: Run | None) -> dict[str, Any] | None:
    return fields_of(run, *_OF_A_RUN) if run else None
