"""Gives the ERP's stock to the candidates, one after the other."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from passerelle.config import Fulfil
from passerelle.fulfilment.books import Books, Candidate
from passerelle.fulfilment.problems import Problem, held
from passerelle.language import _
from passerelle.ledger import SaleMark
from passerelle.reading import gtin
from passerelle.sales import Order


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is left in stock: ``None`` where that is not asked, ``why`` where nobody can tell."""

    left: Mapping[str, int] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The candidates that have their stock, and what is to be written of the others."""

    granted: tuple[Candidate, ...]
    marks: tuple[SaleMark, ...]


def in_turn(candidates: Iterable[Candidate], fulfil: Fulfil) -> list[Candidate]:
    """The candidates in the order in which they are to be served."""

    def age(one: Candidate) -> tuple[datetime, int, str]:
        return one.order_date, len(one.order.id), one.order.id

    return sorted(candidates, key=age, reverse=fulfil.order == "newest")


def allot(
    candidates: Iterable[Candidate], shelf: Shelf, gift_cards: Collection[str], books: Books
) -> Allotment:
    """Gives the stock to the candidates in their order; one that lacks some takes nothing."""
    granted, marks = [], []
    left = Counter(shelf.left or {})
    for candidate in candidates:
        needed = needs(candidate.order, gift_cards)
        short = {key: n for key, n in needed.items() if n > left[key]}
        if needed and shelf.why:
            marks.append(held(candidate, Problem.UNCHECKED, shelf.why, books))
        elif shelf.left is not None and short:
            reason = _("not enough stock: {items}").format(items="; ".join(_short(short, left)))
            marks.append(held(candidate, Problem.STOCK, reason, books))
        else:
            left.subtract(needed)
            granted.append(candidate)
    return Allotment(tuple(granted), tuple(marks))


def needs(order: Order, gift_cards: Collection[str]) -> Counter[str]:
    """What an order takes out of the ERP's stock, which gift cards are not in."""
    needed: Counter[str] = Counter()
    for line in order.lines:
        key = gtin(line.ean13) or gtin(line.product_reference)
        if key and line.product_id not in gift_cards:
            needed[key] += line.quantity
    return needed


def _short(short: Mapping[str, int], left: Mapping[str, int]) -> Iterator[str]:
    for key, number in short.items():
        text = _("{item}: {sold} sold, {left} left")
        yield text.format(item=key, sold=number, left=max(0, left.get(key, 0)))
