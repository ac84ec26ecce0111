"""The digest: once a day, what is to be entered at the till, what happened yesterday, and what is
out of order. A day is that of this machine's clock.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from passerelle.archive.goods import Goods, NoGoods, goods_of
from passerelle.base.durable import replace_whole
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, clock, money, number, short_date, shorten
from passerelle.config.model import Settings
from passerelle.exchange.kept import shelf_of
from passerelle.health.alerts.sending import Address, Message, addresses, deliver
from passerelle.health.alerts.telling import footer, place_of
from passerelle.health.concerns import Concern, Level
from passerelle.health.report.days import Turnover, midnight
from passerelle.health.runs import FAILURES
from passerelle.health.status import Health, examine
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.runs import DIGEST
from passerelle.model.orders import Line
from passerelle.model.records import KnownOrder, Run

# Beside the ledger, which may be put back from the day before: the day of each address's last one.
FILE_NAME = "passerelle.digest"


def send_digest(
    settings: Settings, ledger: Ledger, now: datetime, warn: Callable[[str], None]
) -> None:
    """Sends each address its digest of the day, if it is time and that was not done.

    What an address could not be told goes to ``warn``, and the next run tries again. Raises
    :class:`PasserelleError` where the ledger cannot be used.
    """
    if not (due := _due(settings, ledger, now)):
        return
    message = compose_digest(settings, ledger, now)
    before = {address: ledger.runs.chore_done(_chore(address)) for address in due}
    taken = [one for one in due if ledger.runs.take_chore(_chore(one), now, _not_on(now))]
    for address, sending in deliver(dict.fromkeys(taken, message)).items():
        if not sending.problem:
            _note(settings.folder, address, now)
            continue
        _give_back(ledger, address, before[address])
        text = _("{where}: the digest could not be sent: {problem}; the next run tries again")
        warn(text.format(where=sending.where, problem=sending.problem))


def _due(settings: Settings, ledger: Ledger, now: datetime) -> list[Address]:
    """Wall clocks are compared: a day has its hour once, be it 23 or 25 hours long."""
    hour, local = settings.alerts.digest, now.astimezone()
    if hour is None or local.time() < hour:
        return []
    began = ledger.runs.began()
    if began is None or began.astimezone().date() >= local.date():
        return []
    days, is_due = _days(settings.folder), _not_on(now)
    return [
        one
        for one in addresses(settings)
        if days.get(one.key) != local.date().isoformat()
        and is_due(ledger.runs.chore_done(_chore(one)))
    ]


def _chore(address: Address) -> str:
    return f"{DIGEST}{address.number}"


def _not_on(now: datetime) -> Callable[[datetime | None], bool]:
    today = now.astimezone().date()
    return lambda done: done is None or done.astimezone().date() != today


def _give_back(ledger: Ledger, address: Address, before: datetime | None) -> None:
    if before is None:
        ledger.runs.drop_chore(_chore(address))
    else:
        ledger.runs.do_chore(_chore(address), before)


def _days(folder: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        told = json.loads((folder / FILE_NAME).read_bytes())
        return told if isinstance(told, dict) else {}
    return {}


def _note(folder: Path, address: Address, now: datetime) -> None:
    days = _days(folder) | {address.key: now.astimezone().date().isoformat()}
    with suppress(OSError):
        replace_whole(folder / FILE_NAME, json.dumps(days).encode())


def compose_digest(settings: Settings, ledger: Ledger, now: datetime) -> Message:
    """As it would be sent now, whatever the hour."""
    health = examine(settings, ledger, now)
    yesterday = now.astimezone().date() - timedelta(days=1)
    entered = health.orders.to_enter()
    orders = [order for some in entered.values() for order in some]
    grave = [one for one in health.of_level(Level.OUT_OF_ORDER) if one.kind not in entered]
    sections = [
        (_("To be entered at the till:"), _to_enter(settings, ledger, health)),
        (
            _("Yesterday, {day}:").format(day=short_date(yesterday)),
            _happened(settings, ledger, yesterday),
        ),
        (_("Out of order:"), _out_of_order(grave, now)),
    ]
    texts = ["\n".join((heading, *lines, "")) for heading, lines in sections]
    subject = _("Passerelle: {orders} to enter at the till, {grave} out of order").format(
        orders=number(len(orders)), grave=number(len(grave))
    )
    body = "\n".join([*texts, footer(place_of(settings))])
    return Message(subject, body, good=not (orders or grave))


def _to_enter(settings: Settings, ledger: Ledger, health: Health) -> Iterator[str]:
    """What is the matter, its mend, and the goods of the first orders."""
    entered = health.orders.to_enter()
    told = [one for one in health.concerns if one.kind in entered]
    for concern in told:
        yield from _concern(concern, health.at)
    if not told:
        yield "- " + _("nothing")
    orders = [order for some in entered.values() for order in some]
    yield from _goods(settings, ledger, orders[:FEW])
    if (more := len(orders) - FEW) > 0:
        text = n_("and {n} more order, see {command}", "and {n} more orders, see {command}",
                  more, command="`passerelle export missed -o missed.xlsx`")  # fmt: skip
        yield f"  {text}"


def _goods(settings: Settings, ledger: Ledger, orders: list[KnownOrder]) -> Iterator[str]:
    """The names of the products, or their item numbers where no more is known."""
    goods, sold = goods_of(settings, shelf_of(settings, ledger), orders), ledger.orders.sold(orders)
    for order in orders:
        found, when = goods[order], order.date or order.seen
        day, time = short_date(when.astimezone().date()), clock(when)
        yield "  " + _("order {id}, {day} {time}").format(id=shorten(order.id), day=day, time=time)
        lines = [(_count(one.quantity), one.key) for one in sold[order.channel, order.id]]
        if not isinstance(found, NoGoods):
            lines = [(str(line.quantity), _name(line, found)) for line in found.lines]
        yield from (f"    {quantity} × {shorten(name, 100)}" for quantity, name in lines[:FEW])
        if (more := len(lines) - FEW) > 0:
            yield "    " + n_("and {n} more line", "and {n} more lines", more)
        if not isinstance(found, NoGoods):
            total = found.amount if found.total_paid is None else found.total_paid
            yield "    " + _("total: {amount}").format(amount=money(total, found.currency))


def _count(quantity: int | None) -> str:
    """What could not be read is not guessed."""
    return "?" if quantity is None else str(quantity)


def _name(line: Line, goods: Goods) -> str:
    parts = (line.product_name or line.product_id, line.product_reference, line.ean13)
    return ", ".join((*filter(None, parts), money(line.unit_price, goods.currency)))


def _happened(settings: Settings, ledger: Ledger, day: date) -> Iterator[str]:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    sent, published = ledger.overview.sent(begin, end), ledger.overview.published(begin, end)
    sales = Turnover()
    for order in ledger.overview.totals(begin):
        sales = sales.add(order) if order.date < end else sales
    yield "- " + n_("{n} order was sent to the ERP", "{n} orders were sent to the ERP", sent)
    amount = money(sales.revenue, settings.report.currency)
    yield "- " + n_(
        "{n} order was made, {amount} in all", "{n} orders were made, {amount} in all",
        sales.orders, amount=amount,
    )  # fmt: skip
    if settings.stock:
        yield "- " + n_(
            "the stock was published {n} time", "the stock was published {n} times", published
        )
    yield from _failed([run for run in ledger.runs.since(begin) if run.started < end])


def _failed(runs: list[Run]) -> Iterator[str]:
    """Those without an end were killed: what began yesterday is over, or goes on for a day."""
    bad = [run for run in runs if run.exit_code in FAILURES or run.ended is None]
    for name in dict.fromkeys(run.run for run in bad):
        times = [run.started for run in bad if run.run == name]
        yield "- " + n_(
            "run {run} did not go well {n} time, at {last}",
            "run {run} did not go well {n} times, at last at {last}",
            len(times), run=name, last=clock(times[-1]),
        )  # fmt: skip


def _out_of_order(grave: list[Concern], now: datetime) -> Iterator[str]:
    for concern in grave:
        yield from _concern(concern, now)
    if not grave:
        yield "- " + _("nothing")


def _concern(concern: Concern, now: datetime) -> Iterator[str]:
    yield f"- {concern.text}{concern.since_in_words(now)}"
    yield f"  -> {concern.mend}"
