"""Names, words of state and item numbers as they compare, whatever a program did to them.

Pure. What cannot be seen is not meant: letters of Unicode's category Cf (zero-width spaces, byte
order marks inside a file, directions of writing), and others that leave no mark on a screen
(variation selectors, fillers), are taken off wherever something is compared.
"""

import html
import re
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache

from passerelle.base.regex import regex
from passerelle.base.wording import printable

# Files say the same names and items line after line.
_remembered = lru_cache(maxsize=4_000)
_SPACES = regex(r"\s+")
_NUMBER_DRESS = regex(r"[\s'\"=\x00-\x1f\x7f]")
# What people and spreadsheets write before a GTIN, and between its digits.
_GTIN_DRESS = regex(
    r"(?:(?:ean|gtin|upc|gencod|isbn)(?:-?(?:8|12|13|14)(?=[^0-9]))?|#)?[:.#-]*([0-9][0-9.,-]*)",
    re.IGNORECASE,
)
_GROUPED = regex(r"[0-9]{3,}(?:-[0-9]{3,})+")
# A number that a program made of one, all of its digits left.
_WHOLE_ITEM = regex(r"([0-9]{8,14})[.,]0+")
_SHORTEST, _LONGEST = 8, 14
_WITHOUT = regex(
    r"(no|without|sans|pas d[e']|sin|senza|kein|keine|ohne|geen|zonder|sem) ?"
    r"(ean|gtin|upc|isbn|gencod|bar ?code|code[ -]barres?|codigo( de barras)?|codice( a barre)?"
    r"|strichcode|streepjescode)s?(13)?"
)
_BETWEEN_DIGITS = regex(r"[.,-]")
_DIGITS = regex(r"[0-9]+")
# Unicode's Default_Ignorable_Code_Point beyond the category Cf, and the blank of Braille.
UNSEEN = frozenset(
    (
        *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0",
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xE0100, 0xE01F0)),
    )
)
_SPREADSHEET_NUMBER = regex(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,]0+")
_NO_SIGN = regex(r"[\W_]*")
# What databases, spreadsheets and people write where there is nothing, in whatever case; and of
# these, what people and towns are called.
_NOTHING = (
    *("null", "(null)", "<null>", "[null]", "none", "(none)", "<none>", "nil", "nan", "undefined"),
    *("\\n", "n/a", "n.a.", "-", "--", "---", "(blank)", "(empty)", "(vide)", "(leer)", "(vuoto)"),
    *(
        "(vac\u00edo)",
        "(leeg)",
        "#n/a",
        "#n/d",
        "#nv",
        "#nb",
        "#ref!",
        "#value!",
        "#name?",
        "#div/0!",
    ),
    *("#num!", "#null!", "#valeur!", "#nom?", "#nombre!", "#wert!", "#bezug!", "#zahl!", "#valor!"),
    *(
        "#\u00a1valor!",
        "#\u00bfnombre?",
        "#\u00a1ref!",
        "#nome?",
        "#valore!",
        "#rif!",
        "#naam?",
        "#waarde!",
    ),
)
BLANKS = frozenset(form(word) for word in _NOTHING for form in (str, str.upper, str.capitalize))
BLANKS |= {"NaN"}
NAMES_OF_SOME = frozenset(
    form(word) for word in ("null", "none", "nil") for form in (str, str.upper, str.capitalize)
) - {"NULL", "null"}
# What a text is made of that says nothing; signs of currencies do.
_SIGNS = frozenset(
    (
        *(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum() and chr(code) != "$"),
        *"\u00a1\u00a6\u00ab\u00af\u00b7\u00bb\u00bf",
        *map(chr, range(0x2010, 0x205F)),
    )
)
_A_LINE_OF_SIGNS = regex(
    "\n[{signs}][{signs}\\s]*\n".format(signs=re.escape("".join(sorted(_SIGNS))))
)
_ENTITY = regex(r"&#?\w+;")
_FORMULA = regex(r'="(.*)"')
# How a letter looks that was encoded once more.
_FIRST_OF_TWO = "\u00c3\u00c2\u00e2\u00c4\u00c5"
_ENCODED_TWICE = regex("[\u00c2-\u00c5\u00e2][^\x00-\x7f]")
# And in place of an item number, as they compare.
NO_ITEMS = frozenset(
    (
        *(
            "null",
            "\\n",
            "(null)",
            "<null>",
            "nan",
            "undefined",
            "none",
            "(none)",
            "nil",
            "na",
            "n/a",
        ),
        *(
            "#n/a",
            "#n/d",
            "n/d",
            "n/v",
            "k.a.",
            "k. a.",
            "s/n",
            "#nv",
            "#ref!",
            "#value!",
            "#valeur!",
            "n.a.",
            "n.d.",
            "nd",
            "nc",
            "n.c.",
        ),
        *(
            "does not apply",
            "not applicable",
            "not available",
            "unavailable",
            "no ean",
            "no barcode",
            "(blank)",
            "(empty)",
        ),
        *(
            "sans",
            "aucun",
            "neant",
            "non applicable",
            "non renseigne",
            "sans ean",
            "sans code barre",
            "(vide)",
        ),
        *(
            "unknown",
            "inconnu",
            "tbd",
            "tba",
            "keine",
            "ohne",
            "(leer)",
            "nicht zutreffend",
            "entfallt",
        ),
        *("no aplica", "ninguno", "non applicabile", "nessuno", "niet van toepassing", "geen"),
    )
)


