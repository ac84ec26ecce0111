"""What has become of an order, in one sentence, and what comes next: the mend of each state."""

from collections.abc import Iterator

from msgspec import Struct

from passerelle.base.commands import command
from passerelle.base.language import _
from passerelle.base.wording import in_words, printable
from passerelle.explain.inquiry import Inquiry
from passerelle.explain.missed_words import run_of, until_when
from passerelle.explain.order import Account, HeldItem
from passerelle.model.location import group_of
from passerelle.model.records import HeldBack, KnownOrder
from passerelle.model.states import DONE, OpenMatter, Stage, State


def tell(inquiry: Inquiry, account: Account) -> Iterator[str]:
    """The story: where it came from, how it stands, what is to do, what was sold of the stock."""
    yield _beginning(inquiry, account)
    step = next_step(inquiry, account)
    yield step.now
    if step.then:
        yield step.then
    if account.order.archived and account.order.state in (State.PREPARED, State.SENT):
        yield _("A copy is kept as ArchiveExport/{name}.").format(name=account.order.archived)
    for event in account.changes:
        told = _("Since then the shop's file says otherwise ({time}): {note}.")
        yield told.format(time=inquiry.when(event.at), note=event.note)
    if account.order.matter:
        yield _open_matter(account.order)
    yield from _goods(inquiry, account)


def _open_matter(order: KnownOrder) -> str:
    """What a person has to see to, beside the state."""
    settle, resend, forget = (command(verb, order.id) for verb in ("settle", "resend", "forget"))
    then = {
        OpenMatter.CHANGED: _("To do: mend it in the ERP, then `{settle}`."),
        OpenMatter.CANCELLED: _("To do: undo it in the ERP, then `{settle}`."),
        OpenMatter.ID_REUSED: _(
            "To do: enter the new order by hand, then `{settle}`; or `{forget}` lets the new one "
            "in."
        ),
        OpenMatter.REFUSED: _(
            "The ERP refused it. To do: mend what the ERP says of it, then `{resend}`; or enter it "
            "by hand, then `{settle}`."
        ),
        OpenMatter.OLDER: _(
            "To do: look for it in the ERP. If it is there, `{settle}`; if it is not, `{resend}`."
        ),
        OpenMatter.LEFT: _(
            "To do: if it was paid, have the shop export it again, or enter it by hand; then, or "
            "if nobody wants it any more, `{settle}`."
        ),
    }
    if order.matter == OpenMatter.TWICE and order.state in DONE:
        then[order.matter] = _("To do: look whether the ERP has it twice, then `{settle}`.")
    told = then.get(order.matter, "") if order.matter else ""
    if order.reused and order.is_open_itself:
        first = _(
            "The shop has given its id to another order, too. First see to this one and settle it "
            "(`{settle}`): then it is told what to do with the other."
        )
        told = first if order.matter == OpenMatter.ID_REUSED else f"{told} {first}"
    return told.format(settle=settle, resend=resend, forget=forget)


def _beginning(inquiry: Inquiry, account: Account) -> str:
    order, orders = account.order, inquiry.settings.orders
    file = str(orders.source) if orders else "?"
    if group := group_of(order.channel):
        told = _("The tills ({group}) were paid for it at {time}; a run met it at {seen}.")
        paid = inquiry.when(order.date) if order.date else "?"
        return told.format(group=group, time=paid, seen=inquiry.when(order.seen))
    if order.date and order.seen >= order.date:
        told = _("It was first seen at {time} in {file}, {span} after it was ordered.")
        span = in_words(order.seen - order.date)
        return told.format(time=inquiry.when(order.seen), file=file, span=span)
    told = _("It was first seen at {time} in {file}.")
    return told.format(time=inquiry.when(order.seen), file=file)


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


class NextStep(Struct, frozen=True):
    """``now``: how things stand. ``then``: what happens by itself, or what a person does."""

    now: str
    then: str = ""


def next_step(inquiry: Inquiry, account: Account) -> NextStep:
    match account.order.state:
        case State.WITHHELD:
            return _withheld(inquiry, account)
        case State.WAITING:
            return _waiting(inquiry, account)
        case State.REJECTED:
            return _rejected(inquiry, account)
        case State.PREPARED if account.order.stage == Stage.DOUBTFUL:
            return _doubtful(account)
        case State.PREPARED:
            return _prepared(inquiry, account)
        case State.SENT:
            return _sent(inquiry, account)
        case State.TAKEN:
            return _taken(inquiry, account)
        case State.SKIPPED:
            return _skipped(account)
    now = _("It was entered by hand, as somebody noted at {time}. There is nothing left to do.")
    return NextStep(now.format(time=inquiry.when(account.since)))


def _withheld(inquiry: Inquiry, account: Account) -> NextStep:
    now = _("It has been withheld since {time}: {reason}. Such orders are not sent to the ERP.")
    then = _("To do: enter it at the till, then `{settle}`.")
    return NextStep(
        now.format(time=inquiry.when(account.since), reason=account.order.reason),
        then.format(settle=_say("settle", account.order)),
    )


