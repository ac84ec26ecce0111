"""The morning's message: what is out of order, what to enter at the till, how yesterday went."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from passerelle.archive.goods import Goods, goods_of
from passerelle.base.language import _, n_
from passerelle.base.wording import full_date, money, short_date
from passerelle.config.model import Settings
from passerelle.health.alerts.sending import Message
from passerelle.health.concerns import Concern, ConcernKind, Level
from passerelle.health.report.days import figures, midnight, total, window_of
from passerelle.health.runs import FAILURES
from passerelle.health.status import Health
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, Run

# The chore by which the ledger knows when the last one went out.
DIGEST = "morning digest"
_ORDERS, _LINES = 20, 10


def is_due(at: time | None, last: datetime | None, now: datetime) -> bool:
    """Whether today's is still to go: once a day, from the local time ``at`` on.

    ``last`` is when the last went out, or when the ledger first heard of digests. A clock that was
    set back sends none twice.
    """
    here = now.astimezone()
    return (
        at is not None
        and last is not None
        and last.astimezone().date() < here.date()
        and here.time() >= at
    )


def compose_digest(
    settings: Settings, ledger: Ledger, health: Health, now: datetime, footer: str
) -> Message:
    """Of the day before ``now``, and of all that needs a person at ``now``."""
    withheld, broken = health.orders.withheld, health.of_level(Level.OUT_OF_ORDER)
    others = [one for one in health.of_level(Level.TO_DO) if one.kind != ConcernKind.WITHHELD]
    sections = (
        *_section(_("Out of order:"), _concerns(broken)),
        *_section(_("To be entered at the till:"), _to_enter(settings, withheld)),
        *_section(_("To do when there is time:"), _concerns(others)),
        *_section(_("Yesterday:"), _yesterday(settings, ledger, now)),
        footer,
    )
    return Message(_subject(withheld, broken, now), "\n".join(sections), good=not broken)


def _subject(withheld: Sequence[KnownOrder], broken: Sequence[Concern], now: datetime) -> str:
    parts = [n_("{n} thing out of order", "{n} things out of order", len(broken))] if broken else []
    if withheld:
        parts.append(
            n_("{n} order to enter at the till", "{n} orders to enter at the till", len(withheld))
        )
    text = ", ".join(parts) or _("all is well")
    day = short_date(now.astimezone().date())
    return _("Passerelle, {day}: {text}").format(day=day, text=text)


def _section(heading: str, lines: Iterator[str]) -> Iterator[str]:
    told = [*lines]
    if told:
        yield "\n".join((heading, *told, ""))


def _concerns(concerns: Sequence[Concern]) -> Iterator[str]:
    for one in concerns:
        yield f"- {one.text}\n  -> {one.mend}"


def _to_enter(settings: Settings, orders: Sequence[KnownOrder]) -> Iterator[str]:
    """Each with its goods, as far as they are kept; no word of the customer."""
    found = goods_of(settings, orders[:_ORDERS])
    for order in orders[:_ORDERS]:
        goods = found.get(order)
        named = _("order {id} {reference}").format(id=order.id, reference=order.reference)
        yield f"- {named.strip()}"
        if isinstance(goods, Goods):
            yield from _goods(goods)
    if (more := len(orders) - _ORDERS) > 0:
        text = _("and {n} more: `passerelle orders list --state withheld` has all")
        yield text.format(n=more)


def _goods(goods: Goods) -> Iterator[str]:
    for line in goods.lines[:_LINES]:
        name = line.product_name or line.ean13 or line.product_id
        yield f"    {line.quantity} x {name}, {money(line.unit_price, goods.currency)}"
    if (more := len(goods.lines) - _LINES) > 0:
        yield "    " + n_("and {n} more line", "and {n} more lines", more)
    paid = goods.amount if goods.total_paid is None else goods.total_paid
    yield "    " + _("total: {amount}").format(amount=money(paid, goods.currency))


def _yesterday(settings: Settings, ledger: Ledger, now: datetime) -> Iterator[str]:
    window = window_of(now - timedelta(days=1), 1)
    day = total(figures(window, ledger.overview.totals(window.start), (), ()))
    amount = money(day.revenue, settings.report.currency)
    sold = n_("{n} order, {amount}", "{n} orders, {amount}", day.orders, amount=amount)
    yield "- " + _(": ").join((full_date(window.today), sold))
    ended = midnight(now.astimezone().date())
    runs = [run for run in ledger.runs.since(window.start) if run.started < ended]
    yield "- " + _runs(runs)


def _runs(runs: Sequence[Run]) -> str:
    bad = [run for run in runs if run.exit_code in FAILURES or run.ended is None]
    told = n_("{n} run", "{n} runs", len(runs))
    if not bad:
        return _("{runs}, all went well").format(runs=told)
    return n_(
        "{runs}, of which {n} did not go well, the last: {why}",
        "{runs}, of which {n} did not go well, the last: {why}",
        len(bad),
        runs=told,
        why=bad[-1].summary or _("killed"),
    )
