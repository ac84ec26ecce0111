"""The order CSV: any dialect reads the same, and what cannot be read rejects its order only.

What the golden pairs of orders show is not repeated here.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, NotReadyError, RejectedError
from passerelle.config.columns import OrderColumns
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.model.orders import Customer, Line, Order, Reading, Sold
from tests.unit import many, orders_settings

FILE = "commandes.csv"
HEADER = "id_order;reference;date;status;payment;ean13;quantity;unit_price\n"


def read(text: str | bytes, ids: Sequence[str] = (), **settings: Any) -> OrderFile:
    data = text.encode() if isinstance(text, str) else text
    return read_orders(data, orders_settings(**settings), FILE, ids)


def rows(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


def faults(file: OrderFile) -> list[str]:
    return [str(fault) for reading in file.readings for fault in reading.faults]


def whole(file: OrderFile) -> list[str]:
    return [reading.id for reading in file.readings if reading.order]


def only(file: OrderFile) -> Reading:
    (reading,) = file.readings
    return reading


def order_of(file: OrderFile) -> Order:
    found = only(file).order
    assert found is not None
    return found


# --- any dialect -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dialect:
    """How a shop's module is set to write its file."""

    separator: str
    enclosed: bool
    line_end: str
    encoding: str
    mark: str
    thousands: str
    date_format: str
    language: int

    def number(self, value: Decimal | None) -> str:
        if value is None:
            return ""
        grouped, _, decimals = f"{value:,}".partition(".")
        return grouped.replace(",", self.thousands) + self.mark + decimals

    def write(self, records: Sequence[Mapping[str, str]]) -> bytes:
        columns = OrderColumns.model_fields
        known = {key: getattr(OrderColumns(), key) for key in columns}
        names = {key: known[key][self.language % len(known[key])] for key in columns}
        text = StringIO(newline="")
        writer = csv.DictWriter(
            text,
            list(columns),
            delimiter=self.separator,
            quoting=csv.QUOTE_ALL if self.enclosed else csv.QUOTE_MINIMAL,
            lineterminator=self.line_end,
        )
        writer.writerow(names)
        writer.writerows(records)
        return text.getvalue().encode(self.encoding)


# What parts thousands must not be the mark before decimals.
_number_forms = [(mark, thousands) for mark in ",." for thousands in ("", " ", "\u00a0", ",", ".")]
dialects = st.builds(
    lambda number, **rest: Dialect(mark=number[0], thousands=number[1], **rest),
    st.sampled_from([form for form in _number_forms if form[0] != form[1]]),
    separator=st.sampled_from(";,\t|:"),
    enclosed=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    date_format=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S"]),
    language=st.integers(0, 8),
)

words = st.text("abzÀÉéœ€'\";,|:&<>-0.", min_size=1, max_size=6)
texts = st.lists(words, max_size=4).map(" ".join)
prices = st.decimals(0, 99999, places=2)
optional = st.none() | prices
moments = st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(hour=4 + moment.hour % 20, microsecond=0).astimezone()
)
eans = st.text("0123456789", min_size=8, max_size=13).filter(lambda ean: ean.strip("0"))
order_lines = st.builds(
    Line,
    ean13=eans,
    product_id=texts,
    product_reference=texts,
    product_name=texts,
    quantity=st.integers(1, 9999),
    unit_price=prices,
    vat_rate=optional,
)
orders = st.builds(
    Order,
    id=st.integers(1, 10**6).map(str),
    reference=texts,
    date=st.none() | moments,
    status=texts,
    payment=texts,
    voucher=texts,
    customer=st.builds(Customer, **dict.fromkeys(Customer.__dataclass_fields__, texts)),
    carrier=texts,
    shipping=optional,
    discount=st.none() | st.decimals(-999, 999, places=2),
    total_paid=optional,
    lines=st.lists(order_lines, min_size=1, max_size=3).map(tuple),
)
files = st.lists(orders, min_size=1, max_size=4, unique_by=lambda order: order.id)


