"""The sales that are not done, and those that need a person."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind, Words, concern_about
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownSale, Run
from passerelle.model.states import ON_THE_WAY, OPEN
from passerelle.rules.fulfilment import FAULTS, Problem

_STUCK = FAULTS - {Problem.REFUSED, Problem.REUSED}


class SalesHealth(Struct, frozen=True):
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

    def by_kind(self) -> Mapping[ConcernKind, Sequence[KnownSale]]:
        """The sales that each concern is about."""
        stuck = [sale for sale in self.with_problem(*_STUCK) if not sale.refusals]
        return {
            ConcernKind.SALE_REFUSED: self.refused,
            ConcernKind.SALE_STUCK: self.not_done if self.is_off else stuck,
            ConcernKind.SALE_CANCELLED: self.cancelled,
        }


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
        mend = N_("switch it on again, or enter them by hand and `{settle}`")
        yield from concern_about(
            ConcernKind.SALE_STUCK, "sales", health.not_done, _off_in_words, mend
        )
        return
    if health.undated:
        number, ids = len(health.undated), few(health.undated)
        text = n_(
            "{n} order has no date, and gets no sale without one: {ids}",
            "{n} orders have no date, and get no sale without one: {ids}",
            number,
            ids=ids,
        )
        export = _("look into the shop's order export, and at orders.columns.date")
        kind = ConcernKind.SALE_UNDATED
        yield Concern(kind, "sales", text, export, None, health.undated)
    by_kind = health.by_kind()
    for of, (tell, mend) in TOLD_OF_SALES.items():
        yield from concern_about(of, "sales", by_kind[of], tell, mend)


def _off_in_words(number: int, ids: str) -> str:
    return n_(
        "{n} sale was not issued before [fulfil] was switched off: {ids}",
        "{n} sales were not issued before [fulfil] was switched off: {ids}",
        number,
        ids=ids,
    )


# An id that the shop uses again is told of the order that has it.
TOLD_OF_SALES: Mapping[ConcernKind, Words] = {
    ConcernKind.SALE_REFUSED: (
        lambda n, ids: n_(
            "the ERP refuses {n} sale: {ids}", "the ERP refuses {n} sales: {ids}", n, ids=ids
        ),
        N_(
            "look what the ERP says of it and mend that: each run tries again; or enter it by "
            "hand and `{settle}`"
        ),
    ),
    ConcernKind.SALE_STUCK: (
        lambda n, ids: n_(
            "{n} sale cannot be issued: {ids}", "{n} sales cannot be issued: {ids}", n, ids=ids
        ),
        N_("`{show}` says why, and what to do"),
    ),
    ConcernKind.SALE_CANCELLED: (
        lambda n, ids: n_(
            "{n} order is cancelled in the shop, and the ERP has its sale: {ids}",
            "{n} orders are cancelled in the shop, and the ERP has their sales: {ids}",
            n,
            ids=ids,
        ),
        N_("undo the sale in the ERP, then `{settle}`"),
    ),
}
