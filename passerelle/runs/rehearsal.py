"""``convert`` and ``fix``: the pure rules on local files, without ledger or server."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from passerelle.base.errors import NotReadyError, RejectedError, UnreachableError, UsageError
from passerelle.base.language import _, n_
from passerelle.config.model import Settings
from passerelle.config.sections import gift_card_ids, orders_settings
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.csv_to_xml.sales_xml import write_sale, write_sales
from passerelle.exchange.forms import load_forms, load_sale_forms
from passerelle.model.orders import Missed
from passerelle.rules.fate import Fate, judge
from passerelle.rules.fulfilment import document_of
from passerelle.rules.missed_sales import all_sold
from passerelle.runs.orders_plan import absent_columns
from passerelle.runs.orders_words import rejection


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came out: the bytes, a report for people, and what was rejected, if anything.

    Only good bytes come: what could be wrong with them was looked at before.
    """

    blocks: Iterable[bytes]
    report: Sequence[str]
    rejected: RejectedError | None


def convert_file(settings: Settings, source: Path, now: datetime) -> Rehearsal:
    """The sales XML of a local order CSV.

    Raises :class:`PasserelleError` where the file or the config is unusable.
    """
    orders = orders_settings(settings)
    forms = load_forms(orders)
    file = read_orders(LocalFile(source), orders, source.name, gift_card_ids(settings))
    good = array("I")
    report = [f"! {note}" for note in absent_columns(file)]
    faults = [str(fault) for fault in file.faults]
    for number, reading in enumerate(file.readings):
        verdict = judge(reading, orders)
        if verdict.fate == Fate.SEND:
            good.append(number)
        elif verdict.fate == Fate.REJECTED:
            faults.append(verdict.reason)
        else:
            text = _("{state}: order {id}: {reason}")
            report.append(text.format(state=verdict.fate, id=reading.id, reason=verdict.reason))
    sales = write_sales(file.readings.orders(good), orders, now, forms)
    faults += [
        _("order {id}: {problem}").format(id=id, problem=problem)
        for id, problem in sales.rejected.items()
    ]
    report += [f"! {_('rejected: {fault}').format(fault=fault)}" for fault in faults]
    report.append(n_("{n} order converted", "{n} orders converted", len(sales.orders)))
    return Rehearsal(sales.blocks, report, rejection("".join(faults[:1]), len(faults)))


def convert_sale(settings: Settings, source: Path, id: str, now: datetime) -> Rehearsal:
    """The XML of one order's sale, from a local order CSV. Raises as :func:`convert_file` does.

    Whatever its status: this is for looking at the XML before anything is enabled.
    """
    orders = orders_settings(settings)
    forms = load_sale_forms(settings)
    file = read_orders(LocalFile(source), orders, source.name, gift_card_ids(settings))
    reading = next((reading for reading in file.readings if reading.id == id), None)
    if reading is None:
        mend = _("name one of its orders by its id")
        raise UsageError(_("no order {id} is in the file").format(id=id), source.name, mend)
    if reading.order is None:
        return Rehearsal((), (), rejection(str(reading.faults[0]), len(reading.faults)))
    document = document_of(reading.order, settings.fulfil)
    data = write_sale(reading.order, document, orders, settings.fulfil.xml, now, forms)
    report = _("the sale of order {id}, as {document}").format(id=id, document=document)
    return Rehearsal((data,), [report], None)


def fix_file(settings: Settings, source: Path, order_file: Path | None) -> Rehearsal:
    """The corrected form of a local stock CSV. Raises as :func:`convert_file` does."""
    from passerelle.config.sections import stock_settings
    from passerelle.rules.stock_guards import check_lines
    from passerelle.runs.stock_plan import describe_fix, stock_rejection
    from passerelle.stock_csv_fix.fix import fix_stock

    stock = stock_settings(settings)
    missed: dict[str, Missed] = {}
    if order_file:
        orders = orders_settings(settings)
        ids = gift_card_ids(settings)
        file = read_orders(LocalFile(order_file), orders, order_file.name, ids)
        missed = all_sold(file.readings, orders)
    fixed = fix_stock(read_local(source), stock, missed, source.name)
    check_lines(fixed.in_stock, stock.guards, source.name)
    return Rehearsal((fixed.data,), list(describe_fix(fixed)), stock_rejection(fixed))


class LocalFile:
    """A local file's bytes, read by slices when they are asked for.

    Raises :class:`UnreachableError` where it cannot be read, and :class:`NotReadyError` where it
    changes meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as file:
            self._size, self._written = _size_and_time(file)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _step = part.indices(self._size)
        with self._opened() as file:
            file.seek(start)
            data = file.read(max(end - start, 0))
            # Looked at behind the reading: what is written later is seen by the next slice.
            if _size_and_time(file) != (self._size, self._written):
                raise NotReadyError(
                    _("the file was written to while it was read"),
                    str(self._path),
                    _("wait until it is whole, then try again"),
                )
        return data

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """Open as long as needed only: on Windows nobody could replace it meanwhile."""
        try:
            with self._path.open("rb", buffering=0) as file:
                yield file
        except OSError as error:
            raise _unreadable(self._path, error) from error


def _size_and_time(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> UnreachableError:
    return UnreachableError(_("the file cannot be read"), str(path), error.strerror or "")


def read_local(path: Path) -> bytes:
    """A local file's bytes. Raises :class:`UnreachableError` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
