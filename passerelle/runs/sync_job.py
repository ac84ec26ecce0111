"""One job of a sync, from what is unsettled to what was read back.

The story: look up the writes whose answers were lost; read the source whole, and the target; plan;
guard; promise each batch, write it, read it back. Old targets are never written again: what was not
done is planned anew, from fresh levels.
"""

import os
import socket
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, listed
from passerelle.config.sync import Connector, Sync
from passerelle.connectors import open_source, open_target
from passerelle.connectors.base import LevelTarget
from passerelle.gateway.frame import Gateway
from passerelle.model.sync import DONE_JOBS, Job, Skipped, SourceLevels, TargetPlace, Write
from passerelle.rules.syncing import (
    WORDS,
    SyncGuards,
    SyncPlan,
    find_sync_hold,
    level_in_words,
    name_of,
    plan_sync,
    result_in_words,
)
from passerelle.runs.sync_writing import LevelWriter, settle_all

OWNER = f"{socket.gethostname()}:{os.getpid()}"


# Of so many jobs one was whole, or none was.
_LOOK_BACK = 500


def _is_whole(job: Job) -> bool:
    """Whether it wrote all that was to be written of all items."""
    facts = job.facts
    return bool(facts.get("total")) and not facts.get("left") and not facts.get("skus")


class SyncJob:
    """Works for one target; opens both ends when they are needed."""

    def __init__(self, gateway: Gateway, name: str, sync: Sync) -> None:
        self.gateway, self.name, self.sync = gateway, name, sync
        self.book = gateway.ledger.jobs
        connectors = gateway.settings.connectors
        self.to: Connector = connectors[sync.to]
        self._source = open_source(sync.source, connectors[sync.source])
        self.target: LevelTarget = open_target(sync.to, self.to)

    def close(self) -> None:
        self._source.close()
        self.target.close()

    def look(self, skus: Sequence[str]) -> tuple[TargetPlace, SourceLevels, SyncPlan]:
        """Reads both ends, and plans; changes nothing."""
        sync, wanted = self.sync, skus or self.sync.skus
        at = self.gateway.now()
        levels = self._source.read_levels(sync.warehouses, wanted, sync.level)
        levels = replace(levels, at=at)  # by the clock that counts its age
        place = self.target.find_place(sync.company, sync.location)
        stock = self.target.read_stock(place, sync.match, wanted)
        return place, levels, plan_sync(levels, stock, place, wanted)

    def guard(self, plan: SyncPlan, skus: Sequence[str]) -> str | None:
        """Why the whole job is held; a person who names SKUs has looked at them."""
        if skus:
            return None
        guards = SyncGuards(
            self.sync.max_drop,
            self.sync.max_change,
            not any(map(_is_whole, self.book.latest(_LOOK_BACK, DONE_JOBS, self.name))),
            self.book.last_total(self.name),
        )
        return find_sync_hold(plan, guards)

    # --- a job -------------------------------------------------------------------------------

    def carry_out(self, job: Job) -> tuple[str, dict[str, object], tuple[Skipped, ...]]:
        """The result in words and in numbers, and what was left out.

        Raises :class:`HeldError` where a guard holds the whole job, :class:`UnsettledError`, and
        what the connectors raise.
        """
        settle_all(self.gateway, self.target, self.to, self.book.open_batches(self.name))
        skus = tuple(map(str, job.facts.get("skus", ())))
        place, levels, plan = self.look(skus)
        self._check(job, plan, skus)
        if plan.doubled:
            self.target.join_doubled(place)
            stock = self.target.read_stock(place, self.sync.match, skus or self.sync.skus)
            plan = plan_sync(levels, stock, place, skus or self.sync.skus)
            self._check(job, plan, skus)
        if not skus:
            self._keep(job, levels, plan)
        for line in below_reserved(plan.writes):
            self.gateway.say(line)
        writer = LevelWriter(self.gateway, self.target, job, place, levels.at)
        done = writer.write_all(plan.writes)
        return self._result(plan, done, writer, skus)

    def _check(self, job: Job, plan: SyncPlan, skus: Sequence[str]) -> None:
        if not job.forced and (why := self.guard(plan, skus)):
            mend = _("look at both ends; `passerelle sync run {name} --accept-drop` lets it pass")
            raise HeldError(why, self.name, mend.format(name=self.name))

    def _keep(self, job: Job, levels: SourceLevels, plan: SyncPlan) -> None:
        said = {one.sku: one.level or "" for one in levels.items if one.sku.strip()}
        skipped = {one.sku: one.why.value for one in plan.skipped if one.sku}
        self.book.keep_reading(job, levels.at, plan.total, said, skipped)

    def _result(
        self, plan: SyncPlan, done: int, writer: LevelWriter, skus: Sequence[str]
    ) -> tuple[str, dict[str, object], tuple[Skipped, ...]]:
        skipped = (*plan.skipped, *writer.skipped)
        counts = Counter(one.why for one in skipped)
        unchanged, left = len(plan.unchanged) + writer.unchanged, len(writer.left)
        text = result_in_words(plan.total, done, unchanged, counts)
        if left:
            more = n_("{n} left to the next job", "{n} left to the next job", left)
            text = f"{text}; {more}"
        facts = {
            "total": plan.total,
            "updated": done,
            "unchanged": unchanged,
            "skipped": {why.value: number for why, number in counts.items()},
            "left": left,
            "old": writer.is_old,
            "skus": [*skus],
            "unwritten": writer.unwritten(),
        }
        return text, facts, skipped


def describe(plan: SyncPlan) -> Iterator[str]:
    """What a job would do, or did, in sentences; what asks for a person begins with ``!``."""
    for one in plan.writes[:FEW]:
        yield f"{one.sku}: {level_in_words(one.before)} -> {level_in_words(one.level)}"
    if len(plan.writes) > FEW:
        more = len(plan.writes) - FEW
        yield n_("{n} more level", "{n} more levels", more)
    yield from below_reserved(plan.writes)
    yield from left_out(plan.skipped)


def below_reserved(writes: Sequence[Write]) -> Iterator[str]:
    """Odoo takes reservations back where fewer are left."""
    for one in writes:
        if one.level < one.reserved:
            text = _("{sku}: {reserved} are reserved, and {level} are left")
            told = text.format(
                sku=one.sku, reserved=level_in_words(one.reserved), level=level_in_words(one.level)
            )
            yield f"! {told}"


def left_out(skipped: Sequence[Skipped]) -> Iterator[str]:
    for why in dict.fromkeys(one.why for one in skipped):
        names = [name_of(one) for one in skipped if one.why == why]
        yield f"! {_(WORDS[why])}: {listed(names, FEW)}"
