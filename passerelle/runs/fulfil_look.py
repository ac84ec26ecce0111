"""What fulfilment looks at: what the ERP made of its sales, what is left in stock, free names.

The ERP takes an XML from its folder; one that it will not have turns up in ``fulfil.refused`` under
its name. Only what is gone from the ERP's own folder counts as refused: what lies in both may
still be imported.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import PurePosixPath

from msgspec import Struct, field

from passerelle.base.errors import (
    ConfigError,
    HeldError,
    NotFoundError,
    NotReadyError,
    PasserelleError,
)
from passerelle.base.language import _
from passerelle.base.words import gtin
from passerelle.config.orders import Fulfil
from passerelle.config.stock import Stock
from passerelle.exchange.sources import Source
from passerelle.exchange.uploads import free_place_from
from passerelle.gateway.frame import Gateway
from passerelle.model.location import Location
from passerelle.model.records import KnownSale, SaleMark
from passerelle.model.states import ON_THE_WAY, OPEN, SaleState, Stage
from passerelle.remotes.base import find
from passerelle.rules.allotting import Shelf, needs
from passerelle.rules.fulfilment import Candidate, Problem
from passerelle.rules.guards import check_age


class Answers(Struct, frozen=True):
    """What was found out, ready to be written; ``trouble``: the folder could not be looked at."""

    done: tuple[SaleMark, ...] = ()
    refused: tuple[SaleMark, ...] = ()
    trouble: PasserelleError | None = None


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


class ShelfLook(Struct, frozen=True):
    """What is left in stock; ``trouble`` where looking failed."""

    shelf: Shelf = field(default_factory=Shelf)
    trouble: PasserelleError | None = None


def look_at_stock(gateway: Gateway, candidates: list[Candidate]) -> ShelfLook:
    """What is left of what the candidates need; looks only where there are some."""
    stock, cards = gateway.settings.stock, gateway.settings.gift_card_ids
    needed = {key for one in candidates for key in needs(one.order, cards)}
    if stock is None or not needed:
        return ShelfLook()
    try:
        return ShelfLook(Shelf(_left(gateway, stock, needed)))
    except (NotFoundError, NotReadyError, HeldError) as error:
        # As every morning, before the ERP has written its first file: no failure, a wait.
        return ShelfLook(Shelf(why=": ".join(part for part in (error.what, error.where) if part)))
    except PasserelleError as error:
        return ShelfLook(Shelf(why=error.what), error)


def _left(gateway: Gateway, stock: Stock, needed: set[str]) -> dict[str, int]:
    """The levels of the ERP's file, less what it does not include of the sales before."""
    from passerelle.runs.stock import erp_file  # it imports numpy, as what follows does
    from passerelle.stock_csv_fix.levels import read_levels

    source = gateway.sources.fetch(stock.source)
    _check_age(gateway, stock, source)
    left = dict(read_levels(source.data, stock, source.place.name, needed))
    erp = erp_file(gateway, stock, source)
    behind = gateway.ledger.sales.unseen_by_erp(*erp.doubts)
    missed = [sale for sale in behind if _took_stock(sale) and not erp.includes_last_xml(sale)]
    for lines in gateway.ledger.orders.sold(missed).values():
        for sold in lines:
            if (key := gtin(sold.key)) in left:
                left[key] -= sold.quantity or left[key]
    return left


def _took_stock(sale: KnownSale) -> bool:
    """Whether the ERP has, or may have, an XML of the sale that it did not refuse."""
    wanted_again = sale.state in OPEN and sale.stage == Stage.TAKEN and not sale.refusals
    return sale.state in (*ON_THE_WAY, SaleState.DONE) or wanted_again


def _check_age(gateway: Gateway, stock: Stock, source: Source) -> None:
    """Raises :class:`HeldError` for a file that the run of stock would not publish either."""
    age = source.age
    if age is None and source.modified is not None:
        age = gateway.now() - source.modified
    if age is not None:
        check_age(age, stock.guards, source.place.name)


class Places:
    """Names for the XMLs of one run, no two of them the same."""

    def __init__(self, gateway: Gateway) -> None:
        """Raises :class:`ConfigError` where the config does not say where sales go."""
        if gateway.settings.fulfil.to is None:
            mend = _("add it; `passerelle init` shows how")
            raise ConfigError(_("fulfil.to is missing"), gateway.settings.file_name, mend)
        self._gateway, self._now = gateway, gateway.now()
        self._template = gateway.settings.fulfil.to
        self._given: set[tuple[str, str]] = set()
        # The moment from which a name is free; those before it need not be tried again.
        self._free_from: dict[str, datetime] = {}

    def next(self, id: str) -> Location:
        template = self._template
        named = template.with_name(template.name.replace("{id}", _for_name(id)))
        # Windows knows no difference between small and large letters.
        alike = named.name.casefold()
        place, moment = free_place_from(
            named, self._free_from.get(alike, self._now), self._is_taken
        )
        self._free_from[alike] = moment
        self._given.add(_as_windows_has_it(place))
        return place

    def _is_taken(self, place: Location) -> bool:
        """Given in this run, promised before, or on the server, whoever put it there."""
        gateway, used = self._gateway, self._gateway.ledger.dispatches.is_used
        if _as_windows_has_it(place) in self._given or used(place):
            return True
        return find(gateway.outbox.marks.at(place.server), place.path) is not None


def _as_windows_has_it(place: Location) -> tuple[str, str]:
    return place.server, place.path.casefold()


def _for_name(id: str) -> str:
    """An order's id as a part of a file's name, on any system."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in id)[:60]
