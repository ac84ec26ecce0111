"""An order's life in sentences for a shop's staff."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from passerelle.base.language import _
from passerelle.base.wording import in_words, printable
from passerelle.explain.inquiry import Inquiry, command
from passerelle.explain.next_steps import next_step
from passerelle.explain.order import Account, HeldItem, holds, is_due
from passerelle.model.records import HeldBack, KnownOrder, Publication
from passerelle.model.states import SaleState, Stage, State


def tell(inquiry: Inquiry, account: Account) -> Iterator[str]:
    """The story: where it came from, how it stands, what is to do, what was sold of the stock."""
    yield _beginning(inquiry, account)
    step = next_step(inquiry, account)
    yield step.now
    if step.then:
        yield step.then
    yield from _copy(account)
    for event in account.changes:
        told = _("Since then the shop's file says otherwise ({time}): {note}.")
        yield told.format(time=inquiry.when(event.at), note=event.note)
    yield from _goods(inquiry, account)


def _beginning(inquiry: Inquiry, account: Account) -> str:
    order, orders = account.order, inquiry.settings.orders
    told = _("It was first seen at {time} in {file}.")
    file = str(orders.source) if orders else "?"
    if order.date and order.seen >= order.date:
        told = _("It was first seen at {time} in {file}, {span} after it was ordered.")
        span = in_words(order.seen - order.date)
        return told.format(time=inquiry.when(order.seen), file=file, span=span)
    return told.format(time=inquiry.when(order.seen), file=file)


def _copy(account: Account) -> Iterator[str]:
    if account.order.archived and account.order.state in (State.PREPARED, State.SENT):
        yield _("A copy is kept as ArchiveExport/{name}.").format(name=account.order.archived)


def _goods(inquiry: Inquiry, account: Account) -> Iterator[str]:
    if not account.items:
        return
    yield _("What it sold:")
    for item in account.items:
        yield f"  {_item(inquiry, account, item)}"
    if inquiry.settings.stock is not None:
        yield _until(inquiry, account)


def _item(inquiry: Inquiry, account: Account, item: HeldItem) -> str:
    key, quantity = printable(item.sold.key), item.sold.quantity
    what = _("{n} of {item}").format(n=quantity, item=key)
    if quantity is None:
        what = _("{item}, how many cannot be read").format(item=key)
    if not item.held or account.publication is None:
        return what
    held = _("; ").join(_held(line) for line in item.held)
    told = _("{what}: held back in the publication of {time}: {lines}")
    return told.format(what=what, time=inquiry.when(account.publication.at), lines=held)


def _held(line: HeldBack) -> str:
    if line.after is None:
        told = _("the ERP says {before} (line {line}), its line was taken away")
    else:
        told = _("the ERP says {before} (line {line}), the shop was given {after}")
    return told.format(before=line.before, after=line.after, line=line.line)


def _until(inquiry: Inquiry, account: Account) -> str:
    """Until what the run of stock holds the products back."""
    stock = inquiry.settings.stock
    file = stock.source.name if stock else ""
    soon = inquiry.when(inquiry.next_run("stock"))
    if account.holds is False:
        return _let_go(account, soon)
    if account.holds is None:
        return _(
            "The run of stock holds this back as long as the order stands in the shop's file and "
            "is not cancelled there."
        )
    match account.order.state:
        case State.WITHHELD:
            told = _("The run of stock holds this back until the order is settled.")
        case State.SENT | State.TAKEN if inquiry.pending_sale(account.order):
            told = _(
                "The run of stock holds this back until the ERP has its sale and then writes its "
                "next {file}."
            )
            return told.format(file=file)
        case State.TAKEN:
            told = _(
                "The run of stock holds this back until the ERP has written a new {file}: the one "
                "last published was written before it had the order."
            )
        case State.SENT | State.PREPARED:
            told = _(
                "The run of stock holds this back until the ERP has taken the XML and then "
                "written its next {file}."
            )
        case _other:
            told = _(
                "The run of stock holds this back until the ERP has the order or it is settled."
            )
    back = inquiry.expected_in_shop(account.order, is_included=False)
    if back is None or account.order.stage == Stage.DOUBTFUL:
        return told.format(file=file)
    expected = _("If all keep their times, the shop has it back at {time}.")
    return f"{told.format(file=file)} {expected.format(time=inquiry.when(back))}"


def _let_go(account: Account, soon: str) -> str:
    if any(item.held for item in account.items):
        return _("The run of stock at {time} lets go of this.").format(time=soon)
    if account.order.state == State.WITHHELD:
        return _("Nothing is held back for it: stock.withheld_is_missed is off.")
    return _("Nothing is held back for it in the stock.")


def in_one_sentence(inquiry: Inquiry, order: KnownOrder, publication: Publication) -> str:
    """What has to happen until the shop gets back what this order holds back."""
    file = inquiry.settings.stock.source.name if inquiry.settings.stock else ""
    name = printable(order.id)
    if holds(inquiry, order, publication) is False:
        return _no_longer(inquiry, order)
    match order.state:
        case State.WITHHELD:
            told = _("order {id} is withheld: enter it at the till, then `{settle}`")
        case State.REJECTED:
            told = _(
                "order {id} was rejected: mend it in the shop, or enter it at the till and "
                "`{settle}` (why: `{show}`)"
            )
        case State.WAITING if is_due(order):
            told = _("order {id} goes into the next XML that can be sent, at {next} or later")
        case State.WAITING:
            told = _("order {id} waits for the shop's file to let it go (why: `{show}`)")
        case State.PREPARED if order.stage == Stage.DOUBTFUL:
            told = _("nobody knows whether the ERP has order {id}: see `{show}`")
        case State.SENT | State.TAKEN if _waits_for_its_sale(inquiry, order):
            told = _("order {id} waits for its sale to be in the ERP (how it goes: `{show}`)")
        case State.TAKEN:
            told = _("the ERP took order {id}; its next {file} includes it")
        case _other:
            told = _(
                "order {id} is on its way in {xml}; the ERP takes it, then writes its next {file}"
            )
    return told.format(
        id=name,
        file=file,
        xml=PurePosixPath(order.sent_as or "?").name,
        next=inquiry.when(inquiry.next_run("orders")),
        settle=command("settle", order.id),
        show=command("show", order.id),
    )


def _waits_for_its_sale(inquiry: Inquiry, order: KnownOrder) -> bool:
    sale = inquiry.pending_sale(order)
    return sale is not None and sale.state != SaleState.DONE


def _no_longer(inquiry: Inquiry, order: KnownOrder) -> str:
    told = _("order {id} is {state}: the run of stock at {next} lets go of it")
    soon = inquiry.when(inquiry.next_run("stock"))
    return told.format(id=printable(order.id), state=order.state.value, next=soon)
