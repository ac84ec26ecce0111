"""All that is known of one item's level, gathered; ``sentences`` puts it into words."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from passerelle.config import Stock
from passerelle.errors import UsageError
from passerelle.language import _
from passerelle.ledger import KnownOrder
from passerelle.ledger.looking_back import HeldBack, Since
from passerelle.ledger.stock import Publication
from passerelle.life import Inquiry
from passerelle.reading import gtin, printable
from passerelle.runs.stock import stock_settings
from passerelle.sales import Sold
from passerelle.stock_why.publication import Copy, Row

# An order's id may hold commas itself: as many of its parts are put together again.
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that sold the item; ``quantity`` is ``None`` where that is not known."""

    id: str
    quantity: int | None
    order: KnownOrder | None


@dataclass(frozen=True, slots=True)
class Held:
    """A line of the ERP's file that was published lower, with the sales behind that."""

    line: HeldBack
    sales: tuple[Sale, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Why an item is at its level.

    ``item`` is as it was asked for; ``held`` are its changed lines, ``plain`` (line, level) those
    that left as they came, and ``since`` tells how long it has been so. ``card``: its level as a
    gift card. ``before`` is what the shop could import before a withdrawn publication, with the
    item's levels in it. ``rows``: where it was found by another column. ``copy_is_missing``: the
    copy is gone; ``copy_is_another``: it is one of another publication.
    """

    item: str
    key: str
    publication: Publication
    held: tuple[Held, ...] = ()
    plain: tuple[tuple[int, str], ...] = ()
    since: Since | None = None
    card: str | None = None
    before: Publication | None = None
    held_before: tuple[HeldBack, ...] = ()
    rows: tuple[Row, ...] = ()
    copy_is_missing: bool = False
    copy_is_another: bool = False

    @property
    def is_in_file(self) -> bool | None:
        """Whether the ERP's file had it; ``None`` where nothing tells."""
        if self.held or self.plain:
            return True
        return None if self.copy_is_missing or self.copy_is_another else False


def answer(inquiry: Inquiry, item: str) -> list[Answer]:
    """What is known of an item: by its number in any form, else by another of its columns.

    Nothing where no stock was published yet. Raises :class:`UsageError` for no item number.
    """
    stock, key = stock_settings(inquiry.settings), gtin(item)
    if not key:
        problem = _('"{text}" is no item number').format(text=printable(item))
        raise UsageError(problem, "", _("give the one from the ERP"))
    publication = inquiry.last_publication()
    if publication is None:
        return []
    copy = Copy(inquiry.settings, stock, publication)
    asked = _Asked(inquiry, stock, publication, copy)
    found = asked.about(item, key)
    if found.is_in_file or found.card is not None:
        return [found]
    rows = copy.rows_with(item)
    return [asked.about(row.item, gtin(row.item), (row,)) for row in rows] or [found]


@dataclass(frozen=True, slots=True)
class _Asked:
    inquiry: Inquiry
    stock: Stock
    publication: Publication
    copy: Copy

    def about(self, item: str, key: str, rows: tuple[Row, ...] = ()) -> Answer:
        ledger, publication = self.inquiry.ledger, self.publication
        lines = ledger.looking_back.held_back(publication, [key])
        plain: list[tuple[int, str]] = []
        if not lines:
            removed = ledger.looking_back.removed_lines(publication)
            plain = self.copy.levels(key, removed)
        before = None
        if publication.stage == "withdrawn":
            before = ledger.looking_back.before(publication)
        held = tuple(Held(line, tuple(self._sales(line))) for line in lines)
        return Answer(
            item=item,
            key=key,
            publication=publication,
            held=held,
            plain=tuple(plain),
            since=ledger.looking_back.level_since(publication, key),
            card=self._card(item),
            before=before,
            held_before=tuple(ledger.looking_back.held_back(before, [key]) if before else ()),
            rows=rows,
            copy_is_missing=self.copy.is_gone,
            copy_is_another=self.copy.data is None and not self.copy.is_gone,
        )

    def _card(self, item: str) -> str | None:
        """The level of the gift card with that product id, as it was published."""
        if item.strip() not in self.stock.gift_cards.ids:
            return None
        lines = self.copy.card(item.strip())
        return lines[0][1] if lines else str(self.stock.gift_cards.quantity)

    def _sales(self, line: HeldBack) -> Iterator[Sale]:
        ledger, parts = self.inquiry.ledger, line.orders.split(",")
        known = ledger.looking_back.of_ids(list(_possible_ids(parts)))
        orders = {id: self._one(known.get(id, [])) for id in _ids(parts, known)}
        sold = ledger.orders.sold(order for order in orders.values() if order)
        for id, order in orders.items():
            lines = sold[order.channel, order.id] if order else ()
            yield Sale(id, _quantity(lines, line.key), order)

    def _one(self, found: Sequence[KnownOrder]) -> KnownOrder | None:
        """The order of the channel in use, where several channels have the id."""
        orders = self.inquiry.settings.orders
        mine = [order for order in found if orders and order.channel == orders.channel]
        return (*mine, *found, None)[0]


def _possible_ids(parts: Sequence[str]) -> Iterator[str]:
    for at in range(len(parts)):
        yield from (",".join(parts[at : at + n]) for n in range(1, _MOST_PARTS + 1))


def _ids(parts: Sequence[str], known: Container[str]) -> Iterator[str]:
    """The ids that were joined: of several ways to part them, the one with the longest known."""
    at = 0
    while at < len(parts):
        joined = (",".join(parts[at : at + n]) for n in range(_MOST_PARTS, 1, -1))
        id = next((id for id in joined if id in known), parts[at])
        at += id.count(",") + 1
        if id:
            yield id


def _quantity(sold: Iterable[Sold], key: str) -> int | None:
    quantities = [one.quantity for one in sold if gtin(one.key) == key]
    known = [quantity for quantity in quantities if quantity is not None]
    return sum(known) if known and len(known) == len(quantities) else None
