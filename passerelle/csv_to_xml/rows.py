"""Pure: the order CSV's bytes -> its rows, each with its line number, or with its fault.

Source of the rules: RFC 4180, and what order export modules write in practice: a BOM or cp1252,
any of five separators, fields enclosed or not, line ends of either kind, also inside a field.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from passerelle.config import Orders
from passerelle.errors import ConfigError, NotReadyError, RejectedError
from passerelle.reading import (
    detect_encoding,
    detect_separator,
    find_column,
    is_damaged_utf8,
    parse_decimal,
    parse_whole,
    shorten,
)

# The longest field csv accepts is a setting of the whole process; messages can be long.
csv.field_size_limit(2**31 - 1)

# Longer than any real header, and than any text of an order; what is longer is another file, or
# has lost a quote.
_LONGEST_HEADER = 50_000
_LONGEST_CELL = 10_000

_COUNT = "another number of fields than the header"
_QUOTES = "a quote is not closed or not doubled"
_ID = re.compile(r"\S*[0-9]\S*")
_NO_ID = re.compile(r'[\s"]')


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number, its cells by column key, its fault where it has one."""

    line: int
    cells: Mapping[str, str]
    fault: str = ""

    def __getitem__(self, key: str) -> str:
        return self.cells.get(key, "")


def read_rows(data: bytes, settings: Orders, file: str) -> Iterator[Row]:
    """The rows below the header, blank lines left out.

    Raises :class:`NotReadyError` for a file that is empty or cut, :class:`RejectedError` for
    bytes that are no text, :class:`ConfigError` for a column that is missing or stands twice.
    """
    text = _decode(data, settings, file)
    lines = io.StringIO(text, newline="")
    _check_whole(text, settings, file)
    header_line = lines.readline()
    _check_header(header_line, file)
    separator = settings.separator
    if separator == "auto":
        names = [name for key in type(settings.columns).model_fields
                 for name in getattr(settings.columns, key)]  # fmt: skip
        separator = detect_separator(header_line, names)
    header = next(csv.reader([header_line], delimiter=separator))
    columns = _find_columns(header, settings, file)
    yield from _Table(lines, separator, columns, len(header), file).rows()


def _decode(data: bytes, settings: Orders, file: str) -> str:
    codec = detect_encoding(data, settings.encoding)
    if codec == "cp1252" and settings.encoding == "auto" and is_damaged_utf8(data):
        # The orders with a damaged letter are rejected, the others are read as they were meant.
        return data.decode("utf-8", "replace")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RejectedError(
            f"a byte is no text in {codec}",
            f"{file}:{line}",
            "nothing was read from the file; set orders.encoding to the one it was written in",
        ) from error


def _check_whole(text: str, settings: Orders, file: str) -> None:
    if not text.strip():
        raise NotReadyError("the file is empty", file, "wait for the shop to write it whole")
    if "\0" in text.partition("\n")[0]:
        raise RejectedError(
            "the file is no text, or UTF-16 without its mark",
            f"{file}:1",
            'nothing was read from it; set orders.encoding = "utf-16-le", or export UTF-8',
        )
    if settings.final_newline and not text.endswith(("\n", "\r")):
        raise NotReadyError(
            "the last line does not end: the file is not whole yet",
            f"{file}:{text.count(chr(10)) + 1}",
            "wait for the shop to write it whole "
            "(if it never ends its last line, set orders.final_newline = false)",
        )


def _check_header(line: str, file: str) -> None:
    if len(line) > _LONGEST_HEADER:
        raise RejectedError(
            f"the first line has {len(line)} characters and is no header",
            f"{file}:1",
            "nothing was read from the file; have the shop export it again",
        )


