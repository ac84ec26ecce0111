"""The sales XML: the canonical tree, the ERP's own names, its schema and its stylesheet.

That no number is rounded and no letter lost in any encoding is ``fuzz/order_csv.py``.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from passerelle.base.errors import ConfigError
from passerelle.config.xml import CANONICAL_ELEMENTS
from passerelle.csv_to_xml.forms import Forms, compile_forms
from passerelle.csv_to_xml.sales_xml import SalesXml, orders_in, write_sales
from passerelle.model.orders import Customer, Gist, Line, Order, Sold
from tests.unit import orders_settings

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
GENERATED = datetime(2026, 11, 22, 10, 27).astimezone()

ANYTHING = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="orders"><xs:complexType><xs:sequence>
<xs:any processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""

LINE = Line("3701234500010", "300", "AB-1", "Botte", 3, Decimal("0.10"), Decimal("20.0"))
BARE_LINE = Line("3701234500010", "", "", "", 1, Decimal(0), None)
FULL = Order(
    id="1001",
    reference="XKBKNABJK",
    date=datetime(2026, 11, 22, 9, 58, 1).astimezone(),
    status="Payé",
    payment="Carte bancaire",
    voucher="NOEL5",
    customer=Customer("Zoé", "Dupont", "SARL", "z@example.org", "+33", "1 rue", "B", "01000", "Pau",
                      "France"),
    carrier="Colissimo",
    shipping=Decimal("4.90"),
    discount=Decimal("-5.00"),
    total_paid=Decimal(0),
    lines=(LINE, BARE_LINE),
    currency="EUR",
)  # fmt: skip
BARE = Order("7", "", None, "", "", "", Customer(), "", None, None, None, (BARE_LINE,))


def write(orders: Sequence[Order], forms: Forms | None = None, **settings: Any) -> SalesXml:
    return write_sales(orders, orders_settings(**settings), GENERATED, forms)


def tree(orders: Sequence[Order], **settings: Any) -> etree._Element:
    return etree.fromstring(write(orders, **settings).data)


def text(element: etree._Element, path: str) -> str | None:
    return element.findtext(path)


def shape(element: etree._Element) -> list[str]:
    return [str(child.tag) for child in element]


class TestTheCanonicalTree:
    def test_has_its_elements_in_the_promised_order(self) -> None:
        root = tree([FULL], store="008")
        assert (root.tag, shape(root)) == ("orders", ["store", "generated", "count", "order"])
        assert shape(root[3]) == [
            *("id", "reference", "date", "status", "store", "customer", "payment", "voucher"),
            *("shipping", "carrier", "discount", "total_paid", "currency", "lines"),
        ]
        assert shape(root[3][5]) == [
            *("first_name", "last_name", "company", "email", "phone"),
            *("address1", "address2", "postcode", "city", "country"),
        ]
        assert shape(root[3][13]) == ["line", "line"]
        assert shape(root[3][13][0]) == [
            *("ean13", "product_id", "product_reference", "product_name"),
            *("quantity", "unit_price", "vat_rate", "amount"),
        ]

    def test_has_exact_amounts_zeros_a_count_the_time_and_nothing_for_a_blank_field(self) -> None:
        root = tree([FULL, BARE])
        assert text(root, "order/total_paid") == "0"
        assert text(root, "order/lines/line/amount") == "0.30"
        assert text(root, "count") == "2"
        assert text(root, "generated") == "2026-11-22T10:27:00"
        assert shape(root[3]) == ["id", "lines"]
        assert shape(root[3][1][0]) == ["ean13", "quantity", "unit_price", "amount"]
        assert [element.attrib for element in root.iter() if element.attrib] == []


class TestTheErpsForm:
    def test_has_its_own_name_for_every_element(self) -> None:
        assert {str(element.tag) for element in tree([FULL], store="008").iter()} == set(
            CANONICAL_ELEMENTS
        )
        names = {name: f"x_{name}" for name in CANONICAL_ELEMENTS}
        root = tree([FULL], store="008", xml={"names": names})
        assert {str(element.tag) for element in root.iter()} == set(names.values())

    @pytest.mark.parametrize(
        ("payment", "code"),
        [
            ("CARTE bancaire", "CB"),
            ("Carte bancaire, Paypal", "CB, PP"),
            ("Paypal,Chèque", "PP, Chèque"),
            ("Chèque, sur place", "CHQ"),
            ("Espèces", "Espèces"),
        ],
    )
    def test_has_its_own_codes_for_payments(self, payment: str, code: str) -> None:
        codes = {"Carte bancaire": "CB", "PayPal": "PP", "cheque, sur place": "CHQ"}
        root = tree([replace(FULL, payment=payment)], xml={"payments": codes})
        assert text(root, "order/payment") == code


class TestTheEncoding:
    def test_gives_references_for_what_it_lacks(self) -> None:
        data = write([replace(BARE, reference="50 €")], xml={"encoding": "ISO-8859-1"}).data
        assert data.startswith(b"<?xml version='1.0' encoding='ISO-8859-1'?>\n")
        assert b"50 &#8364;" in data

    @pytest.mark.parametrize(
        "encoding",
        ["UTF-8", "US-ASCII", "ISO-8859-15", "windows-1252", "KOI8-R", "UTF-7", "UTF-16"],
    )
    @pytest.mark.parametrize("orders", [(), (BARE,), (FULL, BARE, FULL)])
    def test_is_the_same_written_order_by_order_and_as_a_whole(
        self, encoding: str, orders: tuple[Order, ...]
    ) -> None:
        """With a schema the whole tree is needed; without one, each order is written alone."""
        xml = {"encoding": encoding}
        whole = write(orders, compile_forms(None, ANYTHING), xml=xml)
        assert write(orders, xml=xml).data == whole.data

    @pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "US-ASCII", "UTF-16", "UTF-32"])
    def test_loses_no_character(self, encoding: str) -> None:
        name = "<b>&amp;]]> \"Zoé\" 'œ' € 🎁"
        root = tree([replace(BARE, reference=name)], xml={"encoding": encoding})
        assert text(root, "order/reference") == name

    def test_that_xml_does_not_know_is_a_fault_of_the_config(self) -> None:
        with pytest.raises(ConfigError, match=r'"utf-8-sig": orders\.xml\.encoding'):
            write([FULL], xml={"encoding": "utf-8-sig"})


SCHEMA = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="orders"><xs:complexType><xs:sequence>
    <xs:element name="generated"/><xs:element name="count"/>
    <xs:element name="order" minOccurs="0" maxOccurs="MAX"><xs:complexType><xs:sequence>
      <xs:element name="id" type="xs:integer"/>
      <xs:any processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


def schema(most: str = "unbounded") -> Forms:
    return compile_forms(None, SCHEMA.replace(b"MAX", most.encode()))


class TestASchema:
    def test_of_ours_accepts_what_is_written(self) -> None:
        forms = compile_forms(None, (EXAMPLES / "sales.xsd").read_bytes())
        sales = write([FULL, BARE], forms, store="008")
        assert (list(sales.orders), sales.rejected) == ([FULL, BARE], {})

    def test_keeps_back_the_orders_that_do_not_validate_without_the_customers_words(self) -> None:
        bad = replace(FULL, id="Zoé Dupont")
        sales = write([FULL, bad, BARE], schema())
        assert list(sales.orders) == [FULL, BARE]
        root = etree.fromstring(sales.data)
        assert [element.text for element in root.iter("id")] == ["1001", "7"]
        assert text(root, "count") == "2"
        ((id, problem),) = sales.rejected.items()
        assert id == "Zoé Dupont"
        assert problem.startswith("orders.xml.schema: ")
        assert problem.endswith(" at element id")

    @pytest.mark.parametrize(
        ("orders", "most"),
        [((FULL, BARE), "1"), ((replace(FULL, id="x"),), "unbounded")],
        ids=["against all of them together", "against each of them"],
    )
    def test_may_keep_all_back(self, orders: tuple[Order, ...], most: str) -> None:
        sales = write(orders, schema(most))
        assert (sales.orders, set(sales.rejected)) == ((), {order.id for order in orders})


@pytest.mark.parametrize("key", ["schema", "stylesheet"])
def test_a_form_that_cannot_be_used_is_a_fault_of_the_config(key: str) -> None:
    doctype = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for data, message in (
        (b"", f"the file is not XML: orders.xml.{key}"),
        (b"<a/>", f"the {key} is not valid: orders.xml.{key}"),
        (doctype, f"the file holds a DOCTYPE: orders.xml.{key}"),
    ):
        with pytest.raises(ConfigError, match=message):
            compile_forms(*((None, data) if key == "schema" else (data, None)))


def test_the_orders_of_an_xml_are_found_in_it_under_the_erps_names() -> None:
    xml = {"names": {"order": "vente", "ean13": "code"}}
    found = orders_in(write([FULL, BARE], xml=xml).data, orders_settings(xml=xml), Forms())
    sold = [Sold("3701234500010", 3), Sold("3701234500010", 1)]
    assert [(one.id, one.reference, [*one.sold]) for one in found] == [
        *(("1001", "XKBKNABJK", sold), ("7", "", sold[1:])),
    ]
    assert orders_in(b"<orders><order><id>1</id>", orders_settings(), Forms()) == []


def stylesheet(body: str, output: str = "") -> Forms:
    head = 'version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
    return compile_forms(f"<xsl:stylesheet {head}>{output}{body}</xsl:stylesheet>".encode(), None)


VENTES = """<xsl:template match="/orders"><ventes>
<xsl:for-each select="order"><vente n="{id}"/></xsl:for-each>
</ventes></xsl:template>"""


class TestAStylesheet:
    def test_makes_the_erps_own_layout_from_the_canonical_names(self) -> None:
        sales = write([FULL, BARE], stylesheet(VENTES), xml={"names": {"order": "unused"}})
        root = etree.fromstring(sales.data)
        assert [(vente.tag, vente.get("n")) for vente in root] == [
            *(("vente", "1001"), ("vente", "7")),
        ]

    def test_leaves_the_orders_in_it_to_be_found_by_their_ids(self) -> None:
        forms, settings = stylesheet(VENTES), orders_settings()
        asked = [Gist(id, "", None, "", (), "", None) for id in ("7", "8")]
        assert orders_in(write([FULL, BARE], forms).data, settings, forms, asked) == asked[:1]

    def test_is_written_in_the_configured_encoding(self) -> None:
        forms = stylesheet('<xsl:template match="/"><a>€</a></xsl:template>')
        data = write([FULL], forms, xml={"encoding": "ISO-8859-1"}).data
        assert data == b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>&#8364;</a>\n"

    @pytest.mark.parametrize(
        ("body", "output", "message"),
        [
            ("words", '<xsl:output method="text"/>', r"makes no XML: orders\.xml\.stylesheet"),
            ("", "", r"makes no XML: orders\.xml\.stylesheet"),
            ('<xsl:message terminate="yes">no</xsl:message>', "", "the stylesheet failed"),
        ],
        ids=["words", "nothing", "stops"],
    )
    def test_that_makes_no_xml_is_a_fault_of_the_config(
        self, body: str, output: str, message: str
    ) -> None:
        forms = stylesheet(f'<xsl:template match="/">{body}</xsl:template>', output)
        with pytest.raises(ConfigError, match=message):
            write([FULL], forms)
