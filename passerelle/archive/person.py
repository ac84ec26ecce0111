"""How one person is found in a text, and leaves it.

- The e-mail address goes wherever it stands whole, whatever its case: ``ann@x.fr`` is in
  ``<Ann@X.fr>``, not in ``joann@x.fr`` or ``ann@x.fr.example``.
- A *word* of the person (name, company, phone, address; the whole field, as the shop exported it)
  goes wherever it stands whole.
- Some are too common for that: shorter than four letters or digits, one of Passerelle's own words,
  part of a product's name or of another order's statuses, carriers and the like, the proof of
  sending itself, and every postcode, city and country. These *cells* go only where a message quotes
  one as the whole content of a cell:
  ``quantity: "Paris" is no number`` (in French perhaps ``« Paris »``).

Messages cut what they quote (``"12 rue des Li…"``), so the beginning of a word before ``…`` counts.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

from passerelle.base.language import _
from passerelle.base.reading import detect_encoding
from passerelle.base.regex import regex
from passerelle.base.wording import shorten

ERASED = "[erased]"
_COMMON_FIELDS = ("postcode", "city", "country")
_MIN_LETTERS = 4
# In each language: a trace may go on in another one than it began in.
_OWN_WORDS = frozenset(
    ("adopt", "card", "changed", "customer", "erased", "export", "file", "files",
     "gift", "handled", "held", "import", "line", "lines", "nothing", "order", "orders",
     "passerelle", "payment", "place", "prepared", "product", "published", "quantity", "rejected",
     "sales", "sent", "server", "settled", "shop", "skipped", "status", "stock", "store", "taken",
     "trace", "trace1", "trace2", "upload", "voucher", "waiting", "withheld",
     "article", "articles", "boutique", "cadeau", "caisse", "carte", "client", "commande",
     "commandes", "envoyé", "envoyée", "envoyées", "erreur", "fichier", "fichiers", "ligne",
     "lignes", "magasin", "paiement", "produit", "produits", "publié", "quantité", "rejetée",
     "rejetées", "retenue", "retenues", "rien", "saisie", "serveur", "statut", "vente", "ventes")
)  # fmt: skip
_DATE = regex(r"\d{4}-\d\d-\d\d.*|\d\d/\d\d/\d{4}.*")
_PHONE = regex(r"[+(0][\d\s().+/-]{8,}")


class Person:
    """One person: an e-mail address, and the other strings that are known to be theirs."""

    def __init__(self, email: str, words: Iterable[str] = (), cells: Iterable[str] = ()) -> None:
        address, words = email.strip(), sorted(words, key=len, reverse=True)
        self.words, self.cells = frozenset(words), frozenset(cells)
        self._address = _any_of([_address(address)])
        texts = [_address(address), *map(_whole, words), *map(_cut, [address, *words])]
        self._texts = _any_of([text for text in texts if text])
        quoted = sorted({form for cell in cells for form in (cell, shorten(cell))}, key=len)
        self._cells = _any_of(map(_quoted, quoted)) if quoted else None

    def is_named_in(self, text: str) -> bool:
        return bool(self._address.search(text))

    def without_address(self, text: str) -> str:
        return self._address.sub(ERASED, text)

    def without(self, text: str) -> str:
        text = self._texts.sub(ERASED, text)
        return self._cells.sub(_erased_cell, text) if self._cells else text


def person_of(
    email: str,
    fields: Iterable[tuple[str, str]],
    everyday: Iterable[str],
    proof: Collection[str],
) -> Person:
    """The person whose orders hold ``fields``: (canonical element, text).

    The element is ``""`` where an XML's structure is not known: then dates, numbers and what is
    part of the ``proof`` (ids, references, item keys, the files' places) are nobody's.
    ``everyday`` are texts of the archive that are not the person's.
    """
    common = "\n".join({*everyday, *proof})
    words: set[str] = set()
    cells: set[str] = set()
    for element, text in fields:
        value = " ".join(text.split())
        if not element and not _may_be_personal(value, proof):
            continue
        is_long = sum(char.isalnum() for char in value) >= _MIN_LETTERS
        is_word = is_long and element not in _COMMON_FIELDS and value.casefold() not in _OWN_WORDS
        is_own = is_word and not re.search(_whole(value), common, re.IGNORECASE)
        (words if is_own else cells).add(value)
    return Person(email, words, cells)


def _may_be_personal(value: str, proof: Collection[str]) -> bool:
    if value in proof or _DATE.fullmatch(value):
        return False
    return any(char.isalpha() for char in value) or bool(_PHONE.fullmatch(value))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """Both ways to write an accented letter count: as one character, or as letter and accent."""
    forms = dict.fromkeys(
        unicodedata.normalize(form, pattern) for pattern in patterns for form in ("NFC", "NFD")
    )
    return re.compile("|".join(forms), re.IGNORECASE)


def _address(email: str) -> str:
    """An address ends where no further character could belong to it."""
    local, _, domain = (re.escape(part) for part in email.rpartition("@"))
    at = "(?:@|%40|&#64;|&#[xX]40;)"
    return rf"(?<![\w.+-])(?<!\w'){local}{at}{domain}(?!-?\w|\.\w)"


def _whole(value: str) -> str:
    """A second address of the person is an address too: part of another it is not theirs."""
    if "@" in value and " " not in value:
        return _address(value)
    return rf"(?<!\w){_spaced(value)}(?!\w)"


def _spaced(value: str) -> str:
    return r"\s+".join(map(re.escape, value.split()))


def _quoted(cell: str) -> str:
    return rf'"{_spaced(cell)}"|«\s*{_spaced(cell)}\s*»'


def _erased_cell(found: re.Match[str]) -> str:
    return f'"{ERASED}"' if found[0].startswith('"') else f"« {ERASED} »"


def _cut(value: str) -> str:
    """The value's beginning where a message cut it; ``""`` for a value too short to be told."""
    starts = [re.escape(value[:end]) for end in range(len(value) - 1, _MIN_LETTERS - 1, -1)]
    return rf"(?<![\w.+-])(?:{'|'.join(starts)})…" if starts else ""


def redact_text(data: bytes, redact: Callable[[str], str]) -> bytes:
    """A trace without what ``redact`` takes out; other bytes stay as they are.

    Passerelle writes UTF-8, an editor may have saved some of it as cp1252, or all as UTF-16.
    Raises :class:`ValueError` for what is no text.
    """
    codec = detect_encoding(data)
    if codec.startswith(("utf-16", "utf-32")):
        return redact(data.decode(codec)).encode(codec)
    if b"\0" in data:
        raise ValueError(_("it is no text"))
    return b"".join(_line(line, redact) for line in data.splitlines(keepends=True))


def _line(line: bytes, redact: Callable[[str], str]) -> bytes:
    codec = "cp1252" if detect_encoding(line) == "cp1252" else "utf-8"
    return redact(line.decode(codec, "surrogateescape")).encode(codec, "surrogateescape")