def _waiting(inquiry: Inquiry, account: Account) -> NextStep:
    order, soon = account.order, inquiry.when(inquiry.next_run(run_of(account.order)))
    now = _("It has been waiting since {time}: {reason}.")
    told = now.format(time=inquiry.when(account.since), reason=order.reason)
    if account.has_left:
        return NextStep(told, _gone(order))
    if order.is_due:
        then = _("The run of orders at {next} sends it by itself, if it can.")
        if group_of(order.channel):
            then = _("The run of tills at {next} sends it by itself, if it can.")
        return NextStep(told, then.format(next=soon))
    if order.cancelled:
        then = _("There is nothing to do: it is not sent as long as it is cancelled there.")
        return NextStep(told, then)
    then = _(
        "Each run of orders (the next at {next}) looks at it again and sends it once the shop's "
        "file lets it go. To send it all the same: `{resend}`; if somebody entered it at the "
        "till: `{settle}`."
    )
    resend, settle = _say("resend", order), _say("settle", order)
    return NextStep(told, then.format(next=soon, resend=resend, settle=settle))


def _rejected(inquiry: Inquiry, account: Account) -> NextStep:
    now = _("It has been rejected since {time}: {reason}.")
    told = now.format(time=inquiry.when(account.since), reason=account.order.reason)
    if account.has_left:
        return NextStep(told, _gone(account.order))
    if group_of(account.order.channel):
        then = _("To do: enter it in the ERP by hand, then `{settle}`.")
        return NextStep(told, then.format(settle=_say("settle", account.order)))
    then = _(
        "To do: mend it in the shop, and the run of orders at {next} reads it again; or enter it "
        "at the till, then `{settle}`."
    )
    soon = inquiry.when(inquiry.next_run("orders"))
    return NextStep(told, then.format(next=soon, settle=_say("settle", account.order)))


def _gone(order: KnownOrder) -> str:
    then = _(
        "It has gone from the shop's file, so it cannot be sent. To do: have the shop export it "
        "again; or enter it at the till, then `{settle}`."
    )
    return then.format(settle=_say("settle", order))


def _doubtful(account: Account) -> NextStep:
    now = _(
        "Its upload as {file} to {server} was interrupted, and the file is gone: only the ERP "
        "knows whether it has it. Until that is settled, every run holds."
    )
    then = _("To do: look for it in the ERP. If it is there, `{settle}`; if it is not, `{resend}`.")
    resend, settle = _say("resend", account.order), _say("settle", account.order)
    return NextStep(_of_xml(now, account.order), then.format(settle=settle, resend=resend))


def _prepared(inquiry: Inquiry, account: Account) -> NextStep:
    now = _("Its XML {file} is being sent to {server}: a run is at it, or was cut short.")
    then = _("The run of orders at {next} finishes it by itself; sooner: `passerelle run orders`.")
    soon = inquiry.when(inquiry.next_run("orders"))
    return NextStep(_of_xml(now, account.order), then.format(next=soon))


def _sent(inquiry: Inquiry, account: Account) -> NextStep:
    order = account.order
    now = _of_xml(_("It is on its way to the ERP: {file} has been on {server}"), order)
    if order.sent:
        since = _("{sentence} since {time}, for {span}.")
        span = in_words(max(inquiry.now - order.sent, inquiry.now - inquiry.now))
        now = since.format(sentence=now, time=inquiry.when(order.sent), span=span)
    return NextStep(f"{now} {_last_look(inquiry, account)}", _whether_overdue(inquiry, account))


def _last_look(inquiry: Inquiry, account: Account) -> str:
    looked, sent = account.last_look, account.order.sent
    if looked is None or (sent and looked <= sent):
        return _("No run has looked yet whether the ERP took it.")
    told = _("At {time}, when a run last looked, the ERP had not taken it.")
    return told.format(time=inquiry.when(looked))


def _whether_overdue(inquiry: Inquiry, account: Account) -> str:
    until, looked = account.expected_taken, account.last_look
    if until is None:
        return ""
    if not account.is_overdue(inquiry.now):
        told = _("That is normal until {time}.")
    elif looked is None or looked < until:
        told = _(
            "It should have been gone by {time}, but no run has looked since: "
            "`passerelle run orders` does."
        )
    else:
        told = _(
            "That is overdue: it should have been gone by {time}. To do: look whether the ERP's "
            "import runs, and what it says of that file."
        )
    return told.format(time=inquiry.when(until))


def _taken(inquiry: Inquiry, account: Account) -> NextStep:
    order, took = account.order, account.took
    sent = inquiry.when(order.sent) if order.sent else "-"
    taken = inquiry.when(order.taken) if order.taken else "-"
    now = _("It was sent at {sent}; at {taken} a run saw that the ERP had taken it.")
    told = now.format(sent=sent, taken=taken)
    if took is not None:
        span = _("From the order to the ERP, it took {span}.").format(span=in_words(took))
        told = f"{told} {span}"
    return NextStep(told)


def _skipped(account: Account) -> NextStep:
    now = _("Passerelle does not send it: {reason}. It is the previous system's.")
    then = _("If the ERP lacks it all the same: `{resend}`.")
    return NextStep(
        now.format(reason=account.order.reason), then.format(resend=_say("resend", account.order))
    )


def _say(verb: str, order: KnownOrder) -> str:
    return command(verb, order.id)


def _of_xml(sentence: str, order: KnownOrder) -> str:
    return sentence.format(file=order.sent_as or "?", server=order.server or "?")
