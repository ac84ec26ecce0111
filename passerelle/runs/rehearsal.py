"""``convert`` and ``fix``: the pure rules on local files, without ledger or server."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from passerelle.base.durable import Data
from passerelle.base.errors import NotReadyError, RejectedError, UnreachableError, UsageError
from passerelle.base.language import _, n_
from passerelle.config.model import Settings
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.sales_xml import write_sale, write_sales
from passerelle.exchange.forms import load_forms, load_sale_forms
from passerelle.model.orders import Missed, Order
from passerelle.model.states import state_in_words
from passerelle.rules.fate import Fate, is_unknown_status, judge, without_statuses
from passerelle.rules.fulfilment import document_of
from passerelle.rules.missed_sales import all_sold
from passerelle.runs.order_remarks import about_unknown, rejection, remarks, spelled_once


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came out: the bytes, a report for people, and what was rejected, if anything."""

    data: Data
    report: Sequence[str]
    rejected: RejectedError | None


def convert_file(settings: Settings, source: Path, now: datetime) -> Rehearsal:
    """The sales XML of a local order CSV.

    Raises :class:`PasserelleError` where the file or the config is unusable.
    """
    orders = settings.needed_orders
    forms = load_forms(orders)
    file = _read_orders(settings, source)
    if "status" in file.absent:
        orders = without_statuses(orders)
    good = list[Order]()
    report = [f"! {note}" for note in remarks(file)]
    readings = (reading for reading in file.readings if reading.order)
    unknown = [r.status.strip() for r in readings if is_unknown_status(r, orders)]
    report += about_unknown(dict.fromkeys(unknown))
    faults = [str(fault) for fault in file.faults]
    for reading in file.readings:
        verdict = judge(reading, orders)
        if verdict.fate == Fate.SEND and reading.order:
            good.append(reading.order)
        elif verdict.fate == Fate.REJECTED:
            faults.append(verdict.reason)
        else:
            text = _("{state}: order {id}: {reason}")
            report.append(
                text.format(
                    state=state_in_words(verdict.fate), id=reading.id, reason=verdict.reason
                )
            )
    sales = write_sales(good, orders, now, forms)
    faults += [
        _("order {id}: {problem}").format(id=id, problem=problem)
        for id, problem in sales.rejected.items()
    ]
    report += [f"! {_('rejected: {fault}').format(fault=fault)}" for fault in faults]
    report.append(n_("{n} order converted", "{n} orders converted", len(sales.orders)))
    return Rehearsal(
        sales.data, report, rejection("".join(faults[:1]), len(faults), len(sales.orders))
    )


def convert_sale(settings: Settings, source: Path, id: str, now: datetime) -> Rehearsal:
    """The XML of one order's sale, from a local order CSV. Raises as :func:`convert_file` does.

    Whatever its status: this is for looking at the XML before anything is enabled.
    """
    orders = settings.needed_orders
    forms = load_sale_forms(settings)
    file = _read_orders(settings, source)
    reading = next((reading for reading in file.readings if reading.id == id), None)
    if reading is None:
        mend = _("name one of its orders by its id")
        raise UsageError(_("no order {id} is in the file").format(id=id), source.name, mend)
    if reading.order is None or reading.doubt:
        faults = [*map(str, reading.faults), *filter(None, (reading.doubt,))]
        return Rehearsal(b"", (), rejection(faults[0], len(faults), 0))
    document = document_of(reading.order, settings.fulfil)
    data = write_sale(reading.order, document, orders, settings.fulfil.xml, now, forms)
    report = _("the sale of order {id}, as {document}").format(id=id, document=document)
    return Rehearsal(data, [report], None)


def fix_file(settings: Settings, source: Path, order_file: Path | None) -> Rehearsal:
    """The corrected form of a local stock CSV. Raises as :func:`convert_file` does."""
    from passerelle.rules.guards import check_lines
    from passerelle.runs.stock_remarks import describe_fix, stock_rejection
    from passerelle.stock_csv_fix.fix import fix_stock

    stock = settings.needed_stock
    missed, told = dict[str, Missed](), list[str]()
    if order_file:
        orders = settings.needed_orders
        file = _read_orders(settings, order_file)
        missed = all_sold(file.readings, orders)
        told = [f"! {note}" for note in remarks(file)]
    fixed = fix_stock(read_local(source), stock, missed, source.name)
    check_lines(fixed.in_stock, stock.guards, source.name, fixed.faults)
    return Rehearsal(fixed.pieces, [*told, *describe_fix(fixed)], stock_rejection(fixed))


def _read_orders(settings: Settings, path: Path) -> OrderFile:
    cards, orders = settings.gift_card_ids, settings.needed_orders
    return spelled_once(read_orders(read_local(path), orders, path.name, cards), path.name)


def read_local(path: Path) -> bytes:
    """A local file's bytes.

    Raises :class:`UnreachableError` where it cannot be read, and :class:`NotReadyError` where it
    is written to meanwhile.
    """
    try:
        with path.open("rb") as file:
            before = _size_and_time(file)
            data = file.read()
            after = _size_and_time(file)
    except OSError as error:
        what = _("the file cannot be read")
        raise UnreachableError(what, str(path), error.strerror or "") from error
    if before != after:
        raise NotReadyError(
            _("the file was written to while it was read"),
            str(path),
            _("wait until it is whole, then try again"),
        )
    return data


def _size_and_time(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
