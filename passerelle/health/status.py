"""``passerelle status``: one screen on how it goes, and what to do about what does not."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from passerelle.base.deadline import Deadline
from passerelle.base.language import _, n_
from passerelle.base.wording import ago, clock, fields_of, time_of_day
from passerelle.config.model import Settings
from passerelle.health.chain import FileHealth, look_around
from passerelle.health.concerns import Concern
from passerelle.health.examine import Health, examine
from passerelle.health.pool import as_dict as pool_dict
from passerelle.health.pool import pool_in_words
from passerelle.health.runs import RunHealth
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import Run
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote

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


def describe(health: Health) -> Iterator[str]:
    """The screen, line by line; lines that ask for a person begin with ``!``."""
    for run in health.runs:
        yield f"{'run ' + run.run:<12} {_run(run, health.at)}"
    yield ""
    for file in health.files:
        yield f"{file.place.name:<32} {_file(file, health.at)}"
    yield ""
    yield _orders(health)
    if health.pool:
        yield _("pool: {facts}").format(facts=pool_in_words(health.pool))
    if health.sales:
        yield _sales_to_issue(health.sales.counts())
    yield ""
    yield from _concerns(health)


def _run(health: RunHealth, now: datetime) -> str:
    due = _("next at {time}").format(time=clock(health.next_due))
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
    return _OUTCOMES.get(run.exit_code or 0, _failed)(values)


def _well(values: Mapping[str, str]) -> str:
    return _("went well {ago}: {summary}").format(**values)


def _held(values: Mapping[str, str]) -> str:
    return _("held {ago}").format(**values)


def _failed(values: Mapping[str, str]) -> str:
    return _("failed {ago}").format(**values)


_OUTCOMES = {0: _well, 5: _well, 6: _held}


def _file(file: FileHealth, now: datetime) -> str:
    if file.role == "sales":
        return _sales(file, now)
    if file.present is None:
        return _("not looked at")
    if file.role == "shop_stock":
        return _("waits for the shop") if file.present else _("taken by the shop, or not there")
    if not file.present:
        return _("not there")
    return _("{size} bytes, {written}").format(size=file.size or 0, written=_written(file, now))


def _written(file: FileHealth, now: datetime) -> str:
    if file.written is None:
        return _("of unknown age")
    return _("written {ago}").format(ago=ago(now - file.written))


def _sales(file: FileHealth, now: datetime) -> str:
    if file.present is False:
        return _("taken by the ERP; the next run notes it")
    return _("sent {ago}, waits for the ERP").format(ago=ago(now - (file.written or now)))


def _orders(health: Health) -> str:
    counts = health.orders.counts()
    return _(
        "orders not in the ERP: {withheld} withheld, {waiting} waiting, {rejected} rejected"
    ).format(**counts)


def _sales_to_issue(counts: Mapping[str, int]) -> str:
    return _(
        "sales not done: {wanted} wanted ({short_of_stock} short of stock), {on_the_way} on their "
        "way, {refused} refused"
    ).format(**counts)


def _concerns(health: Health) -> Iterator[str]:
    number = len(health.concerns)
    if not number:
        yield _("all is well: nothing needs a person")
        return
    yield n_("{n} thing needs a person:", "{n} things need a person:", number)
    for concern in health.concerns:
        yield f"! {concern.text}{_since(concern, health.at)}"
        yield f"  -> {concern.mend}"


def _since(concern: Concern, now: datetime) -> str:
    if concern.since is None:
        return ""
    return " (" + _("since {time}").format(time=time_of_day(concern.since, now)) + ")"


def as_dict(health: Health) -> dict[str, Any]:
    """The same for programs: names are a contract, words are for people."""
    return {
        "at": health.at,
        "healthy": not health.concerns,
        "runs": [_run_dict(run) for run in health.runs],
        "files": [
            fields_of(file) | {"concern": file.concern.key if file.concern else None}
            for file in health.files
        ],
        "orders": health.orders.counts(),
        "pool": pool_dict(health.pool) if health.pool else None,
        **({"sales": health.sales.counts()} if health.sales else {}),
        "concerns": [fields_of(one) | {"key": one.key} for one in health.concerns],
    }


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
