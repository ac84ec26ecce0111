"""Targets for the order CSV: what is read is what was written, or it is told; nothing vanishes."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from lxml import etree

from passerelle.base.errors import ConfigError, HeldError, NotReadyError
from passerelle.base.words import fold
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.model.orders import Line, Order
from passerelle.rules.fate import judge
from tests.fuzz import Target, assert_readable
from tests.fuzz.mutating import mutated, replace_cell
from tests.fuzz.reading_again import Again, item, meanings, moments, seen
from tests.golden import FOLDER
from tests.unit import orders_settings

FILE = "commandes.csv"
GENERATED = datetime(2026, 11, 22, 10, 27).astimezone()
XML_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"encoding": "ISO-8859-1", "decimal": ",", "date_format": "%d/%m/%Y"},
    {"encoding": "UTF-16", "names": {"line": "ligne", "lines": "lignes", "order": "vente"}},
    {"encoding": "US-ASCII", "payments": {"carte bancaire": "CB"}},
)


@dataclass(frozen=True)
class Sample:
    """A good file and the settings that it is read with."""

    name: str
    data: bytes
    settings: Orders


@dataclass(frozen=True)
class Case:
    """A damaged file and how it is read and written."""

    data: bytes
    name: str
    final_newline: bool = True

    @property
    def settings(self) -> Orders:
        """The sample's settings."""
        return SETTINGS[self.name].model_copy(update={"final_newline": self.final_newline})


def golden_samples() -> list[Sample]:
    """The order files of all golden pairs."""
    return [_sample(path) for path in sorted(FOLDER.glob("orders/*/orders.csv"))]


def golden_settings(folder: Path) -> Settings:
    """The settings of a golden pair."""
    own = folder / "config.toml"
    text = (FOLDER / "base.toml").read_text("utf-8")
    text += own.read_text("utf-8") if own.exists() else ""
    context = {"folder": folder, "servers": ("here",)}
    return Settings.model_validate({"folder": ".", **tomllib.loads(text)}, context=context)


def _sample(path: Path) -> Sample:
    orders = golden_settings(path.parent).orders
    assert orders is not None
    return Sample(path.parent.name, path.read_bytes(), orders)


def _cases(samples: Sequence[Sample]) -> st.SearchStrategy[Case]:
    @st.composite
    def case(draw: st.DrawFn) -> Case:
        sample = draw(st.sampled_from(samples))
        data = draw(mutated([sample.data], replace_cell))
        return Case(data, sample.name, draw(st.sampled_from([True, False])))

    return case()


SAMPLES = golden_samples()
DEFAULTS = "defaults"
SETTINGS = {sample.name: sample.settings for sample in SAMPLES} | {DEFAULTS: orders_settings()}


# --- what must hold of any file ------------------------------------------------------------------


def check(case: Case) -> str:
    """Reads the file; returns what became of its orders."""
    try:
        file = read_orders(case.data, case.settings, FILE)
    except (NotReadyError, HeldError, ConfigError) as error:
        assert_readable(str(error), FILE)
        return type(error).__name__
    check_faults(file)
    check_both_readers(file, case.data, case.settings)
    again = Again.of(case.data, case.settings)
    if again:
        check_nothing_vanished(file, again)
        is_one = any(note.column == "id" for note in file.notes)  # rows of two ids are one order
        if not is_one and '="' not in "".join(again.lines).replace('""', '"'):
            check_provenance(file, again)
    whole = [reading.order for reading in file.readings if reading.order]
    check_xml(whole)
    return outcome(file) if again else "read, header unclear"


def outcome(file: OrderFile) -> str:
    """In one word, what became of a file's orders."""
    whole = sum(reading.order is not None for reading in file.readings)
    if not file.readings:
        return "no order"
    if whole == len(file.readings):
        return "all read"
    return "some rejected" if whole else "all rejected"


def check_faults(file: OrderFile) -> None:
    """Each order is whole or says where its faults are, and can be judged either way."""
    for reading in file.readings:
        assert bool(reading.order) == (not reading.faults)
        assert reading.id
        judge(reading, orders_settings())
        for fault in reading.faults:
            assert_readable(str(fault), f"{FILE}:{fault.line}: {fault.column}: ")
    for fault in file.faults:
        assert_readable(str(fault), f"{FILE}:{fault.line}: ")


def check_both_readers(file: OrderFile, data: bytes, settings: Orders) -> None:
    """What the quick reader says, the careful one says too."""
    with mock.patch.object(PlainReader, "read", lambda *_: None):
        assert read_orders(data, settings, FILE) == file


def check_nothing_vanished(file: OrderFile, again: Again) -> None:
    """Every order that cannot be overlooked is there, with each of its lines.

    What a row says again counts once, so that of equal ones one must be there.
    """
    readings = {_bare(reading.id): reading for reading in file.readings}
    lost = {id for id in again.ids() if _bare(id) not in readings}
    assert not lost, f"orders {sorted(lost)} vanished"
    sold: dict[str, dict[str, tuple[str, str]]] = {}
    for row in again.rows():
        said = str([(key, text) for key, text in row.items() if key not in ("payment", "voucher")])
        sold.setdefault(row["id"], {})[said] = row["quantity"], row["unit_price"]
    for id, rows in sold.items():
        order = readings[_bare(id)].order
        left = [(str(line.quantity), line.unit_price) for line in order.lines] if order else []
        counts = rows.values() if "quantity_refunded" not in again.columns else ()
        for quantity, price in set(counts) if order else ():
            left.remove((quantity, Decimal(price.replace(",", "."))))


