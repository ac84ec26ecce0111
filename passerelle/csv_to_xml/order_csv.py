"""Pure: the order CSV -> its orders, each whole or with the faults that reject it.

One row is one product line; order fields are repeated on each. Lines of one order need not be
adjacent. A fault in a line rejects its whole order, and no other.

Source of the rules: RFC 4180, and what order export modules write in practice: a BOM or cp1252,
any of five separators, fields enclosed or not, line ends of either kind, also inside a field.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NoReturn

from msgspec import Struct

from passerelle.base.dates import DateOrder
from passerelle.base.errors import ConfigError, HeldError, NotReadyError
from passerelle.base.language import _
from passerelle.base.reading import (
    END_OF_FILE,
    LONGEST_HEADER,
    MOST_ABOVE,
    Top,
    about_other_kind,
    decode_file,
    detect_encoding,
    detect_separator,
    find_column,
    find_top,
    hold_values,
    line_of,
    split_header,
    without_blanks,
    without_end,
    without_marks,
)
from passerelle.base.wording import shorten
from passerelle.base.words import UNSEEN, bare_id, fold
from passerelle.config.columns import COLUMNS
from passerelle.config.guess.header import NET, about_grid, is_order_grid
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.careful import CarefulReader
from passerelle.csv_to_xml.habits import Dates, Habits, new_habits
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.csv_to_xml.records import CellForm, Header, Place, first_lines
from passerelle.csv_to_xml.table import Table
from passerelle.model.orders import Fault, Reading


class OrderFile(Struct, frozen=True):
    """What one order CSV holds: every order met, and faults that belong to none of them.

    ``absent`` are the column keys by which orders are kept back, but that the file does not have;
    ``deciding`` are those that decide on sending and selling, and that it has. ``notes`` tell what
    was read over, counted once or taken off; ``top`` is the header's line. ``date_order`` is what
    the file proves, ``None`` where nothing does; ``dates_in_doubt``: days and months were told
    apart by what is usual.
    """

    readings: tuple[Reading, ...]
    faults: tuple[Fault, ...]
    absent: tuple[str, ...] = ()
    deciding: tuple[str, ...] = ()
    notes: tuple[Fault, ...] = ()
    top: int = 1
    date_order: DateOrder | None = None
    dates_in_doubt: bool = False


def read_orders(
    data: bytes,
    settings: Orders,
    file: str,
    gift_card_ids: Collection[str] = (),
    date_order: DateOrder | None = None,
) -> OrderFile:
    """Reads the order CSV ``data``; ``file`` is its name for messages.

    A line without an item number is a fault, unless its product id is in ``gift_card_ids``:
    gift cards have none. Dates are taken in this machine's time zone; ``date_order`` is what an
    earlier file of the shop proved. Raises what :func:`_open_table` raises, and
    :class:`NotReadyError` for a file that ends inside a text.
    """
    table = _open_table(data, settings, file)
    orders, orphans = table.places()
    habits = new_habits(_dates(settings, date_order))
    reader = _Reader(table, file, gift_card_ids, habits)
    readings = reader.read(orders)
    if learnt := habits.learnt():
        reader = _Reader(table, file, gift_card_ids, learnt)
        readings, habits = reader.read(orders), learnt
    problem = _("empty: no order to count this line to")
    return OrderFile(
        readings,
        (*_other_header(table, file), *(Fault(file, line, "id", problem) for line in orphans)),
        _absent(table, settings) if orders else (),
        tuple(key for key in ("ean13", "payment", "status", "voucher") if key in table.columns),
        (*_read_over(table, file), *reader.notes),
        table.top,
        habits.dates.shown(),
        habits.dates.in_doubt,
    )


def _dates(settings: Orders, proved: DateOrder | None) -> Dates:
    told = None if settings.date_order == "auto" else settings.date_order
    order = told or proved or "dmy"
    return Dates(order, is_certain=told is not None, is_usual=not (told or proved))


def _read_over(table: Table, file: str) -> Iterator[Fault]:
    for line in table.copies:
        yield Fault(file, line, "line", _("the header again: what stands below may be a copy"))
    for line in table.totals:
        yield Fault(file, line, "line", _("sums only, or the end of a report: read over"))


def _other_header(table: Table, file: str) -> Iterator[Fault]:
    if table.other:
        problem = _(
            "another header than that of line {top}: no order below it is read; "
            "have the shop write each export to a file of its own"
        )
        yield Fault(file, table.other, "line", problem.format(top=table.top))


class _Reader:
    """Reads the orders of a table, as the habits have it."""

    def __init__(
        self, table: Table, file: str, gift_card_ids: Collection[str], habits: Habits
    ) -> None:
        self._table, self._file, self._dates = table, file, habits.dates
        self._plain = PlainReader(table.columns, gift_card_ids, habits)
        self._careful = CarefulReader(file, gift_card_ids, habits)
        self.notes = self._careful.notes

    def read(self, orders: Mapping[str, Sequence[Place]]) -> tuple[Reading, ...]:
        return tuple([self._read(id, places) for id, places in self._joined(orders).items()])

    def _read(self, id: str, places: Sequence[Place]) -> Reading:
        if not self._table.copies and all(place.kind == CellForm.PLAIN for place in places):
            reading = self._plain.read(self._table.records.plain_cells(places))
            if reading:
                return reading
        parts, is_copied = self._table.parts(places)
        rows = [[self._table.row(place) for place in part] for part in parts]
        return self._careful.read(id, rows, is_copied=is_copied)

    def _joined(self, orders: Mapping[str, Sequence[Place]]) -> Mapping[str, Sequence[Place]]:
        """With the rows of one order together, where a spreadsheet wrote its id in two ways."""
        bare = [id if id.isdigit() and id[0] != "0" else bare_id(id) for id in orders]
        if len(set(bare)) == len(bare):
            return orders
        joined: dict[str, list[Place]] = {}
        firsts: dict[tuple[object, ...], str] = {}
        for id, key in zip(orders, bare, strict=True):
            first = firsts.setdefault((key, *self._face(orders[id][0], id)), id)
            if first != id:
                text = _("order {id} is written {other} here: taken for the same")
                text = text.format(id=shorten(first), other=shorten(id))
                self.notes.append(Fault(self._file, orders[id][0].line, "id", text))
            joined.setdefault(first, []).extend(orders[id])
        return joined

    def _face(self, place: Place, id: str) -> tuple[object, ...]:
        """What else two orders have in common that are one; ``id`` where it cannot be told."""
        row = self._table.row(place)
        try:
            date = self._dates[row["date"]]
        except ValueError:
            return (id,)
        return (row["reference"], date.date()) if row["reference"] else (id,)


def _absent(table: Table, settings: Orders) -> tuple[str, ...]:
    return tuple(key for key in _deciding(settings) if key not in table.columns)


def _deciding(settings: Orders) -> tuple[str, ...]:
    """The columns that decide on sending."""
    return ("payment", "status", *(("voucher",) if settings.withhold.vouchers else ()))


def _open_table(data: bytes, settings: Orders, file: str) -> Table:
    """The table below the header.

    Raises :class:`NotReadyError` for a file that is empty or cut, :class:`HeldError` for
    bytes that are no text, :class:`ConfigError` for a column that is missing or stands twice.
    """
    if what := about_other_kind(data):
        mend = _("nothing was read from it; have a CSV file written there, or look what went wrong")
        raise HeldError(what, file, mend)
    text = _decode(data, settings, file)
    _check_whole(text, settings, file)
    lines = first_lines(text, MOST_ABOVE)
    known = [name for _key, names in settings.columns for name in names]
    top = find_top(lines, known, lambda names: not _missing(names, settings))
    where = f"{file}:{top.line + 1}"
    header_line = lines[top.line]
    _check_header(header_line, where)
    separator = settings.separator
    if separator == "auto":
        separator = top.separator or detect_separator(header_line, known)
    names = split_header(header_line, separator)
    names, spare = without_blanks(names)
    columns = _find_columns(names, settings, where, top)
    start = sum(map(len, lines[: top.line + 1]))
    folded = frozenset(map(fold, (*known, *names)))
    header = Header(names, columns, separator, start, top.line + 2, spare, folded)
    return Table(text, header, file)


def _decode(data: bytes, settings: Orders, file: str) -> str:
    try:
        text = without_marks(decode_file(data, settings.encoding)[1])
        if not text.isascii() and any(letter in text for letter in UNSEEN):
            text = text.translate(dict.fromkeys(map(ord, UNSEEN)))
        return without_end(text, END_OF_FILE)
    except UnicodeDecodeError as error:
        raise HeldError(
            _("a byte is no text in {encoding}").format(
                encoding=detect_encoding(data, settings.encoding)
            ),
            f"{file}:{line_of(error)}",
            _("nothing was read from the file; set orders.encoding to the one it was written in"),
        ) from error


def _check_whole(text: str, settings: Orders, file: str) -> None:
    if not text or text.isspace():
        raise NotReadyError(_("the file is empty"), file, _("wait for the shop to write it whole"))
    if "\0" in (header := text[: text.find("\n") if "\n" in text else None]):
        # Of a header's letters the first byte is zero, or the second.
        encoding = "utf-16-le" if header.index("\0") % 2 else "utf-16-be"
        mend = _('nothing was read from it; set orders.encoding = "{encoding}", or export UTF-8')
        raise HeldError(
            _("the file is no text, or UTF-16 without its mark"),
            f"{file}:1",
            mend.format(encoding=encoding),
        )
    if text.endswith("\0"):
        what = _("the file ends in NUL bytes: it is not whole, or damaged")
        line = text.rstrip("\0").count("\n") + 1
        raise NotReadyError(what, f"{file}:{line}", _("have the shop write it again"))
    if settings.final_newline and not text.endswith(("\n", "\r")):
        line = text.count("\n") + 1
        raise NotReadyError(
            _("the last line does not end: the file is not whole yet"),
            f"{file}:{line}",
            _(
                "wait for the shop to write it whole "
                "(if it never ends its last line, set orders.final_newline = false)"
            ),
        )


def _check_header(line: str, where: str) -> None:
    if len(line) > LONGEST_HEADER:
        raise HeldError(
            _("the first line has {length} characters and is no header").format(length=len(line)),
            where,
            _("nothing was read from the file; have the shop export it again"),
        )


def _find_columns(header: list[str], settings: Orders, where: str, top: Top) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, names in settings.columns:
        try:
            index = find_column(header, names)
        except LookupError as error:
            mend = _("rename one in the shop's export, or name another in orders.columns.{key}")
            raise ConfigError(
                _('the header has "{name}" twice').format(name=error), where, mend.format(key=key)
            ) from error
        if index is not None:
            found[key] = index
    if "quantity" in found and NET.search(fold(header[found["quantity"]])):
        found.pop("quantity_refunded", None)
    if missing := _missing_keys(found, settings):
        _refuse_header(missing, header, where, top)
    return found


def _missing(header: Sequence[str], settings: Orders) -> list[str]:
    """The keys without which a file is not read, and of which a header has no column."""
    folded = {fold(name) for name in header}
    found = (key for key, names in settings.columns if not folded.isdisjoint(map(fold, names)))
    return _missing_keys(frozenset(found), settings)


def _missing_keys(found: Collection[str], settings: Orders) -> list[str]:
    known = [(key, column) for key, column in COLUMNS["orders"].items() if column.required]
    required = [key for key, column in known if not column.or_else]
    required += ["date"] if settings.start_from else []
    required += [key for key, column in known if column.or_else and column.or_else not in found]
    return [key for key in required if key not in found]


def _refuse_header(missing: list[str], header: list[str], where: str, top: Top) -> NoReturn:
    mend = _("name it in orders.columns.{key}; the file has: {names}")
    # Translators: between the names of columns
    what = _("no column for {keys}").format(keys=_(" and ").join(missing))
    if top.seems is not None:
        what = _("line {line} is no header, it seems to be line {seems}").format(
            line=top.line + 1, seems=top.seems + 1
        )
        mend = _(
            "have the shop export the file without the lines above, or name its columns: {names}"
        )
    if len(header) < 2 and top.seems is None:
        what, mend = _("no header was found"), _("have the shop export the file with its header")
    elif is_order_grid(header):
        what, mend = about_grid()
    elif hold_values(header) and top.seems is not None:
        mend = _("have the shop export the file without the lines above")
    elif hold_values(header):
        # Not shown: they may be a customer's.
        what = _("the first line holds values, not names of columns")
        mend = _("export the file with its header")
    names = shorten(", ".join(header), 1000)
    raise ConfigError(what, where, mend.format(key=missing[0], names=names))
