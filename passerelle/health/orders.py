"""The sales of orders that are not done, and those that need a person."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    those cancelled in the shop. ``not_sent`` should be in the ERP, but have gone from the shop's
    file; ``doubtful`` may be.
    """

    withheld: tuple[KnownOrder, ...]
    waiting: int
    rejected: tuple[KnownOrder, ...]
    not_sent: tuple[str, ...]
    doubtful: tuple[str, ...]
    unnamed: int

    def counts(self) -> Mapping[str, int]:
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
    if health.rejected or health.unnamed:
        yield _rejected(health)
    yield from _concern(
        *(ConcernKind.WITHHELD, "orders", health.withheld),
        lambda n, ids: n_(
            "{n} order is withheld, to be entered at the till: {ids}",
            "{n} orders are withheld, to be entered at the till: {ids}",
            n,
            ids=ids,
        ),
        _("enter it at the till, then `passerelle orders settle {ids}`"),
    )
    yield from _concern(
        *(ConcernKind.NOT_SENT, "orders", health.not_sent),
        lambda n, ids: n_(
            "{n} order was not sent, and is no longer in the shop's file: {ids}",
            "{n} orders were not sent, and are no longer in the shop's file: {ids}",
            n,
            ids=ids,
        ),
        _("have the shop export them again, or enter them by hand and `passerelle orders settle`"),
    )
    yield from _concern(
        *(ConcernKind.DOUBTFUL, "orders", health.doubtful),
        lambda n, ids: n_(
            "{n} order may or may not have reached the ERP: {ids}",
            "{n} orders may or may not have reached the ERP: {ids}",
            n,
            ids=ids,
        ),
        _(
            "look for them in the ERP: `passerelle orders settle` those that are there, "
            "`passerelle orders resend` the others"
        ),
    )


def _rejected(health: OrdersHealth) -> Concern:
    ids = tuple(order.id for order in health.rejected)
    text = n_("{n} order is rejected", "{n} orders are rejected", len(ids) + health.unnamed)
    mend = _(
        "`passerelle orders list --state rejected` says why; mend it in the shop, or enter it by "
        "hand and `passerelle orders settle` it"
    )
    since = min((order.changed for order in health.rejected), default=None)
    text = f"{text} ({few(ids)})" if ids else text
    return Concern(ConcernKind.REJECTED, "orders", text, mend, since, ids)


def _concern(
    kind: ConcernKind,
    subject: str,
    found: Sequence[KnownOrder] | Sequence[KnownSale] | Sequence[str],
    tell: Callable[[int, str], str],
    mend: str,
) -> Iterator[Concern]:
    """One concern for all that was ``found``; ``tell`` puts their number and ids into words."""
    if not found:
        return
    ids = tuple(one if isinstance(one, str) else one.id for one in found)
    times = [one.changed for one in found if not isinstance(one, str) and one.changed]
    text, mend = tell(len(ids), few(ids)), mend.format(ids=" ".join(ids[:10]))
    yield Concern(kind, subject, text, mend, min(times, default=None), ids)


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
    if health.is_off:
        yield from _concern(
            *(ConcernKind.SALE_STUCK, "sales", health.not_done),
            lambda n, ids: n_(
                "{n} sale was not issued before [fulfil] was switched off: {ids}",
                "{n} sales were not issued before [fulfil] was switched off: {ids}",
                n,
                ids=ids,
            ),
            _(
                "switch it on again, or enter them by hand and `passerelle orders settle` the "
                "orders"
            ),
        )
        return
    yield from _concern(
        *(ConcernKind.SALE_UNDATED, "sales", health.undated),
        lambda n, ids: n_(
            "{n} order has no date, and gets no sale without one: {ids}",
            "{n} orders have no date, and get no sale without one: {ids}",
            n,
            ids=ids,
        ),
        _("look into the shop's order export, and at orders.columns.date"),
    )
    yield from _concern(
        *(ConcernKind.SALE_REFUSED, "sales", health.refused),
        lambda n, ids: n_(
            "the ERP refuses {n} sale: {ids}", "the ERP refuses {n} sales: {ids}", n, ids=ids
        ),
        _(
            "look what the ERP says of it and mend that: each run tries again; or enter it by "
            "hand and `passerelle orders settle` its order"
        ),
    )
    yield from _concern(
        *(ConcernKind.ID_REUSED, "sales", health.with_problem(Problem.REUSED)),
        lambda n, ids: n_(
            "the shop uses the id of {n} order again: {ids}",
            "the shop uses the ids of {n} orders again: {ids}",
            n,
            ids=ids,
        ),
        _("compare both orders; `passerelle orders forget` lets the new one in"),
    )
    stuck = [sale for sale in health.with_problem(*_STUCK) if not sale.refusals]
    yield from _concern(
        *(ConcernKind.SALE_STUCK, "sales", stuck),
        lambda n, ids: n_(
            "{n} sale cannot be issued: {ids}", "{n} sales cannot be issued: {ids}", n, ids=ids
        ),
        _("`passerelle orders show` says of each why, and what to do"),
    )
    yield from _concern(
        *(ConcernKind.SALE_CANCELLED, "sales", health.cancelled),
        lambda n, ids: n_(
            "{n} order is cancelled in the shop, and the ERP has its sale: {ids}",
            "{n} orders are cancelled in the shop, and the ERP has their sales: {ids}",
            n,
            ids=ids,
        ),
        _("undo the sale in the ERP, then `passerelle orders settle` its order"),
    )
