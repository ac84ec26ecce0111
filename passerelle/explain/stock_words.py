"""Why an item is at its level, in sentences for a shop's staff."""

from collections.abc import Iterator

from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, printable
from passerelle.config.stock import Stock
from passerelle.explain.inquiry import Inquiry
from passerelle.explain.missed_words import in_one_sentence
from passerelle.explain.stock import Answer, Held, HeldFor
from passerelle.explain.tills import what_comes
from passerelle.model.records import Publication
from passerelle.model.states import state_in_words
from passerelle.rules.missed_sales import Standing
from passerelle.rules.tills.sales import named
from passerelle.schedule.timetable import next_start


def tell(inquiry: Inquiry, answers: list[Answer], *, taken: bool | None) -> Iterator[str]:
    """The story of an item; ``taken``: whether the shop has taken the file, where that is known."""
    if not answers:
        yield _("no stock was published yet")
        return
    stock, last = inquiry.settings.needed_stock, answers[0].publication
    yield _published(inquiry, last, stock)
    if last.source_modified:
        told = _("it was made from {file}, which the ERP wrote at {time} (its server's clock)")
        yield told.format(file=stock.source.name, time=inquiry.when(last.source_modified))
    for answer in answers:
        yield from _about(inquiry, answer, stock)
    yield from _in_the_shop(inquiry, answers, stock, taken=taken)


def _published(inquiry: Inquiry, last: Publication, stock: Stock) -> str:
    about = f"{stock.to.name}, {inquiry.when(last.at)}"
    if last.stage == "withdrawn":
        told = _("last publication: {about}; it was withdrawn before the shop took it")
        return told.format(about=about)
    return _("last publication: {about}").format(about=about)


def _about(inquiry: Inquiry, answer: Answer, stock: Stock) -> Iterator[str]:
    for row in answer.rows:
        told = _('"{column}" says so in line {line} of {file}: it is item {item}')
        yield told.format(
            column=printable(row.column), line=row.line, file=stock.to.name, item=answer.item
        )
    for held in answer.held:
        yield _reason(held, stock)
        yield from (f"  {sentence}" for sentence in _orders(inquiry, held))
        if held.line.after is None:
            yield _("a product that is not in the file is set to 0 by the shop's import")
    if answer.held:
        yield from _at_that_level(inquiry, answer)
        yield _until(answer, stock)
        yield from _expected(inquiry, answer)
    else:
        yield from _unchanged(inquiry, answer, stock)


def _reason(held: Held, stock: Stock) -> str:
    line = held.line
    outcome = _("published {level}").format(level=line.after)
    if line.after is None:
        outcome = _("its line was taken away")
    told = _(
        "{item}: line {line} of {file} says {before}; {outcome}, "
        "because the ERP does not include these sales yet: {orders}"
    )
    return told.format(
        item=line.key,
        line=line.line,
        file=stock.source.name,
        before=line.before,
        outcome=outcome,
        orders=", ".join(_order(one) for one in held.orders),
    )


def _order(one: HeldFor) -> str:
    id = printable(one.id)
    if one.till:
        return named(*one.till)
    if one.order is None:
        return _("order {id} (not met by `run orders` yet)").format(id=id)
    return _("order {id} ({state})").format(id=id, state=state_in_words(one.order.state))


def _orders(inquiry: Inquiry, held: Held) -> Iterator[str]:
    for one in held.orders[:FEW]:
        yield _told_of(inquiry, one)
    more = len(held.orders) - FEW
    if more > 0:
        yield n_("and {n} more sale", "and {n} more sales", more)


def _told_of(inquiry: Inquiry, one: HeldFor) -> str:
    if one.till:
        told = _("{n} held by {order}: {story}")
        story, n = what_comes(inquiry, one.till[1]), "?" if one.quantity is None else one.quantity
        return told.format(n=n, order=named(*one.till), story=story)
    if one.order is None or one.standing is None:
        told = _("order {id} is not in the ledger: the run of orders at {next} decides on it")
        soon = inquiry.when(inquiry.next_run("orders"))
        return told.format(id=printable(one.id), next=soon)
    told = _("{n} sold: {story}") if one.quantity is not None else _("sold: {story}")
    story = in_one_sentence(inquiry, one.order, one.standing)
    return told.format(n=one.quantity, story=story)


