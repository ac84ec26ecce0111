"""One job of a sync, from what is unsettled to what was read back.

The story: look up the writes whose answers were lost; read the source whole, and the target; plan;
guard; promise each batch, write it, read it back. Old targets are never written again: what was not
done is planned anew, from fresh levels.
"""

import hashlib
import os
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from passerelle.base.errors import (
    AccessDeniedError,
    HeldError,
    LostAnswerError,
    RefusedError,
    UnsentError,
)
from passerelle.base.language import _, n_
from passerelle.base.progress import step
from passerelle.base.wording import FEW, listed
from passerelle.config.sync import Connector, Sync
from passerelle.connectors import open_source, open_target
from passerelle.connectors.base import LevelTarget
from passerelle.gateway.frame import Gateway
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.states import Kind, Stage
from passerelle.model.sync import (
    DONE_JOBS,
    Batch,
    Job,
    Quant,
    Skip,
    Skipped,
    SourceLevels,
    TargetPlace,
    Write,
)
from passerelle.rules.syncing import (
    WORDS,
    SyncGuards,
    SyncPlan,
    by_product,
    find_sync_hold,
    levels_of,
    name_of,
    plan_sync,
    result_in_words,
    weigh,
)

# How long after Odoo's own limit a request whose answer was lost cannot be carried out any more.
_GRACE = timedelta(seconds=10)
_LEASE = timedelta(minutes=1)
OWNER = f"{socket.gethostname()}:{os.getpid()}"


# Of so many jobs one was whole, or none was.
_LOOK_BACK = 500


def _is_whole(job: Job) -> bool:
    """Whether it wrote all that was to be written of all items."""
    facts = job.facts
    return bool(facts.get("total")) and not facts.get("left") and not facts.get("skus")


class UnsettledError(LostAnswerError):
    """Nobody knows yet what became of a write; ``until`` then (aware) it is not looked at again."""

    def __init__(self, mark: str, until: datetime) -> None:
        what = _("the answer to {mark} was lost").format(mark=mark)
        super().__init__(what, "", _("the next run looks up what became of it"))
        self.until = until


class SyncJob:
    """Works for one target; opens both ends when they are needed."""

    def __init__(self, gateway: Gateway, name: str, sync: Sync) -> None:
        self.gateway, self.name, self.sync = gateway, name, sync
        self.book, self.outbox = gateway.ledger.jobs, gateway.ledger.dispatches
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
        self._settle_all(self.book.open_batches(self.name))
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
        writer = _Writer(self, job, place, levels.at)
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
        self, plan: SyncPlan, done: int, writer: "_Writer", skus: Sequence[str]
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
            "skus": [*skus],
            "unwritten": unwritten(writer.skipped, writer.left),
        }
        return text, facts, skipped

    # --- writes whose answers were lost ------------------------------------------------------

    def _settle_all(self, batches: Sequence[Batch]) -> None:
        """What became of each: done, or not done and never to be done any more."""
        for batch in batches:
            if batch.address == self.to.address:
                self.settle(batch)
                continue
            self.outbox.settle_batch(batch, Stage.SUPERSEDED, self.gateway.now())
            text = _("what became of {mark} is not looked up: it went to {address}")
            self.gateway.warn(text.format(mark=batch.mark, address=batch.address))

    def settle(self, batch: Batch) -> Mapping[int, Decimal] | None:
        """The levels as they are, where it was done; ``None`` where it was not."""
        products = [one.product for one in batch.writes]
        is_done = self.target.find_mark(batch.mark, products, batch.moves_before)
        now = self.gateway.now()
        until = batch.prepared + timedelta(seconds=self.to.request_limit) + _GRACE
        if not is_done and now < until:
            raise UnsettledError(batch.mark, until)
        levels = levels_of(self.target.quants_at(batch.place, products), products)
        # Where nothing had to change, there is no move that bears the mark.
        is_done = is_done or all(levels[one.product] == one.level for one in batch.writes)
        stage = Stage.TAKEN if is_done else Stage.ABANDONED
        self.outbox.settle_batch(batch, stage, now, levels if is_done else None)
        words = _("{mark} was written") if is_done else _("{mark} was not written")
        self.gateway.say(words.format(mark=batch.mark))
        return levels if is_done else None


