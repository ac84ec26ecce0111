"""Pure: what a run of stock will publish, and how that is told."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from passerelle.base.language import n_
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.exchange.sources import Source
from passerelle.model.orders import Missed
from passerelle.model.records import KnownOrder
from passerelle.runs.stock_remarks import changes_in_words, describe_fix, lines_in_words
from passerelle.stock_csv_fix.fix import FixedStock


class OrderSource(Struct, frozen=True):
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


class StockPlan(Struct, frozen=True):
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


def summarise(plan: StockPlan) -> str:
    added = n_("{n} added", "{n} added", len(plan.fixed.gift_cards))
    return f"{lines_in_words(plan.fixed)}, {changes_in_words(plan.fixed)}, {added}"


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
