"""An order's goods in words and for programs: names, quantities, prices, sums; or why not."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from passerelle.archive.goods import Goods, NoGoods, Unknown
from passerelle.base.language import N_, _
from passerelle.base.wording import fields_of, money, printable
from passerelle.model.location import group_of
from passerelle.model.records import KnownOrder
from passerelle.model.states import State

COLUMNS = (N_("product"), N_("reference"), N_("EAN"), N_("quantity"), N_("price"), N_("total"))
_IN_JSON = ("ean13", "product_id", "product_reference", "product_name", "quantity", "unit_price",
            "vat_rate", "amount")  # fmt: skip


def rows_of(goods: Goods) -> Iterator[tuple[str, ...]]:
    """A row for each line, as ``COLUMNS`` has them."""
    for line in goods.lines:
        yield (
            printable(line.product_name or line.product_id),
            *map(printable, (line.product_reference, line.ean13)),
            str(line.quantity),
            *(_money(amount, goods) for amount in (line.unit_price, line.amount)),
        )


def sums_of(goods: Goods) -> Mapping[str, str]:
    """What the lines cost, and what was added, taken off and paid, as far as it is told."""
    told: dict[str, Decimal | None] = {
        _("goods"): goods.amount,
        _("shipping"): goods.shipping,
        _("discount"): goods.discount,
        _("paid"): goods.total_paid,
    }
    return {name: _money(amount, goods) for name, amount in told.items() if amount is not None}


def _money(value: Decimal, goods: Goods) -> str:
    """With the currency as the shop writes it: a console's code page lacks € and narrow blanks."""
    return money(value, goods.currency).replace("\u202f", "\u00a0")


def why_unknown(order: KnownOrder, found: NoGoods) -> str:
    """In a sentence."""
    told = _("Its products' names and prices cannot be told: {why}.")
    return told.format(why=_reason(order, found).format(file=found.file))


def _reason(order: KnownOrder, found: NoGoods) -> str:
    match found.why:
        case Unknown.GONE:
            return _("{file} is not there; the archive keeps it as long as [archive] says")
        case Unknown.UNREADABLE:
            return _("{file} cannot be read: close programs that hold it open, or it is damaged")
        case Unknown.FOREIGN:
            return _(
                "{file} has another form than the canonical one (a stylesheet's, or names that are "
                "no longer in [orders.xml.names])"
            )
    match order.state:
        case State.SKIPPED:
            return _("it was left to the previous system, and its goods were not kept")
        case State.REJECTED if not group_of(order.channel):
            return _("its lines in the shop's file could not be read")
    return _("it was not sent, and no goods of it were kept")


def goods_as_dict(found: Goods | NoGoods) -> dict[str, Any]:
    """What ``orders show --json`` adds: ``goods``, or ``null`` and why in ``goods_unknown``."""
    if isinstance(found, NoGoods):
        return {"goods": None, "goods_unknown": {"why": found.why, "file": found.file or None}}
    sums = fields_of(found, "shipping", "discount", "total_paid", "currency", "kept_in")
    lines = [fields_of(line, *_IN_JSON) for line in found.lines]
    return {"goods": {"lines": lines, "amount": found.amount} | sums, "goods_unknown": None}
