"""The four charts of the page."""

from collections.abc import Mapping, Sequence

from passerelle.language import _, n_
from passerelle.report.days import Day, HeldBack
from passerelle.report.drawing import Chart, bars, ranges
from passerelle.report.formats import money, number, short_date, span


def charts(days: Sequence[Day], currency: str) -> Mapping[str, Chart]:
    """Orders, revenue, time to the ERP and lines held back, each day by day, by these names."""
    return {
        "orders": _orders(days),
        "revenue": _revenue(days, currency),
        "delays": _delays(days),
        "held_back": _held_back(days),
    }


def _orders(days: Sequence[Day]) -> Chart:
    counts = [day.turnover.orders for day in days]
    titles = [_titled(day, number(day.turnover.orders)) for day in days]
    return bars(counts, titles, number(max(counts)))


def _titled(day: Day, text: str) -> str:
    return _(": ").join((short_date(day.day), text))


def _revenue(days: Sequence[Day], currency: str) -> Chart:
    amounts = [day.turnover.revenue for day in days]
    titles = [_titled(day, _amount(day, currency)) for day in days]
    return bars([float(amount) for amount in amounts], titles, money(max(amounts), currency))


def _amount(day: Day, currency: str) -> str:
    amount, unknown = money(day.turnover.revenue, currency), day.turnover.unknown
    if not unknown:
        return amount
    text = n_("amount not known for {n} order", "amount not known for {n} orders", unknown)
    return f"{amount} ({text})"


def _delays(days: Sequence[Day]) -> Chart:
    medians = [day.delays.median.total_seconds() if day.delays else 0 for day in days]
    titles = [_titled(day, _delay(day)) for day in days]
    longest = max((day.delays.median for day in days if day.delays), default=None)
    return bars(medians, titles, span(longest) if longest else "")


def _delay(day: Day) -> str:
    if day.delays is None:
        return "–"
    text = _("median {median}, worst {worst} (order {id})")
    median, worst = span(day.delays.median), span(day.delays.worst)
    return text.format(median=median, worst=worst, id=day.delays.slowest)


def _held_back(days: Sequence[Day]) -> Chart:
    held = [day.held_back for day in days]
    values = [(one.least, one.most, one.last) if one else None for one in held]
    titles = [_titled(day, least_to_most(day.held_back)) for day in days]
    return ranges(values, titles, number(max((one.most for one in held if one), default=0)))


def least_to_most(held: HeldBack | None) -> str:
    """As in ``3–12``; a dash where nothing is known."""
    if held is None:
        return "–"
    least, most = number(held.least), number(held.most)
    return least if held.least == held.most else f"{least}–{most}"
