"""Pure: the order CSV -> its orders, each whole or with the faults that reject it.

One row is one product line; order fields are repeated on each. Lines of one order need not be
adjacent. A fault in a line rejects its whole order, and no other.

Source of the rules: RFC 4180, and what order export modules write in practice: a BOM or cp1252,
any of five separators, fields enclosed or not, line ends of either kind, also inside a field.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from passerelle.base.errors import ConfigError, NotReadyError, RejectedError
from passerelle.base.language import _
from passerelle.base.reading import (
    LONGEST_HEADER,
    decode_file,
    detect_encoding,
    detect_separator,
    find_column,
    line_of,
    split_header,
)
from passerelle.base.wording import shorten
from passerelle.config.columns import COLUMNS
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.careful import CarefulReader
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.csv_to_xml.table import CellForm, Place, Table, first_line
from passerelle.model.orders import Fault, Reading


@dataclass(frozen=True, slots=True)
class OrderFile:
    """What one order CSV holds: every order met, and faults that belong to none of them.

    ``absent`` are the column keys by which orders are kept back, but that the file does not have;
    ``deciding`` are those that decide on sending and selling, and that it has.
    """

    readings: tuple[Reading, ...]
    faults: tuple[Fault, ...]
    absent: tuple[str, ...] = ()
    deciding: tuple[str, ...] = ()


def read_orders(
    data: bytes, settings: Orders, file: str, gift_card_ids: Collection[str] = ()
) -> OrderFile:
    """Reads the order CSV ``data``; ``file`` is its name for messages.

    A line without an item number is a fault, unless its product id is in ``gift_card_ids``:
    gift cards have none. Dates are taken in this machine's time zone. Raises what
    :func:`_open_table` raises, and :class:`NotReadyError` for a file that ends inside a text.
    """
    table = _open_table(data, settings, file)
    orders, orphans = table.places()
    plain, careful = PlainReader(table.columns, gift_card_ids), CarefulReader(file, gift_card_ids)
    problem = _("empty: no order to count this line to")
    return OrderFile(
        tuple([_read(table, places, plain, careful) for places in orders.values()]),
        tuple(Fault(file, line, "id", problem) for line in orphans),
        _absent(table, settings) if orders else (),
        tuple(key for key in ("ean13", *_deciding(settings)) if key in table.columns),
    )


def _read(
    table: Table, places: Sequence[Place], plain: PlainReader, careful: CarefulReader
) -> Reading:
    if all(place.kind == CellForm.PLAIN for place in places):
        reading = plain.read(table.plain_cells(places))
        if reading:
            return reading
    rows = [table.row(place) for place in places]
    return careful.read(rows[0]["id"], rows)


def _absent(table: Table, settings: Orders) -> tuple[str, ...]:
    return tuple(key for key in _deciding(settings) if key not in table.columns)


def _deciding(settings: Orders) -> tuple[str, ...]:
    """The columns that decide on sending."""
    return ("payment", "status", *(("voucher",) if settings.withhold.vouchers else ()))


def _open_table(data: bytes, settings: Orders, file: str) -> Table:
    """The table below the header.

    Raises :class:`NotReadyError` for a file that is empty or cut, :class:`RejectedError` for
    bytes that are no text, :class:`ConfigError` for a column that is missing or stands twice.
    """
    text = _decode(data, settings, file)
    _check_whole(text, settings, file)
    header_line = first_line(text)
    _check_header(header_line, file)
    separator = settings.separator
    if separator == "auto":
        known = [name for _key, names in settings.columns for name in names]
        separator = detect_separator(header_line, known)
    header = split_header(header_line, separator)
    columns = _find_columns(header, settings, file)
    return Table(text, separator, columns, len(header), file)


def _decode(data: bytes, settings: Orders, file: str) -> str:
    try:
        return decode_file(data, settings.encoding)[1]
    except UnicodeDecodeError as error:
        raise RejectedError(
            _("a byte is no text in {encoding}").format(
                encoding=detect_encoding(data, settings.encoding)
            ),
            f"{file}:{line_of(error)}",
            _("nothing was read from the file; set orders.encoding to the one it was written in"),
        ) from error


def _check_whole(text: str, settings: Orders, file: str) -> None:
    if not text or text.isspace():
        raise NotReadyError(_("the file is empty"), file, _("wait for the shop to write it whole"))
    if "\0" in text[: text.find("\n") if "\n" in text else None]:
        raise RejectedError(
            _("the file is no text, or UTF-16 without its mark"),
            f"{file}:1",
            _('nothing was read from it; set orders.encoding = "utf-16-le", or export UTF-8'),
        )
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


def _check_header(line: str, file: str) -> None:
    if len(line) > LONGEST_HEADER:
        raise RejectedError(
            _("the first line has {length} characters and is no header").format(length=len(line)),
            f"{file}:1",
            _("nothing was read from the file; have the shop export it again"),
        )


def _find_columns(header: list[str], settings: Orders, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, names in settings.columns:
        try:
            index = find_column(header, names)
        except LookupError as error:
            mend = _("rename one in the shop's export, or name another in orders.columns.{key}")
            raise ConfigError(
                _('the header has "{name}" twice').format(name=error),
                f"{file}:1",
                mend.format(key=key),
            ) from error
        if index is not None:
            found[key] = index
    _check_required(found, header, settings, file)
    return found


def _check_required(found: dict[str, int], header: list[str], settings: Orders, file: str) -> None:
    known = [(key, column) for key, column in COLUMNS["orders"].items() if column.required]
    required = [key for key, column in known if not column.or_else]
    required += ["date"] if settings.start_from else []
    required += [key for key, column in known if column.or_else and column.or_else not in found]
    missing = [key for key in required if key not in found]
    if missing:
        mend = _("name it in orders.columns.{key}; the file has: {names}")
        # Translators: between the names of columns
        keys = _(" and ").join(missing)
        raise ConfigError(
            _("no column for {keys}").format(keys=keys),
            f"{file}:1",
            mend.format(key=missing[0], names=shorten(", ".join(header), 1000)),
        )