def records(order: Order, dialect: Dialect, line_end: str = "") -> list[dict[str, str]]:
    """The rows that a shop writes for an order, one per product, order fields repeated."""
    common = {
        "id": order.id,
        "reference": order.reference,
        "date": f"{order.date:{dialect.date_format}}" if order.date else "",
        "status": order.status,
        "payment": order.payment,
        "voucher": order.voucher,
        "carrier": order.carrier,
        **{name: getattr(order.customer, name) for name in Customer.__dataclass_fields__},
    }
    if line_end:
        common["address1"] = common["address1"].replace(" ", line_end, 1)
    amounts = {
        key: dialect.number(getattr(order, key)) for key in ("shipping", "discount", "total_paid")
    }
    return [
        {
            **common,
            **amounts,
            "ean13": line.ean13,
            "product_id": line.product_id,
            "product_reference": line.product_reference,
            "product_name": line.product_name,
            "quantity": str(line.quantity),
            "unit_price": dialect.number(line.unit_price),
            "vat_rate": dialect.number(line.vat_rate),
        }
        for line in order.lines
    ]


def shop_file(
    made: Sequence[Order], dialect: Dialect, line_end: str = "", turns: Sequence[int] = ()
) -> bytes:
    """The file with all orders' rows; ``turns`` says whose row comes next where they mix."""
    waiting = [records(order, dialect, line_end) for order in made]
    mixed = [waiting[turn % len(waiting)].pop(0) for turn in turns if waiting[turn % len(waiting)]]
    return dialect.write([*mixed, *(row for rest in waiting for row in rest)])


def is_told_apart(data: bytes, dialect: Dialect) -> bool:
    """Whether the bytes say which encoding they are in; some cp1252 texts are UTF-8 by chance."""
    if dialect.encoding != "cp1252":
        return True
    try:
        return data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return True


class TestOrdersWrittenInAnyDialect:
    @many
    @given(files, dialects, st.sampled_from(["", "\n", "\r\n"]), st.lists(st.integers(0, 3)))
    def test_read_back_equal_with_what_they_sold_and_the_same_fingerprint(
        self, made: list[Order], dialect: Dialect, line_end: str, turns: list[int]
    ) -> None:
        data = shop_file(made, dialect, line_end, turns)
        assume(is_told_apart(data, dialect))
        file = read(data)
        assert (faults(file), file.faults) == ([], ())
        assert {reading.id: reading.order for reading in file.readings} == {
            order.id: order for order in made
        }
        assert {reading.id: reading.sold for reading in file.readings} == {
            order.id: tuple(Sold(line.ean13, line.quantity) for line in order.lines)
            for order in made
        }
        prints = {r.id: r.order.fingerprint() for r in file.readings if r.order}
        assert prints == {order.id: order.fingerprint() for order in made}
        if not turns:
            assert whole(file) == [order.id for order in made]


# --- damaged files -----------------------------------------------------------------------------

SAMPLE = Dialect(";", True, "\r\n", "utf-8", ",", "", "%d/%m/%Y %H:%M:%S", 0)
PLAIN = replace(SAMPLE, enclosed=False)
SHOP = [
    Order(
        id=id,
        reference="KQVZTRNMA",
        date=datetime(2026, 11, 22, 9, 58).astimezone(),
        status="Paiement accepté",
        payment="Carte bancaire",
        voucher="",
        customer=Customer(last_name="Lebœuf", address1="3 allée des Chênes", city="Pau"),
        carrier="Colissimo",
        shipping=Decimal("4.90"),
        discount=None,
        total_paid=Decimal("34.90"),
        lines=(
            Line("3701234500010", "1", "", "Moufle, bleue", 1, Decimal("10.00"), Decimal("20.0")),
            Line("3701234500027", "2", "", "Botte; noire", 2, Decimal("10.00"), Decimal("20.0")),
        ),
    )
    for id in ("1001", "1002", "1003")
]


