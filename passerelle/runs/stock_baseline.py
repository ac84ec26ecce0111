"""How many lines were in stock before the ledger began: a lost ledger must not lose that too."""

from collections.abc import Iterator

from passerelle.archive.folders import LAST_COPY
from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.config.stock import Stock
from passerelle.gateway.frame import Gateway
from passerelle.remotes.base import find
from passerelle.stock_csv_fix.fix import fix_stock


def before_the_ledger(gateway: Gateway, settings: Stock) -> int:
    """The most lines in stock of the publications that are still to be seen; 0 where none is."""
    return max(_counted(gateway, settings), default=0)


def _counted(gateway: Gateway, settings: Stock) -> Iterator[int]:
    for name, data in _published(gateway, settings):
        try:
            fixed = fix_stock(data, settings, {}, name)
        except PasserelleError as error:
            text = _("the stock is not compared with an earlier one: {error}")
            gateway.warn(text.format(error=error))
        else:
            cards = len({*settings.gift_cards.ids}) - len(fixed.gift_cards)
            yield fixed.in_stock - cards


def _published(gateway: Gateway, settings: Stock) -> Iterator[tuple[str, bytes]]:
    """What was published last, as it was kept here, and as the shop has not taken it yet."""
    copy = gateway.settings.folder / LAST_COPY.format(name=settings.to.name)
    if copy.is_file():
        yield copy.name, copy.read_bytes()
    remote = gateway.remote(settings.to.server)
    if find(remote, settings.to.path) is not None:
        yield str(settings.to), remote.fetch(settings.to.path)
