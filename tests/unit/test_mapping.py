"""What a file's columns mean is proposed from its header and the kinds of its values."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base.errors import NotReadyError, PasserelleError, RejectedError
from passerelle.base.reading import SEPARATORS, find_column
from passerelle.base.words import is_gtin
from passerelle.cli.demo import sample as demo
from passerelle.config.columns import OrderColumns, StockColumns
from passerelle.config.guess.proposal import Proposal, propose
from passerelle.config.guess.sample import CellKind, Sample, kind_of, read_sample
from passerelle.config.orders import Orders
from passerelle.config.stock import Stock
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.stock_csv_fix.layout import read_layout
from tests.unit import many

ITEMS = ("3701234500058", "3701234500010", "3701234500027")


def read(text: str | bytes, *, whole: bool = True) -> Sample:
    return read_sample(text.encode() if isinstance(text, str) else text, "f.csv", whole=whole)


def proposal(header: str, *rows: str) -> Proposal:
    return propose(read("\n".join((header, *rows, ""))))


def taken(found: Proposal) -> dict[str, str]:
    return {guess.key: guess.column for guess in found.guesses}


def doubts(found: Proposal) -> dict[str, str]:
    return {guess.key: guess.doubt for guess in found.guesses if guess.doubt}


class TestKinds:
    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            *(((), CellKind.EMPTY), (("", "  "), CellKind.EMPTY), (ITEMS, CellKind.ITEM)),
            (('="3701234500058"', "'3701234500010"), CellKind.ITEM),
            (("96385074", "0012345678905"), CellKind.ITEM),
            (("3701234500059", "3701234500011"), CellKind.DIGITS),
            (("3,70123E+12", "3,70123E+12"), CellKind.EATEN),
            (("ann@example.org", "", "bob@example.org"), CellKind.EMAIL),
            (("2026-11-22 10:27:00", "22/11/2026"), CellKind.DATE),
            *((("22-11-2026",), CellKind.DATE), (("2026-11-22",), CellKind.DATE)),
            (("978-2-1234-5680-3",), CellKind.ITEM),
            *((("1", "2", "300"), CellKind.WHOLE), (("1,50", "1 234,50 €"), CellKind.NUMBER)),
            *((("0612345678",), CellKind.DIGITS), (("0000000000000",), CellKind.DIGITS)),
            *((("rouge", "12"), CellKind.TEXT), (("x" * 10_000,), CellKind.TEXT)),
            # One stray value in ten does not change the kind.
            (("1",) * 9 + ("x",), CellKind.WHOLE),
            (("1",) * 8 + ("x",) * 2, CellKind.TEXT),
        ],
    )
    def test_are_told_by_most_of_the_values(self, values: tuple[str, ...], kind: CellKind) -> None:
        assert kind_of(values) == kind

    @given(st.text("0123456789", min_size=7, max_size=13))
    def test_of_the_ten_last_digits_one_makes_an_item_number(self, digits: str) -> None:
        right = [digit for digit in "0123456789" if is_gtin(digits + digit)]
        assert len(right) == (1 if digits.strip("0") else 0)


@pytest.mark.parametrize("name", ["orders_french.csv", "orders_english.csv", "erp_stock.csv"])
def test_the_demonstration_is_known_by_every_column(name: str) -> None:
    found = propose(read(demo(name)))
    absent = ("vat_number", "currency", "quantity_refunded")
    keys = [key for key in OrderColumns.model_fields if key not in absent]
    what, keys = ("stock", ["ean13", "quantity"]) if "stock" in name else ("orders", keys)
    assert (found.what, found.sure, found.missing, found.separator) == (what, True, (), "")
    assert (list(taken(found)), doubts(found)) == (keys, {})


class TestFilesAreToldApart:
    @pytest.mark.parametrize(
        ("header", "row", "what", "sure"),
        [
            ("ID commande;Statut;Gencod;Stock", "1;Payé;3701234500058;2", "stock", False),
            ("N° commande;Courriel;EAN;Qté", "1;a@b.fr;3701234500058;2", "orders", True),
            ("Nom;Date;Gencod;Stock", "Botte;22/11/2026;3701234500058;2", "stock", False),
            ("Article;EAN;Dispo", "Botte;3701234500058;2", "stock", False),
            ("Artikel;EAN;Menge (- Rückerstattung)", "Botte;3701234500058;2", "orders", True),
            ("A;B", "22/11/2026;2", "orders", False),
            ("A;B", "x;2", "stock", False),
        ],
    )
    def test_by_what_only_one_of_them_has(
        self, header: str, row: str, what: str, sure: bool
    ) -> None:
        found = proposal(header, row)
        assert (found.what, found.sure) == (what, sure)

    def test_unless_a_person_says_which_it_is(self) -> None:
        file = read("ID;Gencod;Stock\n1;3701234500058;2\n")
        assert (propose(file, "orders").what, propose(file, "orders").sure) == ("orders", True)


class TestGuesses:
    def test_take_usual_names_and_say_so(self) -> None:
        found = proposal(
            "N° commande;Courriel;Qté;PU HT;PU TTC;Code barres",
            f"17;a@example.org;2;10,00;12,00;{ITEMS[0]}",
        )
        assert taken(found) == {
            "id": "N° commande", "email": "Courriel", "ean13": "Code barres", "quantity": "Qté",
            "unit_price": "PU TTC",
        }  # fmt: skip
        assert doubts(found).keys() == taken(found).keys()
        assert found.missing == ()

    def test_take_names_like_a_known_one_and_item_numbers_by_their_check_digits(self) -> None:
        header = "ID commandes;Quantités de produits;Courriel;Zone"
        found = proposal(header, *(f"1;2;a@b.fr;{item}" for item in ITEMS))
        assert taken(found)["ean13"] == "Zone"
        told = doubts(found)
        assert told["id"] == 'a guess: like "ID commande"'
        assert told["quantity"] == 'a guess: like "Quantité de produits"'
        assert told["ean13"] == "a guess: by what stands in it"

    @pytest.mark.parametrize("name", ["PU HT", "Prix unitaire HT", "Unit price (tax excl.)"])
    def test_never_take_a_price_without_tax(self, name: str) -> None:
        found = proposal(f"ID commande;Courriel;Qté;{name};EAN", f"1;a@b.fr;2;10,00;{ITEMS[0]}")
        assert found.missing == ("unit_price",)
        assert found.without_tax == (name,)

    @pytest.mark.parametrize(("total", "is_price"), [("179,80", False), ("359,60", True)])
    def test_never_take_the_sum_of_a_line_for_its_price(self, total: str, is_price: bool) -> None:
        header = "ID commande;Courriel;EAN;Qté;Prix unitaire HT;Prix TTC;Total"
        found = proposal(header, f"1;a@b.fr;{ITEMS[0]};2;74,92;179,80;{total}")
        assert ("unit_price" in taken(found)) == is_price
        assert ("unit_price" in found.missing) != is_price

    def test_never_take_a_column_that_holds_something_else(self) -> None:
        found = proposal("N° commande;Courriel;Qté;PU TTC", "1;a@b.fr;beaucoup;cher")
        assert "quantity" not in taken(found)
        assert found.missing == ("ean13", "quantity", "unit_price")

    @pytest.mark.parametrize(
        ("value", "doubt"),
        [
            ("", "a known name, but the column is empty"),
            ("3,70123E+12", "a known name, but a spreadsheet rounded the numbers: export the file "
             "again"),
            ("rouge", "a known name, but it holds other things than it should"),
        ],
    )  # fmt: skip
    def test_doubt_a_known_name_above_strange_values(self, value: str, doubt: str) -> None:
        assert doubts(proposal("ID;Gencod;Stock", f"1;{value};2")) == {"ean13": doubt}

    def test_leave_out_a_name_that_stands_twice(self) -> None:
        file = read("ID;Gencod;Stock;stock\n1;3701234500058;2;3\n")
        assert file.twice() == ("Stock",)
        assert propose(file).missing == ("quantity",)

    @pytest.mark.parametrize(
        ("header", "missing"),
        [
            ("Order ID;Email;Quantity;Unit price;Product reference", ()),
            ("Order ID;Email;Quantity;Unit price", ("ean13",)),
            ("Email;Carrier", ("id", "ean13", "quantity", "unit_price")),
        ],
    )
    def test_name_what_is_required_and_not_there(
        self, header: str, missing: tuple[str, ...]
    ) -> None:
        assert proposal(header).missing == missing


class TestInOtherLanguages:
    @pytest.mark.parametrize(
        ("header", "row", "expected"),
        [
            ("Nome;Cognome;Nuovo cliente", "Ann;Onyme;1",
             {"first_name": "Nome", "last_name": "Cognome"}),
            ("Vorname;Name;Neukunde;Land", "Ann;Onyme;1;DE",
             {"first_name": "Vorname", "last_name": "Name", "country": "Land"}),
            ("Nombre;Apellidos;País", "Ann;Onyme;ES",
             {"first_name": "Nombre", "last_name": "Apellidos", "country": "País"}),
            ("Voornaam;Achternaam;Levering", "Ann;Onyme;NL",
             {"first_name": "Voornaam", "last_name": "Achternaam"}),
            ("Nome;New client;Livraison;Delivery", "Ann;1;FR;FR", {}),
            ("Discount Code;Name;Lineitem quantity", "SPRING;#1;2",
             {"voucher": "Discount Code", "id": "Name", "quantity": "Lineitem quantity"}),
            ("Quantity;Quantity (- Refund);Item Cost", "3;2;8,33",
             {"quantity": "Quantity (- Refund)"}),
            ("Menge;Menge (- Rückerstattung);Erstattete Menge;Buono sconto", "3;2;1;X",
             {"voucher": "Buono sconto", "quantity": "Menge (- Rückerstattung)"}),
            ("Menge;Einzelpreis (netto);Preis exkl. MwSt.", "3;8,33;8,33", {"quantity": "Menge"}),
            ("Prix d'achat;Prix total;Date de facturation;Paid at",
             "4,00;8,00;22/11/2026;22/11/2026", {}),
        ],
    )  # fmt: skip
    def test_nothing_is_taken_for_something_else(
        self, header: str, row: str, expected: dict[str, str]
    ) -> None:
        assert taken(propose(read(f"{header}\n{row}\n"), "orders")) == expected

    def test_what_matters_and_is_not_read_is_named(self) -> None:
        names = ["Ecotax", "Refunded Amount", "Precio sin IVA", "Geschenkverpackung"]
        names += ["product_quantity_return", "Qté livrée", "Gelieferte Menge", "Canceled Qty"]
        names += ["conversion_rate", "Taux de change"]
        others = ("Notes", "Date de livraison", "Frais de livraison", "Shipped at")
        header = ";".join(("ID pedido", *names, *others))
        found = propose(read(f"{header}\n7{';1' * 14}\n"), "orders")
        assert [name for name, _what in found.unread] == names
        assert {"city", "country", "status", "payment"} <= set(found.left)

    @pytest.mark.parametrize(
        ("header", "is_one"),
        [
            ("ID;Reference;New client;Delivery;Customer;Total;Payment;Status;Date", True),
            ("ID;Referentie;Nieuwe klant;Levering;Klant;Totaal;Betaling;Status;Datum", True),
            ("ID;Reference;Customer;Total;Payment;Status;Date;EAN13;Quantity;Price", False),
        ],
    )
    def test_an_order_list_without_items_is_known(self, header: str, is_one: bool) -> None:
        assert propose(read(f"{header}\n"), "orders").is_grid is is_one


class TestFilesAreRead:
    @pytest.mark.parametrize("separator", SEPARATORS)
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
    def test_in_any_encoding_and_with_any_separator(self, separator: str, encoding: str) -> None:
        lines = (f'"Référence"{separator}"Qté, en stock; ici"', f"é{separator}2", "")
        found = read("\r\n".join(lines).encode(encoding))
        assert (found.separator, found.encoding) == (separator, encoding)
        assert found.header == ("Référence", "Qté, en stock; ici")
        assert found.columns == (("é",), ("2",))

    @pytest.mark.parametrize(
        ("text", "lines", "odd", "last"),
        [
            ('ID;Message\n1;"a\n\nb"\n2;c\n', 2, 0, ("a\n\nb", "c")),
            ("ID;Message\n" + '1;"a\n' + "2;c\n" * 200, 201, 0, None),
            ("ID;Stock\n1;2\n3\n\n", 2, 1, ("2",)),
        ],
        ids=["texts over several lines", "a quote never closed", "too few fields"],
    )
    def test_with(self, text: str, lines: int, odd: int, last: tuple[str, ...] | None) -> None:
        found = read(text)
        assert (found.lines, found.odd) == (lines, odd)
        assert last in (None, found.columns[1])

    def test_by_their_beginning_alone(self) -> None:
        text = "Référence;Stock\n" + "é;2\n" * 100
        for encoding in ("utf-8", "utf-16", "cp1252"):
            data = text.encode(encoding)
            for cut in range(len(data) - 9, len(data)):
                found = read(data[:cut], whole=False)
                assert found.encoding == encoding
                assert 95 <= found.lines < 100
                assert set(found.columns[1]) == {"2"}

    @pytest.mark.parametrize(
        ("data", "what"),
        [
            (b"PK\x03\x04 and more", "binary (Excel, ZIP)"),
            (b"\x7fELF\0\0", "no text, or UTF-16 without its mark"),
            ("ID;Stock\n".encode("utf-16-le"), "no text, or UTF-16 without its mark"),
            (b"a;b\n\x81\n", "a byte is no text in cp1252"),
            (codecs.BOM_UTF16_LE + b"\0\xd8a\0\n", "a byte is no text in utf-16"),
            (b"\n;;\n", "the first line is empty"),
            (b"x" * 60_000, "the first line has 60000 characters"),
            (b"a;" * 501 + b"\n", "the first line has 502 columns"),
            (b"Stock\n1\n2\n", "the first line has one column only"),
            (b"300;3701234500010;Ann Onyme\n", "holds values, not names"),
            (b"1;Ann Onyme;Pau\n", "holds values, not names"),
            (b"Ann;ann@example.org\n", "holds values, not names"),
        ],
    )
    def test_or_refused_without_quoting_them(self, data: bytes, what: str) -> None:
        with pytest.raises(RejectedError) as error:
            read(data)
        assert what in str(error.value)
        assert "f.csv" in error.value.where
        assert error.value.mend
        assert "Onyme" not in str(error.value)
        assert "ann@" not in str(error.value)

    @pytest.mark.parametrize("data", [b"", b"\n \n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
    def test_or_told_to_be_empty(self, data: bytes) -> None:
        with pytest.raises(NotReadyError, match="the file is empty"):
            read(data)

    @many
    @given(st.binary(max_size=200) | st.text("aé;,\"'\n\r\t|:0123é@.").map(str.encode))
    def test_or_refused_by_an_error_of_ours_whatever_they_hold(self, data: bytes) -> None:
        for whole in (True, False):
            try:
                found = propose(read(data, whole=whole))
            except PasserelleError:
                continue
            assert found.what in ("orders", "stock")


class TestWhatIsProposedIsWhatARunReads:
    @pytest.mark.parametrize("separator", SEPARATORS)
    @pytest.mark.parametrize("first", ["Prix: TTC", "A, B", "Qté"])
    def test_of_a_stock(self, first: str, separator: str) -> None:
        names = (first, "Gencod", "Stock")
        line = separator.join(f'"{name}"' for name in names)
        data = f"{line}\r\n2{separator}{ITEMS[0]}{separator}2\r\n".encode()
        found = propose(read(data), "stock")
        assert taken(found).keys() == {"ean13", "quantity"}
        settings = Stock.model_construct(
            columns=StockColumns.model_validate({key: [c] for key, c in taken(found).items()}),
            separator=found.separator or "auto",
        )
        layout = read_layout(data, settings, "f.csv")
        for key, column in taken(found).items():
            assert layout.column((column,), key, "f.csv") == names.index(column)

    def test_of_orders_with_names_of_another_shop(self) -> None:
        data = demo("orders_french.csv").decode("cp1252")
        for old, new in (("ID commande", "N° commande"), ("Quantité de produits", "Qté"),
                         ("Prix unitaire TTC de produits", "PU TTC"), ("EAN 13", "Code-barres"),
                         ("Ajout de dates", "Créée le")):  # fmt: skip
            data = data.replace(old, new, 1)
        renamed = data.encode("cp1252")
        columns = taken(propose(read(renamed)))
        assert {"id", "quantity", "unit_price", "ean13", "date"} <= columns.keys()
        settings = Orders.model_construct(
            columns=OrderColumns.model_validate({key: [name] for key, name in columns.items()})
        )
        plain = Orders.model_construct()
        assert read_orders(renamed, settings, "f").readings == (
            read_orders(demo("orders_french.csv"), plain, "f").readings
        )


def test_a_name_is_found_as_a_run_finds_it() -> None:
    found = read(" gencod ;STOCK\n3701234500058;2\n")
    assert taken(propose(found)) == {"ean13": "gencod", "quantity": "STOCK"}
    assert find_column(found.header, ("gencod",)) == 0