class TestADamagedFile:
    def test_whose_row_ends_one_text_and_begins_another_sends_no_half_of_either(self) -> None:
        """Such a row reads as one of its own; its quotes, though two, enclose nothing in it."""
        text = "nom;id_order;ean13;quantity;unit_price;ville\nX;1;370;1;1,00;Pau\n"
        text += '"a\nb";2;371;1;1,00;"c\nd"\n'
        columns = {"last_name": "nom", "city": "ville"}
        file = read(text, columns=columns)
        assert "2" not in whole(file)
        assert [fault for fault in faults(file) if "a quote is not closed" in fault]

    @many
    @given(st.data(), st.sampled_from([SAMPLE, PLAIN]), st.sampled_from(["", "\r\n"]))
    def test_by_a_lone_quote_neither_loses_an_order_nor_changes_a_number(
        self, data: st.DataObject, dialect: Dialect, line_end: str
    ) -> None:
        whole_file = shop_file(SHOP, dialect, line_end).decode()
        place = data.draw(st.integers(whole_file.index("\n") + 1, len(whole_file)))
        assume(not inside_an_id(whole_file, place))
        try:
            file = read(whole_file[:place] + '"' + whole_file[place:])
        except NotReadyError:
            return
        assert {reading.id for reading in file.readings} == {order.id for order in SHOP}
        for reading in file.readings:
            if reading.order:
                assert numbers(reading.order) == numbers(SHOP[0])

    @many
    @given(st.data())
    def test_that_is_cut_gives_whole_orders_or_nothing(self, data: st.DataObject) -> None:
        single = [replace(order, lines=order.lines[:1]) for order in SHOP]
        whole_file = shop_file(single, SAMPLE, "\n")
        cut = whole_file[: data.draw(st.integers(whole_file.index(b"\n") + 1, len(whole_file)))]
        expected = read(whole_file).readings
        try:
            found = read(cut).readings
        except NotReadyError:
            return
        assert found == expected[: len(found)]
        assert cut.endswith((b"\r", b"\n"))


def inside_an_id(text: str, place: int) -> bool:
    """Part of an id that is not enclosed: that is another id, as a typing error would make it."""
    return bool(re.fullmatch("[0-9]+", text[text.rfind("\n", 0, place) + 1 : place]))


def numbers(order: Order) -> object:
    lines = [(line.ean13, line.quantity, line.unit_price, line.vat_rate) for line in order.lines]
    return lines, order.date, order.shipping, order.total_paid


# --- the file as a whole -----------------------------------------------------------------------


