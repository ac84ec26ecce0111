"""Why an order's products are held back, in words: one for each standing that the rule knows."""

from pathlib import PurePosixPath

from passerelle.base.commands import command
from passerelle.base.language import _
from passerelle.base.wording import printable
from passerelle.explain.inquiry import Inquiry
from passerelle.explain.order import Account
from passerelle.model.location import group_of
from passerelle.model.records import KnownOrder
from passerelle.model.states import State, state_in_words
from passerelle.rules.missed_sales import Standing

# What has to happen hangs on more than clocks.
_NOT_BY_ITSELF = (
    *(Standing.IN_SHOPS_FILE, Standing.DOUBTFUL),
    *(Standing.LACKS_SALE, Standing.SALE_TAKEN_SINCE),
    *(Standing.REFUSED, Standing.CHANGED),
)


def until_when(inquiry: Inquiry, account: Account, how: Standing) -> str:
    """Until what the run of stock holds the order's products back, as ``orders show`` tells it."""
    if how.is_missed is False:
        return _let_go(inquiry, account, how)
    stock = inquiry.settings.stock
    told = _until(how).format(file=stock.source.name if stock else "")
    back = inquiry.expected_in_shop(account.order, how)
    if back is None or how in _NOT_BY_ITSELF:
        return told
    expected = _("If all keep their times, the shop has it back at {time}.")
    return f"{told} {expected.format(time=inquiry.when(back))}"


def _until(how: Standing) -> str:
    match how:
        case Standing.IN_SHOPS_FILE:
            return _(
                "The run of stock holds this back as long as the order stands in the shop's file "
                "and is not cancelled there."
            )
        case Standing.WITHHELD | Standing.REFUSED:
            return _("The run of stock holds this back until the order is settled.")
        case Standing.CHANGED:
            return _(
                "The run of stock holds back what the shop sold beyond this, until the order is "
                "settled."
            )
        case Standing.LACKS_SALE | Standing.SALE_TAKEN_SINCE:
            return _(
                "The run of stock holds this back until the ERP has its sale and then writes its "
                "next {file}."
            )
        case Standing.TAKEN_SINCE:
            return _(
                "The run of stock holds this back until the ERP has written a new {file}: the one "
                "last published was written before it had the order."
            )
        case Standing.MAY_BE_REFUSED:
            return _(
                "The run of stock holds this back until the folder of orders.refused can be looked "
                "into: the ERP took the XML, and may have refused it."
            )
        case Standing.ON_ITS_WAY | Standing.DOUBTFUL:
            return _(
                "The run of stock holds this back until the ERP has taken the XML and then "
                "written its next {file}."
            )
    return _("The run of stock holds this back until the ERP has the order or it is settled.")


def _let_go(inquiry: Inquiry, account: Account, how: Standing) -> str:
    if any(item.held for item in account.items):
        soon = inquiry.when(inquiry.next_run("stock"))
        return _("The run of stock at {time} lets go of this.").format(time=soon)
    if how == Standing.LEFT_TO_TILL:
        return _("Nothing is held back for it: stock.withheld_is_missed is off.")
    return _("Nothing is held back for it in the stock.")


def in_one_sentence(inquiry: Inquiry, order: KnownOrder, how: Standing) -> str:
    """What has to happen until the shop gets it back, as ``stock why`` tells it of each order."""
    stock = inquiry.settings.stock
    return _what_has_to_happen(order, how).format(
        id=printable(order.id),
        file=stock.source.name if stock else "",
        state=state_in_words(order.state),
        xml=PurePosixPath(order.sent_as or "?").name,
        next=inquiry.when(inquiry.next_run("stock" if how.is_missed is False else run_of(order))),
        settle=command("settle", order.id),
        show=command("show", order.id),
    )


def run_of(order: KnownOrder) -> str:
    """The run that sends it."""
    return "tills" if group_of(order.channel) else "orders"


def _what_has_to_happen(order: KnownOrder, how: Standing) -> str:
    if how.is_missed is False:
        return _("order {id} is {state}: the run of stock at {next} lets go of it")
    match how:
        case Standing.WITHHELD:
            return _("order {id} is withheld: enter it at the till, then `{settle}`")
        case Standing.REFUSED:
            return _("the ERP refused order {id}: what to do: `{show}`")
        case Standing.MAY_BE_REFUSED:
            return _("nobody could see whether the ERP refused order {id}: mend orders.refused")
        case Standing.CHANGED:
            return _("order {id} changed in the shop after it was sent: what to do: `{show}`")
        case Standing.UNSENT if order.state == State.REJECTED and group_of(order.channel):
            return _("order {id} was rejected: enter it in the ERP and `{settle}` (why: `{show}`)")
        case Standing.UNSENT | Standing.IN_SHOPS_FILE if order.state == State.REJECTED:
            return _(
                "order {id} was rejected: mend it in the shop, or enter it at the till and "
                "`{settle}` (why: `{show}`)"
            )
        case Standing.UNSENT:
            return _("order {id} goes into the next XML that can be sent, at {next} or later")
        case Standing.IN_SHOPS_FILE:
            return _("order {id} waits for the shop's file to let it go (why: `{show}`)")
        case Standing.DOUBTFUL:
            return _("nobody knows whether the ERP has order {id}: see `{show}`")
        case Standing.LACKS_SALE:
            return _("order {id} waits for its sale to be in the ERP (how it goes: `{show}`)")
        case Standing.TAKEN_SINCE | Standing.SALE_TAKEN_SINCE:
            return _("the ERP took order {id}; its next {file} includes it")
    return _("order {id} is on its way in {xml}; the ERP takes it, then writes its next {file}")
