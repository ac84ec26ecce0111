"""An order as the reason for an item's level: what has to happen until it is one no more."""

from pathlib import PurePosixPath

from passerelle.language import _
from passerelle.ledger import KnownOrder, SaleState, Stage, State
from passerelle.ledger.stock import Publication
from passerelle.life.account import holds, is_due
from passerelle.life.inquiry import Inquiry, command
from passerelle.reading import printable


def in_one_sentence(inquiry: Inquiry, order: KnownOrder, publication: Publication) -> str:
    """What has to happen until the shop gets back what this order holds back."""
    file = inquiry.settings.stock.source.name if inquiry.settings.stock else ""
    name = printable(order.id)
    if holds(inquiry, order, publication) is False:
        return _no_longer(inquiry, order)
    match order.state:
        case State.WITHHELD:
            told = _("order {id} is withheld: enter it at the till, then `{settle}`")
        case State.REJECTED:
            told = _(
                "order {id} was rejected: mend it in the shop, or enter it at the till and "
                "`{settle}` (why: `{show}`)"
            )
        case State.WAITING if is_due(order):
            told = _("order {id} goes into the next XML that can be sent, at {next} or later")
        case State.WAITING:
            told = _("order {id} waits for the shop's file to let it go (why: `{show}`)")
        case State.PREPARED if order.stage == Stage.DOUBTFUL:
            told = _("nobody knows whether the ERP has order {id}: see `{show}`")
        case State.SENT | State.TAKEN if _waits_for_its_sale(inquiry, order):
            told = _("order {id} waits for its sale to be in the ERP (how it goes: `{show}`)")
        case State.TAKEN:
            told = _("the ERP took order {id}; its next {file} includes it")
        case _other:
            told = _(
                "order {id} is on its way in {xml}; the ERP takes it, then writes its next {file}"
            )
    return told.format(
        id=name,
        file=file,
        xml=PurePosixPath(order.sent_as or "?").name,
        next=inquiry.when(inquiry.next_run("orders")),
        settle=command("settle", order.id),
        show=command("show", order.id),
    )


def _waits_for_its_sale(inquiry: Inquiry, order: KnownOrder) -> bool:
    sale = inquiry.pending_sale(order)
    return sale is not None and sale.state != SaleState.DONE


def _no_longer(inquiry: Inquiry, order: KnownOrder) -> str:
    told = _("order {id} is {state}: the run of stock at {next} lets go of it")
    soon = inquiry.when(inquiry.next_run("stock"))
    return told.format(id=printable(order.id), state=order.state.value, next=soon)
