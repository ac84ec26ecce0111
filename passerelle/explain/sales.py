"""An order's sale, told as the order itself is."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from passerelle.base.commands import command
from passerelle.base.language import _, n_
from passerelle.base.wording import fields_of
from passerelle.explain.inquiry import Inquiry
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import OPEN, SaleState, Stage, State
from passerelle.rules.fulfilment import Problem

_IN_JSON = ("channel", "id", "order_date", "state", "problem", "reason", "document", "refusals",
            "cancelled", "tried", "told", "changed", "stage", "server", "sent_as", "archived",
            "sent", "taken")  # fmt: skip


def sales_as_dict(inquiry: Inquiry, order: KnownOrder) -> dict[str, Any]:
    """What ``orders show --json`` tells of an order's sale, and of one under a reused id."""
    own, other = _sales(inquiry, order)
    return {"sale": _whole(inquiry, own), "sale_of_reused_id": _whole(inquiry, other)}


def sale_as_dict(sale: KnownSale) -> dict[str, Any]:
    return fields_of(sale, *_IN_JSON)


def _whole(inquiry: Inquiry, sale: KnownSale | None) -> dict[str, Any] | None:
    if sale is None:
        return None
    events = inquiry.ledger.sales.events(sale)
    is_tried = sale.state in OPEN and inquiry.settings.fulfil.enabled
    next_try = inquiry.next_run("orders") if is_tried else None
    return sale_as_dict(sale) | {"next_try": next_try, "events": events}


def _sales(inquiry: Inquiry, order: KnownOrder) -> tuple[KnownSale | None, KnownSale | None]:
    """The order's own sale, and the newest of another order of that id."""
    found = inquiry.ledger.sales.of_orders(order.channel, [order.id]).get(order.id, [])
    own = next((sale for sale in found if sale.order_date == order.date), None)
    others = [sale for sale in found if sale is not own]
    return own, others[-1] if others else None


def tell_sales(inquiry: Inquiry, order: KnownOrder) -> Iterator[str]:
    own, other = _sales(inquiry, order)
    if own is None and other is None:
        yield from _to_come(inquiry, order)
    for sale in (sale for sale in (own, other) if sale is not None):
        yield ""
        yield _now(inquiry, sale)
        if then := _then(inquiry, sale):
            yield then
        for event in inquiry.ledger.sales.events(sale):
            note = _(": ") + event.note if event.note else ""
            yield f"  {inquiry.when(event.at)}  {_(event.event)}{note}"


def _to_come(inquiry: Inquiry, order: KnownOrder) -> Iterator[str]:
    fulfil = inquiry.settings.fulfil
    if not fulfil.enabled or order.state in (State.SKIPPED, State.SETTLED, State.WITHHELD):
        return
    if fulfil.start_from and order.date and order.date >= fulfil.start_from:
        yield ""
        text = _("It has no sale yet: that is issued once its status is one of {statuses}.")
        yield text.format(statuses=", ".join(f'"{one}"' for one in fulfil.when_statuses))


def _now(inquiry: Inquiry, sale: KnownSale) -> str:
    match sale.state:
        case SaleState.WANTED if sale.reason:
            text = _("Its sale waits since {since}: {reason}.")
        case SaleState.WANTED:
            text = _("Its sale is to be issued, since {since}.")
        case SaleState.REFUSED:
            text = _("The ERP would not take its sale: {reason}.")
        case SaleState.PREPARED if sale.stage == Stage.DOUBTFUL:
            text = _("Only the ERP knows whether it has its sale {file}: {reason}.")
        case SaleState.PREPARED:
            text = _("Its sale {file} is being sent to {server}.")
        case SaleState.SENT if sale.stage == Stage.TAKEN:
            text = _(
                "Its sale {file} was taken by the ERP; whether it is refused, the next run sees."
            )
        case SaleState.SENT:
            text = _("Its sale {file} has been on {server} since {since}, for the ERP to take.")
        case SaleState.WITHDRAWN:
            text = _("Its sale was withdrawn at {since}: {reason}.")
        case SaleState.DONE if sale.dispatch is None:
            text = _("It has its sale: {reason}, at {since}.")
        case _other:
            text = _("It has its sale: the ERP took {file} ({document}) and did not refuse it.")
    return text.format(
        since=inquiry.when(sale.changed) if sale.changed else "-",
        reason=sale.reason,
        file=PurePosixPath(sale.sent_as or "?").name,
        server=sale.server or "?",
        document=sale.document,
    )


def _then(inquiry: Inquiry, sale: KnownSale) -> str:
    told = []
    if sale.refusals:
        text = n_("The ERP has refused it {n} time.", "The ERP has refused it {n} times.",
                  sale.refusals)  # fmt: skip
        told.append(text)
    if sale.tried and sale.state in OPEN:
        told.append(_("It was last tried at {time}.").format(time=inquiry.when(sale.tried)))
    told += _to_do(inquiry, sale)
    return " ".join(told)


def _to_do(inquiry: Inquiry, sale: KnownSale) -> Iterator[str]:
    settle, retry = command("settle", sale.id), command("retry", sale.id)
    if sale.problem == Problem.REUSED:
        text = _("To do: if both are real, `{forget}` lets the new one in.")
        yield text.format(forget=command("forget", sale.id))
    elif sale.state in OPEN and not inquiry.settings.fulfil.enabled:
        text = _("[fulfil] is off: it is not tried. If somebody enters it by hand: `{settle}`.")
        yield text.format(settle=settle)
    elif sale.state in OPEN:
        text = _(
            "The run of orders at {next} tries again. If somebody enters the sale by hand: "
            "`{settle}`."
        )
        yield text.format(next=inquiry.when(inquiry.next_run("orders")), settle=settle)
    elif sale.stage == Stage.DOUBTFUL and sale.state == SaleState.PREPARED:
        text = _(
            "To do: look for it in the ERP. If it is there, `{settle}`; if it is not, `{retry}`."
        )
        yield text.format(settle=settle, retry=retry)
    elif sale.cancelled:
        text = _("The shop has cancelled the order: undo the sale in the ERP, then `{settle}`.")
        yield text.format(settle=settle)
