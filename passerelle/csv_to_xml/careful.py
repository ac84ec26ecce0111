"""Pure: the rows of one order -> the order, whole or with the faults that reject it."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from passerelle.base.language import N_, _
from passerelle.base.reading import (
    gtin,
    is_eaten_by_spreadsheet,
    item_number,
    parse_date,
    parse_decimal,
    parse_whole,
)
from passerelle.base.wording import printable, shorten
from passerelle.csv_to_xml.table import Row
from passerelle.model.orders import Customer, Fault, Line, Order, Reading, Sold

T = TypeVar("T")
_LINE_ENDS = re.compile(r"\s*[\r\n]+\s*")
# https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DAMAGED, _DAMAGE = "\ufffd", N_("holds a letter that was cut or damaged; export it again")
CUSTOMER = tuple(Customer.__dataclass_fields__)
LINE = tuple(Line.__dataclass_fields__)
# More fits no ledger; what is greater is another column's number.
_MOST = 2**31 - 1
# Files say the same numbers line after line. What is raised is not remembered.
_remembered = lru_cache(maxsize=4_000)


class CarefulReader:
    """Reads the rows of one order, column by column, gathering faults as it goes."""

    def __init__(self, file: str, gift_card_ids: Collection[str]) -> None:
        self._file, self._gift_card_ids = file, gift_card_ids
        self._rows: Sequence[Row] = ()
        self._columns: Mapping[str, Sequence[str]] = {}
        self._faults: list[Fault] = []

    def read(self, id: str, rows: Sequence[Row]) -> Reading:
        self._faults, self._rows = [], rows
        cells = [*zip(*(row.cells for row in rows), strict=True)]
        self._columns = {key: cells[place] for key, place in rows[0].places.items()}
        self._check_rows(id)
        lines = [*map(self._line, range(len(rows)))]
        order = Order(
            id=id,
            reference=self._agreed("reference", str) or "",
            date=self._agreed("date", parse_date),
            status=self._agreed("status", str) or "",
            payment=self._joined("payment"),
            voucher=self._joined("voucher"),
            customer=Customer(*map(self._first, CUSTOMER)),
            carrier=self._first("carrier"),
            shipping=self._agreed("shipping", positive),
            discount=self._agreed("discount", parse_decimal),
            total_paid=self._agreed("total_paid", positive),
            lines=tuple([line for line in lines if line]),
        )
        sold = tuple([sold for row in rows if (sold := _sold(row))])
        faults = tuple(self._faults)
        return Reading(
            printable(id),
            order.reference,
            order.date,
            order.status,
            None if faults else order,
            sold,
            faults,
        )

    def _check_rows(self, id: str) -> None:
        if not id.isprintable():
            self._fault(0, "id", _("holds a line end or another control character"))
        if DAMAGED in id:
            # Two ids with different damaged letters look the same.
            self._fault(0, "id", _(_DAMAGE))
        for number, row in enumerate(self._rows):
            if row.fault:
                self._fault(number, "line", row.fault)
            elif not row["id"]:
                problem = _("empty: may belong to order {id} above; write it there")
                self._fault(number, "id", problem.format(id=shorten(id)))

    def _line(self, number: int) -> Line | None:
        before = len(self._faults)
        ean13, product_id, reference, name = [self._text(number, key) for key in LINE[:4]]
        count = self._parsed(number, "quantity", quantity)
        price = self._parsed(number, "unit_price", positive)
        vat_rate = None
        if self._cell(number, "vat_rate"):
            vat_rate = self._parsed(number, "vat_rate", percent)
        if not self._rows[number].fault:
            self._check_item(number)
        if count is None or price is None or len(self._faults) > before:
            return None
        return Line(item_number(ean13), product_id, reference, name, count, price, vat_rate)

    def _check_item(self, number: int) -> None:
        ean13 = self._cell(number, "ean13")
        if is_eaten_by_spreadsheet(ean13):
            problem = _('"{text}" lost its digits in a spreadsheet; export it again')
            self._fault(number, "ean13", problem.format(text=shorten(ean13)))
        nameless = not gtin(ean13) and not self._cell(number, "product_reference")
        if nameless and self._cell(number, "product_id") not in self._gift_card_ids:
            text = _('"{text}" is no item number, and no product_reference either')
            empty = _("empty, and no product_reference either")
            self._fault(number, "ean13", text.format(text=shorten(ean13)) if ean13 else empty)

    def _cell(self, number: int, key: str) -> str:
        column = self._columns.get(key)
        return column[number] if column else ""

    def _first(self, key: str) -> str:
        for number, text in enumerate(self._columns.get(key, ())):
            if text:
                return self._text(number, key)
        return ""

    def _joined(self, key: str) -> str:
        """The different values of the order's rows: each of them may decide."""
        said = (number for number, text in enumerate(self._columns.get(key, ())) if text)
        return ", ".join(dict.fromkeys([self._text(number, key) for number in said]))

    def _agreed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """The value that all rows of the order give; blank and broken rows do not count."""
        column, rows = self._columns.get(key, ()), self._rows
        said = [n for n, text in enumerate(column) if text and not rows[n].fault]
        if not said:
            return None
        first = said[0]
        for number in said[1:]:
            if column[number] != column[first]:
                problem = _("differs from line {line} of the same order")
                self._fault(number, key, problem.format(line=rows[first].line))
                break
        self._text(first, key)
        return self._parsed(first, key, parse)

    def _parsed(self, number: int, key: str, parse: Callable[[str], T]) -> T | None:
        if self._rows[number].fault:
            return None
        text = self._cell(number, key)
        if not text:
            self._fault(number, key, _("empty"))
            return None
        try:
            return parse(text)
        except ValueError as error:
            self._fault(number, key, str(error))
            return None

    def _text(self, number: int, key: str) -> str:
        """The cell on one line; XML 1.0 cannot carry control characters at all."""
        text = self._cell(number, key)
        if text.isprintable() and DAMAGED not in text:
            return text
        text = _LINE_ENDS.sub(" ", text)
        bad = _NOT_XML.search(text)
        if bad:
            problem = _("holds the control character U+{code:04X}")
            self._fault(number, key, problem.format(code=ord(bad[0])))
        if DAMAGED in text:
            self._fault(number, key, _(_DAMAGE))
        return text

    def _fault(self, number: int, key: str, problem: str) -> None:
        self._faults.append(Fault(self._file, self._rows[number].line, key, problem))


def _sold(row: Row) -> Sold | None:
    """What a row takes out of stock, as far as it is legible."""
    key = item_number(row["ean13"]) if gtin(row["ean13"]) else row["product_reference"]
    if not gtin(key):
        return None
    try:
        return Sold(key, None if row.fault else quantity(row["quantity"]))
    except ValueError:
        return Sold(key, None)


@_remembered
def quantity(text: str) -> int:
    """How many were sold. All of these raise :class:`ValueError`, in words for a fault."""
    number = parse_whole(text)
    if not 0 < number <= _MOST:
        problem = _('"{text}" is no quantity that can be sold')
        raise ValueError(problem.format(text=shorten(text)))
    return number


@_remembered
def positive(text: str) -> Decimal:
    """An amount that is not negative."""
    number = parse_decimal(text)
    if number < 0:
        raise ValueError(_('"{text}" is negative').format(text=shorten(text)))
    return number


@_remembered
def percent(text: str) -> Decimal:
    """A rate, with or without its sign."""
    return positive(text.removesuffix("%").rstrip())
