"""A table as a file for people: CSV for a spreadsheet, Excel's own xlsx, or a page of HTML.

- **CSV** is as the spreadsheets of the language's countries read it: in French ``;`` between cells,
  a decimal comma and ``25/11/2026 10:27``, in English ``,``, a point and ``2026-11-25 10:27``;
  UTF-8 with BOM, by which Excel knows it.
- **xlsx** has real numbers and dates, which Excel shows as its own language does, item numbers as
  texts, and a header that stays in sight.
- **HTML** stands alone: no script, nothing from elsewhere.

A text that a spreadsheet would take for a formula (it begins with ``= + - @``)
is made harmless: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from functools import partial
from io import BytesIO, StringIO
from typing import Any

from passerelle.base.errors import UsageError
from passerelle.base.language import _, spoken
from passerelle.base.wording import printable
from passerelle.runs.export import Asked, Cell, Row, Sheet

_FORMULA = ("=", "+", "-", "@")
# https://support.microsoft.com/office/excel-specifications-and-limits
_MOST_ROWS, _LONGEST_TEXT = 1_048_575, 32_000
# Excel's formats 22 and 2: the first is shown in the order of its own language.
_TIME, _MONEY = "m/d/yy h:mm", "0.00"
_PAGE = """<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8"><title>{{ title }}</title><style>
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em}table{border-collapse:collapse}
th,td{border:1px solid #bbb;padding:.25em .5em;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:#eee}.n{text-align:right;white-space:nowrap}
.t{mso-number-format:"\\@"}
@media print{th{position:static}}
</style></head><body><h1>{{ title }}</h1>
<table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for kind, text in row %}<td class="{{ kind }}">{{ text }}</td>\
{% endfor %}</tr>
{% endfor %}</tbody></table></body></html>
"""


def write_sheet(sheet: Sheet, asked: Asked, ending: str) -> tuple[bytes, int]:
    """The file's bytes, and how many rows it has; ``ending`` is one of ``WRITERS``.

    Raises :class:`UsageError` for more rows than Excel takes.
    """
    columns = [_(name) for name in sheet.columns]
    with closing(sheet.rows(asked)) as rows:  # else the ledger would be held beyond an error
        counted = _Counted(rows)
        return WRITERS[ending](_(sheet.title), columns, counted), counted.number


class _Counted:
    """Rows whose texts are on one line, without control characters."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows, self.number = rows, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.number += 1
            yield tuple(_tidy(cell) if isinstance(cell, str) else cell for cell in row)


def _tidy(text: str) -> str:
    return printable(" ".join(text.split()))[:_LONGEST_TEXT]


def _csv(_title: str, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    file = StringIO(newline="")
    separator = ";" if spoken() == "fr" else ","
    writer = csv.writer(file, delimiter=separator, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> str:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return _written(cell)


def _written(cell: Cell) -> str:
    """As the language's countries write it."""
    is_french = spoken() == "fr"
    if isinstance(cell, datetime):
        there = cell.astimezone()
        return f"{there:%d/%m/%Y %H:%M}" if is_french else f"{there:%Y-%m-%d %H:%M}"
    if isinstance(cell, Decimal):
        text = format(cell, "f")
        return text.replace(".", ",") if is_french else text
    return "" if cell is None else str(cell)


def _html(title: str, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A spreadsheet that opens it takes texts for texts: ``mso-number-format`` says so."""
    from jinja2 import Environment

    page = Environment(autoescape=True).from_string(_PAGE)
    cells = ([("t" if isinstance(one, str) else "n", _written(one)) for one in row] for row in rows)
    stream = page.stream(title=title, columns=columns, rows=cells, language=spoken())
    stream.enable_buffering(1_000)
    file = BytesIO()
    stream.dump(file, encoding="utf-8")
    return file.getvalue()


def _xlsx(title: str, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Written row by row: what was written is not in memory any more."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = max(14, len(name) + 3)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}1"
    cells = _Cells(sheet)
    with closing(sheet):
        sheet.append(cells.header(columns))
        for number, row in enumerate(rows, 1):
            if number > _MOST_ROWS:
                what = _("Excel takes no more than {n} rows").format(n=_MOST_ROWS)
                raise UsageError(what, "", _("ask for fewer with --since, or write a .csv"))
            sheet.append(cells.of(row))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


class _Cells:
    """The cells that have a form of their own, one of each: the next is asked for once it is
    written, and a new one would cost four times the time."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        self._new = partial(WriteOnlyCell, sheet)
        self._name, self._time, self._money = self._new(), self._new(), self._new()
        self._name.font = Font(bold=True)
        self._time.number_format, self._money.number_format = _TIME, _MONEY

    def header(self, names: Iterable[str]) -> Iterator[Any]:
        for self._name.value in names:
            yield self._name

    def of(self, row: Row) -> Iterator[Any]:
        for cell in row:
            if isinstance(cell, datetime):
                self._time.value = cell.astimezone().replace(tzinfo=None, microsecond=0)
                yield self._time
            elif isinstance(cell, Decimal):
                self._money.value = cell
                yield self._money
            elif isinstance(cell, str) and cell.startswith("="):
                # Another cell each time: openpyxl writes a row once it has all of its cells.
                text = self._new()
                text.value, text.data_type = cell, "s"
                yield text
            else:
                yield None if cell == "" else cell


WRITERS: Mapping[str, Callable[[str, Sequence[str], Iterable[Row]], bytes]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".html": _html,
}
