"""Pure: what a run of stock will publish, and how that is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from passerelle.base.errors import RejectedError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, listed
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.exchange.sources import Source
from passerelle.model.orders import Fault, Missed
from passerelle.model.records import KnownOrder
from passerelle.stock_csv_fix.fix import SOLD, FixedStock


@dataclass(frozen=True, slots=True)
class OrderSource:
    """The order file that the missed sales are found with, and what the ledger knows of it."""

    source: Source
    file: OrderFile
    known: Mapping[str, KnownOrder]

    @property
    def notes(self) -> tuple[str, ...]:
        return self.source.notes

    def describe(self) -> str:
        number = len(self.file.readings)
        return f"{self.source.describe()}, {n_('{n} order', '{n} orders', number)}"


@dataclass(frozen=True, slots=True)
class StockPlan:
    """What a run will publish, and why each line in it was changed."""

    source: Source
    orders: OrderSource
    missed: dict[str, Missed]
    fixed: FixedStock
    notes: tuple[str, ...]
    place: str


def describe(plan: StockPlan) -> Iterator[str]:
    yield plan.source.describe()
    yield plan.orders.describe()
    yield from plan.notes
    yield from describe_fix(plan.fixed)
    yield n_(
        "to publish: {place}, {n} byte",
        "to publish: {place}, {n} bytes",
        plan.fixed.size,
        place=plan.place,
    )


def describe_fix(fixed: FixedStock) -> Iterator[str]:
    in_stock = n_("{n} of them in stock", "{n} of them in stock", fixed.in_stock)
    yield f"{_lines(fixed)}, {in_stock}, {_changed(fixed)}"
    for change in fixed.changes:
        if change.after is None:
            text = _("{item}: line taken away (line {line}, sold in {orders})")
        else:
            text = _("{item}: {before} -> {after} (line {line}, sold in {orders})")
        yield text.format(
            item=change.key,
            before=change.before,
            after=change.after,
            line=change.line,
            orders=listed(change.orders, FEW),
        )
    if fixed.unmatched:
        text = _("sold, but not in the ERP's file: {items}")
        yield text.format(items=listed(fixed.unmatched, FEW))
    if fixed.gift_cards:
        yield _("gift cards added: {ids}").format(ids=listed(fixed.gift_cards, FEW))
    for fault in fixed.warnings[:FEW]:
        yield f"! {fault}"
    for fault in fixed.faults[:FEW]:
        yield f"! {fault}: {_mend(fault)}"


def _mend(fault: Fault) -> str:
    if fault.column == SOLD:
        return _("nothing could be held back for it: mend its item number in the shop")
    return _("no level is taken from that line; mend it in the ERP")


def _lines(fixed: FixedStock) -> str:
    return n_("{n} line", "{n} lines", fixed.lines)


def _changed(fixed: FixedStock) -> str:
    return n_("{n} changed", "{n} changed", len(fixed.changes))


def summarise(plan: StockPlan) -> str:
    added = n_("{n} added", "{n} added", len(plan.fixed.gift_cards))
    return f"{_lines(plan.fixed)}, {_changed(plan.fixed)}, {added}"


def facts(plan: StockPlan, now: datetime) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, and the files met; ``now`` is aware."""
    fixed = plan.fixed
    return {
        "lines": fixed.lines,
        "in_stock": fixed.in_stock,
        "held_back": len(fixed.changes),
        "gift_cards": len(fixed.gift_cards),
        "rejected": len(fixed.faults),
        "decided_by": list(plan.orders.file.deciding),
        "files": [source.fact(now) for source in (plan.source, plan.orders.source)],
    }


def stock_rejection(fixed: FixedStock) -> RejectedError | None:
    """The closing error for quantities that could not be read; ``None`` where there are none."""
    faults = fixed.faults
    if not faults:
        return None
    where, rest = str(faults[0]), len(faults) - 1
    if rest:
        where = n_("{fault} (and {n} more)", "{fault} (and {n} more)", rest, fault=where)
    return RejectedError(
        _("a stock line or a sale could not be read"),
        where,
        _mend(faults[0]),
    )
