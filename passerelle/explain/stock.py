"""All that is known of one item's level, gathered; ``stock_words`` puts it into words."""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.base.wording import fields_of, printable
from passerelle.base.words import gtin
from passerelle.config.stock import Stock
from passerelle.explain.inquiry import Inquiry
from passerelle.explain.publication import Copy, PublishedRow
from passerelle.explain.tills import InBook, in_till_book, till_order_as_dict
from passerelle.model.orders import Sold
from passerelle.model.records import HeldBack, KnownOrder, Publication, Since
from passerelle.model.states import Stage
from passerelle.rules.missed_sales import Standing
from passerelle.rules.tills.sales import sold_in

# An order's id may hold commas itself: as many of its parts are put together again.
_MOST_PARTS = 4


class HeldFor(Struct, frozen=True):
    """An order that sold the item; ``quantity`` is ``None`` where that is not known.

    ``order`` and ``standing`` are ``None`` where the ledger does not have it; ``till`` is what the
    tills have under that id, with its group.
    """

    id: str
    quantity: int | None
    order: KnownOrder | None
    standing: Standing | None
    till: InBook | None = None


class Held(Struct, frozen=True):
    """A line of the ERP's file that was published lower, with the orders behind that."""

    line: HeldBack
    orders: tuple[HeldFor, ...]


class Answer(Struct, frozen=True):
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
    rows: tuple[PublishedRow, ...] = ()
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
    stock, key = inquiry.settings.needed_stock, gtin(item)
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


class _Asked(Struct, frozen=True):
    inquiry: Inquiry
    stock: Stock
    publication: Publication
    copy: Copy

    def about(self, item: str, key: str, rows: tuple[PublishedRow, ...] = ()) -> Answer:
        ledger, publication = self.inquiry.ledger, self.publication
        lines = ledger.looking_back.held_back(publication, [key])
        plain: list[tuple[int, str]] = []
        if not lines:
            removed = ledger.looking_back.removed_lines(publication)
            plain = self.copy.levels(key, removed)
        before = None
        if publication.stage == "withdrawn":
            before = ledger.looking_back.before(publication)
        held = tuple(Held(line, tuple(self._orders(line))) for line in lines)
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
        if item.strip() not in self.stock.gift_cards.ids:
            return None
        lines = self.copy.card(item.strip())
        return lines[0][1] if lines else str(self.stock.gift_cards.quantity)

    def _orders(self, line: HeldBack) -> Iterator[HeldFor]:
        ledger, parts = self.inquiry.ledger, line.orders.split(",")
        possible = (
            ",".join(parts[at : at + n])
            for at in range(len(parts))
            for n in range(1, _MOST_PARTS + 1)
        )
        known = ledger.looking_back.of_ids(list(possible))
        orders = {id: self._one(known.get(id, [])) for id in _ids(parts, known)}
        met = [order for order in orders.values() if order]
        unknown = [id for id, order in orders.items() if order is None]
        tills = in_till_book(self.inquiry.settings, unknown) if unknown else {}
        sold, standings = ledger.orders.sold(met), self.inquiry.standings(met, self.publication)
        for id, order in orders.items():
            till = tills.get(id)
            lines = sold[order.channel, order.id] if order else sold_in(till[1]) if till else ()
            how = standings[order] if order else None
            yield HeldFor(id, _quantity(lines, line.key), order, how, till)

    def _one(self, found: Sequence[KnownOrder]) -> KnownOrder | None:
        """The order of the channel in use, where several channels have the id."""
        orders = self.inquiry.settings.orders
        mine = [order for order in found if orders and order.channel == orders.channel]
        return (*mine, *found, None)[0]


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


def as_dict(
    inquiry: Inquiry, asked: str, answers: list[Answer], *, taken: bool | None
) -> dict[str, Any]:
    """One object; ``items`` has one for each item that was found."""
    stock = inquiry.settings.needed_stock
    publication = answers[0].publication if answers else None
    return {
        "asked": asked,
        "publication": publication
        and {
            "file": str(stock.to),
            "at": publication.at,
            "stage": "withdrawn" if publication.stage == Stage.WITHDRAWN else "published",
            "erp_file": str(stock.source),
            "erp_wrote": publication.source_modified,
            "taken_by_shop": _is_taken(publication) if taken is None else taken,
        },
        "items": [_item(answer) for answer in answers],
    }


def _is_taken(publication: Publication) -> bool | None:
    """As far as the ledger knows."""
    if publication.stage == "withdrawn" or publication.fate == "left":
        return False
    return True if publication.fate == "taken" else None


def _item(answer: Answer) -> dict[str, Any]:
    return {
        "item": answer.item,
        "found_in": [fields_of(row, "line", "column") for row in answer.rows],
        "in_erp_file": answer.is_in_file,
        "gift_card": answer.card is not None,
        "held_back": bool(answer.held),
        "lines": [
            {
                "line": held.line.line,
                "erp": held.line.before,
                "published": held.line.after,
                "sales": [_order_in_json(one) for one in held.orders],
            }
            for held in answer.held
        ]
        + [
            {"line": line, "erp": level, "published": level, "sales": []}
            for line, level in answer.plain
        ],
        "published_as_gift_card": answer.card,
        "since": answer.since.at if answer.since else None,
        "since_is_exact": answer.since.is_exact if answer.since else None,
    }


def _order_in_json(one: HeldFor) -> dict[str, Any]:
    order = one.order
    return {
        "order": one.id,
        "quantity": one.quantity,
        "state": order.state if order else None,
        "sent_as": order.sent_as if order else None,
        **({"till": till_order_as_dict(one.till)} if one.till else {}),
    }
