"""A second, simple reading of order CSVs, to hold the product's own reading against.

It shares no code with the product, and knows less: it reads only what cannot be misread.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from passerelle.config.orders import Orders

_GROUPS = "[ \u00a0\u2007\u2009\u202f'\u2019\u00b4]"
_DRESS = re.compile(r"[\s'\"=\-]")
_CLOCK = r"(?:[\sT]+(\d\d?):(\d\d?)(?::(\d\d?))?)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d\d?)\2(\d\d?)" + _CLOCK, re.ASCII)
_YEAR_LAST = re.compile(r"(\d\d?)([-/.])(\d\d?)\2(\d{4}|\d\d)" + _CLOCK, re.ASCII)


def seen(text: str) -> str:
    """Without what cannot be seen."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def meanings(text: str) -> set[Decimal]:
    """What a number may mean: the last mark is the decimal one, unless it parts thousands."""
    bare = re.sub(r"^(?:=\"(.*)\"|'(.*))$", r"\1\2", seen(text).strip()).strip()
    bare = re.sub("^EUR|EUR$", "", bare).strip("€% \u00a0\u202f").replace("\u2212", "-")
    bare = re.sub(r"^(.*[0-9])\s?([+-])$", r"\2\1", bare)
    if re.search(rf"{_GROUPS}(?!{_GROUPS}|\d\d\d(?!\d))", bare):
        return set()
    bare = re.sub(_GROUPS, "", bare)
    mark = max(",", ".", key=bare.rfind)
    other = "." if mark == "," else ","
    if other in bare and not re.match(
        rf"[+-]?[0-9]{{1,3}}(?:\{other}[0-9]{{3}})+(?!\{other})", bare
    ):
        return set()
    found = {_plain_number(bare.replace("." if mark == "," else ",", "").replace(mark, "."))}
    if re.fullmatch(r"[+-]?[0-9]{1,3}([,.])[0-9]{3}(\1[0-9]{3})*", bare):
        thousands = _plain_number(bare.replace(mark, ""))
        is_sure = bare.count(mark) > 1
        found = {thousands} if is_sure else found | {thousands}
    return {value for value in found if value is not None}


def _plain_number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


def moments(text: str) -> set[datetime]:
    """What a date may mean, without its zone."""
    if found := _YEAR_FIRST.fullmatch(seen(text).strip()):
        year, _mark, month, day, *clock = found.groups()
        orders = [(year, month, day)]
    elif found := _YEAR_LAST.fullmatch(seen(text).strip()):
        one, _mark, other, year, *clock = found.groups()
        year = year if len(year) == 4 else f"20{year}"
        orders = [(year, other, one), (year, one, other)]
    else:
        return set()
    moments = set()
    for order in orders:
        with suppress(ValueError):
            parts = [int(part or 0) for part in (*order, *clock)]
            moments.add(datetime(*parts))  # type: ignore[arg-type]  # noqa: DTZ001 - without zones
    return moments


def item(text: str) -> str:
    """An item number without the dress of spreadsheets."""
    bare = _DRESS.sub("", seen(text))
    return bare if re.fullmatch("[0-9]+", bare) else " ".join(seen(text).split())


def plain(text: str) -> str:
    """A name without case, accents and surplus space."""
    letters = (c for c in unicodedata.normalize("NFKD", seen(text)) if not unicodedata.combining(c))
    return " ".join("".join(letters).split()).casefold()


def records(text: str, separator: str) -> Iterator[tuple[str, list[str]]]:
    """Every record as it stands, and its cells: RFC 4180, one character after the other."""
    start, cell, cells = 0, "", list[str]()
    quoted = closed = False
    fresh = True
    for place, char in enumerate(text):
        was_quoted = quoted
        if quoted:
            quoted = char != '"'
            cell += char if quoted else ""
        elif char == '"' and (fresh or closed):
            cell += char if closed else ""
            quoted = True
        elif char == separator:
            cells.append(cell)
            cell = ""
        elif char == "\n":
            yield text[start : place + 1], [*cells, cell.rstrip("\r")]
            start, cell, cells = place + 1, "", []
        else:
            cell += char
        closed = was_quoted and not quoted
        fresh = not quoted and char in (separator, "\n")
    if start < len(text):
        yield text[start:], [*cells, cell]


