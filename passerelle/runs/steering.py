"""What a person may do with the ledger's orders: settle, unsettle, resend, retry, forget."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from passerelle.base.commands import command
from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.config.file import FILE_NAME
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.runs import READ_ANEW
from passerelle.model.location import group_of
from passerelle.model.records import KnownOrder, KnownSale, Settlement
from passerelle.model.states import DONE, OPEN, OpenMatter, SaleState, Stage, State, state_in_words
from passerelle.runs.remains import Remains, Seeker


class Steering(Struct, frozen=True):
    """Steers the orders of one channel. What its deeds return is to be told.

    ``seeker`` looks for what is in doubt on the servers.
    """

    ledger: Ledger
    channel: str
    now: Callable[[], datetime]
    issues_sales: bool = True
    seeker: Seeker | None = None
    # Of the file in which [fulfil] stands.
    config_name: str = FILE_NAME

    def settle(self, ids: Sequence[str]) -> list[str]:
        """The orders, or their sales, were entered by hand, and are no longer missed.

        Of a cancelled order whose sale the ERP has: a person undid the sale there.
        """
        known = self._all(ids)
        sales = {order.id: self._sale_to_settle(order) for order in known}
        for order in known:
            if sales[order.id] is None and not _has_open_matter(order):
                self._refuse_on_the_way(order)
                refusal = _("order {id} is {state}: there is nothing to settle")
                self._refuse_done(order, refusal, State.WAITING, State.WITHHELD, State.REJECTED)
        return [self._settle(order, sales[order.id]) for order in known]

    def _settle(self, order: KnownOrder, sale: KnownSale | None) -> str:
        at = self.now()
        self._without_upload(order)
        if sale is None or _has_open_matter(order):
            self.ledger.orders.settle(order, at)
        if sale is None:
            return _("order {id} is settled").format(id=order.id)
        if sale.cancelled:
            self.ledger.sales.undo(sale, at)
            return _("the sale of order {id} is undone").format(id=order.id)
        self.ledger.sales.settle(sale, at)
        text = _("the sale of order {id} is settled").format(id=order.id)
        if sale.state == SaleState.SENT and sale.stage != Stage.TAKEN:
            return _("; ").join((text, _its_file_lies(sale)))
        return text

    def _sale_to_settle(self, order: KnownOrder) -> KnownSale | None:
        """The sale that asks for a person, where one does.

        It is that of the order, once the order itself is in the ERP, or that of another order to
        which the shop gave the same id.
        """
        sales = self.ledger.sales.of_orders(order.channel, [order.id]).get(order.id, [])
        own = [sale for sale in sales if sale.order_date == order.date]
        if order.state in (State.SENT, State.TAKEN) and own and _asks_for_a_person(own[0]):
            return own[0]
        others = (sale for sale in sales if sale not in own and sale.state in OPEN)
        return next(others, None)

    def unsettle(self, ids: Sequence[str]) -> list[str]:
        """The orders, or their sales, were not settled after all: they are what they were."""
        known = [(order, self._to_take_back(order)) for order in self._all(ids)]
        return [self._unsettle(order, *one) for order, found in known for one in found]

    def _unsettle(self, order: KnownOrder, settlement: Settlement, sale: KnownSale | None) -> str:
        state = settlement.before["state"]
        if sale is None:
            self.ledger.orders.unsettle(order, settlement, self.now())
            return _("order {id} is {state} again").format(id=order.id, state=_(state))
        self.ledger.sales.unsettle(sale, settlement, self.now())
        return _("the sale of order {id} is {state} again").format(id=order.id, state=_(state))

    def _to_take_back(self, order: KnownOrder) -> list[tuple[Settlement, KnownSale | None]]:
        """What the last word settled. Raises :class:`UsageError` where it is so no longer."""
        sales = self.ledger.sales.of_orders(order.channel, [order.id]).get(order.id, [])
        by_date = {sale.order_date: sale for sale in sales}
        settled = self.ledger.orders.settled(order)
        found = [(one, by_date.get(one.order_date) if one.order_date else None) for one in settled]
        if not found or not all(_is_as_settled(order, sale, one) for one, sale in found):
            what = _("order {id} is {state}: nothing that was settled is to be undone")
            see = _("see `{show}`").format(show=command("show", order.id))
            raise UsageError(what.format(id=order.id, state=state_in_words(order.state)), "", see)
        return found

    def retry(self, ids: Sequence[str]) -> list[str]:
        """The orders' sales are tried anew by the next run."""
        if not self.issues_sales:
            mend = _("set fulfil.enabled = true; or enter the sale by hand, then `{settle}`")
            mend = mend.format(settle=command("settle", *ids))
            raise UsageError(_("[fulfil] is off: no sale is issued"), self.config_name, mend)
        sales = [(order, self._sale_to_retry(order)) for order in self._all(ids)]
        for _order, sale in sales:
            self._without_upload(sale)
            self.ledger.sales.retry(sale, self.now())
        text = _("the sale of order {id} is tried again by the next run")
        return [text.format(id=order.id) for order, _sale in sales]

    def _sale_to_retry(self, order: KnownOrder) -> KnownSale:
        sale, see = self.ledger.sales.of_order(order), _("see `{show}`")
        see = see.format(show=command("show", order.id))
        if sale is None:
            raise UsageError(_("order {id} has no sale").format(id=order.id), "", see)
        if sale.state == SaleState.DONE:
            what = _("the sale of order {id} is done").format(id=order.id)
            mend = _("`{forget}` makes the order new, once it is out of the ERP")
            raise UsageError(
                what, sale.sent_as or "", mend.format(forget=command("forget", order.id))
            )
        if sale.state not in (*OPEN, SaleState.WITHDRAWN) and not _is_doubtful(sale):
            what = _("the sale of order {id} is on its way to the ERP").format(id=order.id)
            raise UsageError(what, sale.archived or "", see)
        self._refuse_lying(order, sale)
        return sale

    def _refuse_lying(self, order: KnownOrder, sale: KnownSale) -> None:
        """Issued anew, one whose XML lies there would be booked twice."""
        if _is_doubtful(sale) and self._remains(sale).may_be_taken:
            what = _("the XML of the sale of order {id} lies there yet, or may").format(id=order.id)
            mend = _("delete it, or have the ERP take it, then `{settle}`; or say this again")
            place, settle = f"{sale.server}:{sale.sent_as}", command("settle", order.id)
            raise UsageError(what, place, mend.format(settle=settle))

    def resend(self, ids: Sequence[str]) -> list[str]:
        """The orders go into the next XML, whatever was done with them."""
        told = self.plan_resend(ids)
        for order in self._all(ids):
            remains = self._without_upload(order)
            self.ledger.orders.resend(order, self.now(), may_lie=remains.may_be_taken)
        return told

    def plan_resend(self, ids: Sequence[str]) -> list[str]:
        """What will follow for each. Raises :class:`UsageError` where it cannot be."""
        known = self._all(ids)
        for order in known:
            self._refuse_on_the_way(order)
            allowed = (*set(State) - {State.PREPARED, State.REJECTED},)
            refusal = _("order {id} is {state}: there is nothing to resend")
            self._refuse_done(order, refusal, *allowed)
        return [self._told(_going(order), order) for order in known]

    def forget(self, ids: Sequence[str]) -> list[str]:
        """The ledger loses the orders: the next run meets them as new."""
        told = self.plan_forget(ids)
        for order in self._all(ids):
            self._without_upload(order)
            self.ledger.orders.forget(order)
            if group_of(order.channel):
                self.ledger.runs.do_chore(READ_ANEW, self.now())
        return told

    def plan_forget(self, ids: Sequence[str]) -> list[str]:
        """What will follow for each. Raises :class:`UsageError` where it cannot be."""
        known = self._all(ids)
        for order in known:
            self._refuse_on_the_way(order)
            self._refuse_sale_on_the_way(order)
            self._refuse_to_hide(order)
        return [self._forgotten(order) for order in known]

    def _refuse_to_hide(self, order: KnownOrder) -> None:
        """Forgotten, nobody would be told that the ERP gets it twice."""
        if self._remains(order).may_be_taken:
            what = _("the XML of order {id} lies there yet, or may").format(id=order.id)
            mend = _(
                "when the ERP has taken it, or you deleted it, `passerelle run orders`; then say "
                "it again"
            )
            raise UsageError(what, f"{order.server}:{order.sent_as}", mend)
        if order.matter == OpenMatter.TWICE:
            what = _("the ERP may get order {id} twice").format(id=order.id)
            mend = _("see to that, then `{settle}`; then say it again")
            raise UsageError(what, "", mend.format(settle=command("settle", order.id)))

    def _forgotten(self, order: KnownOrder) -> str:
        text = self._told(_("order {id} is forgotten"), order)
        sale = self.ledger.sales.of_order(order)
        if sale is None or sale.sent_as is None or sale.state in (*OPEN, SaleState.WITHDRAWN):
            return text
        if sale.state == SaleState.SENT and sale.stage != Stage.TAKEN:
            return _("; ").join((text, _its_file_lies(sale)))
        more = _("the ERP has its sale from {file}: take it out of the ERP first")
        return _("; ").join((text, more.format(file=sale.sent_as)))

    def _refuse_sale_on_the_way(self, order: KnownOrder) -> None:
        sale = self.ledger.sales.of_order(order)
        if sale:
            self._refuse_lying(order, sale)
        if sale and sale.state == SaleState.PREPARED and not _is_doubtful(sale):
            raise UsageError(
                _("the sale of order {id} is on its way to the ERP").format(id=order.id),
                sale.archived or "",
                _("finish that first with `passerelle run orders`"),
            )

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
        remains = self._remains(order)
        if remains.xml:
            others = self._others_in_its_xml(order)
            text = _("it lies in {file}: delete that file, or the ERP gets it twice")
            if others:
                text = _(
                    "it lies in {file}, with others: `{resend}` sends these again too; then delete "
                    "that file, or the ERP gets it twice"
                )
            resend = command("resend", order.id, *others)
            return text.format(file=order.sent_as, resend=resend)
        if remains.problem:
            text = _(
                "nobody could look whether it lies in {file} ({problem}): if it does, delete that "
                "file, or the ERP gets it twice"
            )
            return text.format(file=order.sent_as, problem=remains.problem)
        if order.matter == OpenMatter.REFUSED:
            return _("the ERP refused {file}").format(file=order.sent_as)
        if order.stage == Stage.TAKEN:
            text = _("the ERP has it from {file}: take it out of the ERP first")
            return text.format(file=order.sent_as)
        if order.stage == Stage.DOUBTFUL and order.state == State.PREPARED:
            return _("only the ERP knows whether it has it: look there first")
        return _("it was {state}").format(state=state_in_words(order.state))

    def _remains(self, order: KnownOrder | KnownSale) -> Remains:
        """What lies on the server of its last XML, as far as that is known."""
        if order.stage == Stage.DOUBTFUL and self.seeker:
            return self.seeker.look(order)
        return Remains(xml=order.stage == Stage.SENT)

    def _without_upload(self, order: KnownOrder | KnownSale) -> Remains:
        """The same; an upload that no run needs any more is taken away."""
        if order.stage == Stage.DOUBTFUL and self.seeker:
            self.seeker.take_upload_away(order)
        return self._remains(order)

    def _others_in_its_xml(self, order: KnownOrder) -> list[str]:
        found = self.ledger.dispatches.orders_in(order.dispatch) if order.dispatch else []
        return [id for id in found if id != order.id]

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
            refusal.format(id=order.id, state=state_in_words(order.state)),
            order.sent_as or "",
            _("see `{show}`").format(show=command("show", order.id)),
        )


