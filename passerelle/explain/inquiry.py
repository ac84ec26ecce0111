"""A person's question: what is known, at which moment, and how times are written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from passerelle.config.model import Settings
from passerelle.exchange.sources import SLACK
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, KnownSale, Publication
from passerelle.model.states import OPEN, SEEN, SaleState, State
from passerelle.rules.missed_sales import ErpFile
from passerelle.schedule.timetable import next_start

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an answer needs; ``when`` writes times for people."""

    settings: Settings
    ledger: Ledger
    now: datetime
    when: Callable[[datetime], str]

    def next_run(self, run: str) -> datetime:
        """When the timetable starts that run next."""
        return next_start(getattr(self.settings.schedule, run), self.now)

    def expected_taken(self, sent: datetime) -> datetime:
        """Until when it is normal that the ERP has not taken an XML, its grace included."""
        chain = self.settings.chain
        return next_start(chain.erp_takes_orders, sent.astimezone()) + chain.grace

    def expected_in_shop(self, order: KnownOrder, *, is_included: bool) -> datetime | None:
        """When the shop gets back what an order holds back, if all keep their times.

        ``None`` where somebody has to do something first.
        """
        chain, moment = self.settings.chain, self.now
        if not is_included:
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

    def is_included(self, order: KnownOrder, publication: Publication | None) -> bool:
        """Whether the ERP's file behind a publication includes what the order sold.

        Where its time is not known, an order counts as included ``max_age`` after the ERP took it.
        """
        stock = self.settings.stock
        if stock is None:
            return False
        offsets = {
            name: offset
            for name in self.settings.servers
            if (offset := self.ledger.stock.clock_offset(name)) is not None
        }
        server = stock.source.server
        modified = publication.source_modified if publication else None
        if publication and modified:
            # One from the future tells nothing: somebody set a clock.
            latest = publication.at + offsets.get(server, timedelta(0)) + SLACK
            modified = modified if modified <= latest else None
        erp = ErpFile(
            server=server,
            modified=modified,
            now=self.now,
            certainty=stock.guards.max_age,
            offsets=offsets,
        )
        sale = self.pending_sale(order)
        return erp.includes_sale(sale) if sale else erp.includes(order)

    def pending_sale(self, order: KnownOrder) -> KnownSale | None:
        """The sale that the ERP's file must include, as far as one is to be or was issued."""
        sale = self.ledger.sales.of_order(order)
        if sale is None or sale.state == SaleState.WITHDRAWN:
            return None
        return sale if self.settings.fulfil.enabled or sale.state not in OPEN else None


def command(verb: str, id: str) -> str:
    """``passerelle orders VERB ID``, as it can be typed whatever signs the id has."""
    if _PLAIN.fullmatch(id):
        return f"passerelle orders {verb} {id}"
    escaped = id.replace("\\", "\\\\").replace('"', '\\"') if '"' in id else id
    return f'passerelle orders {verb} {"-- " if id.startswith("-") else ""}"{escaped}"'
