"""What a person may do with the ledger's orders: settle, resend, forget, adopt."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from passerelle.csv_to_xml import read_orders
from passerelle.errors import UsageError
from passerelle.gateway import Gateway, Outcome
from passerelle.language import _, n_
from passerelle.ledger import DONE, KnownOrder, Ledger, Mark, Stage, State
from passerelle.runs.orders import gift_card_ids, orders_settings


@dataclass(frozen=True, slots=True)
class Steering:
    """Steers the orders of one channel."""

    ledger: Ledger
    channel: str
    now: Callable[[], datetime]

    def settle(self, ids: Sequence[str]) -> list[str]:
        """The orders were entered by hand: they are no longer missed. Returns what to tell."""
        known = self._all(ids)
        for order in known:
            self._refuse_on_the_way(order)
            refusal = _("order {id} is {state}: there is nothing to settle")
            self._refuse_done(order, refusal, State.WAITING, State.WITHHELD, State.REJECTED)
        for order in known:
            self.ledger.orders.settle(order, self.now())
        return [_("order {id} is settled").format(id=order.id) for order in known]

    def resend(self, ids: Sequence[str]) -> list[str]:
        """The orders go into the next XML, whatever was done with them. Returns what to tell."""
        known = self._all(ids)
        for order in known:
            self._refuse_on_the_way(order)
            allowed = (*set(State) - {State.PREPARED, State.REJECTED},)
            refusal = _("order {id} is {state}: there is nothing to resend")
            self._refuse_done(order, refusal, *allowed)
        for order in known:
            self.ledger.orders.resend(order, self.now())
        return [self._told(_("order {id} goes into the next XML"), order) for order in known]

    def forget(self, ids: Sequence[str]) -> list[str]:
        """The ledger loses the orders: the next run meets them as new. Returns what to tell."""
        known = self._all(ids)
        for order in known:
            self._refuse_on_the_way(order)
        for order in known:
            self.ledger.orders.forget(order)
        return [self._told(_("order {id} is forgotten"), order) for order in known]

    def find(self, id: str) -> KnownOrder:
        """The order of that id. Raises :class:`UsageError` where the ledger has none."""
        found = self.ledger.orders.find(id)
        mine = [order for order in found if order.channel == self.channel] or found
        if not mine:
            what = _("no order {id} is in the ledger").format(id=id)
            raise UsageError(what, "", _("see `passerelle orders list`"))
        return mine[0]

    def _all(self, ids: Sequence[str]) -> list[KnownOrder]:
        """All of them, or none: a typing error in one must not leave the others half done."""
        return [self.find(id) for id in dict.fromkeys(ids)]

    def _told(self, text: str, order: KnownOrder) -> str:
        return f"{text.format(id=order.id)} ({self._already_sent(order)})"

    def _already_sent(self, order: KnownOrder) -> str:
        """What a person must do so that the ERP does not get the order twice."""
        if order.state == State.SENT:
            text = _("it lies in {file}: delete that file, or the ERP gets it twice")
            return text.format(file=order.sent_as)
        if order.state == State.TAKEN:
            text = _("the ERP has it from {file}: take it out of the ERP first")
            return text.format(file=order.sent_as)
        return _("it was {state}").format(state=order.state)

    def _refuse_on_the_way(self, order: KnownOrder) -> None:
        if order.state == State.PREPARED and order.stage != Stage.DOUBTFUL:
            raise UsageError(
                _("order {id} is on its way to the ERP").format(id=order.id),
                order.archived or "",
                _("finish that first with `passerelle run orders`"),
            )

    def _refuse_done(self, order: KnownOrder, refusal: str, *allowed: State) -> None:
        if order.state == State.PREPARED or order.state in allowed:
            return
        raise UsageError(
            refusal.format(id=order.id, state=order.state),
            order.sent_as or "",
            _("see `passerelle orders show`"),
        )


def adopt(gateway: Gateway) -> Outcome:
    """Marks all orders now in the file as handled by the previous system.

    Orders that Passerelle has sent, or that a person settled, stay as they are. Also the way on
    when the ledger was lost: what it had known is then the previous system's.
    """
    gateway.dispatcher.witness.forget()
    gateway.recover()
    settings = orders_settings(gateway.settings)
    source = gateway.sources.fetch_to_read_by_slices(settings.source)
    file = read_orders(source.content, settings, source.place.name, gift_card_ids(gateway.settings))
    met = gateway.ledger.orders.beside(settings.channel, file.readings)
    mine = array("I", [n for n, (_r, o) in enumerate(met) if not o or o.state not in DONE])
    reason = _("adopted: handled by the previous system")
    marks = (Mark(r.gist(), State.SKIPPED, reason) for r in file.readings.each(mine))
    gateway.ledger.orders.mark(settings.channel, marks, gateway.now())
    left = len(file.readings) - len(mine)
    adopted = n_("{n} order adopted", "{n} orders adopted", len(mine))
    text = f"{adopted}, {n_('{n} left as they were', '{n} left as they were', left)}"
    gateway.say(_(": ").join((source.describe(), text)))
    return Outcome(text)
