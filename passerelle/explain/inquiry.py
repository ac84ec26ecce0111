"""A person's question: what is known, at which moment, and how times are written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.base.wording import printable
from passerelle.config.model import Settings
from passerelle.config.stock import Stock
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import ClockHistory, KnownOrder, KnownSale, Publication
from passerelle.model.states import SEEN, State
from passerelle.rules.changes import held_for
from passerelle.rules.erp_file import ErpFile, trusted_time
from passerelle.rules.missed_sales import Standing, counts_for_stock, standing
from passerelle.schedule.timetable import next_start, taken_by


class Inquiry(Struct, frozen=True):
    """What an answer needs; ``when`` writes times for people."""

    settings: Settings
    ledger: Ledger
    now: datetime
    when: Callable[[datetime], str]

    def next_run(self, run: str) -> datetime:
        return next_start(getattr(self.settings.schedule, run), self.now)

    def expected_taken(self, sent: datetime) -> datetime:
        """Until when it is normal that the ERP has not taken an XML, its grace included."""
        chain = self.settings.chain
        return taken_by(chain.erp_takes_orders, sent, chain.grace)

    def expected_in_shop(self, order: KnownOrder, how: Standing) -> datetime | None:
        """When the shop gets back what an order holds back, if all keep their times.

        ``None`` where somebody has to do something first.
        """
        chain, moment = self.settings.chain, self.now
        if how.is_missed is not False:
            if order.state not in (State.PREPARED, State.SENT, State.TAKEN):
                return None
            if order.state == State.PREPARED:
                moment = self.next_run("orders")
            if order.state != State.TAKEN:
                moment = next_start(chain.erp_takes_orders, moment)
            moment = next_start(chain.erp_writes_stock, moment)
        run = next_start(self.settings.schedule.stock, moment)
        return next_start(chain.shop_takes_stock, run)

    def last_publication(self) -> Publication | None:
        """The ExportCSVmod that the shop could see last, withdrawn or not."""
        return self.ledger.stock.last(*SEEN)

    def standings(
        self, orders: Iterable[KnownOrder], publication: Publication | None
    ) -> dict[KnownOrder, Standing]:
        """How orders stand to the ERP's file behind a publication, as a run of stock decides it.

        Where that file's time is not known, it counts as included ``max_age`` after the ERP took
        it. Empty where no stock is published.
        """
        stock = self.settings.stock
        if stock is None:
            return {}
        erp = self._erp_file(stock, publication)
        found = {
            order: standing(order, sale, erp, withheld_is_missed=stock.withheld_is_missed)
            for order, sale in self._with_sales(orders)
        }
        return found | dict.fromkeys(self._changed(found), Standing.CHANGED)

    def _changed(self, found: Mapping[KnownOrder, Standing]) -> Iterator[KnownOrder]:
        """The orders that hold nothing back as they were sent, but do as the shop has them now."""
        let_go = [order for order, how in found.items() if how.is_missed is False and order.matter]
        sent, since = self.ledger.orders.sold(let_go), self.ledger.orders.since(let_go)
        for order in let_go:
            if order.reused or held_for(order, sent[order.channel, order.id], since[order]):
                yield order

    def _erp_file(self, stock: Stock, publication: Publication | None) -> ErpFile:
        server, offsets = stock.source.server, self.ledger.stock.clock_offsets()
        written, clocks = None, ClockHistory()
        if publication:
            modified, read = publication.source_modified, publication.at
            written = trusted_time(modified, read, offsets.get(server))
            sha256, number = publication.source_sha256, publication.number
            clocks = self.ledger.stock.clock_history(sha256, number)
        looks = self.settings.orders and self.settings.orders.refused
        seen = self.ledger.runs.refusals_seen() if looks else None
        return ErpFile(server, written, self.now, stock.guards.max_age, offsets, clocks, seen)

    def _with_sales(
        self, orders: Iterable[KnownOrder]
    ) -> Iterator[tuple[KnownOrder, KnownSale | None]]:
        """Each order with the sale that the ERP's file must include, if any."""
        of_channel = defaultdict[str, list[KnownOrder]](list)
        for order in orders:
            of_channel[order.channel].append(order)
        for channel, some in of_channel.items():
            found = self.ledger.sales.of_orders(channel, [order.id for order in some])
            for order in some:
                sales = (sale for sale in found.get(order.id, ()) if sale.order_date == order.date)
                own = next(sales, None)
                yield order, own if own and counts_for_stock(own, self.settings.fulfil) else None


_FEW = 5
# Longer ids have too many neighbours to ask for.
_LONGEST = 24


class Found(Struct, frozen=True):
    """The orders of that id (one), or of that reference (one or several)."""

    orders: tuple[KnownOrder, ...]
    is_by_reference: bool = False


def look_up(ledger: Ledger, channel: str, text: str) -> Found:
    """What ``text`` names. Raises :class:`UsageError`, with the nearest ids, for nothing."""
    found = ledger.orders.find(text)
    mine = [order for order in found if order.channel == channel] or found
    if mine:
        return Found((mine[0],))
    same = ledger.looking_back.by_reference(text.strip()) if text.strip() else []
    if same:
        return Found(tuple(same), is_by_reference=True)
    what = _("no order {id} is in the ledger").format(id=printable(text))
    mend = _("see `passerelle orders list`")
    near = near_ids(ledger, channel, text)
    if near:
        mend = _("did you mean {ids}? {mend}").format(ids=", ".join(near), mend=mend)
    raise UsageError(what, "", mend)


def near_ids(ledger: Ledger, channel: str, text: str) -> list[str]:
    """Known ids that one slip of the finger makes of ``text``, the likeliest first."""
    likely = list(dict.fromkeys(_slips(text)))
    known = ledger.orders.known(channel, likely)
    return [printable(id) for id in likely if id in known][:_FEW]


def _slips(text: str) -> Iterator[str]:
    """Dressed otherwise; two signs exchanged; one too many; one wrong; one too few."""
    bare = text.strip().lstrip("#")
    yield from (bare, bare.lstrip("0"), bare.upper(), bare.lower())
    if not bare or len(bare) > _LONGEST:
        return
    cuts = [(bare[:at], bare[at:]) for at in range(len(bare) + 1)]
    signs = sorted(set("0123456789") | set(bare))
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + b[1:] for a, b in cuts if b and a + b[1:])
    yield from (a + sign + b[1:] for a, b in cuts if b for sign in signs)
    yield from (a + sign + b for a, b in cuts for sign in signs)