def _has_open_matter(order: KnownOrder) -> bool:
    """Whether a person has to see to more than its state, which stays."""
    return order.matter is not None and order.state in DONE


def _going(order: KnownOrder) -> str:
    if order.cancelled:
        return _("order {id} is cancelled in the shop: it goes into an XML once it no longer is")
    return _("order {id} goes into the next XML")


def _is_as_settled(order: KnownOrder, sale: KnownSale | None, settlement: Settlement) -> bool:
    before = settlement.before
    if settlement.order_date:
        after = SaleState.WITHDRAWN if before["cancelled"] else SaleState.DONE
        return sale is not None and sale.state == after
    if before["matter"] and before["state"] in DONE:
        return order.state == before["state"] and order.matter is None
    return order.state == State.SETTLED


def _its_file_lies(sale: KnownSale) -> str:
    text = _("its sale lies in {file}: delete that file, or the ERP gets it twice")
    return text.format(file=sale.sent_as)


def _asks_for_a_person(sale: KnownSale) -> bool:
    """Whether there is something to settle; one that was refused goes out again at each run."""
    in_erp = sale.state in (SaleState.SENT, SaleState.DONE)
    is_refused = sale.state == SaleState.SENT and sale.refusals > 0
    return sale.state in OPEN or is_refused or _is_doubtful(sale) or (in_erp and sale.cancelled)


def _is_doubtful(sale: KnownSale) -> bool:
    return sale.state == SaleState.PREPARED and sale.stage == Stage.DOUBTFUL
