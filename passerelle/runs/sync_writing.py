"""Levels are written batch by batch: promised, sent, read back; lost answers are looked up."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from passerelle.base.errors import AccessDeniedError, LostAnswerError, RefusedError, UnsentError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.base.wording import FEW
from passerelle.config.sync import Connector
from passerelle.connectors.base import LevelTarget
from passerelle.gateway.frame import Gateway
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.states import Kind, Stage
from passerelle.model.sync import Batch, Job, Quant, Skip, Skipped, TargetPlace, Write
from passerelle.rules.syncing import by_product, level_in_words, levels_of, weigh

# How long after Odoo's own limit a request whose answer was lost cannot be carried out any more.
_GRACE = timedelta(seconds=10)
_LEASE = timedelta(minutes=1)


class UnsettledError(LostAnswerError):
    """Nobody knows yet what became of a write; ``until`` then (aware) it is not looked at again."""

    def __init__(self, mark: str, until: datetime) -> None:
        what = _("the answer to {mark} was lost").format(mark=mark)
        super().__init__(what, "", _("the next run looks up what became of it"))
        self.until = until


def settle_all(
    gateway: Gateway, target: LevelTarget, to: Connector, batches: Sequence[Batch]
) -> None:
    """What became of each: done, or not done and never to be done any more."""
    for batch in batches:
        if batch.address == to.address:
            settle(gateway, target, to, batch)
            continue
        gateway.ledger.dispatches.settle_batch(batch, Stage.SUPERSEDED, gateway.now())
        text = _("what became of {mark} is not looked up: it went to {address}")
        gateway.warn(text.format(mark=batch.mark, address=batch.address))


def settle(
    gateway: Gateway, target: LevelTarget, to: Connector, batch: Batch
) -> Mapping[int, Decimal] | None:
    """The levels as they are, where it was done; ``None`` where it was not."""
    products = [one.product for one in batch.writes]
    is_done = target.find_mark(batch.mark, products, batch.moves_before)
    now = gateway.now()
    until = batch.prepared + timedelta(seconds=to.request_limit) + _GRACE
    if not is_done and now < until:
        raise UnsettledError(batch.mark, until)
    levels = levels_of(target.quants_at(batch.place, products), products)
    # Where nothing had to change, there is no move that bears the mark.
    is_done = is_done or all(levels[one.product] == one.level for one in batch.writes)
    stage = Stage.TAKEN if is_done else Stage.ABANDONED
    gateway.ledger.dispatches.settle_batch(batch, stage, now, levels if is_done else None)
    words = _("{mark} was written") if is_done else _("{mark} was not written")
    gateway.say(words.format(mark=batch.mark))
    return levels if is_done else None


class LevelWriter:
    """Writes a plan, batch by batch.

    ``left`` are SKUs that were left to the next job, ``is_old``: because the reading grew old.

    What was read back tells of the next batch, too, what lies there by then: a first load takes
    minutes, in which people count and sell.
    """

    def __init__(
        self, gateway: Gateway, target: LevelTarget, job: Job, place: TargetPlace, read: datetime
    ) -> None:
        self._gateway, self._target = gateway, target
        self._sync = gateway.settings.sync[job.target]
        self._to = gateway.settings.connectors[self._sync.to]
        self._book, self._outbox = gateway.ledger.jobs, gateway.ledger.dispatches
        self._job, self._place, self._read = job, place, read
        self._number = self._book.count_batches(job.number)
        self._seen: Mapping[int, Sequence[Quant]] | None = None
        self.skipped, self.left = list[Skipped](), list[str]()
        self.unchanged, self.is_old = 0, False

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
                    self.is_old = True
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
            # Raises where nobody knows yet.
            levels = settle(self._gateway, self._target, self._to, batch)
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
            target=self._job.target,
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
            found = level_in_words(levels[one.product])
            self._gateway.warn(
                text.format(sku=one.sku, level=level_in_words(one.level), found=found)
            )
            self.skipped.append(Skipped(one.sku, Skip.CHANGED, str(one.level)))
        return len(batch.writes) - len(other)

    def unwritten(self) -> dict[str, list[str]]:
        """The first SKUs of each reason why levels were not written that were to be."""
        found = dict[str, list[str]]()
        for one in self.skipped:
            found.setdefault(one.why.value, []).append(one.sku)
        return {why: skus[:FEW] for why, skus in (found | {"left": self.left}).items() if skus}
