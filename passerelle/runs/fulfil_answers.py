"""What the ERP made of the sales that it took: done, or refused.

The ERP takes an XML from its folder; one that it will not have turns up in ``fulfil.refused`` under
its name. Only what is gone from the ERP's own folder counts as refused: what lies in both may
still be imported.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from passerelle.config import Fulfil
from passerelle.errors import NotFoundError, PasserelleError
from passerelle.fulfilment import Problem
from passerelle.gateway import Gateway
from passerelle.language import _
from passerelle.ledger import KnownSale, SaleMark, SaleState, Stage


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found out, ready to be written; ``trouble``: the folder could not be looked at."""

    done: tuple[SaleMark, ...] = ()
    refused: tuple[SaleMark, ...] = ()
    trouble: PasserelleError | None = field(default=None, compare=False)


def find_answers(gateway: Gateway) -> Answers:
    """Looks what became of every sale that was sent, and whether one was refused late."""
    fulfil, book = gateway.settings.fulfil, gateway.ledger.sales
    taken = _taken(gateway)
    try:
        names = _refused_names(gateway, fulfil)
    except PasserelleError as error:
        return Answers(trouble=error)
    refused = [sale for sale in taken if _name(sale) in names]
    if fulfil.to is not None:
        places = [fulfil.to.with_name(name) for name in names]
        named = (sale for sale in book.sent_as(places) if sale.state == SaleState.DONE)
        refused += [sale for sale in named if sale.channel == _channel(gateway)]
    done = [sale for sale in taken if sale not in refused]
    return Answers(tuple(map(_done, done)), tuple(_refused(gateway, sale) for sale in refused))


def note_done(gateway: Gateway) -> None:
    """For the run of stock: what was not refused is done; the rest is left to the run of orders."""
    book = gateway.ledger.sales
    if not _taken(gateway):
        return
    answers = find_answers(gateway)
    if answers.trouble:
        gateway.say(f"! {answers.trouble}")
    book.mark(answers.done, gateway.now())


def _taken(gateway: Gateway) -> list[KnownSale]:
    """The sales that the ERP took, and has not answered for all that is known."""
    sent = gateway.ledger.sales.in_states(SaleState.SENT)
    mine = (sale for sale in sent if sale.channel == _channel(gateway))
    return [sale for sale in mine if sale.stage == Stage.TAKEN]


def _channel(gateway: Gateway) -> str:
    orders = gateway.settings.orders
    return orders.channel if orders else ""


def _refused_names(gateway: Gateway, fulfil: Fulfil) -> Collection[str]:
    if fulfil.refused is None:
        return frozenset()
    remote = gateway.remote(fulfil.refused.server)
    try:
        return frozenset(entry.name for entry in remote.list_files(fulfil.refused.path))
    except NotFoundError as error:
        what, mend = _("no such folder"), _("make it, or mend fulfil.refused")
        raise NotFoundError(what, str(fulfil.refused), mend) from error


def _name(sale: KnownSale) -> str:
    return PurePosixPath(sale.sent_as or "").name


def _done(sale: KnownSale) -> SaleMark:
    key = sale.channel, sale.id, sale.order_date
    return SaleMark(*key, SaleState.DONE, cancelled=sale.cancelled, refusals=0)


def _refused(gateway: Gateway, sale: KnownSale) -> SaleMark:
    reason = _("the ERP refused {file}").format(file=_name(sale))
    return SaleMark(
        *(sale.channel, sale.id, sale.order_date, SaleState.REFUSED, Problem.REFUSED, reason),
        cancelled=sale.cancelled,
        refusals=sale.refusals + 1,
        is_told=sale.is_news(Problem.REFUSED, gateway.now()),
    )
