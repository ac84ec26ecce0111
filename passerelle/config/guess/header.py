"""Pure: what a header alone tells: names that are alike, what is left unread, PrestaShop's grid."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache

from passerelle.base.language import N_, _
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.base.words import plain_word
from passerelle.config.columns import COLUMNS

# A price without tax, taken for one with it, would make every sale wrong.
WITHOUT_TAX = regex(
    r"\b(ht|h\.t\.?|hors taxes?|net|netto|nett[aei]|neto|ex|excl\w*|exkl\w*|escl\w*|zzgl|sin iva"
    r"|senza iva|ohne (mwst|ust)|zonder btw|without (tax|vat)|w/o (tax|vat)|(base )?imponible"
    r"|imponibile|item cost)\b"
    r"|^(shipping|discount) total$|^order shipping amount$|^cart discount( amount)?$"
)
_COUNT = r"(qte|qty|quantites?|quantity|menge|anzahl|cantidad|quantita|aantal|hoeveelheid|pieces)"
_DONE = (r"(livre|expedie|deliver|shipp|fulfill?ed|geliefert|versandt|entregad|enviad|consegnat|"
         r"spedit|geleverd|verzonden|annul|cancel|storniert|anulad|geannuleerd)")  # fmt: skip
# In a folded name: the pieces that came back are taken off already.
NET = regex(
    r"(-|\b(?:minus|less|net of|after|moins|apres|abzuglich|abzgl\.?|menos|meno|min)) ?"
    r"(refund|rembours|ruckerstatt|erstatt|reembols|rimbors|terugbeta)"
)
_MATTERS = (
    (r"refund|rembours|erstatt|reembols|devuel|devoluc|rimbors|terugbeta|gerestit|retour|return|"
     r"\bres[oi]\b|retoure|rucksend", N_("what came back or was paid back")),
    (rf"\b{_COUNT}\b.*\b{_DONE}|\b{_DONE}\w* {_COUNT}\b", N_("what was delivered or cancelled")),
    (r"(conversion|exchange) ?rate|taux de (change|conversion)|(wechsel|umrechnungs)kurs|"
     r"tipo de cambio|tasso di (cambio|conversione)|wisselkoers", N_("the rate of its currency")),
    (r"eco ?tax|eco ?part|weee\b|deee\b|raee\b|verwijderingsbijdrage", N_("ecotax")),
    (r"\b(currency|devise|wahrung|moneda|divisa|valuta|munt)\b", N_("the currency")),
    (r"wrapping|emballage|geschenkverpack|envoltorio|papel de regalo|confezione|inpak|"
     r"cadeauverpak", N_("gift wrapping")),
    (r"\bcancell?ed at\b", N_("when it was cancelled")),
    (r"^(billing|shipping|customer|client) name$|^full name|nom complet|nombre completo|"
     r"nome completo|^(client|customer|kunde|cliente|klant)$", N_("first and last name in one")),
)  # fmt: skip
# Of the list of orders in PrestaShop's back office, which can be exported by itself.
_GRID = frozenset(
    (
        *("id", "reference", "new client", "delivery", "customer", "company", "total", "payment"),
        *("status", "date", "nouveau client", "livraison", "client", "societe", "paiement", "etat"),
        *("bestellnummer", "referenz", "neukunde", "neuer kunde", "lieferung", "kunde", "firma"),
        *("gesamt", "zahlung", "datum", "referencia", "nuevo cliente", "cliente nuevo", "entrega"),
        *("cliente", "empresa", "pago", "estado", "fecha", "riferimento", "nuovo cliente"),
        *("consegna", "azienda", "totale", "pagamento", "stato", "data", "referentie"),
        *("nieuwe klant", "levering", "klant", "bedrijf", "totaal", "betaling", "actions"),
    )
)
_OF_LINES = ("ean13", "product_reference", "product_name", "quantity", "unit_price")
_WORDS = regex(r"\w+")
_EMPTY_WORDS = frozenset(
    (
        *("de", "du", "des", "la", "le", "les", "l", "d", "of", "the", "di", "del", "della"),
        *("der", "die", "das", "van", "het", "el", "a", "au"),
    )
)
# What may stand in a name beside a known one without making it another thing.
_MORE = frozenset(
    (
        *("order", "commande", "ttc", "incl", "included", "inclusive", "incluse", "eur"),
        *("utc", "unit", "unitaire"),
        *("inkl", "inklusive", "brutto", "mwst", "ust", "steuer", "steuern", "iva", "tasse"),
        *("imposte", "inclusa", "incluso", "compresa", "impuestos", "incluidos", "incluido"),
        *("btw", "inclusief", "tax", "taxes", "vat", "con", "mit"),
    )
)
_MORE_OF_LINES = frozenset(
    (*("product", "products", "produit", "produits", "item", "article", "line", "ligne"),)
)
_MORE_OF_PEOPLE = frozenset(
    (
        *("customer", "client", "billing", "shipping", "delivery", "livraison", "facturation"),
        *("rechnung", "rechnungs", "rechnungsadresse", "lieferung", "lieferadresse", "kunde"),
        *("fatturazione", "fattura", "spedizione", "cliente", "facturacion", "envio", "entrega"),
        *("factuur", "factuuradres", "facturatie", "verzending", "verzendadres", "klant"),
    )
)
_MORE_BY_WORD = frozenset(
    (
        *("ttc", "incl", "included", "inclusive", "incluse", "eur", "utc", "unit", "unitaire"),
        *("id", "n", "no", "nr", "nb", "num", "number", "numero", "commandee", "commandees"),
        *("ordered", "sold", "vendue", "vendues", "vendu", "sale", "vente", "public", "final"),
        *("magasin", "boutique", "web", "reel", "actuel", "physique", "dispo", "disponible"),
        *("at", "le", "heure", "time", "created", "creation", "ajout", "add", "added", "qte"),
        *("qty", "quantite", "quantity", "stock", "price", "prix", "pu", "date", "level"),
    )
)
_PEOPLE = ("first_name", "last_name", "company", "email", "phone", "address1", "address2",
           "postcode", "city", "country")  # fmt: skip


def words_of(name: str) -> frozenset[str]:
    """The words that tell, as they compare."""
    return frozenset(_WORDS.findall(plain_word(name))) - _EMPTY_WORDS


@cache
def likeness(key: str, name: str, known: str) -> float:
    """Of a column's name and a known one of ``key``; 0 where it may mean something else."""
    words, others = words_of(name), words_of(known)
    met = {word for word in words if any(_is_near(word, other) for other in others)}
    if not others or len(met) != len(others):
        return 0
    more = words - met
    allowed: frozenset[str] = (
        _MORE_OF_PEOPLE if key in _PEOPLE else _MORE if len(others) > 1 else frozenset()
    )
    if key in _OF_LINES and len(others) > 1:
        allowed = allowed | _MORE_OF_LINES
    return 0 if more - allowed else 0.95 if more else 1.0


