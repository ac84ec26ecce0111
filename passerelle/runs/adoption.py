"""``orders adopt``: what the previous system handled, and is never sent.

Also the way on when the ledger was lost: what it had known is then the previous system's. The
witness that holds the runs is let go of last, once all else is written.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.orders import Gist
from passerelle.model.states import OpenMatter, State
from passerelle.rules.adopting import Adoption, plan_adoption
from passerelle.runs.lying import adopt_lying
from passerelle.runs.order_file import read_order_file
from passerelle.runs.servers import forget_predecessor

# So many ids in a line can still be read.
_IN_A_LINE = 15


def adopt(
    gateway: Gateway, *, withheld: bool = False, seen: Mapping[str, Any] | None = None
) -> Outcome:
    """Marks the orders now in the file as handled by the previous system; uploads nothing.

    Orders that Passerelle has sent, or that a person settled, stay as they are. ``seen`` are the
    facts of what a person was shown and said yes to: raises :class:`HeldError` where it is more.
    """
    settings, book = gateway.settings.needed_orders, gateway.ledger.orders
    source = gateway.sources.fetch(settings.source)
    file, known = read_order_file(gateway, source)
    before = book.high_water(settings.channel)
    plan = plan_adoption(file.readings, known, settings, before, withheld=withheld)
    gateway.say(source.describe())
    for line in describe(plan):
        gateway.say(line)
    ids = "\n".join(mark.reading.id for mark in plan.marks)
    facts = {"adopted": len(plan.marks), "which": hashlib.sha256(ids.encode()).hexdigest()}
    if seen is not None and facts != seen:
        what = _("nothing was done: the shop's file has changed since you were asked")
        raise HeldError(what, str(settings.source), _("say it again"))
    inside = [reading.gist() for reading in file.readings]
    gateway.do(lambda: _carry_out(gateway, plan, inside))
    return Outcome(_summary(plan), facts=facts)


def _carry_out(gateway: Gateway, plan: Adoption, inside: Sequence[Gist]) -> None:
    channel, now = gateway.settings.needed_orders.channel, gateway.now()
    rest = adopt_lying(gateway, inside, plan.marks)
    gateway.ledger.orders.adopt(channel, rest, plan.newest, now)
    forget_predecessor(gateway)


def describe(plan: Adoption) -> Iterator[str]:
    """Every order by its id: it is a person who answers for them."""
    for ids in _lines([mark.reading.id for mark in plan.marks]):
        yield _("adopted, and never sent: {ids}").format(ids=ids)
    told: dict[State | OpenMatter, str] = {
        OpenMatter.OLDER: _(
            "left as it is, older than what was adopted before: look for it in the ERP, then "
            "settle or resend it: {ids}"
        ),
        State.WITHHELD: _("left as it is, withheld: {ids}"),
        State.WAITING: _("left as it is, its status is not to be sent yet: {ids}"),
        State.REJECTED: _("left as it is, it cannot be read: {ids}"),
    }
    for state, left in plan.left.items():
        for ids in _lines(left):
            yield told[state].format(ids=ids)
    if plan.left.keys() & {State.WITHHELD, State.WAITING}:
        yield _("the previous system has these too? `passerelle orders adopt --withheld`")
    yield _summary(plan)


def _lines(ids: tuple[str, ...] | list[str]) -> Iterator[str]:
    for start in range(0, len(ids), _IN_A_LINE):
        yield ", ".join(ids[start : start + _IN_A_LINE])


def _summary(plan: Adoption) -> str:
    left = plan.done + sum(map(len, plan.left.values()))
    adopted = n_("{n} order adopted", "{n} orders adopted", len(plan.marks))
    return f"{adopted}, {n_('{n} left as they were', '{n} left as they were', left)}"
