"""What the ERP's stock file includes, as far as its time tells; a clock that was set tells nothing.

Two files on one server compare by its own clock. Where a clock was set since, what is certain is
only what came one after the other: an XML, a publication of stock, another file of the ERP's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from passerelle.model.records import CLOCK_SLACK, ClockHistory, ClockJump, KnownOrder, KnownSale
from passerelle.model.states import ON_THE_WAY, SaleState, State

# Servers cut times to them, and so may the clock be measured too low.
_WHOLE_SECONDS = timedelta(seconds=1)


class ErpFile(Struct, frozen=True):
    """When the ERP wrote its file, on its server's clock; ``None`` where nobody can tell.

    ``offsets`` tells how far each server's clock is ahead of ours. ``certainty`` is how long
    after the ERP took an XML its sales count as included where times are not told. ``clocks``
    tells when one was set. ``refusals_seen`` is when a run last saw which XMLs the ERP refused;
    ``None`` where it tells nobody.
    """

    server: str
    modified: datetime | None
    now: datetime
    certainty: timedelta
    offsets: Mapping[str, timedelta] = field(default_factory=dict)
    clocks: ClockHistory = field(default_factory=ClockHistory)
    refusals_seen: datetime | None = None

    @property
    def doubts(self) -> tuple[datetime | None, datetime, int | None]:
        """What the ledger is asked with: by which times and number an XML may be missed."""
        late = self.now - self.certainty
        late = min(late, self.refusals_seen) if self.refusals_seen else late
        return self.modified, late, self.clocks.unproved

    def includes(self, order: KnownOrder) -> bool:
        if order.state in (State.SKIPPED, State.SETTLED):
            return True
        is_taken = order.state == State.TAKEN and not self.may_be_refused(order)
        return is_taken and self._includes_xml(order)

    def may_be_refused(self, order: KnownOrder) -> bool:
        """Whether nobody has looked since the ERP took its XML: failure is not absence."""
        if order.state != State.TAKEN or not (order.taken and self.refusals_seen):
            return False
        return order.taken > self.refusals_seen

    def includes_sale(self, sale: KnownSale) -> bool:
        """Whether the file includes a sale that was issued by itself.

        One that the ERP has taken may yet be refused; one that a person entered counts at once.
        """
        return sale.state == SaleState.DONE and self.includes_last_xml(sale)

    def includes_last_xml(self, sale: KnownSale) -> bool:
        """Whether the file was written after the ERP took the last XML; also if none is ours."""
        if sale.state in ON_THE_WAY:
            return False
        return sale.dispatch is None or self._includes_xml(sale)

    def _includes_xml(self, sent: KnownOrder | KnownSale) -> bool:
        if self.modified is None or sent.published is None or sent.server is None:
            return self._is_long_taken(sent)
        if any(self._divides(jump, sent) for jump in self.clocks.jumps):
            return self.clocks.proves(sent)
        if self._on_this_clock(sent.server, sent.published) >= self.modified:
            return False
        # What still lay there once the file was written is not in it, however soon it was taken.
        lying = sent.lying and self._on_this_clock(sent.server, sent.lying)
        return lying is None or lying < self.modified - _WHOLE_SECONDS

    def _is_long_taken(self, sent: KnownOrder | KnownSale) -> bool:
        """By our own clock; what it said before it was set counts for nothing."""
        if sent.taken is None:
            return False
        past = [jump.noticed for jump in self.clocks.jumps if self.clocks.is_across(jump, sent)]
        moments = past if past and sent.taken > self.now else [sent.taken, *past]
        return max(moments) + self.certainty < self.now

    def _divides(self, jump: ClockJump, sent: KnownOrder | KnownSale) -> bool:
        """Whether the times of the file and of an XML do not compare since a clock was set.

        On one server they do where its clock went forward, or ours went back.
        """
        if sent.server == self.server:
            matters = jump.server == self.server and jump.seconds < 0
        else:
            matters = jump.server in (self.server, sent.server)
        return matters and self.clocks.is_across(jump, sent)

    def _on_this_clock(self, server: str, moment: datetime) -> datetime:
        """Two files on one server compare by its own clock, whatever it shows."""
        if server == self.server:
            return moment
        nothing = timedelta(0)
        return moment - self.offsets.get(server, nothing) + self.offsets.get(self.server, nothing)


def trusted_time(
    modified: datetime | None, read: datetime, offset: timedelta | None
) -> datetime | None:
    """When the ERP wrote a file that was read at ``read`` (our clock), where that can be.

    ``offset`` is how far its server's clock is ahead. Of a time in the future nothing is known:
    somebody set a clock.
    """
    if modified is None or offset is None or modified <= read + offset + CLOCK_SLACK:
        return modified
    return None
