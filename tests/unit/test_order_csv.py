"""The order CSV: what cannot be read rejects its order only, or the file, and is told.

What the golden pairs of orders show is not repeated here; that any dialect reads the same is
``fuzz/generated.py``.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, HeldError, NotReadyError, PasserelleError
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.model.orders import Order, Reading, Sold
from tests.unit import many, orders_settings

FILE = "commandes.csv"
HEADER = "id_order;reference;date;status;payment;ean13;quantity;unit_price\n"
FIELDS = {
    "reference": "REF",
    "date": "2026-11-22 10:00:00",
    "status": "Payé",
    "payment": "CB",
    "ean13": "3701234500010",
    "quantity": "1",
    "unit_price": "12,50",
}


def read(text: str | bytes, **settings: Any) -> OrderFile:
    data = text.encode() if isinstance(text, str) else text
    return read_orders(data, orders_settings(**settings), FILE)


def rows(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


def row(id: str, **changes: str) -> str:
    return ";".join([id, *(FIELDS | changes).values()])


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


# --- damaged files -----------------------------------------------------------------------------

IDS = ["1001", "1002", "1003"]
_NAMES = ("id_order", "date", "address1", "ean13", "product_name", "quantity", "unit_price")
_TEXTS = ("22/11/2026 09:58:00", "3 allée\r\ndes Chênes", "3701234500010", "Moufle; bleue", "1")


def shop(*, broken: bool = True, enclosed: bool = True) -> str:
    """Three orders of one line; ``broken`` texts go over two lines of the file."""
    table = [_NAMES, *((id, *_TEXTS, "10,00") for id in IDS)]
    lines = [[cell if broken else cell.replace("\r\n", " ") for cell in cells] for cells in table]
    form = '"{}"' if enclosed else "{}"
    return "".join(
        ";".join((form if ";" not in cell else '"{}"').format(cell) for cell in cells) + "\r\n"
        for cells in lines
    )


class TestADamagedFile:
    def test_whose_row_ends_one_text_and_begins_another_sends_no_half_of_either(self) -> None:
        """Such a row reads as one of its own; its quotes, though two, enclose nothing in it."""
        text = "nom;id_order;ean13;quantity;unit_price;ville\nX;1;370;1;1,00;Pau\n"
        text += '"a\nb";2;371;1;1,00;"c\nd"\n'
        file = read(text, columns={"last_name": "nom", "city": "ville"})
        assert "2" not in whole(file)
        assert [fault for fault in faults(file) if "a quote is not closed" in fault]

    @many
    @given(st.data(), st.booleans(), st.booleans())
    def test_by_a_lone_quote_neither_loses_an_order_nor_changes_a_number(
        self, data: st.DataObject, broken: bool, enclosed: bool
    ) -> None:
        text = shop(broken=broken and enclosed, enclosed=enclosed)
        place = data.draw(st.integers(text.index("\n") + 1, len(text)))
        # Within an id it makes another id, as a typing error would.
        assume(not re.fullmatch("[0-9]+", text[text.rfind("\n", 0, place) + 1 : place]))
        try:
            file = read(text[:place] + '"' + text[place:])
        except NotReadyError:
            return
        assert [reading.id for reading in file.readings] == IDS
        for order in (reading.order for reading in file.readings if reading.order):
            (line,) = order.lines
            sold = (line.ean13, line.quantity, line.unit_price, f"{order.date:%d %H:%M}")
            assert sold == ("3701234500010", 1, Decimal("10.00"), "22 09:58")

    @many
    @given(st.data())
    def test_that_is_cut_gives_whole_orders_or_nothing(self, data: st.DataObject) -> None:
        text = shop()
        cut = text[: data.draw(st.integers(text.index("\n") + 1, len(text)))]
        try:
            found = read(cut).readings
        except NotReadyError:
            return
        assert found == read(text).readings[: len(found)]
        assert cut.endswith(("\r", "\n"))


# --- the file as a whole -----------------------------------------------------------------------

_REFUSED: list[tuple[str | bytes, type[PasserelleError], str]] = [
    *((data, NotReadyError, "the file is empty: commandes.csv") for data in ("", "\r\n", "\ufeff")),
    (rows(row("1"), row("2"))[:-1], NotReadyError, "commandes.csv:3: wait"),
    (rows(row("1"), '2;;;;;11;1;"2'), NotReadyError, "inside a quoted field: commandes.csv:3"),
    (rows(row("1")).encode("utf-16-le"), HeldError, 'orders.encoding = "utf-16-le"'),
    (rows(row("1")).encode("utf-16-be"), HeldError, 'orders.encoding = "utf-16-be"'),
    (b"PK\x03\x04\x14\0\6\0\n", HeldError, "binary (Excel, ZIP): commandes.csv: "),
    ("id_order;ean13;unit_price\n", ConfigError, "no column for quantity: commandes.csv:1: name it "
     "in orders.columns.quantity; the file has: id_order, ean13, unit_price"),
    ("id_order;quantity\n", ConfigError, "no column for unit_price and ean13: "),
    ("id_order;ean13;EAN13;quantity;unit_price\n", ConfigError, 'the header has "ean13" twice'),
]  # fmt: skip


class TestAFile:
    @pytest.mark.parametrize(("data", "error", "message"), _REFUSED, ids=[m for *_, m in _REFUSED])
    def test_that_is_cut_or_cannot_be_read_is_refused_whole(
        self, data: str | bytes, error: type[PasserelleError], message: str
    ) -> None:
        with pytest.raises(error, match=re.escape(message)):
            read(data)

    def test_without_dates_is_refused_where_start_from_needs_them(self) -> None:
        with pytest.raises(ConfigError, match="no column for date"):
            read("id_order;ean13;quantity;unit_price\n", start_from=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_may_be_in_the_configured_encoding_and_separator(self) -> None:
        text = "id_order|payment, method|ean13|quantity|unit_price\n1|Chèque|11|1|2\n"
        columns = {"payment": ["payment, method"]}
        file = read(text.encode("cp850"), encoding="cp850", separator="|", columns=columns)
        assert order_of(file).payment == "Chèque"
        assert whole(read(rows(row("1")).encode("utf-16-le"), encoding="utf-16-le")) == ["1"]

    def test_of_a_header_alone_holds_no_order_and_needs_no_ean_beside_references(self) -> None:
        file = read("id_order;product_reference;quantity;unit_price\n")
        assert (file.readings, file.faults) == ((), ())


# --- the lines of an order ---------------------------------------------------------------------

_CONTROL = "holds the control character"
_EATEN = "lost its digits in a spreadsheet; export it again"
_NONE_SOLD = "is no quantity that can be sold"
# What is bad in an order, and what is told of it.
REJECTED = [
    ("reference", "Le\0fèvre", f"reference: {_CONTROL} U+0000"),
    ("status", "Pay\a", f"status: {_CONTROL} U+0007"),
    *(("reference", bad, f"reference: {_CONTROL}") for bad in ("\x1b[2J", "a\x0bb", "\ufffeb")),
    ("reference", "Lef\ufffdvre", "reference: holds a letter that was cut"),
    *(("quantity", n, f'quantity: "{n}" {_NONE_SOLD}') for n in ("-1", "0", "99999999999")),
    ("quantity", "9" * 5000, "quantity: "),
    *(("quantity", n, f'quantity: "{n}" is no whole number') for n in ("1,5", "2.50")),
    ("quantity", "1.000", 'quantity: "1.000" may be 1 or 1000: no number of its column shows'),
    *(("quantity", n, f'quantity: "{n}" is no number') for n in ("deux", "1e5", "٣")),
    ("quantity", "", "quantity: empty"),
    ("unit_price", "", "unit_price: empty"),
    ("unit_price", "-0,01", 'unit_price: "-0,01" is negative'),
    *(("unit_price", n, f'unit_price: "{n}" is no number') for n in ("gratuit", "1.234 567,00")),
    ("date", "31/02/2026", 'date: "31/02/2026" is no date like'),
    *(("ean13", n, f'ean13: "{n}" {_EATEN}') for n in ("3,70012E+12", "3701234500011.0")),
    ("ean13", "", "ean13: empty, and no product_reference either"),
    ("ean13", "0000", 'ean13: "0000" is no item number, and no product_reference either'),
    ("unit_price", "1;2", "line: another number of fields than the header (9 instead of 8)"),
    ("reference", '"Lefèvre', "line: a quote is not closed or not doubled"),
    ("reference", "x" * 10_001, "line: reference has 10001 characters; is a quote miss"),
]
# What is written in a form with one meaning, and how it is read.
READ = [
    ("unit_price", "1.234,50", "1234.50"),
    ("unit_price", "1\u202f234,50 €", "1234.50"),
    ("unit_price", "123456789012345,123456789012", "123456789012345.123456789012"),
    ("quantity", "2,000000", "2"),
    ("ean13", '"=""0701234500013"""', "0701234500013"),
]
# Odd lines, and which orders they are of that are whole.
ODD = [
    (["1;;;;;11;1", "3;;;;;11;1;2;"], ["3"], "2: line: another number of fields"),
    (['1;"a;;;;11;1;2', "2;b;;;;11;1;2", '3;c";;;;11;1;2', "4;d;;;;11;1;2"], ["2", "3", "4"],
     "2: line: a quote is not closed or not doubled"),
    ([row("1"), row("2"), row("1", quantity="deux"), row("1")], ["2"], '4: quantity: "deux" is no'),
    (["1;;;;;11;1;2", "", ";;;;;;;", "\t", "2;;;;;11;1;2"], ["1", "2"], ""),
    (['1;"bonjour\n1;2;3;4;5;6;7\n 2 ; ; ; ; ;11;1\nmerci";;;;11;1;2', "2;;;;;11;1;2"],
     ["1", "2"], ""),
    ([row("1", reference="a" * 10_000)], ["1"], ""),
    *(([row("1"), row("1", **{key: "2026-11-23"})], [],
       f"3: {key}: differs from line 2 of the same") for key in ("reference", "status", "date")),
]  # fmt: skip


