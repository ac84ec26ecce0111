"""An order's life in sentences for a shop's staff."""

from collections.abc import Iterator

from passerelle.language import _
from passerelle.ledger import Stage, State
from passerelle.ledger.looking_back import HeldBack
from passerelle.life.account import Account, Item
from passerelle.life.inquiry import Inquiry
from passerelle.life.next_steps import next_step
from passerelle.reading import printable
from passerelle.sources import in_words


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


def _item(inquiry: Inquiry, account: Account, item: Item) -> str:
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
