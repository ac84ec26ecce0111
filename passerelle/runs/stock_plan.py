"""Pure: what a run of stock will publish, and how that is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from passerelle.errors import RejectedError
from passerelle.reading import count
from passerelle.sales import MissedSale
from passerelle.sources import Source
from passerelle.stock_csv_fix import FixedStock

_FEW = 20


@dataclass(frozen=True, slots=True)
class OrderSource:
    """The order file that the missed sales were found with, and how many orders are in it."""

    source: Source
    orders: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What the server did not tell of the file."""
        return self.source.notes

    def describe(self) -> str:
        """Name, size, age and orders in words."""
        return f"{self.source.describe()}, {count(self.orders, 'order')}"


@dataclass(frozen=True, slots=True)
class StockPlan:
    """What a run will publish, and why each line in it was changed."""

    source: Source
    orders: OrderSource
    missed: dict[str, MissedSale]
    fixed: FixedStock
    notes: tuple[str, ...]
    place: str


def describe(plan: StockPlan) -> Iterator[str]:
    """The plan, one sentence a line."""
    yield plan.source.describe()
    yield plan.orders.describe()
    yield from plan.notes
    yield from describe_fix(plan.fixed)
    yield f"to publish: {plan.place}, {len(plan.fixed.data)} bytes"


def describe_fix(fixed: FixedStock) -> Iterator[str]:
    """What was changed in the ERP's file and why, one sentence a line."""
    lines = count(fixed.lines, "line")
    yield f"{lines}, {fixed.in_stock} of them in stock, {len(fixed.changes)} changed"
    for change in fixed.changes:
        after = "line taken away" if change.after is None else f"{change.before} -> {change.after}"
        yield f"{change.key}: {after} (line {change.line}, sold in {_few(change.orders)})"
    if fixed.unmatched:
        yield f"sold, but not in the ERP's file: {_few(fixed.unmatched)}"
    if fixed.gift_cards:
        yield f"gift cards added: {_few(fixed.gift_cards)}"
    for fault in fixed.warnings[:_FEW]:
        yield f"! {fault}"
    for fault in fixed.faults[:_FEW]:
        yield f"! {fault}: the line leaves as it came; mend it in the ERP"


def _few(items: tuple[str, ...]) -> str:
    more = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
    return ", ".join(items[:_FEW]) + more


def summarise(plan: StockPlan) -> str:
    fixed = plan.fixed
    lines = count(fixed.lines, "line")
    return f"{lines}, {len(fixed.changes)} changed, {len(fixed.gift_cards)} added"


def facts(plan: StockPlan, now: datetime) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, and the files met; ``now`` is aware."""
    fixed = plan.fixed
    return {
        "lines": fixed.lines,
        "in_stock": fixed.in_stock,
        "held_back": len(fixed.changes),
        "gift_cards": len(fixed.gift_cards),
        "rejected": len(fixed.faults),
        "files": [source.fact(now) for source in (plan.source, plan.orders.source)],
    }


def stock_rejection(fixed: FixedStock) -> RejectedError | None:
    """The closing error for quantities that could not be read; ``None`` where there are none."""
    faults = fixed.faults
    if not faults:
        return None
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return RejectedError(
        "a stock line could not be read",
        f"{faults[0]}{more}",
        "its line was published as it came; mend it in the ERP",
    )