def _find_columns(header: list[str], settings: Orders, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in type(settings.columns).model_fields:
        try:
            index = find_column(header, getattr(settings.columns, key))
        except LookupError as error:
            raise ConfigError(
                f'the header has "{error}" twice',
                f"{file}:1",
                f"rename one in the shop's export, or name another in orders.columns.{key}",
            ) from error
        if index is not None:
            found[key] = index
    _check_required(found, header, settings, file)
    return found


def _check_required(found: dict[str, int], header: list[str], settings: Orders, file: str) -> None:
    required = ["id", "quantity", "unit_price"]
    required += ["date"] if settings.start_from else []
    required += [] if {"ean13", "product_reference"} & found.keys() else ["ean13"]
    missing = [key for key in required if key not in found]
    if missing:
        raise ConfigError(
            f"no column for {' and '.join(missing)}",
            f"{file}:1",
            f"name it in orders.columns.{missing[0]}; the file has: {shorten(', '.join(header), 1000)}",
        )


class _Table:
    """The lines below the header, read record by record."""

    def __init__(
        self,
        lines: io.StringIO,
        separator: str,
        columns: Mapping[str, int],
        width: int,
        file: str,
    ) -> None:
        self._lines, self._separator, self._columns = lines, separator, columns
        self._width, self._file = width, file
        self._swallows, self._latest, self._astray = False, 0, 0

    def rows(self) -> Iterator[Row]:
        """The rows with their first lines; after a quoting fault, reads on at the next line."""
        number = 2
        while True:
            start = self._lines.tell()
            line = self._lines.readline()
            if not line:
                return
            if line.isspace():
                number += 1
                continue
            reader = csv.reader(self._record(line), delimiter=self._separator, strict=True)
            try:
                cells = next(reader)
            except csv.Error as error:
                self._check_cut(number, error)
                self._astray = max(self._astray, self._latest)
                self._lines.seek(start)
                yield self._row(number, self._salvage(self._lines.readline()), _QUOTES)
                number += 1
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(number, cells)
            number += reader.line_num

    def _record(self, line: str) -> Iterator[str]:
        """The lines that a record may span, from its first: up to one that reads as a row.

        A lone quote has made such a row part of a text; the lines of a text that people wrote do
        not read as rows, with id, quantity and price. Records that are open at a line's end all
        read on alike: up to where one went wrong, none needs to be followed again.
        """
        self._latest = self._lines.tell()
        self._swallows = self._latest <= self._astray
        while line:
            yield line
            self._latest = self._lines.tell()
            line = "" if self._swallows else self._lines.readline()
            if line and self._is_row(line):
                self._swallows, line = True, ""

    def _check_cut(self, number: int, error: csv.Error) -> None:
        """A file that ends in a text is being written; one that goes on below it is not."""
        if "unexpected end" in str(error) and not self._swallows:
            raise NotReadyError(
                "the file ends inside a quoted field",
                f"{self._file}:{number}",
                "a quote is not closed there, or the shop is still writing the file",
            ) from error

    def _is_row(self, line: str) -> bool:
        row = self._row(0, self._salvage(line))
        try:
            parse_whole(row["quantity"])
            parse_decimal(row["unit_price"])
        except ValueError:
            return False
        return not row.fault and bool(_ID.fullmatch(row["id"]))

    def _salvage(self, line: str) -> list[str]:
        """The cells of a line whose quotes are wrong, as far as they can be told."""
        cells = next(csv.reader([line], delimiter=self._separator), [])
        if len(cells) != self._width:
            split = line.split(self._separator)
            # One lone quote stands in one cell; more are texts that hold the separator.
            is_lone = sum(cell.count('"') % 2 for cell in split) <= 1
            cells = split if is_lone else cells
        return [cell.replace('"', "").strip() for cell in cells]

    def _row(self, line: int, cells: Sequence[str], fault: str = "") -> Row:
        named = {
            key: cells[index].strip() for key, index in self._columns.items() if index < len(cells)
        }
        extra = any(cell.strip() for cell in cells[self._width :])
        if not fault and (len(cells) < self._width or extra):
            fault = f"{_COUNT} ({len(cells)} instead of {self._width})"
        for key, text in named.items():
            if len(text) > _LONGEST_CELL:
                named[key] = text[:_LONGEST_CELL]
                fault = fault or f"{key} has {len(text)} characters; is a quote missing?"
        if fault and _NO_ID.search(named.get("id", "")):
            # A text broke the line above, and this is the rest of it: it belongs to that order.
            named["id"] = ""
        return Row(line, named, fault)
