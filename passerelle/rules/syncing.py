"""Pure: which levels of one system become those of another, item by item; and when none does.

Source of the rules: what Odoo does not refuse (negative levels, archived products, lots, another
company's location), its own habits (docs/connectors.md), and that a level nobody has read is not 0.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from passerelle.base.language import N_, _, n_
from passerelle.model.sync import (
    ItemKind,
    Product,
    Quant,
    Skip,
    Skipped,
    SourceItem,
    SourceLevels,
    TargetPlace,
    TargetStock,
    Write,
    level_of,
)

_NONE = Decimal(0)
WORDS: Mapping[Skip, str] = {
    Skip.NO_SKU: N_("no SKU"),
    Skip.BLANKS: N_("blanks around the SKU"),
    Skip.NO_LEVEL: N_("no level"),
    Skip.NEGATIVE: N_("negative"),
    Skip.TWICE: N_("doubled"),
    Skip.SERVICE: N_("services"),
    Skip.BUNDLE: N_("bundles"),
    Skip.UNKNOWN: N_("not in Odoo"),
    Skip.SEVERAL: N_("several in Odoo"),
    Skip.ARCHIVED: N_("archived"),
    Skip.NOT_STORABLE: N_("not tracked"),
    Skip.BY_LOT: N_("by lot"),
    Skip.ELSEWHERE: N_("in packages, of owners or on shelves below"),
    Skip.QUANTS: N_("doubled in the location"),
    Skip.COUNTED: N_("being counted"),
    Skip.TOO_FINE: N_("finer than the unit"),
    Skip.COMPANY: N_("of another company"),
    Skip.CHANGED: N_("changed meanwhile"),
    Skip.REFUSED: N_("refused by Odoo"),
    Skip.ABSENT: N_("not in the source"),
}


class SyncPlan(Struct, frozen=True):
    """What one job would do.

    ``in_stock`` counts the items that the target has some of, ``emptied`` those of them that would
    go to 0; ``total`` all items of the source, or those that were asked for.
    """

    writes: tuple[Write, ...]
    unchanged: tuple[Write, ...]
    skipped: tuple[Skipped, ...]
    total: int

    @property
    def in_stock(self) -> int:
        return sum(one.before > 0 for one in (*self.writes, *self.unchanged))

    @property
    def emptied(self) -> int:
        return sum(one.before > 0 and one.level == 0 for one in self.writes)

    @property
    def matched(self) -> int:
        return len(self.writes) + len(self.unchanged)

    @property
    def doubled(self) -> tuple[Skipped, ...]:
        """What may be written once the target has joined what lies there twice."""
        return tuple(one for one in self.skipped if one.why == Skip.QUANTS)


def plan_sync(
    levels: SourceLevels, stock: TargetStock, place: TargetPlace, skus: Collection[str] = ()
) -> SyncPlan:
    """The plan for all items of ``levels``, or for those of ``skus``."""
    wanted = [one for one in levels.items if not skus or one.sku in skus]
    counts = Counter(one.sku for one in wanted)
    products, quants = _by_sku(stock.products), by_product(stock.quants)
    writes, unchanged, skipped = list[Write](), list[Write](), list[Skipped]()
    for item in wanted:
        sku = item.sku
        found: Skip | Decimal | Write = _said(item, counts[sku])
        if isinstance(found, Decimal):
            found = _judge(sku, found, products.get(sku, ()), quants, place)
        if isinstance(found, Skip):
            skipped.append(Skipped(sku, found, (item.level or "").strip()[:40], item.id))
        else:
            (unchanged if found.before == found.level else writes).append(found)
    skipped += [Skipped(sku, Skip.ABSENT) for sku in skus if sku not in counts]
    return SyncPlan(tuple(writes), tuple(unchanged), tuple(skipped), len(wanted))


def _said(item: SourceItem, count: int) -> Skip | Decimal:
    """The level that the source says; or why it says none that can be taken."""
    if item.kind != ItemKind.PRODUCT:
        return Skip.SERVICE if item.kind == ItemKind.SERVICE else Skip.BUNDLE
    if not item.sku.strip():
        return Skip.NO_SKU
    if item.sku != item.sku.strip():
        # Neither system finds such a one by name: a job of some SKUs would not see it.
        return Skip.BLANKS
    if count > 1:
        return Skip.TWICE
    level = level_of(item.level)
    if level is None:
        return Skip.NO_LEVEL
    return Skip.NEGATIVE if level < 0 else level


def _judge(
    sku: str,
    level: Decimal,
    products: Sequence[Product],
    quants: Mapping[int, Sequence[Quant]],
    place: TargetPlace,
) -> Skip | Write:
    """The write for an item that the source says well, or why there is none."""
    product = _the_one(products, place)
    if isinstance(product, Skip):
        return product
    if level % product.rounding:
        return Skip.TOO_FINE
    return weigh(sku, product.id, level, quants.get(product.id, ()))


def weigh(sku: str, product: int, level: Decimal, mine: Iterable[Quant]) -> Skip | Write:
    """The write that makes what lies there the level; or why there is none."""
    mine = tuple(mine)
    if any(quant.is_counted for quant in mine):
        return Skip.COUNTED
    if any(not quant.is_plain and quant.quantity for quant in mine):
        return Skip.ELSEWHERE
    plain = [quant for quant in mine if quant.is_plain]
    if len(plain) > 1:
        return Skip.QUANTS
    one = plain[0] if plain else Quant(0, product, _NONE)
    return Write(sku, product, one.quantity, level, one.reserved)


def _the_one(products: Sequence[Product], place: TargetPlace) -> Product | Skip:
    """The product that an SKU means; or why it means none that may be written."""
    active = [one for one in products if one.active]
    mine = [one for one in active if one.company in (None, place.company)]
    if not products:
        return Skip.UNKNOWN
    if not active:
        return Skip.ARCHIVED
    if not mine:
        return Skip.COMPANY
    if len(mine) > 1:
        return Skip.SEVERAL
    if not mine[0].storable:
        return Skip.NOT_STORABLE
    return Skip.BY_LOT if mine[0].by_lot else mine[0]


def _by_sku(products: Iterable[Product]) -> dict[str, list[Product]]:
    found: dict[str, list[Product]] = {}
    for one in products:
        found.setdefault(one.sku, []).append(one)
    return found


def by_product(quants: Iterable[Quant]) -> dict[int, list[Quant]]:
    found: dict[int, list[Quant]] = {}
    for one in quants:
        found.setdefault(one.product, []).append(one)
    return found


def levels_of(quants: Iterable[Quant], products: Iterable[int]) -> dict[int, Decimal]:
    """What lies plainly there of each product; 0 where nothing does."""
    levels = dict.fromkeys(products, _NONE)
    for one in quants:
        if one.is_plain and one.product in levels:
            levels[one.product] += one.quantity
    return levels


class SyncGuards(Struct, frozen=True):
    """What a job is held by: shares of 1, and what was met before it.

    ``is_first``: none is done yet.
    """

    max_drop: float
    max_change: float
    is_first: bool
    last_total: int | None


def find_sync_hold(plan: SyncPlan, guards: SyncGuards) -> str | None:
    """Why a whole job is held, in words; ``None`` where it may go on."""
    if not plan.total:
        return _("the source has no product")
    if guards.last_total and plan.total < guards.last_total * (1 - guards.max_drop):
        text = _("the source has {now} products, and had {before}")
        return text.format(now=plan.total, before=guards.last_total)
    everything = (*plan.writes, *plan.unchanged)
    if plan.in_stock and all(one.level == 0 for one in everything):
        return _("all levels of the source are 0")
    if plan.in_stock and plan.emptied > plan.in_stock * guards.max_drop:
        text = _("{n} of {all} items in stock would go to 0, more than max_drop = {most}")
        return text.format(n=plan.emptied, all=plan.in_stock, most=f"{guards.max_drop:.0%}")
    if not guards.is_first and len(plan.writes) > plan.matched * guards.max_change:
        text = _("{n} of {all} levels would change, more than max_change = {most}")
        return text.format(n=len(plan.writes), all=plan.matched, most=f"{guards.max_change:.0%}")
    return None


def level_in_words(level: Decimal) -> str:
    """As people write it: 10, not 10.0 or 1E+1."""
    return format(level.normalize(), "f")


def name_of(one: Skipped) -> str:
    """How a person finds it; an SKU of which one cannot see all is quoted."""
    if one.why == Skip.BLANKS or not one.sku.isprintable():
        return repr(one.sku)
    return one.sku or f"id {one.id}"


def skips_in_words(counts: Mapping[Skip, int]) -> Iterator[str]:
    """As in ``9 no SKU``, the most frequent first."""
    for why, number in sorted(counts.items(), key=lambda pair: -pair[1]):
        yield f"{number} {_(WORDS[why])}"


def result_in_words(total: int, updated: int, unchanged: int, skips: Mapping[Skip, int]) -> str:
    """A job's result in one sentence."""
    parts = [
        n_("{n} product synced", "{n} products synced", total),
        f"{updated} stocks_updated",
        n_("{n} unchanged", "{n} unchanged", unchanged),
    ]
    if left := sum(skips.values()):
        why = ", ".join(skips_in_words(skips))
        parts.append(_("{n} skipped ({why})").format(n=left, why=why))
    return ", ".join(parts)
