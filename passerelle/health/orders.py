"""The orders that need a person, or wait."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from passerelle.health.concerns import Concern, Kind, few
from passerelle.language import _, n_
from passerelle.ledger import KnownOrder, Ledger, Stage, State
from passerelle.ledger.runs import Run


@dataclass(frozen=True, slots=True)
class OrdersHealth:
    """Orders that are not in the ERP.

    Those that wait need nobody and are many after some years: they are only counted, without
    those cancelled in the shop.
    ``not_sent`` should be in the ERP, but have gone from the shop's file; ``doubtful`` may be.
    """

    withheld: tuple[KnownOrder, ...]
    waiting: int
    rejected: tuple[KnownOrder, ...]
    not_sent: tuple[str, ...]
    doubtful: tuple[str, ...]
    unnamed: int

    def counts(self) -> Mapping[str, int]:
        """How many there are of each."""
        return {
            "withheld": len(self.withheld),
            "waiting": self.waiting,
            "rejected": len(self.rejected) + self.unnamed,
            "not_sent": len(self.not_sent),
            "doubtful": len(self.doubtful),
        }


def look_at_orders(ledger: Ledger, last: Run | None) -> OrdersHealth:
    """The orders that are not in the ERP; ``last`` is the last run of orders that went well."""
    facts = last.facts if last else {}
    unfinished = ledger.dispatches.unfinished()
    doubtful = [d for d in unfinished if d.stage == Stage.DOUBTFUL]
    rejected = ledger.orders.list_by_state(State.REJECTED)
    return OrdersHealth(
        withheld=tuple(ledger.orders.list_by_state(State.WITHHELD)),
        waiting=ledger.orders.count_waiting(),
        rejected=tuple(rejected),
        not_sent=tuple(facts.get("not_sent", ())),
        doubtful=tuple(id for d in doubtful for id in ledger.dispatches.orders_of(d)),
        unnamed=facts.get("unnamed", 0),
    )


def order_concerns(health: OrdersHealth) -> Iterator[Concern]:
    """What needs a person among the orders."""
    if health.rejected or health.unnamed:
        yield _rejected(health)
    if health.withheld:
        yield _withheld(health)
    if health.not_sent:
        number, ids = len(health.not_sent), few(health.not_sent)
        text = n_(
            "{n} order was not sent, and is no longer in the shop's file: {ids}",
            "{n} orders were not sent, and are no longer in the shop's file: {ids}",
            number,
            ids=ids,
        )
        mend = _(
            "have the shop export them again, or enter them by hand and `passerelle orders settle`"
        )
        yield Concern(Kind.NOT_SENT, "orders", text, mend, orders=health.not_sent)
    if health.doubtful:
        text = n_(
            "{n} order may or may not have reached the ERP: {ids}",
            "{n} orders may or may not have reached the ERP: {ids}",
            len(health.doubtful),
            ids=few(health.doubtful),
        )
        mend = _(
            "look for them in the ERP: `passerelle orders settle` those that are there, "
            "`passerelle orders resend` the others"
        )
        yield Concern(Kind.DOUBTFUL, "orders", text, mend, orders=health.doubtful)


def _rejected(health: OrdersHealth) -> Concern:
    ids = [order.id for order in health.rejected]
    number = len(ids) + health.unnamed
    text = n_(
        "{n} order is rejected",
        "{n} orders are rejected",
        number,
    )
    text = f"{text} ({few(ids)})" if ids else text
    mend = _(
        "`passerelle orders list --state rejected` says why; mend it in the shop, or enter it by "
        "hand and `passerelle orders settle` it"
    )
    since = min((order.changed for order in health.rejected), default=None)
    return Concern(Kind.REJECTED, "orders", text, mend, since, tuple(ids))


def _withheld(health: OrdersHealth) -> Concern:
    ids = [order.id for order in health.withheld]
    text = n_(
        "{n} order is withheld, to be entered at the till: {ids}",
        "{n} orders are withheld, to be entered at the till: {ids}",
        len(ids),
        ids=few(ids),
    )
    few_ids = " ".join(ids[:10])
    mend = _("enter it at the till, then `passerelle orders settle {ids}`").format(ids=few_ids)
    since = min(order.changed for order in health.withheld)
    return Concern(Kind.WITHHELD, "orders", text, mend, since, tuple(ids))
