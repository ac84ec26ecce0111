"""The orders that are not in the ERP as the shop has them, and those that need a person."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from passerelle.base.commands import covering, of_xml
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few, shorten
from passerelle.health.concerns import Concern, ConcernKind, Words, concern_about, times_of
from passerelle.ledger.ledger import Ledger
from passerelle.model.location import group_of
from passerelle.model.records import KnownOrder, Run
from passerelle.model.states import DONE, OpenMatter, Stage, State
from passerelle.rules.fate import about_status, what_to_add

# What may be open about an order beside that it was not sent; the others tell of it themselves.
_UNSENT_ALONE = (None, OpenMatter.TWICE, OpenMatter.ID_REUSED)


class OrdersHealth(Struct, frozen=True):
    """Orders that are not in the ERP, and those of which it has something else than the shop.

    Those that wait need nobody and are many after some years: they are only counted, without
    those cancelled in the shop. ``not_sent`` should be in the ERP, but have gone from the shop's
    file; ``doubtful`` may be, and those ``on_the_way`` will be. ``matters`` are those about which
    something is open, ``twice`` those to be sent again whose first XML may not be out of the way.
    """

    withheld: tuple[KnownOrder, ...]
    waiting: int
    rejected: tuple[KnownOrder, ...]
    not_sent: tuple[KnownOrder, ...]
    doubtful: tuple[KnownOrder, ...]
    unnamed: int
    matters: tuple[KnownOrder, ...] = ()
    twice: tuple[KnownOrder, ...] = ()
    on_the_way: tuple[KnownOrder, ...] = ()
    unknown_statuses: tuple[str, ...] = ()

    def counts(self) -> Mapping[str, int]:
        return {
            "withheld": len(self.withheld),
            "waiting": self.waiting,
            "on_the_way": len(self.on_the_way),
            "rejected": len(self.rejected) + self.unnamed,
            "not_sent": len(self.not_sent),
            "doubtful": len(self.doubtful),
        }

    def with_matter(self, matter: OpenMatter) -> tuple[KnownOrder, ...]:
        return tuple(order for order in self.matters if order.matter == matter)

    @property
    def reused(self) -> tuple[KnownOrder, ...]:
        """Those whose id another order has, too."""
        return tuple(order for order in self.matters if order.reused)

    def to_enter(self) -> Mapping[ConcernKind, Sequence[KnownOrder]]:
        """Those that a person has to see to at the till, each once, by what is the matter."""
        found = {
            ConcernKind.WITHHELD: self.withheld,
            ConcernKind.REJECTED: self.rejected,
            ConcernKind.NOT_SENT: self.not_sent,
            ConcernKind.LEFT: self.with_matter(OpenMatter.LEFT),
            ConcernKind.REFUSED: self.with_matter(OpenMatter.REFUSED),
        }
        told = {o: kind for kind, some in reversed(found.items()) for o in some}
        return {kind: [o for o in some if told[o] == kind] for kind, some in found.items()}

    def by_kind(self) -> Mapping[ConcernKind, Sequence[KnownOrder]]:
        """The orders that each concern is about."""
        return {
            ConcernKind.WITHHELD: self.withheld,
            ConcernKind.REJECTED: self.rejected,
            ConcernKind.NOT_SENT: self.not_sent,
            ConcernKind.DOUBTFUL: self.doubtful,
            **{ConcernKind(matter.value): self.with_matter(matter) for matter in OpenMatter},
            ConcernKind.ID_REUSED: [o for o in self.reused if not o.is_open_itself],
            ConcernKind.TWICE: [o for o in self.with_matter(OpenMatter.TWICE) if o.state in DONE],
        }


def look_at_orders(ledger: Ledger, last: Run | None) -> OrdersHealth:
    """The orders that are not in the ERP; ``last`` is the last run of orders that went well."""
    facts, book = last.facts if last else {}, ledger.orders
    of_tills = ledger.runs.last("tills", (0, 5))
    gone = {*facts.get("not_sent", ()), *(of_tills.facts.get("not_sent", ()) if of_tills else ())}
    due = book.due()
    prepared = book.list_by_state(State.PREPARED)
    matters = tuple(book.with_matter())
    not_sent = tuple(o for o in due if o.id in gone and o.matter in _UNSENT_ALONE)
    return OrdersHealth(
        withheld=tuple(book.list_by_state(State.WITHHELD)),
        waiting=book.count_waiting(),
        rejected=tuple(o for o in book.list_by_state(State.REJECTED) if o not in not_sent),
        not_sent=not_sent,
        on_the_way=tuple(order for order in prepared if order.stage != Stage.DOUBTFUL),
        doubtful=tuple(order for order in prepared if order.stage == Stage.DOUBTFUL),
        unnamed=facts.get("unnamed", 0),
        unknown_statuses=tuple(facts.get("unknown_statuses", ())),
        matters=matters,
        twice=tuple(order for order in due if order.matter == OpenMatter.TWICE),
    )


def order_concerns(
    health: OrdersHealth, of_sales: Collection[str] = frozenset()
) -> Iterator[Concern]:
    """``of_sales``: orders of which their sales tell already that the shop cancelled them."""
    of_tills = [order for order in health.rejected if group_of(order.channel)]
    of_shop = [order for order in health.rejected if order not in of_tills]
    if of_shop or health.unnamed:
        yield _rejected(of_shop, health.unnamed)
    yield from concern_about(ConcernKind.REJECTED, "tills", of_tills, *_OF_TILLS)
    by_kind = health.by_kind()
    for kind, (tell, mend) in TOLD.items():
        is_told = of_sales if kind == ConcernKind.CANCELLED else ()
        found = [order for order in by_kind[kind] if order.id not in is_told]
        yield from concern_about(kind, "orders", found, tell, mend)
    both = [order for order in health.reused if order.is_open_itself]
    yield from concern_about(ConcernKind.ID_REUSED, "first", both, *_REUSED_BEFORE)
    files = sorted({order.archived or "" for order in health.doubtful})
    for file in files:
        yield _doubtful(file, [order for order in health.doubtful if order.archived == file])
    if health.twice:
        yield _twice(health.twice)
    for status in health.unknown_statuses:
        kind, mend = ConcernKind.UNKNOWN_STATUS, what_to_add(status)
        yield Concern(kind, shorten(status, 60), about_status(status), mend)


# The shop used an id again before the first order of that id was seen to.
_REUSED_BEFORE: Words = (
    lambda n, ids: n_(
        "{n} order is not done with, and the shop uses its id again: {ids}",
        "{n} orders are not done with, and the shop uses their ids again: {ids}",
        n,
        ids=ids,
    ),
    N_("first see to the older one, as `{show}` tells; then the other's turn comes"),
)
_OF_TILLS: Words = (
    lambda n, ids: n_(
        "{n} order of the tills is paid and cannot go to the ERP: {ids}",
        "{n} orders of the tills are paid and cannot go to the ERP: {ids}",
        n,
        ids=ids,
    ),
    N_("enter it in the ERP by hand (why: `{show}`), then `{settle}`"),
)
# Of each kind of concern: its words for one order and for many, and the mend.
TOLD: Mapping[ConcernKind, Words] = {
    ConcernKind.WITHHELD: (
        lambda n, ids: n_(
            "{n} order is withheld, to be entered at the till: {ids}",
            "{n} orders are withheld, to be entered at the till: {ids}",
            n,
            ids=ids,
        ),
        N_("enter it at the till, then `{settle}`"),
    ),
    ConcernKind.NOT_SENT: (
        lambda n, ids: n_(
            "{n} order was not sent, and is no longer in the shop's file: {ids}",
            "{n} orders were not sent, and are no longer in the shop's file: {ids}",
            n,
            ids=ids,
        ),
        N_(
            "have the shop export them again, or enter by hand those that were paid; then, or if "
            "nobody wants them any more, `{settle}`"
        ),
    ),
    ConcernKind.CHANGED: (
        lambda n, ids: n_(
            "{n} order was changed in the shop after it was sent: {ids}",
            "{n} orders were changed in the shop after they were sent: {ids}",
            n,
            ids=ids,
        ),
        N_("compare it with the ERP and mend it there (`{show}` tells more), then `{settle}`"),
    ),
    ConcernKind.CANCELLED: (
        lambda n, ids: n_(
            "{n} order was cancelled in the shop after it was sent: {ids}",
            "{n} orders were cancelled in the shop after they were sent: {ids}",
            n,
            ids=ids,
        ),
        N_("undo it in the ERP, then `{settle}`"),
    ),
    ConcernKind.ID_REUSED: (
        lambda n, ids: n_(
            "the shop uses the id of {n} order again: {ids}",
            "the shop uses the ids of {n} orders again: {ids}",
            n,
            ids=ids,
        ),
        N_(
            "compare both orders (`{show}`): enter the new one by hand, then `{settle}`; "
            "or `{forget}` lets the new one in"
        ),
    ),
    ConcernKind.REFUSED: (
        lambda n, ids: n_(
            "the ERP refuses {n} order: {ids}",
            "the ERP refuses {n} orders: {ids}",
            n,
            ids=ids,
        ),
        N_(
            "look what the ERP says of its file and mend that; then `{resend}`, or enter it by "
            "hand and `{settle}`"
        ),
    ),
    ConcernKind.LEFT: (
        lambda n, ids: n_(
            "{n} order waited for its status, and is no longer in the shop's file: {ids}",
            "{n} orders waited for their status, and are no longer in the shop's file: {ids}",
            n,
            ids=ids,
        ),
        N_(
            "look in the shop: was it paid, have it exported again, or enter it by hand; then, or "
            "if nobody wants it any more, `{settle}`"
        ),
    ),
    ConcernKind.TWICE: (
        lambda n, ids: n_(
            "{n} order was sent again, and the ERP may have it twice: {ids}",
            "{n} orders were sent again, and the ERP may have them twice: {ids}",
            n,
            ids=ids,
        ),
        N_("delete the older XML if it lies there, or take one of both out of the ERP; `{settle}`"),
    ),
    ConcernKind.OLDER: (
        lambda n, ids: n_(
            "{n} order is older than what the previous system handled, and may not have been sent: "
            "{ids}",
            "{n} orders are older than what the previous system handled, and may not have been "
            "sent: {ids}",
            n,
            ids=ids,
        ),
        N_("look for it in the ERP: if it is there, `{settle}`; if it is not, `{resend}`"),
    ),
}


def _doubtful(file: str, found: Sequence[KnownOrder]) -> Concern:
    """An XML arrives whole or not at all."""
    ids = tuple(order.id for order in found)
    text = n_(
        "{n} order may or may not have reached the ERP: {ids}",
        "{n} orders may or may not have reached the ERP: {ids}",
        len(ids),
        ids=few(ids),
    )
    mend = _("look for {file} in the ERP: if it is there, `{settle}`; if it is not, `{resend}`")
    settle, resend = (of_xml(verb, file, ids) for verb in ("settle", "resend"))
    told = mend.format(file=file, settle=settle, resend=resend)
    return Concern(ConcernKind.DOUBTFUL, file, text, told, min(o.changed for o in found), ids)


def _twice(found: Sequence[KnownOrder]) -> Concern:
    """Before it is sent again: to settle it now would mean that it is not."""
    ids = tuple(order.id for order in found)
    text = n_(
        "{n} order is to be sent again, and its XML had not been taken: {ids}",
        "{n} orders are to be sent again, and their XMLs had not been taken: {ids}",
        len(ids),
        ids=few(ids),
    )
    named = sorted({f"{order.server}:{order.sent_as}" for order in found if order.sent_as})
    files = ", ".join(named) or "XML"
    mend = _(
        "delete {files} before the next run, or the ERP gets it twice; if it holds other orders, "
        "have those sent again first; if the ERP took it, take the order out there"
    ).format(files=files)
    return Concern(ConcernKind.TWICE, files, text, mend, min(o.changed for o in found), ids)


def _rejected(found: Sequence[KnownOrder], unnamed: int) -> Concern:
    ids = tuple(order.id for order in found)
    text = n_("{n} order is rejected", "{n} orders are rejected", len(ids) + unnamed)
    mend = _("`passerelle orders list --state rejected` says why; mend it in the shop")
    if ids:
        more = _(", or enter it by hand, then `{settle}`")
        settle = covering("settle", ConcernKind.REJECTED, times_of(found))
        mend += more.format(settle=settle)
    since = min((order.changed for order in found), default=None)
    text = f"{text} ({few(ids)})" if ids else text
    return Concern(ConcernKind.REJECTED, "orders", text, mend, since, ids)
