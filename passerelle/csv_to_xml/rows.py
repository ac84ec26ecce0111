"""Pure: the order CSV's bytes -> its table: text, separator, columns; or why it is none.

Source of the rules: RFC 4180, and what order export modules write in practice: a BOM or cp1252,
any of five separators, fields enclosed or not, line ends of either kind, also inside a field.
"""

import csv

from passerelle.base.errors import ConfigError, NotReadyError, RejectedError
from passerelle.base.language import _
from passerelle.base.reading import detect_encoding, detect_separator, find_column, is_damaged_utf8
from passerelle.base.slices import Sliced, count_lines, find_byte
from passerelle.base.wording import shorten
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.table import Table
from passerelle.csv_to_xml.text import Text

# Longer than any real header.
_LONGEST_HEADER = 50_000


def open_table(data: Sliced, settings: Orders, file: str) -> Table:
    """The table below the header.

    Raises :class:`NotReadyError` for a file that is empty or cut, :class:`RejectedError` for
    bytes that are no text, :class:`ConfigError` for a column that is missing or stands twice.
    """
    text = _decode(data, settings, file)
    _check_whole(text, settings, file)
    header_line = text.readline()
    _check_header(header_line, file)
    separator = settings.separator
    if separator == "auto":
        names = [name for key in type(settings.columns).model_fields
                 for name in getattr(settings.columns, key)]  # fmt: skip
        separator = detect_separator(header_line, names)
    header = next(csv.reader([header_line], delimiter=separator))
    columns = _find_columns(header, settings, file)
    return Table(text, separator, columns, len(header), file)


def _decode(data: Sliced, settings: Orders, file: str) -> Text:
    codec = detect_encoding(data, settings.encoding)
    if codec == "cp1252" and settings.encoding == "auto" and is_damaged_utf8(data):
        # The orders with a damaged letter are rejected, the others are read as they were meant.
        return Text(data, "utf-8", "replace")
    try:
        return Text(data, codec)
    except UnicodeDecodeError as error:
        line = count_lines(data, error.start) + 1
        raise RejectedError(
            _("a byte is no text in {encoding}").format(encoding=codec),
            f"{file}:{line}",
            _("nothing was read from the file; set orders.encoding to the one it was written in"),
        ) from error


def _check_whole(text: Text, settings: Orders, file: str) -> None:
    if not text.any_line(str.strip):
        raise NotReadyError(_("the file is empty"), file, _("wait for the shop to write it whole"))
    if find_byte(text.data, b"\0") < find_byte(text.data, b"\n"):
        raise RejectedError(
            _("the file is no text, or UTF-16 without its mark"),
            f"{file}:1",
            _('nothing was read from it; set orders.encoding = "utf-16-le", or export UTF-8'),
        )
    if settings.final_newline and text.data[-1:] not in (b"\n", b"\r"):
        line = count_lines(text.data) + 1
        raise NotReadyError(
            _("the last line does not end: the file is not whole yet"),
            f"{file}:{line}",
            _(
                "wait for the shop to write it whole "
                "(if it never ends its last line, set orders.final_newline = false)"
            ),
        )


def _check_header(line: str, file: str) -> None:
    if len(line) > _LONGEST_HEADER:
        raise RejectedError(
            _("the first line has {length} characters and is no header").format(length=len(line)),
            f"{file}:1",
            _("nothing was read from the file; have the shop export it again"),
        )


def _find_columns(header: list[str], settings: Orders, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in type(settings.columns).model_fields:
        try:
            index = find_column(header, getattr(settings.columns, key))
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


def _shown(header: list[str]) -> str:
    return shorten(", ".join(header), 1000)


def _check_required(found: dict[str, int], header: list[str], settings: Orders, file: str) -> None:
    required = ["id", "quantity", "unit_price"]
    required += ["date"] if settings.start_from else []
    required += [] if {"ean13", "product_reference"} & found.keys() else ["ean13"]
    missing = [key for key in required if key not in found]
    if missing:
        mend = _("name it in orders.columns.{key}; the file has: {names}")
        # Translators: between the names of columns
        keys = _(" and ").join(missing)
        raise ConfigError(
            _("no column for {keys}").format(keys=keys),
            f"{file}:1",
            mend.format(key=missing[0], names=_shown(header)),
        )
