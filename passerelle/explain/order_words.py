"""An order's life in sentences for a shop's staff."""

from collections.abc import Iterator

from passerelle.base.language import _
from passerelle.base.wording import in_words, printable
from passerelle.explain.inquiry import Inquiry
from passerelle.explain.missed_words import until_when
from passerelle.explain.next_steps import next_step
from passerelle.explain.order import Account, HeldItem
from passerelle.model.records import HeldBack
from passerelle.model.states import State


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
    if account.standing is not None:
        yield until_when(inquiry, account, account.standing)


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
