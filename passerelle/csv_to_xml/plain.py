"""Pure: orders of which nothing is odd, as nearly all are, read column by column.

For those it says what :class:`~passerelle.csv_to_xml.careful.CarefulReader` says, in a third of the
time; all others it leaves to that one, which knows what to tell of them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from passerelle.csv_to_xml.values import percent, positive, quantity
from passerelle.reading import (
    gtin,
    is_eaten_by_spreadsheet,
    item_number,
    parse_date,
    parse_decimal,
)
from passerelle.sales import Customer, Line, Order, Reading, Sold

T = TypeVar("T")

_CUSTOMER = tuple(Customer.__dataclass_fields__)
_DAMAGED = "\ufffd"
_LINE_TEXTS = ("ean13", "product_id", "product_reference", "product_name")


class _OddError(ValueError):
    """Something that only the careful reader can tell."""


class PlainReader:
    """Reads rows without quoting faults; ``places`` are the columns' places in them."""

    def __init__(self, places: Mapping[str, int], gift_card_ids: Collection[str]) -> None:
        self._places, self._gift_card_ids = places, gift_card_ids
        self._columns: Sequence[Sequence[str]] = ()

    def read(self, rows: Sequence[Sequence[str]]) -> Reading | None:
        """The order of these rows, or ``None`` where anything in it is odd."""
        if not all(map(_is_plain, rows)):
            return None
        self._columns = [*zip(*rows, strict=True)]
        try:
            order = self._order()
        except ValueError:
            return None
        sold = tuple([sold for line in order.lines if (sold := _sold(line))])
        return Reading(order.id, order.reference, order.date, order.status, order, sold)

    def _order(self) -> Order:
        return Order(
            id=self._first("id"),
            reference=self._agreed("reference"),
            date=self._parsed("date", parse_date),
            status=self._agreed("status"),
            payment=self._joined("payment"),
            voucher=self._joined("voucher"),
            customer=Customer(*map(self._first, _CUSTOMER)),
            carrier=self._first("carrier"),
            shipping=self._parsed("shipping", positive),
            discount=self._parsed("discount", parse_decimal),
            total_paid=self._parsed("total_paid", positive),
            lines=self._lines(),
        )

    def _lines(self) -> tuple[Line, ...]:
        texts = [self._cells(key) for key in _LINE_TEXTS]
        rates = [percent(text) if text else None for text in self._cells("vat_rate")]
        numbers = map(quantity, self._cells("quantity")), map(positive, self._cells("unit_price"))
        lines = tuple(map(Line, map(item_number, texts[0]), *texts[1:], *numbers, rates))
        for ean13, line in zip(texts[0], lines, strict=True):
            self._check_item(ean13, line)
        return lines

    def _check_item(self, ean13: str, line: Line) -> None:
        nameless = not gtin(ean13) and not line.product_reference
        if nameless and line.product_id not in self._gift_card_ids:
            raise _OddError
        if is_eaten_by_spreadsheet(ean13):
            raise _OddError

    def _column(self, key: str) -> Sequence[str]:
        place = self._places.get(key)
        return ("",) * len(self._columns[0]) if place is None else self._columns[place]

    def _cells(self, key: str) -> list[str]:
        return [*map(str.strip, self._column(key))]

    def _agreed(self, key: str) -> str:
        """The text that each of the rows has."""
        column = self._column(key)
        if column.count(column[0]) != len(column):
            raise _OddError
        return column[0].strip()

    def _parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        text = self._agreed(key)
        return parse(text) if text else None

    def _first(self, key: str) -> str:
        """The first text that a row has."""
        column = self._column(key)
        return column[0].strip() or next(filter(None, map(str.strip, column)), "")

    def _joined(self, key: str) -> str:
        column = self._column(key)
        if column.count(column[0]) == len(column):
            return column[0].strip()
        return ", ".join(dict.fromkeys(filter(None, map(str.strip, column))))


def _is_plain(row: Sequence[str]) -> bool:
    text = "".join(row)
    return text.isprintable() and _DAMAGED not in text


def _sold(line: Line) -> Sold | None:
    """What a line takes out of stock."""
    key = line.ean13 if gtin(line.ean13) else line.product_reference
    return Sold(key, line.quantity) if gtin(key) else None
