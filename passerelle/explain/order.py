"""All that is known of one order, gathered; ``order_words`` puts it into words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from passerelle.base.commands import command
from passerelle.base.wording import fields_of
from passerelle.base.words import gtin
from passerelle.explain.inquiry import Inquiry
from passerelle.model.location import group_of
from passerelle.model.orders import Sold
from passerelle.model.records import Event, HeldBack, KnownOrder, Publication
from passerelle.model.states import DONE, OpenMatter, Stage, State
from passerelle.rules.missed_sales import Standing


class HeldItem(Struct, frozen=True):
    """What was sold, and the lines that the last publication holds back because of this order."""

    sold: Sold
    held: tuple[HeldBack, ...]


class Account(Struct, frozen=True):
    """An order's life so far.

    ``has_left``: it should be in the ERP, but has gone from the shop's file. ``expected_taken``:
    until when it is normal that its XML lies there. ``last_look`` is when a run last saw what the
    ERP has taken. ``standing`` is why the next run of stock holds its products back, or does not;
    ``None`` without such runs.
    """

    order: KnownOrder
    events: tuple[Event, ...]
    has_left: bool
    expected_taken: datetime | None
    last_look: datetime | None
    items: tuple[HeldItem, ...]
    publication: Publication | None
    standing: Standing | None

    @property
    def since(self) -> datetime:
        same = [event.at for event in self.events if event.event == self.order.state]
        return same[-1] if same else self.order.changed

    @property
    def changes(self) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.event == "changed")

    @property
    def took(self) -> timedelta | None:
        taken, ordered = self.order.taken, self.order.date
        return taken - ordered if taken and ordered and taken >= ordered else None

    def is_overdue(self, now: datetime) -> bool:
        return self.expected_taken is not None and now > self.expected_taken

    @property
    def commands(self) -> tuple[str, ...]:
        """What a person may say about it now, the likeliest first."""
        return tuple(command(verb, self.order.id) for verb in _verbs(self.order))


def give_account(inquiry: Inquiry, order: KnownOrder) -> Account:
    ledger = inquiry.ledger
    publication = inquiry.last_publication()
    is_sent = order.state == State.SENT and order.sent is not None
    return Account(
        order=order,
        events=tuple(ledger.orders.events(order)),
        has_left=has_left(inquiry, order),
        expected_taken=inquiry.expected_taken(order.sent) if is_sent and order.sent else None,
        last_look=ledger.looking_back.last_look(),
        items=_items(inquiry, order, publication),
        publication=publication,
        standing=inquiry.standings([order], publication).get(order),
    )


def has_left(inquiry: Inquiry, order: KnownOrder) -> bool:
    """Whether the last run that sends such orders did not find it any more, though it is due."""
    run = "tills" if group_of(order.channel) else "orders"
    last = inquiry.ledger.runs.last(run, (0, 5))
    return order.is_due and last is not None and order.id in last.facts.get("not_sent", ())


def _items(
    inquiry: Inquiry, order: KnownOrder, publication: Publication | None
) -> tuple[HeldItem, ...]:
    ledger = inquiry.ledger
    sold = ledger.orders.sold([order])[order.channel, order.id]
    held: list[HeldBack] = []
    if publication is not None:
        held = ledger.looking_back.held_back(publication, [gtin(one.key) for one in sold])
    mine = [line for line in held if line.names(order.id)]
    return tuple(
        HeldItem(one, tuple(line for line in mine if line.key == gtin(one.key))) for one in sold
    )


def _verbs(order: KnownOrder) -> tuple[str, ...]:
    match order.matter:
        case OpenMatter.REFUSED | OpenMatter.OLDER:
            return ("settle", "resend")
        case OpenMatter.ID_REUSED if not order.is_open_itself:
            return ("settle", "forget")
        case OpenMatter.ID_REUSED:
            return ("settle",)
        case OpenMatter.TWICE if order.state not in DONE:
            return ()
        case OpenMatter():
            return ("settle",)
    match order.state:
        case State.WITHHELD | State.REJECTED:
            return ("settle",)
        case State.WAITING:
            return ("settle",) if order.is_due else ("resend", "settle")
        case State.PREPARED if order.stage == Stage.DOUBTFUL:
            return ("settle", "resend")
        case State.SKIPPED:
            return ("resend",)
    return ()


def as_dict(account: Account, inquiry: Inquiry) -> dict[str, Any]:
    """The account for programs: what ``orders show --json`` adds to the order."""
    source = inquiry.settings.orders.source if inquiry.settings.orders else None
    publication = account.publication
    return {
        "source": str(source) if source else None,
        "since": account.since,
        "stage": account.order.stage,
        "due": account.order.is_due,
        "left_the_file": account.has_left,
        "total": account.order.total,
        "resend": account.order.resend,
        "matter": account.order.matter,
        "expected_taken": account.expected_taken,
        "overdue": account.is_overdue(inquiry.now),
        "last_look": account.last_look,
        "took_seconds": round(account.took.total_seconds()) if account.took else None,
        "changed_after_sending": [fields_of(one, "at", "note") for one in account.changes],
        "what_to_do": account.commands,
        "held_back": account.standing.is_missed if account.standing else False,
        "last_publication": publication.at if publication else None,
        "sold": [_item(item) for item in account.items],
    }


def _item(item: HeldItem) -> Mapping[str, Any]:
    return {
        "item": item.sold.key,
        "quantity": item.sold.quantity,
        "held_back": [
            {"line": held.line, "erp": held.before, "published": held.after} for held in item.held
        ],
    }
