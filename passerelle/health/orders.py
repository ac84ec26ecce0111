"""The sales of orders that are not done, and those that need a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from passerelle.base.language import _, n_
from passerelle.base.wording import few
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, KnownSale, Run
from passerelle.model.states import ON_THE_WAY, OPEN, Stage, State
from passerelle.rules.fulfilment import FAULTS, Problem


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
        yield Concern(ConcernKind.NOT_SENT, "orders", text, mend, orders=health.not_sent)
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
        yield Concern(ConcernKind.DOUBTFUL, "orders", text, mend, orders=health.doubtful)


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
    return Concern(ConcernKind.REJECTED, "orders", text, mend, since, tuple(ids))


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
    return Concern(ConcernKind.WITHHELD, "orders", text, mend, since, tuple(ids))


_STUCK = FAULTS - {Problem.REFUSED, Problem.REUSED}


@dataclass(frozen=True, slots=True)
class SalesHealth:
    """The sales that are not done; ``cancelled`` were, and the shop cancelled their order.

    ``undated`` are orders that should have a sale, but have no date. ``is_off``: nothing is issued.
    """

    not_done: tuple[KnownSale, ...]
    cancelled: tuple[KnownSale, ...]
    undated: tuple[str, ...] = ()
    is_off: bool = False

    def counts(self) -> Mapping[str, int]:
        """How many there are of each; a shortage of stock needs nobody."""
        wanted = [sale for sale in self.not_done if sale.state in OPEN]
        short = [sale for sale in wanted if sale.problem == Problem.STOCK]
        return {
            "wanted": len(wanted),
            "short_of_stock": len(short),
            "on_the_way": sum(sale.state in ON_THE_WAY for sale in self.not_done),
            "refused": len(self.refused),
        }

    @property
    def refused(self) -> list[KnownSale]:
        """Those that the ERP refused, tried again since or not."""
        return [sale for sale in self.not_done if sale.refusals]

    def with_problem(self, *problems: Problem) -> list[KnownSale]:
        """Those against which one of these problems stands."""
        return [sale for sale in self.not_done if sale.problem in problems]


def look_at_sales(settings: Settings, ledger: Ledger, last: Run | None) -> SalesHealth | None:
    """The sales, where any are issued, or were and are not done; else ``None``.

    ``last`` is the last run of orders that went well.
    """
    if not settings.fulfil.enabled:
        left = tuple(ledger.sales.in_states(*OPEN))
        return SalesHealth(left, (), is_off=True) if left else None
    not_done = ledger.sales.in_states(*OPEN, *ON_THE_WAY)
    facts = (last.facts if last else {}).get("sales", {})
    return SalesHealth(
        tuple(not_done), tuple(ledger.sales.cancelled()), tuple(facts.get("undated", ()))
    )


def sale_concerns(health: SalesHealth) -> Iterator[Concern]:
    """What needs a person among the sales."""
    if health.is_off:
        yield _off(health.not_done)
        return
    if health.undated:
        yield _undated(health.undated)
    if found := health.refused:
        yield _refused(found)
    if found := health.with_problem(Problem.REUSED):
        text = n_(
            "the shop uses the id of {n} order again: {ids}",
            "the shop uses the ids of {n} orders again: {ids}",
            len(found),
            ids=few([sale.id for sale in found]),
        )
        mend = _("compare both orders; `passerelle orders forget` lets the new one in")
        yield _concern(ConcernKind.ID_REUSED, text, mend, found)
    if found := [sale for sale in health.with_problem(*_STUCK) if not sale.refusals]:
        text = n_(
            "{n} sale cannot be issued: {ids}",
            "{n} sales cannot be issued: {ids}",
            len(found),
            ids=few([sale.id for sale in found]),
        )
        mend = _("`passerelle orders show` says of each why, and what to do")
        yield _concern(ConcernKind.SALE_STUCK, text, mend, found)
    if health.cancelled:
        yield _cancelled(health.cancelled)


def _off(found: Sequence[KnownSale]) -> Concern:
    text = n_(
        "{n} sale was not issued before [fulfil] was switched off: {ids}",
        "{n} sales were not issued before [fulfil] was switched off: {ids}",
        len(found),
        ids=few([sale.id for sale in found]),
    )
    mend = _("switch it on again, or enter them by hand and `passerelle orders settle` the orders")
    return _concern(ConcernKind.SALE_STUCK, text, mend, found)


def _undated(ids: Sequence[str]) -> Concern:
    text = n_(
        "{n} order has no date, and gets no sale without one: {ids}",
        "{n} orders have no date, and get no sale without one: {ids}",
        len(ids),
        ids=few(ids),
    )
    mend = _("look into the shop's order export, and at orders.columns.date")
    return Concern(ConcernKind.SALE_UNDATED, "sales", text, mend, orders=tuple(ids))


def _refused(found: Sequence[KnownSale]) -> Concern:
    text = n_(
        "the ERP refuses {n} sale: {ids}",
        "the ERP refuses {n} sales: {ids}",
        len(found),
        ids=few([sale.id for sale in found]),
    )
    mend = _(
        "look what the ERP says of it and mend that: each run tries again; or enter it by hand and "
        "`passerelle orders settle` its order"
    )
    return _concern(ConcernKind.SALE_REFUSED, text, mend, found)


def _cancelled(found: Sequence[KnownSale]) -> Concern:
    text = n_(
        "{n} order is cancelled in the shop, and the ERP has its sale: {ids}",
        "{n} orders are cancelled in the shop, and the ERP has their sales: {ids}",
        len(found),
        ids=few([sale.id for sale in found]),
    )
    mend = _("undo the sale in the ERP, then `passerelle orders settle` its order")
    return _concern(ConcernKind.SALE_CANCELLED, text, mend, found)


def _concern(kind: ConcernKind, text: str, mend: str, found: Sequence[KnownSale]) -> Concern:
    since = min((sale.changed for sale in found if sale.changed), default=None)
    return Concern(kind, "sales", text, mend, since, tuple(sale.id for sale in found))