@pytest.mark.parametrize("quoted", ["", '"'])
def test_an_id_that_is_too_long_for_a_database_is_told_and_stays_apart_from_others(
    quoted: str,
) -> None:
    ids = ["x" * 600 + "1", "x" * 600 + "2"]
    file = read(rows(*(row(f"{quoted}{id}{quoted}") for id in ids), row("3")))
    assert whole(file) == ["3"]
    found = [reading.id for reading in file.readings]
    assert len(set(found)) == 3 and max(map(len, found)) < 200
    assert all("is too long for an id: is it in the right column?" in one for one in faults(file))


class TestALine:
    @pytest.mark.parametrize(("key", "value", "message"), REJECTED, ids=[m for *_, m in REJECTED])
    def test_that_cannot_be_read_is_told_and_rejects_its_order_and_no_other(
        self, key: str, value: str, message: str
    ) -> None:
        file = read(rows(row("1"), row("2", **{key: value}), row("3")))
        assert [reading.id for reading in file.readings] == ["1", "2", "3"]
        assert whole(file) == ["1", "3"]
        (fault,) = faults(file)
        assert fault.startswith(f"{FILE}:3: {message}")
        assert fault.isprintable()

    @pytest.mark.parametrize(("key", "value", "form"), READ)
    def test_with_a_number_in_any_form_with_one_meaning_is_read_exactly(
        self, key: str, value: str, form: str
    ) -> None:
        (line,) = order_of(read(rows(row("1", **{key: value})))).lines
        assert str(getattr(line, key)) == form

    @pytest.mark.parametrize(("lines", "sent", "fault"), ODD)
    def test_that_is_odd_rejects_no_other_order(
        self, lines: list[str], sent: list[str], fault: str
    ) -> None:
        file = read(rows(*lines))
        assert whole(file) == sent
        assert [told[: len(FILE) + 1 + len(fault)] for told in faults(file)] == (
            [f"{FILE}:{fault}"] if fault else []
        )

    @pytest.mark.parametrize("id", ["2\x01", "2\ufffd", "2\u20282", '"2\t2"'])
    def test_whose_order_id_is_damaged_rejects_an_order_that_is_no_other(self, id: str) -> None:
        file = read(rows(row("1"), row(id), row("2")))
        assert whole(file) == ["1", "2"]
        bad = file.readings[1].id
        assert bad.isprintable()
        assert bad not in ("1", "2", "3")
        assert faults(file)[0].startswith(f"{FILE}:3: id: holds a ")

    def test_tells_all_its_faults_at_once(self) -> None:
        file = read(rows("1;;31/02/2026;;;3,7E+12;x;-1"))
        columns = [fault.column for fault in only(file).faults]
        assert columns == ["quantity", "unit_price", "ean13", "date"]

    def test_behind_a_text_that_a_line_end_opens_is_never_sent_with_half_of_that_text(self) -> None:
        header = "reference;id_order;ean13;quantity;unit_price\n"
        file = read(header + 'A;1;11;1;2\n"B\nb";2;22;1;2\nC;3;33;1;2\n')
        assert whole(file) == ["3"]
        assert {reading.id for reading in file.readings} == {"1", "2", "3"}
        assert "commandes.csv:4: line: a quote is not closed or not doubled" in faults(file)