class _Writer:
    """Writes a plan, batch by batch. ``left`` are SKUs that were left to the next job.

    What was read back tells of the next batch, too, what lies there by then: a first load takes
    minutes, in which people count and sell.
    """

    def __init__(self, work: SyncJob, job: Job, place: TargetPlace, read: datetime) -> None:
        self._gateway, self._sync, self._to = work.gateway, work.sync, work.to
        self._target, self._work = work.target, work
        self._book, self._outbox = work.book, work.outbox
        self._job, self._place, self._read = job, place, read
        self._number = self._book.count_batches(job.number)
        self._seen: Mapping[int, Sequence[Quant]] | None = None
        self.skipped, self.left = list[Skipped](), list[str]()
        self.unchanged = 0

    @cached_property
    def _moves_before(self) -> int:
        return self._target.newest_move()

    def write_all(self, writes: Sequence[Write]) -> int:
        """How many levels are now what they were to be."""
        done = 0
        size = self._sync.batch
        with step(_("writing levels to {name}").format(name=self._sync.to), len(writes)):
            for start in range(0, len(writes), size):
                if self._gateway.now() - self._read > timedelta(minutes=self._sync.every):
                    self.left += [one.sku for one in writes[start:]]
                    break
                if still := self._weigh_again(writes[start : start + size]):
                    done += self._write(still, writes[start + size : start + 2 * size])
        return done

    def _weigh_again(self, writes: Sequence[Write]) -> list[Write]:
        """Those that are to be written by what lies there now, not when all was read."""
        if self._seen is None:
            return [*writes]
        products = [one.product for one in writes]
        if not self._seen.keys() >= set(products):
            self._see(products)
        still = list[Write]()
        for one in writes:
            found = weigh(one.sku, one.product, one.level, self._seen[one.product])
            if isinstance(found, Skip):
                self.skipped.append(Skipped(one.sku, found, str(one.level)))
            elif found.before == found.level:
                self.unchanged += 1
            else:
                still.append(found)
        return still

    def _see(self, products: Sequence[int]) -> Sequence[Quant]:
        quants = self._target.quants_at(self._place, products)
        found = by_product(quants)
        self._seen = {product: found.get(product, ()) for product in products}
        return quants

    def _write(self, writes: Sequence[Write], coming: Sequence[Write] = ()) -> int:
        """A batch; where one of its levels is refused, its halves, down to that one."""
        batch = self._promise(writes)
        try:
            self._target.write_levels(self._place, writes, batch.mark)
        except RefusedError as error:
            self._outbox.settle_batch(batch, Stage.ABANDONED, self._gateway.now())
            if len(writes) == 1:
                self._gateway.warn(f"{writes[0].sku}: {error}")
                self.skipped.append(Skipped(writes[0].sku, Skip.REFUSED, str(writes[0].level)))
                self._seen = {}
                return 0
            half = len(writes) // 2
            return self._write(writes[:half]) + self._write(writes[half:])
        except LostAnswerError:
            self._outbox.settle_batch(batch, Stage.DOUBTFUL, self._gateway.now())
            levels = self._work.settle(batch)  # raises where nobody knows yet
            self._seen = {}
            if levels is None:
                self.left += [one.sku for one in writes]
                return 0
            return self._compare(batch, levels)
        except (AccessDeniedError, UnsentError):
            self._outbox.settle_batch(batch, Stage.ABANDONED, self._gateway.now())
            raise
        return self._read_back(batch, coming)

    def _promise(self, writes: Sequence[Write]) -> Batch:
        self._number += 1
        now, mark = self._gateway.now(), f"passerelle {self._job.number}/{self._number}"
        self._book.renew(self._job, now + timedelta(seconds=self._to.request_limit) + _LEASE)
        told = "".join(f"{one.product} {one.level}\n" for one in writes).encode()
        promise = Promise(
            Kind.SYNC,
            Location(f"connectors.{self._sync.to}", mark),
            hashlib.sha256(told).hexdigest(),
            len(writes),
            target=self._work.name,
            address=self._to.address,
            publish="direct",
        )
        return self._outbox.prepare_batch(
            promise, now, self._job.number, self._place, self._moves_before, writes
        )

    def _read_back(self, batch: Batch, coming: Sequence[Write]) -> int:
        products = [one.product for one in batch.writes]
        levels = levels_of(self._see([*products, *(one.product for one in coming)]), products)
        self._outbox.settle_batch(batch, Stage.TAKEN, self._gateway.now(), levels)
        return self._compare(batch, levels)

    def _compare(self, batch: Batch, levels: Mapping[int, Decimal]) -> int:
        """How many are what was written; of the others it is told that somebody changed them."""
        other = [one for one in batch.writes if levels[one.product] != one.level]
        for one in other:
            text = _("{sku}: {level} was written, and {found} is there: somebody changed it")
            found = _shown(levels[one.product])
            self._gateway.warn(text.format(sku=one.sku, level=_shown(one.level), found=found))
            self.skipped.append(Skipped(one.sku, Skip.CHANGED, str(one.level)))
        return len(batch.writes) - len(other)


def describe(plan: SyncPlan) -> Iterator[str]:
    """What a job would do, or did, in sentences; what asks for a person begins with ``!``."""
    for one in plan.writes[:FEW]:
        yield f"{one.sku}: {_shown(one.before)} -> {_shown(one.level)}"
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
            told = text.format(sku=one.sku, reserved=_shown(one.reserved), level=_shown(one.level))
            yield f"! {told}"


def left_out(skipped: Sequence[Skipped]) -> Iterator[str]:
    for why in dict.fromkeys(one.why for one in skipped):
        names = [name_of(one) for one in skipped if one.why == why]
        yield f"! {_(WORDS[why])}: {listed(names, FEW)}"


def unwritten(skipped: Sequence[Skipped], left: Sequence[str]) -> dict[str, list[str]]:
    """The first SKUs of each reason why levels were not written that were to be."""
    reasons = dict.fromkeys(one.why for one in skipped)
    found = {why.value: [one.sku for one in skipped if one.why == why] for why in reasons}
    return {why: skus[:FEW] for why, skus in {**found, "left": [*left]}.items() if skus}


def _shown(level: Decimal) -> str:
    """As people write it: 10, not 10.0 or 1E+1."""
    return format(level.normalize(), "f")