def visible(text: str) -> str:
    """Without letters that cannot be seen."""
    return text if text.isascii() and text.isprintable() else _visible(text)


@_remembered
def _visible(text: str) -> str:
    return "".join(letter for letter in text if _is_seen(letter))


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) != "Cf" and letter not in UNSEEN


@_remembered
def fold(text: str) -> str:
    """The form in which names compare: without case, accents and surrounding space."""
    plain = text if text.isascii() else "".join(map(_without_accent, visible(text)))
    return _SPACES.sub(" ", plain).strip().casefold()


def _without_accent(letter: str) -> str:
    """Letter by letter: ordering a long row of accents takes time by the square of its length."""
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@_remembered
def plain_word(text: str) -> str:
    """The same for words of state, which modules write with hyphens, entities, or encoded twice."""
    return fold(decoded(text).replace("-", " ").replace("_", " "))


def decoded(text: str) -> str:
    """Entities and double encodings undone, each twice at most."""
    for _again in range(2):
        text = _encoded_once(html.unescape(text))
    return text


def _encoded_once(text: str) -> str:
    for codec in ("cp1252", "latin-1") if not text.isascii() else ():
        with suppress(UnicodeError):
            return text.encode(codec).decode("utf-8")
    return text


def is_dressed(text: str) -> bool:
    """Whether a text, or several joined, may not be what it means: see :func:`meant`."""
    if "&" in text or '="' in text:
        return True
    if text.isascii() or not any(map(text.__contains__, _FIRST_OF_TWO)):
        return False
    return bool(_ENCODED_TWICE.search(text))


def meant(text: str) -> str:
    """A text without a spreadsheet's quoting (``="51"``), entities and double encodings undone.

    An entity ends with its semicolon here: ``Dupont&Para`` is a name.
    """
    if found := _FORMULA.fullmatch(text):
        text = found[1].replace('""', '"')
    for _again in range(2):
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _encoded_once(text))
    return visible(text).strip()


def only_signs(text: str) -> bool:
    """Whether it is nothing but signs, as ``####``, ``?`` or a long dash."""
    return text[:1] in _SIGNS and all(letter in _SIGNS or letter.isspace() for letter in text)


def any_only_signs(texts: Collection[str]) -> bool:
    """Whether one of them is; nearly always one look at all of them tells that none is."""
    lines = "\n".join(("", *texts, ""))
    return bool(_A_LINE_OF_SIGNS.search(lines)) and any(map(only_signs, texts))


def item_number(text: str) -> str:
    """An item number without separators and the quoting of spreadsheets (``'370…``, ``="370…"``).

    What is not made of digits then is a shop's own reference, and stays as it is; what stands for
    none ("N/A", "-", "####") is ``""``.
    """
    return text if text.isascii() and text.isdigit() else _undressed(text)


