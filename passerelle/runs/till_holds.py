"""What the tills have of the stock that the ERP cannot know of: drafts, and what was paid just now.

Paid orders that the ledger knows are judged with all others that it knows.
"""

from collections.abc import Mapping

from passerelle.base.language import _
from passerelle.config.tills import Tills
from passerelle.gateway.frame import Gateway
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.runs import READ_ANEW
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_reading import Bookmark, cursor_of, question, reading_till_book
from passerelle.model.location import channel_of
from passerelle.model.orders import Sold
from passerelle.model.tills import TillOrder
from passerelle.rules.tills.sales import sold_in

_DONE_WELL = (0, 5)


def read_so_far(ledger: Ledger) -> Mapping[str, Bookmark]:
    """How far each group's orders were read by the last run of tills that went well."""
    last, anew = ledger.runs.last("tills", _DONE_WELL), ledger.runs.chore_done(READ_ANEW)
    said = last.facts.get("cursors", {}) if last else {}
    cursors = {group: cursor_of(text) for group, text in said.items()}
    if last and anew and anew >= last.started:
        return {group: cursor._replace(seq=0) for group, cursor in cursors.items()}
    return cursors


def question_book(book: TillBook | None, cursors: Mapping[str, Bookmark]) -> None:
    """Raises :class:`HeldError` where the book is not the one that the last run of tills read."""
    mend = _(
        "put back the newest copy of the tills' book; if it is right as it is, "
        "`passerelle run tills --accept`: nothing is sent twice"
    )
    for cursor in cursors.values():
        question(book, cursor, mend)


Held = tuple[str, tuple[Sold, ...]]


def held_by_tills(gateway: Gateway, tills: Tills) -> list[Held]:
    """What stands in drafts, and in paid orders that no run has met yet, by their ids."""
    cursors = read_so_far(gateway.ledger)
    with reading_till_book(gateway.settings.folder, tills.groups) as book:
        question_book(book, cursors)
        if book is None:
            return []
        found = list[Held]()
        for group in tills.groups:
            # Drafts first: one that is paid in between stands among the paid ones, too.
            drafts = {order.id: order for order in book.drafts(group) if tills.hold == "draft"}
            paid = _paid_unknown(gateway, book, group, cursors.get(group, Bookmark()))
            found += [(id, sold_in(order)) for id, order in (drafts | paid).items()]
        return found


def _paid_unknown(
    gateway: Gateway, book: TillBook, group: str, cursor: Bookmark
) -> dict[str, TillOrder]:
    seq = cursor.seq if cursor.epoch == book.epoch else 0
    paid = {order.id: order for _seq, _at, order in book.paid_after(group, seq)}
    known = gateway.ledger.orders.known(channel_of(group), paid)
    return {id: order for id, order in paid.items() if id not in known}