class TestAFile:
    @pytest.mark.parametrize("data", [b"", b"\r\n", b"\xef\xbb\xbf", b"  \n"])
    def test_that_is_empty_is_not_ready(self, data: bytes) -> None:
        with pytest.raises(NotReadyError, match=r"the file is empty: commandes\.csv"):
            read(data)

    def test_whose_last_line_does_not_end_is_not_ready(self) -> None:
        with pytest.raises(NotReadyError, match=r"commandes\.csv:3: .*final_newline = false"):
            read(rows("1;;;;;11;1;2", "2;;;;;11;1;2").rstrip("\n"))

    def test_that_ends_inside_quotes_is_not_ready_though_its_last_line_ends(self) -> None:
        with pytest.raises(NotReadyError, match=r"inside a quoted field: commandes\.csv:3"):
            read(rows("1;;;;;11;1;2", '2;;;;;11;1;"2'))

    def test_in_utf_16_without_its_mark_is_refused_and_says_how_to_read_it(self) -> None:
        data = rows("1;;;;;11;1;2").encode("utf-16-le")
        with pytest.raises(RejectedError, match="utf-16-le"):
            read(data)
        assert whole(read(data, encoding="utf-16-le")) == ["1"]

    def test_of_a_header_alone_holds_no_order(self) -> None:
        file = read(HEADER)
        assert (file.readings, file.faults) == ((), ())

    def test_may_be_in_the_configured_encoding_and_separator(self) -> None:
        text = "id_order|payment, method|ean13|quantity|unit_price\n1|Chèque|11|1|2\n"
        columns = {"payment": "payment, method"}
        file = read(text.encode("cp850"), encoding="cp850", separator="|", columns=columns)
        assert order_of(file).payment == "Chèque"

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("id_order;ean13;unit_price", "no column for quantity: commandes.csv:1: name it in "
             "orders.columns.quantity; the file has: id_order, ean13, unit_price"),
            ("ean13;quantity;unit_price", "no column for id: "),
            ("id_order;quantity", "no column for unit_price and ean13: "),
        ],
    )  # fmt: skip
    def test_without_a_required_column_is_refused_and_says_which(
        self, header: str, message: str
    ) -> None:
        with pytest.raises(ConfigError, match=re.escape(message)):
            read(f"{header}\n1;2;3\n")

    def test_without_dates_is_refused_where_start_from_needs_them(self) -> None:
        with pytest.raises(ConfigError, match="no column for date"):
            read("id_order;ean13;quantity;unit_price\n", start_from=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_with_a_column_twice_is_refused(self) -> None:
        with pytest.raises(ConfigError, match='the header has "ean13" twice'):
            read("id_order;ean13;EAN13;quantity;unit_price\n1;2;3;1;5\n")

    def test_needs_no_ean_column_where_there_are_references(self) -> None:
        file = read("id_order;product_reference;quantity;unit_price\n1;AB;1;2\n")
        assert only(file).sold == (Sold("AB", 1),)


# --- the lines of an order ---------------------------------------------------------------------

FIELDS = {
    "reference": "REF",
    "date": "2026-11-22 10:00:00",
    "status": "Payé",
    "payment": "CB",
    "ean13": "3701234500010",
    "quantity": "1",
    "unit_price": "12,50",
}
EATEN = "lost its digits in a spreadsheet; export it again"
NONE_SOLD = "is no quantity that can be sold"
# What is bad in an order, and what is told of it.
REJECTED = [
    ({"reference": "Le\0fèvre"}, "reference: holds the control character U+0000"),
    ({"status": "Pay\a"}, "status: holds the control character U+0007"),
    ({"reference": "\x1b[2J"}, "reference: holds the control character"),
    ({"reference": "a\x0bb"}, "reference: holds the control character"),
    ({"reference": "a\x7f\x00b"}, "reference: holds the control character"),
    ({"reference": "a\ufffeb"}, "reference: holds the control character"),
    ({"reference": "Lef\ufffdvre"}, "reference: holds a letter that was cut"),
    ({"quantity": "-1"}, f'quantity: "-1" {NONE_SOLD}'),
    ({"quantity": "0"}, f'quantity: "0" {NONE_SOLD}'),
    ({"quantity": "99999999999"}, f'quantity: "99999999999" {NONE_SOLD}'),
    ({"quantity": "9" * 5000}, "quantity: "),
    ({"quantity": "1,5"}, 'quantity: "1,5" is no whole number'),
    ({"quantity": "1.000"}, 'quantity: "1.000" is no whole number'),
    ({"quantity": "deux"}, 'quantity: "deux" is no number'),
    ({"quantity": "1e5"}, 'quantity: "1e5" is no number'),
    ({"quantity": "٣"}, 'quantity: "٣" is no number'),
    ({"quantity": ""}, "quantity: empty"),
    ({"unit_price": ""}, "unit_price: empty"),
    ({"unit_price": "-0,01"}, 'unit_price: "-0,01" is negative'),
    ({"unit_price": "gratuit"}, 'unit_price: "gratuit" is no number'),
    ({"unit_price": "1e5"}, 'unit_price: "1e5" is no number'),
    ({"unit_price": "NaN"}, 'unit_price: "NaN" is no number'),
    ({"unit_price": "1.234 567,00"}, 'unit_price: "1.234 567,00" is no number'),
    ({"date": "31/02/2026"}, 'date: "31/02/2026" is no date like'),
    ({"ean13": "3,70012E+12"}, f'ean13: "3,70012E+12" {EATEN}'),
    ({"ean13": "3701234500010.0"}, f'ean13: "3701234500010.0" {EATEN}'),
    ({"ean13": ""}, "ean13: empty, and no product_reference either"),
    ({"ean13": "0000"}, 'ean13: "0000" is no item number, and no product_reference either'),
    (
        {"unit_price": "1;2"},
        "line: another number of fields than the header (9 instead of 8)",
    ),
    ({"reference": '"Lefèvre'}, "line: a quote is not closed or not doubled"),
    ({"reference": "x" * 10_000_000}, "line: reference has 10000000 characters; is a quote miss"),
]
# What is written in a form with one meaning, and how it is read.
READ = [
    ({"unit_price": "1.234,50"}, "1234.50"),
    ({"unit_price": "1\u202f234,50 €"}, "1234.50"),
    ({"unit_price": "123456789012345,123456789012"}, "123456789012345.123456789012"),
    ({"unit_price": "0,00"}, "0.00"),
    ({"quantity": "2,000000"}, "2"),
    ({"ean13": "701234500013"}, "701234500013"),
    ({"ean13": '"=""0701234500013"""'}, "0701234500013"),
]


def row(id: str, **changes: str) -> str:
    return ";".join([id, *(FIELDS | changes).values()])


def named(cases: list[tuple[dict[str, str], str]]) -> list[str]:
    return [f"{key} {value[:12]!a}" for changes, _ in cases for key, value in changes.items()]


class TestALine:
    @pytest.mark.parametrize(("changes", "message"), REJECTED, ids=named(REJECTED))
    def test_that_cannot_be_read_is_told_and_rejects_its_order_and_no_other(
        self, changes: dict[str, str], message: str
    ) -> None:
        file = read(rows(row("1"), row("2", **changes), row("3")))
        assert [reading.id for reading in file.readings] == ["1", "2", "3"]
        assert whole(file) == ["1", "3"]
        (fault,) = faults(file)
        assert fault.startswith(f"{FILE}:3: {message}")
        assert fault.isprintable()

    def test_at_fault_rejects_its_whole_order(self) -> None:
        file = read(rows(row("1"), row("2"), row("1", quantity="deux"), row("1")))
        assert whole(file) == ["2"]
        assert faults(file) == ['commandes.csv:4: quantity: "deux" is no number']

    @pytest.mark.parametrize(("changes", "value"), READ, ids=named(READ))
    def test_with_a_number_in_any_form_with_one_meaning_is_read_exactly(
        self, changes: dict[str, str], value: str
    ) -> None:
        (line,) = order_of(read(rows(row("1", **changes)))).lines
        assert [str(getattr(line, name)) for name in changes] == [value]

    @pytest.mark.parametrize("id", ["2\x01", "2\x7f", "2\ufffd", "2\u20282", '"2\t2"'])
    def test_whose_order_id_is_damaged_rejects_an_order_that_is_no_other(self, id: str) -> None:
        file = read(rows(row("1"), row(id), row("2")))
        assert whole(file) == ["1", "2"]
        bad = file.readings[1].id
        assert bad.isprintable()
        assert bad not in ("1", "2", "3")
        assert faults(file)[0].startswith(f"{FILE}:3: id: holds a ")

    def test_tells_all_its_faults_at_once(self) -> None:
        file = read(rows("1;;31/02/2026;;;3,7E+12;x;-1"))
        assert [fault.column for fault in only(file).faults] == [
            *("quantity", "unit_price", "ean13", "date"),
        ]

    def test_that_a_lone_quote_would_swallow_is_read_all_the_same(self) -> None:
        file = read(rows('1;"a;;;;11;1;2', "2;b;;;;11;1;2", '3;c";;;;11;1;2', "4;d;;;;11;1;2"))
        assert whole(file) == ["2", "3", "4"]
        assert faults(file) == ["commandes.csv:2: line: a quote is not closed or not doubled"]

    def test_with_too_few_fields_is_a_fault_and_with_an_empty_one_too_many_is_none(self) -> None:
        file = read(rows("1;;;;;11;1", "3;;;;;11;1;2;"))
        assert whole(file) == ["3"]
        assert faults(file)[0].endswith("(7 instead of 8)")

    def test_behind_a_text_that_a_line_end_opens_is_never_sent_with_half_of_that_text(self) -> None:
        header = "reference;id_order;ean13;quantity;unit_price\n"
        file = read(header + 'A;1;11;1;2\n"B\nb";2;22;1;2\nC;3;33;1;2\n')
        assert whole(file) == ["3"]
        assert {reading.id for reading in file.readings} == {"1", "2", "3"}
        assert "commandes.csv:4: line: a quote is not closed or not doubled" in faults(file)

    def test_has_no_more_text_in_a_field_than_any_order(self) -> None:
        file = read(rows(row("1", reference="a" * 10_001), row("2", reference="a" * 10_000)))
        assert whole(file) == ["2"]

    @pytest.mark.parametrize("blank", ["", "   ", ";;;;;;;", "\t"])
    def test_that_is_blank_is_passed_over(self, blank: str) -> None:
        assert whole(read(rows("1;;;;;11;1;2", blank, "2;;;;;11;1;2"))) == ["1", "2"]


class TestAnOrder:
    def test_takes_its_payments_and_vouchers_from_all_of_its_lines(self) -> None:
        file = read(rows("1;;;;CB;11;1;2", "1;;;;;22;1;2", "1;;;;Bon cadeau;33;1;2"))
        assert order_of(file).payment == "CB, Bon cadeau"

    @pytest.mark.parametrize(
        ("column", "one", "other"),
        [
            ("reference", "A", "B"),
            ("status", "Annulé", "Payé"),
            ("date", "2026-11-22", "2026-11-23"),
        ],
    )
    def test_whose_lines_disagree_is_rejected(self, column: str, one: str, other: str) -> None:
        text = f"id_order;{column};ean13;quantity;unit_price\n1;{one};1;1;2\n1;{other};2;1;2\n"
        assert faults(read(text)) == [
            f"commandes.csv:3: {column}: differs from line 2 of the same order"
        ]

    def test_may_leave_its_fields_blank_on_all_lines_but_one(self) -> None:
        file = read(rows("1;;;;;11;1;2", "1;REF;2026-11-22;Payé;CB;22;1;2"))
        order = order_of(file)
        assert (order.reference, order.status, order.payment) == ("REF", "Payé", "CB")

    def test_takes_its_fields_from_the_lines_that_are_not_broken(self) -> None:
        reading = only(read(rows("1;A;22", "1;REF;2026-11-22;Annulé;CB;22;1;2")))
        assert (reading.reference, reading.status) == ("REF", "Annulé")
        assert [fault.column for fault in reading.faults] == ["line"]

    def test_that_is_rejected_still_tells_its_date_status_and_sales(self) -> None:
        reading = only(read(rows("1;REF;2026-11-22;Payé;CB;11;deux;2")))
        assert (reading.order, reading.reference, reading.status) == (None, "REF", "Payé")
        assert f"{reading.date:%Y-%m-%d}" == "2026-11-22"
        assert reading.sold == (Sold("11", None),)

    def test_sells_by_reference_where_there_is_no_ean(self) -> None:
        text = "id_order;ean13;product_reference;quantity;unit_price\n1;0;AB-1;2;5\n"
        assert only(read(text)).sold == (Sold("AB-1", 2),)

    def test_has_texts_of_several_lines_on_one(self) -> None:
        text = 'id_order;address1;ean13;quantity;unit_price\n1;" a \r\n\r\n b\nc ";1;1;2\n'
        assert order_of(read(text)).customer.address1 == "a b c"

    def test_keeps_texts_with_lines_that_look_like_tables(self) -> None:
        text = rows('1;"bonjour\n1;2;3;4;5;6;7\n 2 ; ; ; ; ;11;1\nmerci";;;;11;1;2', "2;;;;;11;1;2")
        assert whole(read(text)) == ["1", "2"]

    def test_has_one_fingerprint_whatever_its_status_and_another_once_it_changed(self) -> None:
        def fingerprint(**changes: str) -> str:
            return order_of(read(rows(row("1", **changes)))).fingerprint()

        for same in ({"status": "Expédié"}, {"status": ""}, {"unit_price": "12.500000"}):
            assert fingerprint(**same) == fingerprint()
        for other in ({"quantity": "2"}, {"payment": "PayPal"}, {"unit_price": "12.51"}):
            assert fingerprint(**other) != fingerprint()


class TestAFileOfOddRows:
    LINES = (
        "1;a;;Payé;;11;1;2",
        "2;b;;Payé;;11;1;deux",
        "",
        "3;c;;Payé;;;1;2",
        '1;a;;Payé;;"12";2;2,50',
        '4;d;;Payé;;11;1;2"',
        '2;"b";;Payé;;11;1;2',
        '5;"e\ne";;Payé;;11;1;2',
    )

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "cp850"])
    def test_is_read_whatever_its_line_ends_and_its_encoding(self, end: str, codec: str) -> None:
        data = rows(*self.LINES).replace("\n", end).encode(codec)
        file = read(data, encoding="cp850" if codec == "cp850" else "auto")
        assert [reading.id for reading in file.readings] == ["1", "2", "3", "4", "5"]
        assert whole(file) == ["1", "5"]
        (order,) = [r.order for r in file.readings if r.order and r.id == "1"]
        assert [(line.ean13, line.quantity) for line in order.lines] == [("11", 1), ("12", 2)]
        lines = [fault.line for reading in file.readings for fault in reading.faults]
        assert lines == [3, 5, 7]

    def test_rows_with_nothing_odd_are_read_as_the_careful_reader_does(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = shop_file(SHOP, SAMPLE)
        quick = read(data)
        monkeypatch.setattr(PlainReader, "read", lambda *_: None)
        assert read(data) == quick
