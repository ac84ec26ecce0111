"""What stands in the tills' book and in no ledger: drafts, and what was paid since the last run."""

from collections.abc import Iterable, Iterator
from typing import Any

from passerelle.base.language import _
from passerelle.base.wording import printable
from passerelle.config.model import Settings
from passerelle.explain.inquiry import Inquiry
from passerelle.ledger.till_reading import till_orders
from passerelle.model.tills import TillOrder, TillState
from passerelle.rules.tills.sales import named, sold_in

InBook = tuple[str, TillOrder]


def in_till_book(settings: Settings, ids: Iterable[str]) -> dict[str, InBook]:
    """Of the orders of these ids those that the tills have, each with its group."""
    if settings.tills is None:
        return {}
    return till_orders(settings.folder, settings.tills.groups, ids)


def tell_of_till_order(inquiry: Inquiry, found: InBook) -> Iterator[str]:
    group, order = found
    yield _("{order}: it is in the tills' book, and no run has met it yet").format(
        order=named(group, order)
    )
    if order.claim:
        yield _("{till} holds it").format(till=printable(order.claim))
    for sold in sold_in(order):
        n, item = "?" if sold.quantity is None else sold.quantity, printable(sold.key)
        yield "  " + _("{n} of {item}").format(n=n, item=item)
    yield what_comes(inquiry, order)


def what_comes(inquiry: Inquiry, order: TillOrder) -> str:
    tills = inquiry.settings.tills
    if order.state == TillState.DRAFT and tills and tills.hold == "draft":
        return _("what stands in it is off the web until it is paid or cancelled")
    if order.state == TillState.DRAFT:
        return _("what stands in it is off the web once it is paid")
    if order.state == TillState.CANCELLED:
        return _("it was cancelled: nothing is held back for it")
    soon = inquiry.when(inquiry.next_run("tills"))
    return _("the run of tills at {next} sends it to the ERP").format(next=soon)


def till_order_as_dict(found: InBook) -> dict[str, Any]:
    group, order = found
    sold = [{"item": one.key, "quantity": one.quantity} for one in sold_in(order)]
    return {
        "group": group,
        "id": order.id,
        "no": order.no,
        "state": order.state.value,
        "held_by": order.claim,
        "receipt": order.payment.receipt if order.payment else None,
        "sold": sold,
    }
