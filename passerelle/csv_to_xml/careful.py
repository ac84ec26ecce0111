"""Pure: the rows of one order -> the order, whole or with the faults that reject it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from msgspec.structs import replace

from passerelle.base.ids import is_overlong, lost_its_digits, within_limits
from passerelle.base.language import N_, _
from passerelle.base.regex import regex
from passerelle.base.wording import printable, shorten
from passerelle.base.words import (
    gtin,
    is_eaten_by_spreadsheet,
    is_gtin,
    is_too_long,
    item_number,
    items_in,
    items_within,
)
from passerelle.csv_to_xml.habits import Habits
from passerelle.csv_to_xml.records import Row
from passerelle.csv_to_xml.repeats import adds_up, are_at_odds, doubt, latest, of_lines, once
from passerelle.model.orders import Customer, Fault, Line, Order, Reading, Sold

T = TypeVar("T")
_LINE_ENDS = regex(r"\s*[\r\n]+\s*")
# https://www.w3.org/TR/xml/#charsets
_NOT_XML = regex("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DAMAGED, _DAMAGE = "\ufffd", N_("holds a letter that was cut or damaged; export it again")
CUSTOMER = Customer.__struct_fields__
LINE = Line.__struct_fields__
SUMS = frozenset(("shipping", "discount", "total_paid"))


class CarefulReader:
    """Reads the rows of one order, column by column, gathering faults as it goes.

    ``notes`` are what was done to an order that is sent all the same.
    """

    def __init__(self, file: str, gift_card_ids: Collection[str], habits: Habits) -> None:
        self._file, self._gift_card_ids, self._habits = file, gift_card_ids, habits
        self._rows: Sequence[Row] = ()
        self._columns: Mapping[str, Sequence[str]] = {}
        self._faults: list[Fault] = []
        self.notes: list[Fault] = []

    def read(self, id: str, parts: Sequence[Sequence[Row]], *, is_copied: bool) -> Reading:
        """Reads the order of these rows; ``parts`` are those that stand apart in the file."""
        self._faults, self._rows = [], latest(parts)
        cells = [*zip(*(row.cells for row in self._rows), strict=True)]
        self._columns = {key: cells[place] for key, place in self._rows[0].places.items()}
        self._check_rows(id)
        if is_copied and are_at_odds(parts):
            self._fault(0, "line", _("stands again below a second header, with other lines"))
        own = of_lines(self._rows)
        bought = [line for number in own if (line := self._line(number))]
        money, dates = self._habits.money, self._habits.dates
        order = Order(
            id=id,
            reference=self._agreed("reference", str) or "",
            date=self._agreed("date", dates.__getitem__),
            status=self._agreed("status", str) or "",
            payment=self._joined("payment"),
            voucher=self._joined("voucher"),
            customer=Customer(*map(self._first, CUSTOMER)),
            carrier=self._first("carrier"),
            shipping=self._agreed("shipping", money["shipping"].__getitem__),
            discount=self._agreed("discount", money["discount"].__getitem__),
            total_paid=self._agreed("total_paid", money["total_paid"].__getitem__),
            lines=(),
            currency=(self._agreed("currency", str) or "").upper(),
        )
        if not self._faults and len(bought) < sum(map(len, parts)):
            self._note(0, "line", _("order {id} is said more than once: counted once"), id)
        return self._reading(order, bought, own)

    def _reading(self, order: Order, bought: Sequence[Line], own: Sequence[int]) -> Reading:
        faults, is_full, why = tuple(self._faults), self._columns.keys() >= SUMS, ""
        if not faults:
            if is_full and not adds_up(order, bought) and adds_up(order, once(bought)):
                problem = _("order {id}: lines alike were counted once, as its sum says")
                self._note(0, "line", problem, order.id)
                own = [own[bought.index(line)] for line in once(bought)]
                bought = once(bought)
            kept = [self._without_refunds(order.id, *one) for one in zip(own, bought, strict=True)]
            order = replace(order, lines=tuple([line for line in kept if line.quantity]))
            if not order.lines:
                self._fault(0, "quantity_refunded", _("all of it was refunded: nothing to send"))
                faults = tuple(self._faults)
            if problem := doubt(order, bought, is_full=is_full):
                why = str(Fault(self._file, self._rows[0].line, "total_paid", problem))
        sold = tuple(chain.from_iterable(map(self._sold, own)))
        return Reading(
            *(within_limits(printable(order.id)), order.reference, order.date, order.status),
            *(None if faults else order, sold, faults, why),
            self._habits.dates.other(order.date),
        )

    def _check_rows(self, id: str) -> None:
        if not id.isprintable():
            self._fault(0, "id", _("holds a line end or another control character"))
        if DAMAGED in id:
            # Two ids with different damaged letters look the same.
            self._fault(0, "id", _(_DAMAGE))
        if is_overlong(id):
            problem = _('"{text}" is too long for an id: is it in the right column?')
            self._fault(0, "id", problem.format(text=shorten(id)))
        if lost_its_digits(id):
            problem = _('"{text}" lost its digits in a spreadsheet; export it again')
            self._fault(0, "id", problem.format(text=shorten(id)))
        for number, row in enumerate(self._rows):
            if row.fault:
                self._fault(number, "line", row.fault)
            elif not row["id"]:
                problem = _("empty: may belong to order {id} above; write it there")
                self._fault(number, "id", problem.format(id=shorten(id)))

    def _line(self, number: int) -> Line | None:
        before = len(self._faults)
        ean13, product_id, reference, name = [self._text(number, key) for key in LINE[:4]]
        count = self._parsed(number, "quantity", self._habits.counts["quantity"].__getitem__)
        price = self._parsed(number, "unit_price", self._habits.money["unit_price"].__getitem__)
        vat_rate = None
        if self._cell(number, "vat_rate"):
            vat_rate = self._parsed(number, "vat_rate", self._habits.rate.__getitem__)
        if count and self._refunded(number) > count:
            self._fault(number, "quantity_refunded", _("more than were sold"))
        if not self._rows[number].fault:
            self._check_item(number)
        if count is None or price is None or len(self._faults) > before:
            return None
        return Line(
            item_number(ean13) if gtin(ean13) else "",
            product_id,
            reference,
            name,
            count,
            price,
            vat_rate,
        )

    def _refunded(self, number: int) -> int:
        """How many of a line came back; what is illegible is a fault."""
        if not self._cell(number, "quantity_refunded"):
            return 0
        read = self._habits.counts["quantity_refunded"].__getitem__
        return self._parsed(number, "quantity_refunded", read) or 0

    def _without_refunds(self, id: str, number: int, line: Line) -> Line:
        back = self._refunded(number)
        if not back:
            return line
        problem = _("order {id}: {back} of {count} were refunded and taken off")
        problem = problem.format(id="{id}", back=back, count=line.quantity)
        self._note(number, "quantity_refunded", problem, id)
        return replace(line, quantity=line.quantity - back)

    def _check_item(self, number: int) -> None:
        ean13 = self._cell(number, "ean13")
        if is_eaten_by_spreadsheet(ean13):
            problem = _('"{text}" lost its digits in a spreadsheet; export it again')
            self._fault(number, "ean13", problem.format(text=shorten(ean13)))
        if is_too_long(item_number(ean13)) or (items_within(ean13) and not items_in(ean13)):
            problem = _('"{text}" holds more than an item number')
            self._fault(number, "ean13", problem.format(text=shorten(ean13, 60)))
        for key in ("ean13",) if gtin(ean13) else ("ean13", "product_reference"):
            if items_in(text := self._cell(number, key)):
                problem = _('"{text}" holds several item numbers: a line has one')
                self._fault(number, key, problem.format(text=shorten(text, 60)))
        nameless = not gtin(ean13) and not self._cell(number, "product_reference")
        if nameless and self._cell(number, "product_id") not in self._gift_card_ids:
            text = _('"{text}" is no item number, and no product_reference either')
            empty = _("empty, and no product_reference either")
            self._fault(number, "ean13", text.format(text=shorten(ean13)) if ean13 else empty)

    def _sold(self, number: int) -> Iterator[Sold]:
        """What a row takes out of stock, as far as it is legible."""
        row = self._rows[number]
        key = item_number(row["ean13"]) if gtin(row["ean13"]) else row["product_reference"]
        if not gtin(row["ean13"]) and row["product_id"] in self._gift_card_ids and not row.fault:
            return  # a gift card, of which the ERP has none
        # Of a row with a fault, and a cell with several items, all that may be meant is held back.
        within = items_within(row["ean13"]) or items_in(key)
        several = [item_number(one) for one in (*row.raw, *within) if is_gtin(one)]
        if several:
            yield from (Sold(one, None) for one in dict.fromkeys(several))
        elif gtin(key) and not row.fault:
            count = self._count(row)
            if count is None or count > 0:
                yield Sold(key, count)
        elif gtin(key):
            yield Sold(key, None)

    def _count(self, row: Row) -> int | None:
        counts = self._habits.counts
        try:
            count, back = counts["quantity"][row["quantity"]], row["quantity_refunded"]
            return count - (counts["quantity_refunded"][back] if back else 0)
        except ValueError:
            return None

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

    def _note(self, number: int, key: str, problem: str, id: str) -> None:
        text = problem.format(id=shorten(id))
        self.notes.append(Fault(self._file, self._rows[number].line, key, text))
