"""The ERP's stock, as far as the sales that are wanted need it.

A file that the run of stock would not publish tells nothing: then they wait.
"""

from dataclasses import dataclass, field

from passerelle.config import Stock
from passerelle.errors import HeldError, NotFoundError, NotReadyError, PasserelleError
from passerelle.fulfilment import Candidate, Shelf, needs
from passerelle.gateway import Gateway
from passerelle.ledger import KnownSale, SaleState, Stage
from passerelle.ledger.sales import ON_THE_WAY, OPEN
from passerelle.reading import gtin
from passerelle.runs.orders import gift_card_ids
from passerelle.sources import Source
from passerelle.stock_guards import check_age

_BEHIND = (*ON_THE_WAY, SaleState.DONE)


@dataclass(frozen=True, slots=True)
class Look:
    """What is left in stock; ``trouble`` where looking failed."""

    shelf: Shelf = field(default_factory=Shelf)
    trouble: PasserelleError | None = None


def look_at_stock(gateway: Gateway, candidates: list[Candidate]) -> Look:
    """What is left of what the candidates need; looks only where there are some."""
    stock, cards = gateway.settings.stock, gift_card_ids(gateway.settings)
    needed = {key for one in candidates for key in needs(one.order, cards)}
    if stock is None or not needed:
        return Look()
    try:
        return Look(Shelf(_left(gateway, stock, needed)))
    except (NotFoundError, NotReadyError, HeldError) as error:
        # As every morning, before the ERP has written its first file: no failure, a wait.
        return Look(Shelf(why=": ".join(part for part in (error.what, error.where) if part)))
    except PasserelleError as error:
        return Look(Shelf(why=error.what), error)


def _left(gateway: Gateway, stock: Stock, needed: set[str]) -> dict[str, int]:
    """The levels of the ERP's file, less what it does not include of the sales before."""
    from passerelle.runs.stock import erp_file  # it imports numpy, as what follows does
    from passerelle.stock_csv_fix import read_levels

    source = gateway.sources.fetch(stock.source)
    _check_age(gateway, stock, source)
    left = dict(read_levels(source.data, stock, source.place.name, needed))
    erp = erp_file(gateway, stock, source)
    behind = gateway.ledger.sales.unseen_by_erp(erp.modified, erp.now - erp.certainty)
    missed = [sale for sale in behind if _took_stock(sale) and not erp.includes_last_xml(sale)]
    for lines in gateway.ledger.orders.sold(missed).values():
        for sold in lines:
            if (key := gtin(sold.key)) in left:
                left[key] -= sold.quantity or left[key]
    return left


def _took_stock(sale: KnownSale) -> bool:
    """Whether the ERP has, or may have, an XML of the sale that it did not refuse."""
    wanted_again = sale.state in OPEN and sale.stage == Stage.TAKEN and not sale.refusals
    return sale.state in _BEHIND or wanted_again


def _check_age(gateway: Gateway, stock: Stock, source: Source) -> None:
    """Raises :class:`HeldError` for a file that the run of stock would not publish either."""
    age = source.age
    if age is None and source.modified is not None:
        age = gateway.now() - source.modified
    if age is not None:
        check_age(age, stock.guards, source.place.name)
