"""Pure: the order CSV's bytes -> its rows, each with its line number, or with its fault.

Source of the rules: RFC 4180, and what order export modules write in practice: a BOM or cp1252,
any of five separators, fields enclosed or not, line ends of either kind, also inside a field.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from passerelle.config import Orders
from passerelle.errors import ConfigError, NotReadyError, RejectedError
from passerelle.reading import detect_encoding, detect_separator, find_column

# The longest field csv accepts is a setting of the whole process; messages can be long.
csv.field_size_limit(2**31 - 1)

_COUNT = "another number of fields than the header"
_QUOTES = "a quote is not closed or not doubled"


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
    separator = settings.separator
    if separator == "auto":
        names = [name for key in type(settings.columns).model_fields
                 for name in getattr(settings.columns, key)]  # fmt: skip
        separator = detect_separator(header_line, names)
    header = next(csv.reader([header_line], delimiter=separator))
    columns = _find_columns(header, settings, file)
    for line, cells, fault in _records(lines, separator, file):
        if any(cell.strip() for cell in cells):
            yield _row(line, cells, fault, columns, len(header))


def _decode(data: bytes, settings: Orders, file: str) -> str:
    codec = detect_encoding(data, settings.encoding)
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
    if settings.final_newline and not text.endswith(("\n", "\r")):
        raise NotReadyError(
            "the last line does not end: the file is not whole yet",
            f"{file}:{text.count(chr(10)) + 1}",
            "wait for the shop to write it whole "
            "(if it never ends its last line, set orders.final_newline = false)",
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
            f"name it in orders.columns.{missing[0]}; the file has: {', '.join(header)}",
        )


Record = tuple[int, list[str], str]


def _records(lines: io.StringIO, separator: str, file: str) -> Iterator[Record]:
    """The records with their first line; after a quoting fault, reads on at the next line."""
    start, number = lines.tell(), 1
    while True:
        reader = csv.reader(lines, delimiter=separator, strict=True)
        before = 0
        try:
            for cells in reader:
                yield number + before + 1, cells, ""
                before, start = reader.line_num, lines.tell()
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise NotReadyError(
                    "the file ends inside a quoted field",
                    f"{file}:{number + before + 1}",
                    "a quote is not closed there, or the shop is still writing the file",
                ) from error
        lines.seek(start)
        number += before + 1
        yield number, lines.readline().rstrip("\r\n").split(separator), _QUOTES
        start = lines.tell()


def _row(line: int, cells: list[str], fault: str, columns: dict[str, int], width: int) -> Row:
    named = {key: cells[index].strip() for key, index in columns.items() if index < len(cells)}
    extra = any(cell.strip() for cell in cells[width:])
    if not fault and (len(cells) < width or extra):
        fault = f"{_COUNT} ({len(cells)} instead of {width})"
    return Row(line, named, fault)
