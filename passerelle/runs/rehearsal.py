"""``convert``: the pure rules on a local order file, without ledger or server."""

from datetime import datetime
from pathlib import Path

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.config.model import Settings
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.sales_xml import write_sale, write_sales
from passerelle.exchange.forms import load_forms, load_sale_forms
from passerelle.model.orders import Order
from passerelle.model.states import state_in_words
from passerelle.rules.fate import Fate, is_unknown_status, judge, without_statuses
from passerelle.rules.fulfilment import document_of
from passerelle.runs.local_files import Rehearsal, read_local
from passerelle.runs.order_remarks import about_unknown, rejection, remarks, spelled_once


def convert_file(settings: Settings, source: Path, now: datetime) -> Rehearsal:
    """The sales XML of a local order CSV.

    Raises :class:`PasserelleError` where the file or the config is unusable.
    """
    orders = settings.needed_orders
    forms = load_forms(orders)
    file = read_local_orders(settings, source)
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
    file = read_local_orders(settings, source)
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


def read_local_orders(settings: Settings, path: Path) -> OrderFile:
    """The orders of a local file. Raises as :func:`convert_file` does."""
    cards, orders = settings.gift_card_ids, settings.needed_orders
    return spelled_once(read_orders(read_local(path), orders, path.name, cards), path.name)