def _at_that_level(inquiry: Inquiry, answer: Answer) -> Iterator[str]:
    if answer.since:
        told = _("it has been published so since {time}")
        if not answer.since.is_exact:
            told = _("it has been published so since {time} at least")
        yield told.format(time=inquiry.when(answer.since.at))


def _until(answer: Answer, stock: Stock) -> str:
    if len({one.id for held in answer.held for one in held.orders}) > 1:
        told = _("once none of these sales is missing in {file}, it is published as the ERP says")
    else:
        told = _("once this sale is not missing in {file}, it is published as the ERP says")
    return told.format(file=stock.source.name)


def _expected(inquiry: Inquiry, answer: Answer) -> Iterator[str]:
    """When it goes back up, where nobody has to do anything for it."""
    backs = []
    for one in (one for held in answer.held for one in held.orders):
        if one.order is None or one.standing is None or one.standing == Standing.DOUBTFUL:
            return
        backs.append(inquiry.expected_in_shop(one.order, one.standing))
    known = [back for back in backs if back is not None]
    if known and len(known) == len(backs):
        told = _("if all keep their times, the shop has it back at {time}")
        yield told.format(time=inquiry.when(max(known)))


def _unchanged(inquiry: Inquiry, answer: Answer, stock: Stock) -> Iterator[str]:
    item, name = printable(answer.item), f"Last_{stock.to.name}"
    if answer.card is not None:
        told = _(
            "{item}: a gift card, published {level}: the ERP does not know it, so its line is "
            "added; without it, the shop's import would set it to 0"
        )
        yield told.format(item=item, level=answer.card)
        return
    if answer.copy_is_missing:
        told = _("{item}: no sale was held back; {file} is gone, so its level is not known")
        yield told.format(item=item, file=name)
    if answer.copy_is_another:
        told = _(
            "{item}: no sale was held back; {file} is of another publication, so its level is not "
            "known"
        )
        yield told.format(item=item, file=name)
    for line, level in answer.plain:
        told = _("{item}: published {level}, as the ERP says (line {line}); no sale was held back")
        yield told.format(item=item, level=level, line=line)
    if answer.is_in_file is False:
        told = _("{item}: not in the ERP's file, so the shop's import sets it to 0")
        yield told.format(item=item)
    elif answer.since:
        told = _("no sale of it has been held back since {time}")
        if not answer.since.is_exact:
            told = _("no sale of it has been held back since {time} at least")
        yield told.format(time=inquiry.when(answer.since.at))


def _in_the_shop(
    inquiry: Inquiry, answers: list[Answer], stock: Stock, *, taken: bool | None
) -> Iterator[str]:
    last = answers[0].publication
    if last.stage == "withdrawn":
        yield from _after_withdrawal(inquiry, answers)
    elif taken is None and last.fate == "taken":
        yield _("the shop has imported {file}").format(file=stock.to.name)
    elif taken is None and last.fate == "left":
        told = _("{file} still lay there after its time: the shop had not imported it")
        yield told.format(file=stock.to.name)
    elif taken is None:
        soon = next_start(inquiry.settings.chain.shop_takes_stock, last.at.astimezone())
        told = _(
            "the shop imports {file} at {time}; whether it did, no run has seen yet (--look asks "
            "the server)"
        )
        yield told.format(file=stock.to.name, time=inquiry.when(soon))
    elif taken:
        told = _("{file} is gone from {server}: the shop has imported it")
        yield told.format(file=stock.to.name, server=stock.to.server)
    else:
        told = _("{file} still lies on {server}: the shop has not imported it yet")
        yield told.format(file=stock.to.name, server=stock.to.server)


def _after_withdrawal(inquiry: Inquiry, answers: list[Answer]) -> Iterator[str]:
    before = answers[0].before
    if before is None:
        yield _("the shop shows what it had before Passerelle published")
        return
    told = _("the shop shows what it imported before: the publication of {time}")
    if before.fate is None:
        told = _("the shop shows what it imported before, at best the publication of {time}")
    yield told.format(time=inquiry.when(before.at))
    for answer in answers:
        for line in answer.held_before:
            level = "0" if line.after is None else line.after
            told = _("{item} was at {level} in that one (the ERP said {before})")
            yield told.format(item=line.key, level=level, before=line.before)
        if not answer.held_before:
            told = _("in that one, no sale of {item} was held back")
            yield told.format(item=printable(answer.item))
