"""Names that people, programs and disks take for one another: a hint where a file is missing."""

import unicodedata
from collections.abc import Iterable

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.words import fold

# Windows hides and adds them; what is still being uploaded (.part, .tmp) is none.
_ENDING = regex(r"\.(?:csv|txt|dat|asc|xml|xslt?|xsd)$")
_COPY = regex(
    r"^(?:copie de|copy of|kopie van|kopie von|copia de|copia di) "
    r"|[ _]?\(\d+\)$|[ _]?-?[ _](?:copie|copy|kopie|copia|kopia)$"
)
_GAPS = regex(r"[ _.-]+")
_MOST = 3


def named_alike(wanted: str, present: Iterable[str]) -> str:
    """What to do where ``wanted`` is missing beside ``present``; empty where none is like it."""
    ranked = sorted(pair for name in present if (pair := (_difference(wanted, name), name))[0])
    if not ranked:
        return ""
    nearest = [name for rank, name in ranked if rank == ranked[0][0]][:_MOST]
    names = ", ".join(f'"{name}"' for name in nearest)
    if ranked[0][0] == 1:
        text = _(
            "{names} lies there, with its accents encoded otherwise (as macOS does): have it named "
            "without accents, there and in config.toml"
        )
        return text.format(names=names)
    text = _("{names} lies there: if that is the file, write its name so in config.toml")
    return text.format(names=names)


def _difference(wanted: str, name: str) -> int:
    """How far they are from each other; 0 where they are one name, or have nothing in common."""
    if name == wanted:
        return 0
    if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", wanted):
        return 1
    if fold(name) == fold(wanted):
        return 2
    return 3 if _stem(name) and _stem(name) == _stem(wanted) else 0


def _stem(name: str) -> str:
    stem, before = fold(name), ""
    while stem != before:
        before, stem = stem, _COPY.sub("", _ENDING.sub("", stem)).strip()
    return _GAPS.sub("", stem)