def _is_near(word: str, other: str) -> bool:
    """The plural, or a long word with a letter of another language: "quantita", "quantite"."""
    if word.rstrip("sx") == other.rstrip("sx"):
        return True
    is_long = min(len(word), len(other)) > 6 and word[:3] == other[:3]
    return is_long and SequenceMatcher(None, word[:50], other[:50]).ratio() >= 0.87


def telling_word(name: str, words: Collection[str]) -> str:
    """The first of ``words`` in a name that holds nothing else of weight, or ``""``."""
    found = words_of(name)
    met = found & frozenset(words)
    return min(met) if met and found <= _MORE_BY_WORD | met else ""


def left_keys(mapped: Collection[str], chosen: Collection[str] = ()) -> tuple[str, ...]:
    """The keys of orders without a column; ``chosen`` are left out by a person."""
    return tuple(key for key in COLUMNS["orders"] if key not in mapped and key not in chosen)


def about_left(left: Sequence[str], missing: Collection[str] = ()) -> Iterator[str]:
    """In words: what follows from the columns that are not there; ``missing`` ones are told."""
    texts = {
        "status": _("no column for status: orders that are cancelled or unpaid cannot be told"),
        "payment": _("no column for payment: orders paid by gift card cannot be told"),
        "voucher": _(
            "no column for voucher: gift vouchers cannot be told, should [orders.withhold] name any"
        ),
        "ean13": _("no column for ean13: the product's reference must be the ERP's item number"),
    }
    yield from (text for key, text in texts.items() if key in left and key not in missing)
    if rest := [key for key in left if key not in texts and key not in missing]:
        yield _("no column for {keys}: the ERP gets none of it").format(keys=", ".join(rest))


def unread(header: Sequence[str], mapped: Collection[str]) -> Iterator[tuple[str, str]]:
    """The columns that no key has, though they change what is sold, with what they hold."""
    for name in header:
        plain = plain_word(name)
        if name and name not in mapped:
            found = (what for pattern, what in _MATTERS if re.search(pattern, plain))
            what = next(found, N_("without tax") if WITHOUT_TAX.search(plain) else "")
            if what:
                yield name, _(what)


def about_unread(columns: Iterable[tuple[str, str]]) -> str:
    """In words: what :func:`unread` found."""
    told = (f'"{shorten(name, 40)}" ({what})' for name, what in columns)
    return _("not read, though it may change what is sold: {names}").format(names=", ".join(told))


def is_order_grid(header: Sequence[str]) -> bool:
    """Whether it is PrestaShop's own list of orders: one line for each, and no items."""
    names = [plain_word(name) for name in header if name.strip()]
    in_grid = sum(name in _GRID for name in names)
    return bool(names) and names[0] == "id" and 7 <= in_grid >= len(names) - 2


def about_grid() -> tuple[str, str]:
    """In words: what it is, and what to do."""
    what = _("this is PrestaShop's order list: it has no items")
    return what, _("have an order export module write the file, with a line for each product")
