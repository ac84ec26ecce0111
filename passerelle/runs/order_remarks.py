"""What is told of an order file and its orders, by runs and by ``convert`` alike."""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from passerelle.base.errors import RejectedError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import FEW
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.model.orders import Fault
from passerelle.rules import fate
from passerelle.rules.spellings import each_once

_BLIND = {
    "status": N_(
        "the file has no column for {key}, so cancelled orders cannot be told from others "
        "(name it in orders.columns.{key})"
    ),
    "payment": N_(
        "the file has no column for {key}, so orders paid by gift card cannot be told from others "
        "(name it in orders.columns.{key})"
    ),
    "voucher": N_(
        "the file has no column for {key}, so orders paid by gift voucher cannot be told from "
        "others (name it in orders.columns.{key})"
    ),
}


def spelled_once(file: OrderFile, name: str, known: Collection[str] = ()) -> OrderFile:
    """With each order once, whatever its ids were made of; ``known`` are those of the ledger."""
    where = Fault(name, file.top, "id", "")
    found = each_once(file.readings, where, known)
    notes = (replace(where, problem=text) for text in found.told())
    return replace(file, readings=found.readings, notes=(*file.notes, *notes))


def about_unknown(statuses: Iterable[str]) -> Iterator[str]:
    """What is told of each status of which nobody has said what its orders are."""
    for status in statuses:
        yield f"! {fate.about_status(status)}: {fate.what_to_add(status)}"


def remarks(file: OrderFile) -> Iterator[str]:
    """What is told of a file whose orders are read all the same."""
    yield from absent_columns(file)
    if file.dates_in_doubt:
        yield _(
            "no date shows for certain whether the day or the month comes first: 03/04 was taken "
            "for 3 April; set orders.date_order"
        )
    yield from map(str, file.notes[:FEW])
    if len(file.notes) > FEW:
        more = len(file.notes) - FEW
        yield n_("{n} more remark of that kind", "{n} more remarks of that kind", more)


def absent_columns(file: OrderFile) -> Iterator[str]:
    """What cannot be told of the orders because the file lacks a column."""
    for key in file.absent:
        yield _(_BLIND[key]).format(key=key)


def rejection(fault: str, number: int, sent: int) -> RejectedError | None:
    """The closing error for the faults that rejected orders: the first, and how many they are.

    ``sent``: how many others went through.
    """
    if not number:
        return None
    where, rest = fault, number - 1
    if rest:
        where = n_(
            "{fault} (and {n} more, listed above)",
            "{fault} (and {n} more, listed above)",
            rest,
            fault=where,
        )
    mend = _(
        "mend it in the shop, or enter the order by hand and settle it, as `passerelle status` "
        "tells"
    )
    if sent:
        mend += _("; the other orders went through")
    return RejectedError(n_("{n} order rejected", "{n} orders rejected", number), where, mend)