class TestAnOrder:
    def test_takes_its_fields_and_all_its_payments_from_the_lines_that_have_them(self) -> None:
        file = read(rows("1;;;;CB;11;1;2", "1;REF;2026-11-22;Payé;;22;1;2", "1;;;;Bon;33;1;2"))
        order = order_of(file)
        assert (order.reference, order.status, order.payment) == ("REF", "Payé", "CB, Bon")

    def test_takes_its_fields_from_the_lines_that_are_not_broken(self) -> None:
        reading = only(read(rows("1;A;22", "1;REF;2026-11-22;Annulé;CB;22;1;2")))
        assert (reading.reference, reading.status) == ("REF", "Annulé")
        assert [fault.column for fault in reading.faults] == ["line"]

    def test_that_is_rejected_still_tells_its_date_status_and_sales(self) -> None:
        reading = only(read(rows("1;REF;2026-11-22;Payé;CB;11;deux;2")))
        assert (reading.order, reading.reference, reading.status) == (None, "REF", "Payé")
        assert f"{reading.date:%Y-%m-%d}" == "2026-11-22"
        assert reading.sold == (Sold("11", None),)

    def test_sells_by_reference_where_there_is_no_ean_and_has_texts_on_one_line(self) -> None:
        text = "id_order;ean13;product_reference;quantity;unit_price;address1\n"
        reading = only(read(text + '1;0;AB-1;2;5;" a \r\n\r\n b\nc "\n'))
        assert reading.sold == (Sold("AB-1", 2),)
        assert reading.order
        assert reading.order.customer.address1 == "a b c"

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
        data = shop()
        quick = read(data)
        monkeypatch.setattr(PlainReader, "read", lambda *_: None)
        assert read(data) == quick


