"""The last publication's reason for one item's level."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from passerelle.config import Settings, Stock
from passerelle.errors import UsageError
from passerelle.ledger import Ledger
from passerelle.reading import gtin
from passerelle.runs.stock import stock_settings
from passerelle.runs.stock_publication import LAST_COPY
from passerelle.sales import Change

if TYPE_CHECKING:
    from passerelle.ledger.stock import Publication


def explain(
    settings: Settings, ledger: Ledger, ean13: str, when: Callable[[datetime], str]
) -> Iterator[str]:
    """Sentences on an item; ``when`` writes times. Raises :class:`UsageError` for no EAN."""
    stock, key = stock_settings(settings), gtin(ean13)
    if not key:
        raise UsageError(f'"{ean13}" is no item number', "", "give the one from the ERP")
    last = ledger.stock.last("published", "withdrawn")
    if last is None:
        yield "no stock was published yet"
        return
    yield _published(last, stock, when)
    changes = ledger.stock.changes_of(last, key)
    for change in changes:
        yield _reason(change, stock, ledger)
    if not changes:
        yield from _unchanged(settings, stock, ean13, key)


def _published(last: "Publication", stock: Stock, when: Callable[[datetime], str]) -> str:
    about = f"{stock.to.name}, {when(last.at)}"
    if last.stage == "withdrawn":
        return f"last publication: {about}; it was withdrawn before the shop took it"
    return f"last publication: {about}"


def _reason(change: Change, stock: Stock, ledger: Ledger) -> str:
    outcome = "its line was taken away" if change.after is None else f"published {change.after}"
    orders = ", ".join(_order(id, ledger) for id in change.orders)
    return (
        f"{change.key}: line {change.line} of {stock.source.name} says {change.before}; {outcome}, "
        f"because the ERP does not include these sales yet: {orders}"
    )


def _order(id: str, ledger: Ledger) -> str:
    states = [order.state.value for order in ledger.orders.find(id)]
    return f"order {id} ({', '.join(states) or 'not met by `run orders` yet'})"


def _unchanged(settings: Settings, stock: Stock, ean13: str, key: str) -> Iterator[str]:
    """Looks the item up in the copy that was kept of the published file."""
    from passerelle.stock_csv_fix import levels_of

    path = settings.folder / LAST_COPY.format(name=stock.to.name)
    if not path.is_file():
        yield f"{ean13}: no sale was held back; {path.name} is gone, so its level is not known"
        return
    levels = levels_of(path.read_bytes(), stock, key, path.name)
    for line, level in levels:
        yield f"{ean13}: published {level}, as the ERP says (line {line}); no sale was held back"
    if not levels:
        yield f"{ean13}: not in the ERP's file, so the shop's import sets it to 0"