def clear_cells(line: str, separator: str) -> list[str] | None:
    """The cells of a line that has only one reading, else ``None``."""
    one = rf'(?:"[^"\r\n]*"|[^"\r\n{re.escape(separator)}]*)'
    if not re.fullmatch(f"{one}(?:{re.escape(separator)}{one})*", line):
        return None
    cells = re.findall(f"(?:^|{re.escape(separator)})({one})", line)
    return [cell.strip('"').strip() for cell in cells]


@dataclass(frozen=True)
class Again:
    """An order CSV read again: its lines, and where its columns stand."""

    lines: tuple[str, ...]
    separator: str
    columns: Mapping[str, int]
    width: int

    @classmethod
    def of(cls, data: bytes, settings: Orders) -> "Again | None":
        """``None`` where even the header can be misread."""
        lines = tuple(_lines(data, settings.encoding))
        known = {
            key: [plain(name) for name in getattr(settings.columns, key)]
            for key in type(settings.columns).model_fields
        }
        found = [
            cls(lines, separator, _columns(cells, known), len(cells))
            for separator in ";,\t|:"
            if lines and (cells := clear_cells(lines[0], separator))
        ]
        best = max(found, key=lambda again: len(again.columns), default=None)
        clear = best and {"id", "quantity", "unit_price"} <= best.columns.keys()
        return best if clear else None

    @cached_property
    def has_quotes(self) -> bool:
        """Whether texts may span lines."""
        return any('"' in line for line in self.lines)

    def named(self, cells: list[str]) -> dict[str, str]:
        """Cells by column key."""
        return {key: cells[at].strip() for key, at in self.columns.items() if at < len(cells)}

    def rows(self) -> Iterator[dict[str, str]]:
        """The lines that are rows beyond doubt: a number of an order, a quantity and a price."""
        for line in self.lines[1:]:
            cells = clear_cells(line, self.separator)
            if cells and len(cells) == self.width:
                row = self.named(cells)
                if all(re.fullmatch(form, row[key]) for key, form in _ROW.items()):
                    yield row

    def ids(self) -> set[str]:
        """The order ids that cannot be overlooked."""
        found = {row["id"] for row in self.rows()}
        if not self.has_quotes:
            rows = (self.named(line.split(self.separator)) for line in self.lines[1:])
            found |= {row["id"] for row in rows if re.fullmatch("[0-9]+", row.get("id", ""))}
        return found

    def candidates(self, id: str) -> Iterator[dict[str, str]]:
        """Every way to read a row of that order: a line, or several as one record."""
        for start, line in enumerate(self.lines[1:], 1):
            if id not in line:
                continue
            for end in range(start + 1, min(start + 40, len(self.lines)) + 1):
                text = "\n".join(self.lines[start:end])
                for _, cells in list(records(text, self.separator))[:1]:
                    row = self.named(cells)
                    if row.get("id") == id and _ROW.keys() <= row.keys():
                        yield row
                if '"' not in text:
                    break


_ROW = {"id": "[0-9]+", "quantity": "[1-9][0-9]{0,3}", "unit_price": r"[0-9]{1,6}[.,][0-9]{2}"}


def _columns(cells: list[str], known: Mapping[str, list[str]]) -> dict[str, int]:
    header = [plain(cell) for cell in cells]
    found = {}
    for key, names in known.items():
        name = next((name for name in names if name in header), None)
        if name is not None:
            found[key] = header.index(name)
    return found


def _lines(data: bytes, encoding: str) -> Iterator[str]:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or encoding not in ("auto", "utf-8")
    if wide:
        codec = "utf-32" if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) else "utf-16"
        text = data.decode(codec if encoding in ("auto", "utf-8") else encoding, "replace")
        yield from re.split("\r\n|\r|\n", seen(text))
        return
    for line in re.split(b"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf")):
        try:
            yield seen(line.decode("utf-8"))
        except UnicodeDecodeError:
            yield seen(line.decode("cp1252", "replace"))