# --- what a file says again, and how it writes -------------------------------------------------

TOTAL = HEADER.replace("\n", ";voucher;shipping;discount;total_paid;quantity_refunded\n")


def paid(
    id: str, *, total: str = "12,50", back: str = "", voucher: str = "", **changes: str
) -> str:
    return f"{row(id, **changes)};{voucher};0;0;{total};{back}"


def lines_of(file: OrderFile) -> dict[str, list[int]]:
    """The quantities of each order that is whole and beyond doubt."""
    sure = [r.order for r in file.readings if r.order and not r.doubt]
    return {order.id: [line.quantity for line in order.lines] for order in sure}


ONE, TWO = paid("1"), paid("2", quantity="2", total="25")
AGAIN: list[tuple[list[str], dict[str, list[int]], str]] = [
    ([ONE, TWO, HEADED := TOTAL.strip(), ONE, TWO], {"1": [1], "2": [2]}, "the header again"),
    ([ONE, TWO, ONE, TWO], {"1": [1], "2": [2]}, "said more than once: counted once"),
    ([ONE, TWO, HEADED, paid("1", status="Expédié")], {"1": [1], "2": [2]}, "counted once"),
    # A copy with other lines: which of them is right?
    ([ONE, TWO, HEADED, paid("1", quantity="2", total="25")], {"2": [2]}, "the header again"),
    # A join with vouchers, or payments.
    ([paid("1", voucher="A"), paid("1", voucher="B")], {"1": [1]}, "counted once"),
    ([ONE, paid("1", payment="Bon")], {"1": [1]}, "counted once"),
    # Lines alike: two pieces, where the sum says so; one, where it says that.
    ([paid("1", total="25")] * 2, {"1": [1, 1]}, ""),
    ([ONE, ONE], {"1": [1]}, "as its sum says"),
    ([paid("1", total="20")] * 2, {}, ""),
    # Without tax; more than a cent a piece.
    ([paid("1", total="12,52")], {}, ""),
    ([paid("1", total="12,51")], {"1": [1]}, ""),
    # What was refunded is taken off.
    ([paid("1", quantity="3", total="37,5", back="1")], {"1": [2]}, "1 of 3 were refunded"),
    ([paid("1", back="-1"), paid("1", ean13="371")], {"1": [1]}, "1 of 1 were refunded"),
    ([paid("1", total="25", back="1"), paid("1", ean13="371", total="25")], {"1": [1]}, "refunded"),
    ([paid("1", back="2")], {}, ""),
    # Sums below; ids that a spreadsheet wrote.
    ([ONE, "Total;;;;;;1;12,50;;;;;"], {"1": [1]}, "sums only"),
    ([ONE, ";;;;;;1;12,50;;;;;"], {"1": [1]}, "sums only"),
    ([ONE, TWO, paid("0001")], {"1": [1], "2": [2]}, "order 1 is written 0001 here"),
    ([ONE, TWO, paid("1.0"), paid("2.0", quantity="2", total="25")], {"1": [1], "2": [2]}, "2.0"),
    ([ONE, TWO, paid("1.0", reference="OTHER")], {"1": [1], "2": [2], "1.0": [1]}, ""),
]


