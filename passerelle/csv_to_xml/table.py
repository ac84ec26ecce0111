"""Pure: the lines below an order CSV's header -> which order each row is of, and what is none.

Copies of the header and sums are found here, and which rows stand apart; ``records`` reads a row.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from passerelle.base.language import N_, _
from passerelle.base.reading import TOTALS, names_alike, names_columns, split_header
from passerelle.base.words import BLANKS, fold, gtin, only_signs, visible
from passerelle.csv_to_xml.records import (
    LONGEST_CELL,
    CellForm,
    Header,
    Place,
    Records,
    Row,
    plain_line,
)

_OTHER = N_("stands below another header, in line {line}: its columns may be others")


class Table:
    """The lines below the header: first where each row stands, then each row from its place.

    ``copies`` are the numbers of lines in which the header stands again, and ``totals`` of those
    that only sum up, once :meth:`places` has gone through them. ``other`` is the number of the
    first line with another header, 0 where there is none: what a row below it says in which column
    nobody knows.
    """

    def __init__(self, text: str, header: Header, file: str) -> None:
        self._text, self._separator, self.columns = text, header.separator, header.columns
        self._width, self._header, self.top = len(header.names), header, header.line - 1
        self._id_name, self.other = header.names[header.columns["id"]].strip(), 0
        self.records = Records(text, header, file)
        self.copies, self.totals = list[int](), list[int]()
        self._starts: list[int] = []
        self._has_number = re.compile(rf'{re.escape(self._separator)}[ "+-]*[0-9]').search

    def places(self) -> tuple[dict[str, list[Place]], list[int]]:
        """The rows' places by their order's id, as the orders are met first.

        A row without an id counts to the order above. Second come the lines that have none above.
        After a quoting fault, goes on at the next line. Raises :class:`NotReadyError` where the
        file ends inside a text.
        """
        orders: dict[str, list[Place]] = {}
        orphans, latest = list[Place](), None
        for id, place in self._walk():
            self._starts.append(place.start)
            if id:
                latest = orders.setdefault(id, [])
            if latest is None or (not id and 0 < self.other < place.line):
                orphans.append(place)
            else:
                latest.append(place)
        self._leave_out_totals(orders, orphans)
        return orders, [place.line for place in orphans]

    def parts(self, places: Sequence[Place]) -> tuple[list[list[Place]], bool]:
        """The rows of an order by where they stand apart, and whether the header is between."""
        parts = [[places[0]]]
        for before, place in pairwise(places):
            is_next = self._nth(place.start) == self._nth(before.start) + 1
            if not is_next or self._copy(before) != self._copy(place):
                parts.append([])
            parts[-1].append(place)
        return parts, self._copy(places[0]) != self._copy(places[-1])

    def row(self, place: Place) -> Row:
        cells = self.records.cells(place)
        return self.records.row(place.line, cells, place.kind, self._why_other(place.line))

    def _why_other(self, line: int) -> str:
        return _(_OTHER).format(line=self.other) if 0 < self.other < line else ""

    def _nth(self, start: int) -> int:
        return bisect_left(self._starts, start)

    def _copy(self, place: Place) -> int:
        """In which copy of the file a row stands, counted from 0."""
        return bisect_left(self.copies, place.line)

    def _leave_out_totals(self, orders: dict[str, list[Place]], orphans: list[Place]) -> None:
        """Takes out the rows that only sum up, as reports and spreadsheets add them below."""
        for id in [id for id in orders if TOTALS.match(fold(id))]:
            if all(map(self._sums_up, orders[id])):
                self.totals += [place.line for place in orders.pop(id)]
        last = max(orders.values(), key=lambda places: places[-1].start, default=orphans)
        while len(last) > 1 and self._sums_up(last[-1]):
            self.totals.append(last.pop().line)

    def _sums_up(self, place: Place) -> bool:
        cells, row = self.records.cells(place), self.row(place)
        filled = [text for cell in cells if (text := visible(cell).strip())]
        if filled and TOTALS.match(fold(filled[0])):
            named = row["ean13"] or row["product_reference"]
            return not gtin(named) or bool(TOTALS.match(fold(named)))
        if row["id"] or row.fault:
            return not row["id"] and len(filled) <= 1
        nameless = not (gtin(row["ean13"]) or row["product_reference"] or row["product_name"])
        return nameless and not any(letter.isalpha() for letter in "".join(filled))

    def _walk(self) -> Iterator[tuple[str, Place]]:
        number, spare, records = self._header.line, self._header.spare, self.records
        match = plain_line(self._separator, self._width, self.columns["id"], spare)
        text, size = self._text, len(self._text)
        while (start := records.place) < size:
            found = match(text, start)
            id = found[1].strip('"').strip() if found else ""
            if found and id.isdigit() and id.isascii() and not self.other:
                end = found.end()  # nearly always
                if end - start <= LONGEST_CELL:
                    records.place = end
                    yield id, Place(start, number, CellForm.PLAIN)
                    number += 1
                    continue
            if (
                self.other
                or not id.isascii()
                or id == self._id_name
                or id in BLANKS
                or (not id.isalnum() and only_signs(id))
                or (found and id[:1].isalpha() and not self._has_number(text, start, found.end()))
            ):
                found = None
            if found and id and found.end() - start <= LONGEST_CELL:
                records.place = found.end()
                yield id, Place(start, number, CellForm.PLAIN)
                number += 1
                continue
            kind, cells, lines = records.next(number)
            row = records.row(number, cells, kind, self._why_other(number))
            if self._is_header(start, cells):
                self._note_header(number, start)
            elif kind == CellForm.SALVAGED or any(map(str.isalnum, "".join(cells))):
                yield row["id"], Place(start, number, kind)
            number += lines

    def _is_header(self, start: int, cells: Sequence[str]) -> bool:
        if self._has_number(self._text, start, self.records.place):
            return False
        return names_columns(cells, self._header.known, self._width)

    def _note_header(self, number: int, start: int) -> None:
        """The same header again makes a copy; any other is another export's."""
        names = split_header(self._text[start : self.records.place], self._separator)
        if names_alike(names, self._header.names):
            self.copies.append(number)
        else:
            self.other = self.other or number
