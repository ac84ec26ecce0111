"""What is told of a fixed stock file, by runs and by ``fix`` alike."""

from collections.abc import Iterator

from passerelle.base.errors import RejectedError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, listed
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.fix import SOLD, FixedStock


def describe_fix(fixed: FixedStock) -> Iterator[str]:
    in_stock = n_("{n} of them in stock", "{n} of them in stock", fixed.in_stock)
    yield f"{lines_in_words(fixed)}, {in_stock}, {changes_in_words(fixed)}"
    for change in fixed.changes:
        if change.after is None:
            text = _("{item}: line taken away (line {line}, sold in {orders})")
        else:
            text = _("{item}: {before} -> {after} (line {line}, sold in {orders})")
        yield text.format(
            item=change.key,
            before=change.before,
            after=change.after,
            line=change.line,
            orders=listed(change.orders, FEW),
        )
    if fixed.unmatched:
        text = _("sold, but not in the ERP's file: {items}")
        yield text.format(items=listed(fixed.unmatched, FEW))
    if fixed.gift_cards:
        yield _("gift cards added: {ids}").format(ids=listed(fixed.gift_cards, FEW))
    for fault in fixed.warnings[:FEW]:
        yield f"! {fault}"
    for fault in fixed.faults[:FEW]:
        yield f"! {fault}: {_mend(fault)}"


def _mend(fault: Fault) -> str:
    if fault.column == SOLD:
        return _("nothing could be held back for it: mend its item number in the shop")
    return _("no level is taken from that line; mend it in the ERP")


def lines_in_words(fixed: FixedStock) -> str:
    return n_("{n} line", "{n} lines", fixed.lines)


def changes_in_words(fixed: FixedStock) -> str:
    return n_("{n} changed", "{n} changed", len(fixed.changes))


def stock_rejection(fixed: FixedStock) -> RejectedError | None:
    """The closing error for quantities that could not be read; ``None`` where there are none."""
    faults = fixed.faults
    if not faults:
        return None
    where, rest = str(faults[0]), len(faults) - 1
    if rest:
        where = n_("{fault} (and {n} more)", "{fault} (and {n} more)", rest, fault=where)
    return RejectedError(
        _("a stock line or a sale could not be read"),
        where,
        _mend(faults[0]),
    )
