"""Pure: what an order says of itself twice, and whether its sums agree.

Exports are appended to themselves, and joined with the payments and vouchers of each order. What is
proved to be said again counts once. Equal lines beside each other may be real: two pieces of one
product, each with a text of its own.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from passerelle.base.language import _
from passerelle.base.words import gtin
from passerelle.csv_to_xml.records import Row
from passerelle.model.orders import Line, Order

# By these a row of a join differs from the others of the same line.
_JOINED = frozenset(("payment", "voucher"))
# And by these a later export from an earlier one, which a spreadsheet may have opened between.
_NEWS = _JOINED | {"status", "id"}
_CENT, _NOTHING = Decimal("0.01"), Decimal(0)


def latest(parts: Sequence[Sequence[Row]]) -> Sequence[Row]:
    """The rows of an order that stands in several parts of a file, each of which may be all of it.

    Where they say the same, the last one counts: its status is the newest.
    """
    said = [_counted(part) for part in parts]
    if all(one == said[-1] for one in said):
        return parts[-1]
    return [row for part in parts for row in part]


def are_at_odds(parts: Sequence[Sequence[Row]]) -> bool:
    """Whether copies of an order name the same items, but not in the same lines.

    Pages of one report, each below a header of its own, share none.
    """
    items = [{gtin(row["ean13"]) or row["product_reference"] for row in part} for part in parts]
    said = [_counted(part) for part in parts]
    return any(one != said[0] for one in said) and bool(set.intersection(*items))


def of_lines(rows: Sequence[Row]) -> list[int]:
    """Which rows are lines of their own; the others repeat one with another payment or voucher."""
    most: dict[tuple[str, ...], int] = {}
    for (line, _joined), count in Counter(map(_split, rows)).items():
        most[line] = max(most.get(line, 0), count)
    own = []
    for number, row in enumerate(rows):
        line, _joined = _split(row)
        if most[line]:
            most[line] -= 1
            own.append(number)
    return own


def _counted(rows: Sequence[Row]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(row[key] for key in row.places if key not in _NEWS) for row in rows)


def _split(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    line = tuple(row[key] for key in row.places if key not in _JOINED)
    return line, tuple(row[key] for key in _JOINED)


def has_twins(lines: Sequence[Line]) -> bool:
    """Whether two lines are alike in all but their names."""
    # Nearly always the items alone tell, which takes a third of the time.
    if len({line.ean13 for line in lines}) == len(lines):
        return False
    return len(set(map(_face, lines))) < len(lines)


def once(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Each line once."""
    return tuple({_face(line): line for line in reversed(lines)}.values())[::-1]


def _face(line: Line) -> tuple[str, str, int, Decimal]:
    return line.ean13, line.product_reference, line.quantity, line.unit_price


def adds_up(order: Order, lines: Sequence[Line]) -> bool:
    """Whether these lines, with shipping and without discounts, make what was paid.

    A cent a piece is tolerated, since prices are rounded before they are multiplied.
    """
    if order.total_paid is None:
        return True
    tolerance = _CENT * sum(line.quantity for line in lines)
    return abs(_sum(order, lines) - order.total_paid) <= tolerance


def _sum(order: Order, lines: Sequence[Line]) -> Decimal:
    amounts = sum((line.amount for line in lines), _NOTHING)
    return amounts + (order.shipping or _NOTHING) - abs(order.discount or _NOTHING)


def doubt(order: Order, bought: Sequence[Line], *, is_full: bool) -> str:
    """Why the sums of an order say that it is not what it seems to be, or ``""``.

    ``bought`` are its lines before anything was refunded. ``is_full``: the file has columns for
    shipping and discount; else only lines alike that make a multiple of what was paid are doubt.
    """
    if order.total_paid is None or not bought:
        return ""
    made, paid = _sum(order, bought), order.total_paid
    if is_full:
        if adds_up(order, bought) or adds_up(order, order.lines):
            return ""
    elif not (has_twins(bought) and _is_multiple(order, bought)):
        return ""
    if _with_tax(order, bought):
        text = _("its lines make {made}, {paid} were paid: unit_price seems to be without tax")
    elif has_twins(bought):
        text = _("its lines make {made}, {paid} were paid: a line seems to be said twice")
    else:
        text = _("its lines, with shipping and discount, make {made}, but {paid} were paid")
    return text.format(made=f"{made:f}", paid=f"{paid:f}")


def _is_multiple(order: Order, lines: Sequence[Line]) -> bool:
    """Whether the goods come to twice what was paid for goods, or more. Shipping is paid once."""
    for shipping in {order.shipping or _NOTHING, _NOTHING}:
        goods = (order.total_paid or _NOTHING) - shipping
        made = _sum(order, lines) - (order.shipping or _NOTHING)
        if goods > 0 and made > goods and made % goods == 0:
            return True
    return False


def _with_tax(order: Order, lines: Sequence[Line]) -> bool:
    if not all(line.vat_rate for line in lines):
        return False
    taxes = sum((line.amount * (line.vat_rate or 0) / 100 for line in lines), _NOTHING)
    return abs(_sum(order, lines) + taxes - (order.total_paid or 0)) <= _CENT * 2 * len(lines)
