"""Pure: the elements of a foreign XML of orders -> which canonical element each one means.

What is guessed is as in ``proposal``: by names that are known of columns, and a few that stand in
XMLs alone. A number or a name of something else in the order, such as a parcel shop, is none.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from passerelle.base.regex import regex
from passerelle.base.words import is_gtin, plain_word
from passerelle.config.columns import COLUMNS
from passerelle.config.guess.header import likeness

if TYPE_CHECKING:
    from lxml import etree

_CUSTOMER = frozenset({"first_name", "last_name", "company", "email", "phone", "address1",
                       "address2", "postcode", "city", "country"})  # fmt: skip
# What stands in XMLs and in no column's name; plain words.
_MORE: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "no", "num", "numero", "numcde"),
    "store": ("store", "magasin", "shop", "boutique", "site"),
    "generated": ("generated", "genere", "created", "horodatage"),
    "count": ("count", "nombre", "nb"),
    "ean13": ("ean", "ean13", "gencod", "codebarre", "barcode", "gtin"),
    "quantity": ("qte", "qty", "quantite", "quantity"),
    "unit_price": ("pu", "prix", "price", "puttc"),
    "amount": ("amount", "montant", "total"),
    "total_paid": ("total", "totalttc", "montant"),
    "vat_rate": ("tva", "vat", "tauxtva"),
    "payment": ("reglement", "paiement", "payment", "mode"),
}
OF_LINES = (*(key for key, known in COLUMNS["orders"].items() if known.of_line), "amount")
_MONEY = ("unit_price", "amount", "total_paid", "shipping", "discount")
_NO_ELEMENTS = frozenset({"vat_number", "quantity_refunded"})
_OF_ORDERS = tuple(
    key for key in (*COLUMNS["orders"], "store") if key not in (*OF_LINES, *_NO_ELEMENTS)
)
_WORDS = regex(r"(?<=[a-z0-9])(?=[A-Z])|[-_.]")


# How dates stand in XMLs, beside the usual form; where a day may be a month, as Europe has it.
_DATES = tuple(
    f"{day}{clock}"
    for day in ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
    for clock in ("", " %H:%M:%S", " %H:%M", "T%H:%M", "%H%M%S")
)
_USUAL_DATE = "%Y-%m-%dT%H:%M:%S"


def _date_format(texts: Collection[str]) -> str:
    """The form of all these dates; empty for the usual one, or where none fits them all."""
    forms = (_USUAL_DATE, *_DATES) if texts else ()
    found = next((form for form in forms if all(_fits(text, form) for text in texts)), "")
    return "" if found == _USUAL_DATE else found


def _fits(text: str, form: str) -> bool:
    try:
        return datetime.strptime(text, form).strftime(form) == text  # noqa: DTZ007
    except ValueError:
        return False


def attributes_of(element: "etree._Element") -> Iterator[tuple[str, str]]:
    """Names and values, in their order."""
    return ((str(name), str(text)) for name, text in element.attrib.items())


def path_of(element: "etree._Element") -> str:
    """As in ``/ventes/vente/ligne``."""
    tags = [str(element.tag), *(str(one.tag) for one in element.iterancestors())]
    return "/" + "/".join(reversed(tags))


@cache
def key_of(name: str, keys: tuple[str, ...]) -> str:
    """Which of the keys a tag means; empty for none."""
    words = _WORDS.sub(" ", name)
    plain = plain_word(name)
    for key in keys:
        if key == name or plain in _MORE.get(key, ()):
            return key
    columns = COLUMNS["orders"]
    scored = [
        (likeness(key, words, known), key)
        for key in keys
        if key in columns
        for known in (*columns[key].names, *columns[key].usual)
    ]
    score, key = max(scored, default=(0.0, ""))
    return key if score else ""


class OldLayout:
    """The elements of the old XML, each with the canonical one that it means, if any."""

    def __init__(self, root: "etree._Element", order: str, line: str) -> None:
        self._order, self._line, self._top = order, line, f"/{root.tag!s}"
        self.unknown: list[str] = []
        # By the path of an element or attribute: what it says, how often, and what is right below.
        self._texts: dict[str, set[str]] = {}
        self._count, self._below = Counter[str](), dict[str, dict[str, None]]()
        for element in root.iter():
            path = path_of(element)
            self._note(path, (element.text or "").strip())
            for name, text in attributes_of(element):
                self._note(f"{path}/@{name}", text)
        # Who buys stands where most is that only people have.
        people = Counter(
            path.rpartition("/")[0] for path in self._texts if self._like(path) in _CUSTOMER
        )
        self._buyer = next((up for up, _number in people.most_common(1)), "")

    def _note(self, path: str, text: str) -> None:
        self._texts.setdefault(path, set()).add(text)
        self._count[path] += 1
        self._below.setdefault(path.rpartition("/")[0], {})[path] = None

    @property
    def is_canonical(self) -> bool:
        """Whether each element is a canonical one, where that stands, and none has attributes."""
        if any("@" in path for path in self._texts):
            return False
        lines, leaves = self._line.rpartition("/")[0], self._leaves()
        whole = self._order.count("/") == 2 and lines.rpartition("/")[0] == self._order
        return whole and all(self._is_in_place(path) for path in leaves) and self._is_one_to_one()

    def _is_one_to_one(self) -> bool:
        means = [(self._scope(path), self.meaning(path)) for path in self._leaves()]
        return len(means) == len(set(means))

    def _leaves(self) -> list[str]:
        own = (self._order, self._line, self._top)
        return [path for path in self._texts if path not in self._below and path not in own]

    def _is_in_place(self, path: str) -> bool:
        key, up = self.meaning(path), path.rpartition("/")[0]
        if up == self._line:
            return key in OF_LINES
        if key in _CUSTOMER:
            return up.rpartition("/")[0] == self._order
        return bool(key) and (up == self._order or up == self._top)

    def _scope(self, path: str) -> str:
        return "line" if path.startswith(self._line + "/") else (
            "order" if path.startswith(self._order + "/") else "top")  # fmt: skip

    def meaning(self, path: str) -> str:
        """The canonical element; a number or a name of something else in the order is none."""
        found, up = self._like(path), path.rpartition("/")[0]
        if found == "id" and up != self._order:
            return ""
        return "" if found in _CUSTOMER and up != self._buyer else found

    def _like(self, path: str) -> str:
        keys = {"line": OF_LINES, "order": _OF_ORDERS, "top": ("store", "generated", "count")}
        found = key_of(path.rpartition("/")[2].removeprefix("@"), keys[self._scope(path)])
        texts = self._texts.get(path, set()) - {""}
        if not found and self._scope(path) == "line" and texts and all(map(is_gtin, texts)):
            return "ean13"
        return found

    def names(self) -> dict[str, str]:
        """Canonical element = its name here, where that is another."""
        lines = self._line.rpartition("/")[0]
        named = {
            "orders": self._top.removeprefix("/"),
            "order": self._order.rpartition("/")[2],
            "lines": lines.rpartition("/")[2],
            "line": self._line.rpartition("/")[2],
        }
        for path in self._leaves():
            key = self.meaning(path)
            named[key] = path.rpartition("/")[2]
            if key in _CUSTOMER:
                named["customer"] = path.rpartition("/")[0].rpartition("/")[2]
        return {key: name for key, name in named.items() if key != name}

    def settings(self) -> dict[str, str]:
        """The keys of config.toml with which values are written as they are here."""
        said: dict[str, set[str]] = {}
        for path, texts in self._texts.items():
            if key := self.meaning(path):
                said.setdefault(key, set()).update(texts - {""})
        found = {}
        amounts = [text for key in _MONEY for text in said.get(key, ())]
        if any(re.fullmatch(r"-?\d+,\d+", text) for text in amounts):
            found["orders.xml.decimal"] = ","
        if form := _date_format(said.get("date", set())):
            found["orders.xml.date_format"] = form
        if len(stores := said.get("store", set())) == 1:
            found["orders.store"] = next(iter(stores))
        return found

    # --- the stylesheet ------------------------------------------------------------------------

    def sheet(self, path: str, scope: str, depth: int) -> Iterator[str]:
        """The literal element that makes those at ``path``, and what is below any of them."""
        pad = "  " * depth
        loop = {self._order: ("order", "order"), self._line: ("lines/line", "line")}.get(path)
        if loop:
            yield f'{pad}<xsl:for-each select="{loop[0]}">'
            scope, pad, depth = loop[1], pad + "  ", depth + 1
        yield from self._literal(path, scope, depth)
        if loop:
            yield f"{'  ' * (depth - 1)}</xsl:for-each>"

    def _literal(self, path: str, scope: str, depth: int) -> Iterator[str]:
        pad, tag = "  " * depth, path.rpartition("/")[2]
        below = self._below.get(path, {})
        attributes = "".join(
            f' {one.rpartition("@")[2]}="{self._attribute(one, scope)}"'
            for one in below
            if one.startswith(f"{path}/@")
        )
        children = [one for one in below if not one.startswith(f"{path}/@")]
        if children:
            yield f"{pad}<{tag}{attributes}>"
            for child in children:
                yield from self.sheet(child, scope, depth + 1)
            yield f"{pad}</{tag}>"
        elif attributes and self._texts[path] == {""}:
            yield f"{pad}<{tag}{attributes}/>"
        else:
            yield f"{pad}<{tag}{attributes}>{self._text(path, scope)}</{tag}>"

    def _select(self, path: str, scope: str) -> str:
        key, of = self.meaning(path), self._scope(path)
        inner = f"customer/{key}" if key in _CUSTOMER else key
        up = {
            ("line", "order"): "../../",
            ("line", "top"): "/orders/",
            ("order", "top"): "/orders/",
        }
        return up.get((scope, of), "") + inner if key else ""

    def _constant(self, path: str) -> str | None:
        texts = self._texts.get(path, set())
        # That it is the same each time says something only where there are several.
        is_known = len(texts) == 1 and (self._scope(path) == "top" or self._count[path] > 1)
        return next(iter(texts)) if is_known else None

    def _text(self, path: str, scope: str) -> str:
        if select := self._select(path, scope):
            return f'<xsl:value-of select="{select}"/>'
        if constant := self._constant(path):
            return escape(constant)
        self.unknown.append(path)
        return "<!-- ? -->"

    def _attribute(self, path: str, scope: str) -> str:
        if select := self._select(path, scope):
            return f"{{{select}}}"
        if (constant := self._constant(path)) is not None:
            return escape(constant).replace("{", "{{").replace("}", "}}")
        self.unknown.append(path)
        return ""