@_remembered
def _undressed(text: str) -> str:
    seen = visible(text)
    bare = _NUMBER_DRESS.sub("", seen)
    if (whole := _WHOLE_ITEM.fullmatch(bare)) and is_gtin_digits(whole[1]):
        return whole[1]
    plain = bare.replace("-", "") if _GROUPED.fullmatch(bare) else bare
    if plain.isascii() and plain.isdigit() and not _holds_more(seen):
        return plain
    if dressed := _GTIN_DRESS.fullmatch(bare):
        digits = _BETWEEN_DIGITS.sub("", dressed[1])
        if is_gtin_digits(digits) and not _holds_more(dressed[1]):
            return digits
    return "" if _NO_SIGN.fullmatch(seen) or _is_no_item(fold(seen)) else seen


def _is_no_item(folded: str) -> bool:
    return folded in NO_ITEMS or bool(_WITHOUT.fullmatch(folded))


def _holds_more(text: str) -> bool:
    """Whether a text has an item number, and other digits behind or before it."""
    runs = _DIGITS.findall(text)
    return len(runs) > 1 and any(map(is_gtin_digits, runs))


def gtin(text: str) -> str:
    """The form in which item numbers compare: digits only, leading zeros ignored.

    A shop's own reference compares as folded text. What is no item number, blank or nothing but
    zeros, is ``""``.
    """
    return text.lstrip("0") if text.isascii() and text.isdigit() else _comparable(text)


@_remembered
def _comparable(text: str) -> str:
    bare = _undressed(text)
    if bare.isascii() and bare.isdigit():
        return bare.lstrip("0")
    return printable(fold(bare))


def is_eaten_by_spreadsheet(text: str) -> bool:
    """Whether a spreadsheet made an item number a number: ``3,70012E+12``, ``12.0``.

    One that is whole but for its decimals (``3701234500010.0``) is not lost.
    """
    if text.isdigit() or not _SPREADSHEET_NUMBER.fullmatch(visible(text).strip()):
        return False
    return not item_number(text).isdigit()


def is_gtin(text: str) -> bool:
    """Whether ``text`` is a GTIN of 8 to 14 digits with its check digit right.

    Leading zeros that a spreadsheet ate are not missed. https://www.gs1.org/services/how-calculate-check-digit-manually
    """
    return is_gtin_digits(item_number(text))


def is_gtin_digits(digits: str) -> bool:
    """The same for plain digits."""
    if not (digits.isascii() and digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST):
        return False
    weighed = (int(d) * (3 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(weighed) % 10 == 0 and bool(digits.strip("0"))


def is_too_long(digits: str) -> bool:
    """Whether digits are more than an item number has, as where two ran into each other."""
    return digits.isdigit() and len(digits) > _LONGEST


@_remembered
def items_within(text: str) -> tuple[str, ...]:
    """The item numbers in a cell that holds more than one number: several, one with a count or a
    suffix, two that run into each other. None where it is an item number, or a reference."""
    bare = item_number(text)
    if is_eaten_by_spreadsheet(text):
        return ()
    if bare.isascii() and bare.isdigit():
        half = len(bare) // 2
        halves = (bare[:half], bare[half:])
        return halves if len(bare) > _LONGEST and all(map(is_gtin_digits, halves)) else ()
    return tuple(filter(is_gtin_digits, _DIGITS.findall(visible(text))))


_BETWEEN_ITEMS = regex(r"[|,;/\s]+")


def items_in(text: str) -> list[str]:
    """The item numbers of a cell that lists several; none where it holds one."""
    if text.isdigit():
        return []
    parts = [part for part in _BETWEEN_ITEMS.split(visible(text)) if is_gtin(part)]
    return parts if len(parts) > 1 else []


_ID_DRESS = regex(r"[\s#'\"=]+")
_ID_DECIMALS = regex(r"(?<=[0-9])[.,]0+$")


def bare_id(id: str) -> str:
    """An order's id without what spreadsheets and people add: zeros in front, ``.0``, ``#``.

    Two orders of one shop may share it: only their reference and date tell.
    """
    bare = _ID_DECIMALS.sub("", _ID_DRESS.sub("", visible(id)))
    return bare.lstrip("0") or bare or id
