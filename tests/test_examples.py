"""The examples in docs/examples do what their comments promise."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"

UBL = {
    "ubl": "urn:oasis:names:specification:ubl:schema:xsd:Order-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "batch": "urn:passerelle:ubl-orders",
}

# The parts of a UBL 2.1 Order that the stylesheet uses, in the order that its schema demands.
UBL_ORDER = [
    "cbc:UBLVersionID",
    "cbc:ID",
    "cbc:SalesOrderID",
    "cbc:IssueDate",
    "cbc:IssueTime",
    "cbc:OrderTypeCode",
    "cbc:Note",
    "cbc:DocumentCurrencyCode",
    "cbc:LineCountNumeric",
    "cac:BuyerCustomerParty",
    "cac:SellerSupplierParty",
    "cac:Delivery",
    "cac:PaymentTerms",
    "cac:AllowanceCharge",
    "cac:TaxTotal",
    "cac:AnticipatedMonetaryTotal",
    "cac:OrderLine",
]

LINE = {
    "ean13": "3760000000017",
    "product_id": "12",
    "product_reference": "SCARF-RED",
    "product_name": "Écharpe <rouge> & bleue",
    "quantity": "2",
    "unit_price": "19.90",
    "vat_rate": "20.00",
    "amount": "39.80",
}
CUSTOMER = {
    "first_name": "Zoé",
    "last_name": "Dupont",
    "company": "Dupont SARL",
    "email": "zoe@example.org",
    "phone": "+33 1 02 03 04 05",
    "address1": "1 rue du Lac",
    "address2": "Bât. B",
    "postcode": "01000",
    "city": "Bourg-en-Bresse",
    "country": "France",
}
ORDER = {
    "id": "1001",
    "reference": "XKBKNABJK",
    "date": "2026-11-22T09:58:01",
    "status": "Paiement accepté",
    "store": "009",
    "customer": "",
    "payment": "Carte bancaire",
    "voucher": "NOEL5",
    "shipping": "4.90",
    "carrier": "Colissimo",
    "discount": "5.00",
    "total_paid": "39.70",
}
BARE_LINE: Mapping[str, str | None] = {
    "ean13": None,
    "product_id": None,
    "product_reference": None,
    "product_name": None,
    "vat_rate": None,
}
BARE_ORDER: Mapping[str, str | None] = {name: None for name in ORDER if name != "id"}


def element(name: str, fields: Mapping[str, str | None]) -> etree._Element:
    """An element with one child a field; None gives no child, as a blank field does."""
    parent = etree.Element(name)
    for field, text in fields.items():
        if text is not None:
            etree.SubElement(parent, field).text = text
    return parent


def line(changes: Mapping[str, str | None] | None = None) -> etree._Element:
    return element("line", {**LINE, **(changes or {})})


def order(
    changes: Mapping[str, str | None] | None = None,
    lines: list[etree._Element] | None = None,
    customer: Mapping[str, str | None] | None = None,
) -> etree._Element:
    made = element("order", {**ORDER, **(changes or {})})
    for place in made.findall("customer"):
        made.replace(place, element("customer", {**CUSTOMER, **(customer or {})}))
    etree.SubElement(made, "lines").extend([line()] if lines is None else lines)
    return made


def bare_order() -> etree._Element:
    return order(BARE_ORDER, [line(BARE_LINE)])


def known_by(*fields: str) -> etree._Element:
    """An order of one line, which only has these fields of its product."""
    return order(lines=[line({**BARE_LINE, **{field: LINE[field] for field in fields}})])


def of_several_rates() -> etree._Element:
    return order(lines=[line({"vat_rate": rate}) for rate in ("5.5", "20", "10")])


def orders(
    *made: etree._Element, store: str | None = "008", generated: str = "2026-11-22T10:27:00"
) -> etree._Element:
    tree = element("orders", {"store": store, "generated": generated, "count": str(len(made))})
    tree.extend(made)
    return tree


def sold(changes: Mapping[str, str | None]) -> etree._Element:
    """One order with one line."""
    return orders(order(lines=[line(changes)]))


def with_attribute() -> etree._Element:
    tree = orders(order())
    tree.set("version", "1")
    return tree


def in_another_order() -> etree._Element:
    made = order()
    made.append(made[0])
    return orders(made)


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(EXAMPLES / "sales.xsd")))


@cache
def stylesheet() -> etree.XSLT:
    """ubl-order.xsl, which may reach no file and no network."""
    source = etree.parse(str(EXAMPLES / "ubl-order.xsl"))
    return etree.XSLT(source, access_control=etree.XSLTAccessControl.DENY_ALL)


def faults(tree: etree._Element) -> list[str]:
    """What sales.xsd has to say against the tree."""
    schema().validate(tree)
    return [str(entry.message) for entry in schema().error_log]


def to_ubl(tree: etree._Element, parameters: Mapping[str, str] | None = None) -> etree._Element:
    result = stylesheet()(tree, profile_run=False, **(parameters or {}))
    return etree.fromstring(etree.tostring(result))


def texts(tree: etree._Element, path: str) -> list[str]:
    found = tree.xpath(path, namespaces=UBL)
    assert isinstance(found, list)
    return [str(item.text) if isinstance(item, etree._Element) else str(item) for item in found]


def amount(tree: etree._Element, path: str) -> Decimal:
    return sum((Decimal(text) for text in texts(tree, path)), Decimal(0))


def total(tree: etree._Element, name: str) -> Decimal:
    return amount(tree, f"cac:AnticipatedMonetaryTotal/cbc:{name}")


ACCEPTED = {
    "an order with every field": orders(order()),
    "an order with the fewest fields": orders(bare_order()),
    "orders that share a reference": orders(order(), order({"id": "1002"})),
    "several lines": orders(order(lines=[line(), line()])),
    "no store": orders(order(), store=None),
    "no order": orders(),
    "a time with its offset": orders(order(), generated="2026-11-22T10:27:00+01:00"),
    "a discount below zero": orders(order({"discount": "-5.00"})),
    "a free order": orders(order({"total_paid": "0"})),
    "an amount that is not rounded": orders(
        order(lines=[line({"unit_price": "16.583333", "amount": "49.749999"})])
    ),
    "whatever people type": orders(
        order(customer={"email": "zoe at example", "postcode": "SW1A 1AA"})
    ),
}
REFUSED = {
    "an id met twice": (orders(order(), order()), "'1001'"),
    "an order without an id": (orders(order({"id": None})), "reference"),
    "a blank id": (orders(order({"id": " "})), "'id'"),
    "a French date": (orders(order({"date": "22/11/2026"})), "'date'"),
    "a decimal comma": (orders(order({"shipping": "4,90"})), "'shipping'"),
    "an empty element": (orders(order({"payment": ""})), "'payment'"),
    "an order without lines": (orders(order(lines=[])), "'lines'"),
    "none sold": (sold({"quantity": "0"}), "'quantity'"),
    "half a piece": (sold({"quantity": "1.5"}), "'quantity'"),
    "no quantity": (sold({"quantity": None}), "unit_price"),
    "a price below zero": (sold({"unit_price": "-1.00"}), "'unit_price'"),
    "a rate over 100": (sold({"vat_rate": "120"}), "'vat_rate'"),
    "letters in a gencod": (sold({"ean13": "SCARF-RED"}), "'ean13'"),
    "an unknown element": (sold({"colour": "red"}), "'colour'"),
    "another root": (element("ventes", {}), "'ventes'"),
    "elements in another order": (in_another_order(), "reference"),
    "an attribute": (with_attribute(), "'version'"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_schema_accepts(name: str) -> None:
    assert faults(ACCEPTED[name]) == []


@pytest.mark.parametrize("name", REFUSED)
def test_the_schema_refuses(name: str) -> None:
    tree, about = REFUSED[name]
    assert about in " ".join(faults(tree))


class TestTheUblFile:
    def test_is_the_order_itself_or_an_envelope_of_several_or_none(self) -> None:
        alone, none = to_ubl(orders(order())), to_ubl(orders())
        together = to_ubl(orders(order(), order({"id": "1002"}), order({"id": "1003"})))
        assert alone.tag == f"{{{UBL['ubl']}}}Order"
        assert (none.tag, len(none)) == (f"{{{UBL['batch']}}}Orders", 0)
        assert (together.tag, len(together)) == (f"{{{UBL['batch']}}}Orders", 3)
        assert texts(together, "ubl:Order/cbc:ID") == ["1001", "1002", "1003"]
        taken_out = etree.fromstring(etree.tostring(together[0]))
        assert etree.tostring(taken_out, method="c14n2", strip_text=True) == etree.tostring(
            alone, method="c14n2", strip_text=True
        )

    @pytest.mark.parametrize("made", [order(), bare_order()], ids=["full", "bare"])
    def test_has_its_parts_in_the_order_that_ubl_demands(self, made: etree._Element) -> None:
        prefixes = {uri: prefix for prefix, uri in UBL.items()}
        names = [etree.QName(part) for part in to_ubl(orders(made))]
        places = [UBL_ORDER.index(f"{prefixes[str(n.namespace)]}:{n.localname}") for n in names]
        assert places == sorted(places)

    def test_has_no_empty_element_whatever_the_shop_leaves_out(self) -> None:
        for field in (None, *ORDER):
            changes: dict[str, str | None] = dict(BARE_ORDER)
            if field is not None:
                changes[field] = ORDER[field]
            tree = to_ubl(orders(order(changes, [line(BARE_LINE)], dict.fromkeys(CUSTOMER))))
            assert [e.tag for e in tree.iter() if not len(e) and not (e.text or "").strip()] == []


BUYER = "cac:BuyerCustomerParty/cac:Party/"
SELLER = "cac:SellerSupplierParty/cac:Party/"
ADDRESS = ["1 rue du Lac", "Bât. B", "Bourg-en-Bresse", "01000"]
ITEM = "//cac:LineItem/cac:Item/"
CHARGES = "cac:AllowanceCharge/cbc:"
NET, VAT = "//cac:LineItem/cbc:LineExtensionAmount", "//cac:LineItem/cbc:TotalTaxAmount"
SHIPPED_AT = "cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cac:TaxCategory/cbc:Percent"
TAX_FREE = {"prices-include-vat": "false()"}
UNTAXED = {"unit_price": "10.005", "amount": "20.01"}

# What an order holds, and what then stands where in the file.
TOLD: Sequence[tuple[etree._Element, str, list[str]]] = [
    (order(), "cbc:UBLVersionID | cbc:ID | cbc:SalesOrderID", ["2.1", "1001", "XKBKNABJK"]),
    (order(), "cbc:IssueDate | cbc:IssueTime", ["2026-11-22", "09:58:01"]),
    (order(), BUYER + "cac:PartyName/cbc:Name", ["Dupont SARL"]),
    (order(customer={"company": None}), BUYER + "cac:PartyName/cbc:Name", ["Zoé Dupont"]),
    (order(), BUYER + "cac:Person/*", ["Zoé", "Dupont"]),
    (order(), BUYER + "cac:Contact/*", ["Zoé Dupont", CUSTOMER["phone"], CUSTOMER["email"]]),
    (order(), BUYER + "cac:PostalAddress/cbc:*", ADDRESS),
    (order(), "cac:Delivery/cac:DeliveryAddress/cbc:*", ADDRESS),
    (order(), "cac:Delivery/cac:CarrierParty//cbc:Name", ["Colissimo"]),
    (bare_order(), "cac:BuyerCustomerParty//cbc:Name", ["Web customer"]),
    (bare_order(), "cac:Delivery//cbc:Name", []),
    (order({"store": "009"}), SELLER + "cac:PartyIdentification/cbc:ID", ["009"]),
    (order({"store": None}), SELLER + "cac:PartyIdentification/cbc:ID", ["008"]),
    (order(), "cac:PaymentTerms/cbc:Note", ["Carte bancaire"]),
    (order(), "cbc:Note", ["Status: Paiement accepté", "Voucher: NOEL5"]),
    (order(), "cbc:DocumentCurrencyCode", ["EUR"]),
    (order(), ITEM + "cbc:Name", ["Écharpe <rouge> & bleue"]),
    (order(), ITEM + "cac:SellersItemIdentification/cbc:ID", ["SCARF-RED"]),
    (order(), ITEM + "cac:StandardItemIdentification/cbc:ID[@schemeID = '0160']", [LINE["ean13"]]),
    (order(), ITEM + "cac:AdditionalItemIdentification/cbc:ID", ["12"]),
    (known_by("product_reference", "ean13"), ITEM + "cbc:Name", ["SCARF-RED"]),
    (known_by("ean13"), ITEM + "cbc:Name", ["3760000000017"]),
    (
        order(lines=[line({"ean13": "SCARF-RED"})]),
        ITEM + "cac:StandardItemIdentification/cbc:ID[not(@*)]",
        ["SCARF-RED"],
    ),
    (order(lines=[line(), line()]), "cbc:LineCountNumeric", ["2"]),
    (order(lines=[line(), line()]), "cac:OrderLine/cac:LineItem/cbc:ID", ["1", "2"]),
    (order(lines=[line({"quantity": "7"})]), "//cbc:Quantity[@unitCode = 'C62']", ["7"]),
    (order(), CHARGES + "ChargeIndicator", ["false", "true"]),
    (order(), CHARGES + "AllowanceChargeReason", ["Discount (NOEL5)", "Shipping"]),
    (order(), CHARGES + "Amount", ["4.17", "4.08"]),
    (order({"discount": "-5.00"}), CHARGES + "Amount", ["4.17", "4.08"]),
    (order({"discount": "0.00", "shipping": "0.00"}), CHARGES + "Amount", []),
    (of_several_rates(), SHIPPED_AT, ["20"]),
    (order(), "//cbc:PayableRoundingAmount", []),
]


@pytest.mark.parametrize(("made", "path", "expected"), TOLD, ids=[path for _, path, _ in TOLD])
def test_a_ubl_order_tells(made: etree._Element, path: str, expected: list[str]) -> None:
    assert texts(to_ubl(orders(made)), path) == expected


@pytest.mark.parametrize(
    ("made", "parameters", "path", "expected"),
    [
        (order(), {"seller-name": "'Chez Zoé'"}, SELLER + "cac:PartyName/cbc:Name", ["Chez Zoé"]),
        (order(), {"currency": "'CHF'"}, "cbc:DocumentCurrencyCode", ["CHF"]),
        (order({"shipping": None}), {"currency": "'CHF'"}, "//@currencyID[. != 'CHF']", []),
        (of_several_rates(), {"shipping-vat-rate": "8.1"}, SHIPPED_AT, ["8.1"]),
        (order(lines=[line(UNTAXED)]), TAX_FREE, "//cbc:PriceAmount", ["10.005"]),
        (order(lines=[line(UNTAXED)]), TAX_FREE, f"{NET} | {VAT}", ["20.01", "4.00"]),
        (
            order(lines=[line({"vat_rate": None, "amount": "12.10"})]),
            {"default-vat-rate": "21"},
            f"cac:OrderLine/cbc:Note | {NET}",
            ["VAT rate not given by the shop: 21 % assumed", "10.00"],
        ),
    ],
)
def test_a_parameter_changes_what_is_told(
    made: etree._Element, parameters: Mapping[str, str], path: str, expected: list[str]
) -> None:
    assert texts(to_ubl(orders(made), parameters), path) == expected


@pytest.mark.parametrize(
    ("generated", "date_and_time"),
    [
        ("2026-11-22T10:27:00", ["2026-11-22", "10:27:00"]),
        ("2026-11-22T10:27:00+01:00", ["2026-11-22", "10:27:00+01:00"]),
        ("2026-11-22T10:27:00Z", ["2026-11-22", "10:27:00Z"]),
        ("2026-11-22T10:27:00+0100", ["2026-11-22", "10:27:00"]),
        ("2026-11-22", ["2026-11-22"]),
    ],
)
def test_an_order_without_a_date_takes_the_file_s(generated: str, date_and_time: list[str]) -> None:
    tree = to_ubl(orders(order({"date": None}), generated=generated))
    assert texts(tree, "cbc:IssueDate | cbc:IssueTime") == date_and_time


def test_without_any_store_the_seller_has_none() -> None:
    tree = to_ubl(orders(order({"store": None}), store=None))
    assert texts(tree, SELLER + "cac:PartyIdentification/cbc:ID") == []


def test_a_country_has_its_code_or_stays_a_name() -> None:
    codes = {
        "France": "FR",
        "FRANCE": "FR",
        "La Réunion": "RE",
        "Belgique": "BE",
        "Belgium": "BE",
        "Suisse": "CH",
        "Switzerland": "CH",
        "Luxembourg": "LU",
        "Monaco": "MC",
        "Pays-Bas": "NL",
        "Espagne": "ES",
        "Royaume-Uni": "GB",
        "UK": "GB",
        "fr": "FR",
        "JP": "JP",
    }
    for country in (*codes, "Atlantide", "France|x", "fran", "1A"):
        tree = to_ubl(orders(order(customer={"country": country})))
        named = "cac:BuyerCustomerParty//cac:Country/cbc:"
        code = codes.get(country)
        assert texts(tree, named + "IdentificationCode") == ([code] if code else []), country
        if code is None:
            assert texts(tree, named + "Name") == [country]


@pytest.mark.parametrize(
    ("price", "rate", "net_price"),
    [
        ("19.90", "20.00", "16.583333"),
        ("10.55", "5.5", "10.00"),
        ("10.00", "0", "10.00"),
        ("12", "20", "10.00"),
        ("0.03", "20", "0.025"),
        ("99999.99", "20", "83333.325"),
    ],
)
def test_a_line_has_its_price_without_vat(price: str, rate: str, net_price: str) -> None:
    tree = to_ubl(sold({"unit_price": price, "vat_rate": rate}))
    assert texts(tree, "//cbc:PriceAmount") == [net_price]


@pytest.mark.parametrize(
    ("gross", "net", "vat"),
    [("39.80", "33.17", "6.63"), ("0.03", "0.03", "0.00"), ("0.15", "0.13", "0.02")],
)
def test_half_a_cent_is_rounded_up_and_the_amount_split_exactly(
    gross: str, net: str, vat: str
) -> None:
    tree = to_ubl(sold({"amount": gross}))
    assert texts(tree, NET) + texts(tree, VAT) == [net, vat]


@pytest.mark.parametrize(
    ("rate", "percent", "category"),
    [("20.00", "20", "S"), ("5.50", "5.5", "S"), ("2.1", "2.1", "S"), ("0.00", "0", "Z")],
)
def test_a_line_has_its_vat_rate(rate: str, percent: str, category: str) -> None:
    tree = to_ubl(sold({"vat_rate": rate}))
    path = "//cac:ClassifiedTaxCategory"
    told = f"{path}/cbc:ID | {path}/cbc:Percent | {path}/cac:TaxScheme/cbc:ID"
    assert texts(tree, told) == [category, percent, "VAT"]


class TestTheUblTotals:
    def test_come_to_what_the_customer_paid(self) -> None:
        tree = to_ubl(orders(order()))
        assert total(tree, "LineExtensionAmount") == Decimal("33.17")
        assert total(tree, "AllowanceTotalAmount") == Decimal("4.17")
        assert total(tree, "ChargeTotalAmount") == Decimal("4.08")
        assert total(tree, "TaxExclusiveAmount") == Decimal("33.08")
        assert amount(tree, "cac:TaxTotal/cbc:TaxAmount") == Decimal("6.62")
        assert total(tree, "TaxInclusiveAmount") == Decimal("39.70")
        assert total(tree, "PayableAmount") == Decimal("39.70")
        assert texts(tree, "//cbc:PayableRoundingAmount") == []

    def test_share_a_discount_among_the_vat_rates(self) -> None:
        lines = [
            line({"amount": "24.00", "vat_rate": "20"}),
            line({"amount": "10.55", "vat_rate": "5.5"}),
            line({"amount": "24.00", "vat_rate": "20.00"}),
        ]
        changes = {"discount": "10.00", "shipping": None, "total_paid": None}
        tree = to_ubl(orders(order(changes, lines)))
        allowances = "cac:AllowanceCharge[cbc:ChargeIndicator = 'false']"
        assert texts(tree, f"{allowances}/cac:TaxCategory/cbc:Percent") == ["20", "5.5"]
        assert texts(tree, f"{allowances}/cbc:Amount") == ["6.83", "1.71"]
        assert total(tree, "TaxInclusiveAmount") == Decimal("48.55")

    def test_call_a_cent_rounding_and_more_than_that_by_its_name(self) -> None:
        a_cent = to_ubl(orders(order({"total_paid": "39.69"})))
        assert total(a_cent, "PayableRoundingAmount") == Decimal("-0.01")
        assert total(a_cent, "PayableAmount") == Decimal("39.69")
        a_euro = to_ubl(orders(order({"total_paid": "38.70"})))
        assert texts(a_euro, "//cbc:PayableRoundingAmount") == []
        assert total(a_euro, "PayableAmount") == Decimal("38.70")
        assert texts(a_euro, "cbc:Note")[-1] == (
            "Total paid is 38.70, but lines, shipping and discount make 39.70"
        )

    @pytest.mark.parametrize("includes_vat", ["true()", "false()"])
    def test_are_the_sums_of_their_parts(self, includes_vat: str) -> None:
        rates = ["20", "5.5", "10", "2.1", "0", None]
        lines = [
            line({"amount": f"{cents / 100:.2f}", "vat_rate": rates[cents % len(rates)]})
            for cents in range(1, 4000, 97)
        ]
        changes = {"discount": "33.33", "total_paid": None}
        tree = to_ubl(orders(order(changes, lines)), {"prices-include-vat": includes_vat})
        parts = amount(tree, "cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount")
        charge = amount(tree, "cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cbc:Amount")
        allowance = amount(tree, "cac:AllowanceCharge[cbc:ChargeIndicator = 'false']/cbc:Amount")
        vat = amount(tree, "cac:TaxTotal/cbc:TaxAmount")
        assert total(tree, "LineExtensionAmount") == parts
        assert total(tree, "AllowanceTotalAmount") == allowance
        assert total(tree, "ChargeTotalAmount") == charge
        assert total(tree, "TaxExclusiveAmount") == parts - allowance + charge
        assert total(tree, "TaxInclusiveAmount") == parts - allowance + charge + vat
        if includes_vat == "true()":
            paid = sum((Decimal(str(made.findtext("amount"))) for made in lines), Decimal(0))
            assert total(tree, "PayableAmount") == paid + Decimal("4.90") - Decimal("33.33")


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (orders(order({"shipping": "4,90"})), 'order 1001: shipping: "4,90" is no number'),
        (orders(order({"date": "22/11/2026"})), 'order 1001: "22/11/2026" is no ISO date'),
        (element("ventes", {}), 'the root is "ventes"'),
    ],
)
def test_the_stylesheet_refuses(tree: etree._Element, sentence: str) -> None:
    with pytest.raises(etree.XSLTApplyError, match=sentence):
        to_ubl(tree)


def test_the_readme_s_settings_are_toml_and_name_files_that_exist() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    settings = [
        tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    ]
    named = [path for each in settings for path in each["orders"]["xml"].values()]
    assert [(ROOT / path).is_file() for path in named] == [True, True]


def test_the_readme_tells_every_parameter_and_its_default() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    stylesheet = etree.parse(str(EXAMPLES / "ubl-order.xsl")).getroot()
    table = readme.partition("| parameter |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \|", table, re.MULTILINE)
    declared = [
        (each.get("name"), each.get("select"))
        for each in stylesheet.findall("{http://www.w3.org/1999/XSL/Transform}param")
    ]
    assert told == declared