class TestAnExport:
    @pytest.mark.parametrize(("lines", "sold", "note"), AGAIN)
    def test_that_says_a_thing_twice_sells_it_once_or_is_told(
        self, lines: list[str], sold: dict[str, list[int]], note: str
    ) -> None:
        file = read(TOTAL + "".join(f"{line}\n" for line in lines))
        assert lines_of(file) == sold
        assert any(note in str(told) for told in file.notes) == bool(note)
        others = [r for r in file.readings if r.id not in sold]
        assert all(r.faults or r.doubt for r in others)

    @pytest.mark.parametrize("shipping", ["0", "4,90"])
    def test_with_shipping_and_no_column_of_discounts_is_doubted_where_a_line_is_twice(
        self, shipping: str
    ) -> None:
        """Shipping is paid once, so that the sum is no multiple of what was paid."""
        header = HEADER.replace("\n", ";shipping;total_paid\n")
        total = "12,50" if shipping == "0" else "17,40"
        line = f"{row('1')};{shipping};{total}\n"
        (twice,) = read(header + line * 2).readings
        assert "a line seems to be said twice" in twice.doubt
        (once,) = read(header + line).readings
        assert once.order and not once.doubt

    def test_without_sums_is_told_by_its_headers_and_by_rows_alike_but_for_their_payment(
        self,
    ) -> None:
        joined = rows(*(row("1", payment=one) for one in ("CB", "CB", "Bon", "Bon")))
        assert len(order_of(read(joined)).lines) == 2
        head = HEADER.strip()
        other = rows(row("1"), row("2"), head, row("1", quantity="2"), row("2"))
        assert whole(read(other)) == ["2"]
        pages = rows(row("1"), head, row("1", ean13="371"))
        assert len(order_of(read(pages)).lines) == 2

    @pytest.mark.parametrize(
        ("texts", "dates", "doubt"),
        [
            (["03/04/2026", "25/11/2026"], ["2026-04-03", "2026-11-25"], False),
            (["03/04/2026", "11/25/2026"], ["2026-03-04", "2026-11-25"], False),
            (["03/04/2026"], ["2026-04-03"], True),
            (
                ["03/04/2026", "25/11/2026", "11/25/2026"],
                ["2026-04-03", "2026-11-25", "2026-11-25"],
                True,
            ),
            (["03.04.2026", "04/04/2026"], ["2026-04-03", "2026-04-04"], False),
        ],
    )
    def test_has_its_dates_in_the_order_that_one_of_them_proves(
        self, texts: list[str], dates: list[str], doubt: bool
    ) -> None:
        file = read(rows(*(row(str(id), date=text) for id, text in enumerate(texts, 1))))
        assert [f"{r.date:%Y-%m-%d}" for r in file.readings] == dates
        assert file.dates_in_doubt is doubt
        told = read(rows(row("1", date="03/04/2026")), date_order="mdy")
        assert (f"{only(told).date:%m-%d}", told.dates_in_doubt) == ("03-04", False)

    @pytest.mark.parametrize(
        ("prices", "read_as"),
        [
            (["1.250", "1.250,00", "980,50"], ["1250", "1250.00", "980.50"]),
            (["1.250", "980.50"], ["1.250", "980.50"]),
            (["1.250", "12"], [None, "12"]),
            (["1.250", "980.50", "980,50"], [None, "980.50", "980.50"]),
        ],
    )
    def test_has_its_numbers_as_their_column_shows(
        self, prices: list[str], read_as: list[str | None]
    ) -> None:
        file = read(rows(*(row(str(id), unit_price=text) for id, text in enumerate(prices, 1))))
        found = [r.order and str(r.order.lines[0].unit_price) for r in file.readings]
        assert found == read_as

    def test_has_amounts_with_the_mark_that_its_other_columns_of_money_show(self) -> None:
        file = read(TOTAL + paid("1", unit_price="1.250", total="1250,00") + "\n")
        assert order_of(file).lines[0].unit_price == 1250

    @pytest.mark.parametrize("blank", ["NULL", "\\N", "--", "N/A"])
    def test_has_nothing_where_a_placeholder_stands(self, blank: str) -> None:
        head = HEADER.replace("payment", "company")
        order = order_of(read(head + row("1", payment=blank, ean13="370", reference=blank) + "\n"))
        assert (order.customer.company, order.reference) == ("", "")

    @pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u200e"])
    def test_is_the_same_with_letters_that_nobody_sees(self, unseen: str) -> None:
        plain = '"id_order";ean13;quantity;unit_price;product_name\n"51";"370";"1";2;"a; b"\n'
        file = read(re.sub('(?<!^)"', f'{unseen}"{unseen}', plain))
        assert file == read(plain)
        assert whole(file) == ["51"]

    @pytest.mark.parametrize("ending", [";", ";;"])
    def test_may_end_some_lines_with_separators_but_not_cut_them_short(self, ending: str) -> None:
        file = read(rows(row("1") + ending, row("2"), row("3")[: -len(";12,50")], row("4")))
        assert whole(file) == ["1", "2", "4"]
        assert faults(file) == [
            f"{FILE}:4: line: another number of fields than the header (7 instead of 8)"
        ]