def _bare(id: str) -> str:
    """Without what a spreadsheet writes around a number; order 0 has no other name."""
    return re.sub(r"^[='\"#\s]*0*|(?:[.,]0{1,2})?\"?$", "", id)


def check_provenance(file: OrderFile, again: Again) -> None:
    """Every number of an order that is sent stands in a row of that order."""
    for order in (reading.order for reading in file.readings if reading.order):
        if not order.id.isascii() or not re.match("[1-9A-Za-z]", order.id):
            continue  # which letters, or which spellings, these are depends on the whole file
        rows = list(again.candidates(order.id))
        for line in order.lines:
            assert any(_comes_from(line, row) for row in rows), f"{line} is in no row of {order.id}"
        for key in {"shipping", "discount", "total_paid"} & again.columns.keys():
            value = getattr(order, key)
            found = set[Decimal]().union(*(meanings(row.get(key, "")) for row in rows))
            assert value is None or value in found, key
        dates = [moments(row["date"]) for row in rows if row.get("date")]
        if order.date and all(dates):
            assert order.date.replace(tzinfo=None) in set[datetime]().union(*dates)


def _comes_from(line: Line, row: dict[str, str]) -> bool:
    # A column that only the product finds, below what a program did to its name, is not judged.
    vat_rate, ean13 = row.get("vat_rate"), row.get("ean13")
    is_none = ean13 is None or (not line.ean13 and not re.search("[1-9]", ean13))
    whole = re.sub(r"[.,]0+\s*$", "", ean13 or "")
    is_dressed = re.sub("[^0-9]", "", whole).endswith(line.ean13)
    return (
        (line.quantity in meanings(row["quantity"]) or bool(row.get("quantity_refunded")))
        and line.unit_price in meanings(row["unit_price"])
        and (None in (line.vat_rate, vat_rate) or line.vat_rate in meanings(vat_rate or ""))
        and (
            is_none
            or not line.ean13.isascii()
            or item(ean13 or "") == item(line.ean13)
            or is_dressed
        )
    )


def check_xml(orders: Sequence[Order]) -> None:
    """The sales XML holds these orders and their numbers, whatever its form."""
    for changes in XML_SETTINGS:
        settings = orders_settings(xml=changes)
        names = settings.xml.names
        sales = write_sales(orders, settings, GENERATED)
        root = etree.fromstring(sales.data)
        assert root.findtext("count") == str(len(orders))
        assert all(text == seen(text) for text in root.itertext())
        found = root.findall(names.get("order", "order"))
        for element, order in zip(found, orders, strict=True):
            _check_order(element, order, settings)


def _check_order(element: etree._Element, order: Order, settings: Orders) -> None:
    names, decimal = settings.xml.names, settings.xml.decimal
    amounts = (("shipping", order.shipping), ("discount", order.discount))
    for key, value in (*amounts, ("total_paid", order.total_paid)):
        assert _amount(element, key, decimal) == value
    assert element.findtext("id") == order.id
    if not settings.xml.payments:
        assert fold(element.findtext("payment") or "") == fold(_joined(order.payment.split(",")))
    assert (element.findtext("customer/last_name") or "") == order.customer.last_name
    found = element.findall(f"{names.get('lines', 'lines')}/{names.get('line', 'line')}")
    for child, line in zip(found, order.lines, strict=True):
        assert child.findtext("quantity") == str(line.quantity)
        assert (child.findtext("ean13") or "") == line.ean13
        assert (child.findtext("product_name") or "") == line.product_name
        assert _amount(child, "unit_price", decimal) == line.unit_price
        assert _amount(child, "vat_rate", decimal) == line.vat_rate
        assert _amount(child, "amount", decimal) == _exact(line)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part.strip() for part in parts if part.strip())


def _amount(element: etree._Element, key: str, decimal: str) -> Decimal | None:
    text = element.findtext(key)
    return None if text is None else Decimal(text.replace(decimal, "."))


def _exact(line: Line) -> Decimal:
    """Quantity × price, counted without any context that could round."""
    sign, digits, exponent = line.unit_price.as_tuple()
    assert isinstance(exponent, int)
    product = int("".join(map(str, digits))) * line.quantity
    return Decimal((sign, tuple(map(int, str(product))), exponent))


DAMAGED = Target(
    "order CSV, damaged",
    _cases(SAMPLES),
    check,
    frozenset({"all read", "some rejected", "HeldError", "NotReadyError", "ConfigError"}),
    share=3,
)
RAW = Target(
    "order CSV, raw bytes",
    st.builds(
        Case,
        st.binary(max_size=120)
        | st.builds(
            lambda body: b"id_order;ean13;quantity;unit_price\n" + body,
            st.lists(st.sampled_from(b'\x0012;;;";,\r\n\n.\xc3\xa9'), max_size=60).map(bytes),
        ),
        st.just(DEFAULTS),
        st.booleans(),
    ),
    check,
    frozenset({"NotReadyError", "ConfigError", "all rejected"}),
)
