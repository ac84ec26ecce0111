"""The texts of config.toml that files are read and written with: encodings, formats, product ids.

Every parser raises :class:`ValueError` with a message that says what would be right.
"""

import codecs
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from passerelle.base.language import _
from passerelle.base.reading import SEPARATORS
from passerelle.base.wording import shorten
from passerelle.config import written

# Codecs of Python's that no file is written in, and that fail in ways of their own.
_NO_FILE_ENCODINGS = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
_DIRECTIVES = re.compile("%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%]")
# https://www.w3.org/TR/xml/#charsets, without tab and line ends
_NOT_PRINTABLE = re.compile("[^ -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """``text`` itself; refuses what XML, CSV files and file systems cannot carry."""
    if _NOT_PRINTABLE.search(text):
        problem = _("control characters cannot be written into XML, CSV or file names")
        raise ValueError(problem)
    return text


def _encoding(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("write the name of an encoding between quotes"))
    if value != "auto":
        try:
            name = codecs.lookup(value).name
            if name in _NO_FILE_ENCODINGS:
                raise LookupError(name)
            "".encode(value)
        except (LookupError, ImportError, UnicodeError) as error:
            problem = _('no encoding is called "{name}"; try "utf-8" or "cp1252"')
            raise ValueError(problem.format(name=shorten(value))) from error
    return value


def _writable(encoding: str) -> str:
    if encoding == "auto":
        raise ValueError(_('name the encoding to write, like "UTF-8" or "ISO-8859-1"'))
    return encoding


def _separator(value: Any) -> str:
    if value != "auto" and value not in SEPARATORS:
        raise ValueError(_('use "auto" or one of ";" "," "\\t" "|" ":"'))
    return str(value)


def _date_format(value: str) -> str:
    """What one system's ``strftime`` passes over stops the program on another."""
    if "%" in _DIRECTIVES.sub("", value):
        problem = _('after "%" one of the letters of strftime, as in "%Y-%m-%d %H:%M:%S"')
        raise ValueError(problem)
    return printable(value)


def product_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """``ids`` themselves; refuses what no line of a stock file could carry as its id."""
    for text in ids:
        if not text.strip() or text != text.strip() or not text.isprintable():
            raise ValueError(_('a product id is written like "1201", without blanks around it'))
    return ids


DateFormat = Annotated[str, AfterValidator(_date_format), written.DATE_FORMAT]
Encoding = Annotated[str, BeforeValidator(_encoding), written.ENCODING]
WrittenEncoding = Annotated[Encoding, AfterValidator(_writable), written.WRITTEN_ENCODING]
Separator = Annotated[str, BeforeValidator(_separator), written.SEPARATOR]
Printable = Annotated[str, AfterValidator(printable), written.PRINTABLE]
