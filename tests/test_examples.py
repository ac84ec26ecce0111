"""The examples in docs/examples do what their comments promise.

``golden/ubl/orders.xml`` holds sales in the canonical form, the first one with every field, and
``expected.xml`` what ubl-order.xsl makes of them. ``python -m tests.test_examples`` writes that
anew: read every difference before you keep it.
"""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from tests.golden import FOLDER

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
SALES, EXPECTED = FOLDER / "ubl" / "orders.xml", FOLDER / "ubl" / "expected.xml"
UBL = {
    "ubl": "urn:oasis:names:specification:ubl:schema:xsd:Order-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "batch": "urn:passerelle:ubl-orders",
}
# The parts of a UBL 2.1 Order that the stylesheet uses, in the order that its schema demands.
UBL_ORDER = re.findall(
    r"\w+",
    """
    UBLVersionID ID SalesOrderID IssueDate IssueTime OrderTypeCode Note DocumentCurrencyCode
    LineCountNumeric BuyerCustomerParty SellerSupplierParty Delivery PaymentTerms AllowanceCharge
    TaxTotal AnticipatedMonetaryTotal OrderLine
    """,
)


def parsed(text: bytes) -> etree._Element:
    return etree.fromstring(text, etree.XMLParser(remove_blank_text=True))


def sales(*changes: tuple[str, str | None]) -> etree._Element:
    """The first order alone; each element named has another text, or is not there."""
    tree = parsed(SALES.read_bytes())
    for more in tree.findall("order")[1:]:
        tree.remove(more)
    for path, text in changes:
        (found,) = tree.xpath(f"(.//{path})[last()]")
        if text is None:
            found.getparent().remove(found)
        else:
            found.text = text
    return tree


def several(*orders: etree._Element) -> etree._Element:
    """All their orders in one file, each with an id of its own."""
    first, *others = orders
    for number, other in enumerate(others, 1002):
        order = other.find("order")
        assert order is not None
        order[0].text = str(number)
        first.append(order)
    return first


def twice(path: str) -> etree._Element:
    """An element stands a second time, behind what follows it."""
    tree = sales()
    (found,) = tree.xpath(f"(.//{path})[1]")
    found.getparent().append(parsed(etree.tostring(found)))
    return tree


def with_lines(*lines: tuple[str, str | None]) -> etree._Element:
    """An order of these amounts and VAT rates."""
    tree = sales(("discount", "33.33"), ("total_paid", None))
    (place,) = tree.iter("lines")
    line = place[0]
    place.clear()
    for amount, rate in lines:
        line.find("amount").text = amount  # type: ignore[union-attr]
        line.find("vat_rate").text = rate  # type: ignore[union-attr]
        place.append(parsed(etree.tostring(line)))
        if rate is None:
            place[-1].remove(place[-1].find("vat_rate"))  # type: ignore[arg-type]
    return tree


@cache
def stylesheet() -> etree.XSLT:
    """ubl-order.xsl, which may reach no file and no network."""
    source = etree.parse(str(EXAMPLES / "ubl-order.xsl"))
    return etree.XSLT(source, access_control=etree.XSLTAccessControl.DENY_ALL)


def to_ubl(tree: etree._Element, **parameters: str) -> etree._Element:
    result = stylesheet()(tree, profile_run=False, **parameters)
    return etree.fromstring(etree.tostring(result))


def texts(tree: etree._Element, path: str) -> list[str]:
    return [
        str(item.text) if isinstance(item, etree._Element) else str(item)
        for item in tree.xpath(path, namespaces=UBL)
    ]


def made_now() -> bytes:
    tree = to_ubl(parsed(SALES.read_bytes()))
    etree.indent(tree)
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=True) + b"\n"


# --- the schema ------------------------------------------------------------------------------


def faults(tree: etree._Element) -> str:
    """What sales.xsd has to say against the tree."""
    schema = etree.XMLSchema(etree.parse(str(EXAMPLES / "sales.xsd")))
    schema.validate(tree)
    return " ".join(entry.message for entry in schema.error_log)


@pytest.mark.parametrize(
    "tree",
    [
        several(sales(), sales(("discount", "-5.00"))),
        sales(("order", None)),
        sales(("store", None)),
        sales(("generated", "2026-11-22T10:27:00+01:00")),
        sales(("total_paid", "0")),
        sales(("unit_price", "16.583333"), ("amount", "49.749999")),
        sales(("email", "zoe at example"), ("postcode", "SW1A 1AA")),
    ],
)
def test_the_schema_accepts(tree: etree._Element) -> None:
    assert faults(tree) == ""


@pytest.mark.parametrize(
    ("tree", "about"),
    [
        (twice("order"), "'1001'"),
        (sales(("order/id", None)), "reference"),
        (sales(("order/id", " ")), "'id'"),
        (sales(("date", "22/11/2026")), "'date'"),
        (sales(("shipping", "4,90")), "'shipping'"),
        (sales(("payment", "")), "'payment'"),
        (sales(("line", None)), "'lines'"),
        (sales(("quantity", "0")), "'quantity'"),
        (sales(("quantity", "1.5")), "'quantity'"),
        (sales(("quantity", None)), "unit_price"),
        (sales(("unit_price", "-1.00")), "'unit_price'"),
        (sales(("vat_rate", "120")), "'vat_rate'"),
        (sales(("ean13", "SCARF-RED")), "'ean13'"),
        (parsed(b"<ventes/>"), "'ventes'"),
        (twice("order/reference"), "reference"),
        (parsed(etree.tostring(sales()).replace(b"<line>", b"<line a='1'>")), "'a'"),
        (parsed(etree.tostring(sales()).replace(b"<line>", b"<line><colour/>")), "colour"),
    ],
)
def test_the_schema_refuses(tree: etree._Element, about: str) -> None:
    assert about in faults(tree)


# --- the stylesheet --------------------------------------------------------------------------


def test_the_ubl_file_comes_out_as_expected() -> None:
    assert made_now().decode() == EXPECTED.read_text("utf-8")


def test_the_ubl_file_is_the_order_itself_or_an_envelope_of_several_or_none() -> None:
    alone, none = to_ubl(sales()), to_ubl(sales(("order", None)))
    together = to_ubl(several(sales(), sales()))
    assert alone.tag == f"{{{UBL['ubl']}}}Order"
    assert (none.tag, len(none)) == (f"{{{UBL['batch']}}}Orders", 0)
    assert (together.tag, len(together)) == (f"{{{UBL['batch']}}}Orders", 2)
    taken_out = etree.fromstring(etree.tostring(together[0]))
    plain = [etree.tostring(one, method="c14n2", strip_text=True) for one in (taken_out, alone)]
    assert plain[0] == plain[1]


def test_its_parts_stand_as_ubl_demands_and_none_is_empty_whatever_is_left_out() -> None:
    full = sales()
    leaves = {str(part.tag) for part in full.iter() if not len(part) and part.tag != "id"}
    bare = [(f"order//{name}", None) for name in leaves - {"generated", "count", "store"}]
    kept = {"quantity", "unit_price", "amount"}
    bare = [(path, text) for path, text in bare if path.rpartition("/")[2] not in kept]
    cases = [full, sales(*bare), *(sales(*[one for one in bare if one != left]) for left in bare)]
    for tree in map(to_ubl, cases):
        places = [UBL_ORDER.index(etree.QName(part).localname) for part in tree]
        assert places == sorted(places)
        assert [e.tag for e in tree.iter() if not len(e) and not (e.text or "").strip()] == []


SELLER = "cac:SellerSupplierParty/cac:Party/"
NET, VAT = "//cac:LineItem/cbc:LineExtensionAmount", "//cac:LineItem/cbc:TotalTaxAmount"
PRICE, TAX = "//cbc:PriceAmount", "//cac:ClassifiedTaxCategory/cbc:"
SHIPPED_AT = "cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cac:TaxCategory/cbc:Percent"
UNTAXED = (("unit_price", "10.005"), ("amount", "20.01"))
UNKNOWN_RATE = (("vat_rate", None), ("amount", "12.10"))
ASSUMED = "VAT rate not given by the shop: 21 % assumed"
NO_STORE = (("order/store", None), ("store", None))


@pytest.mark.parametrize(
    ("changes", "parameters", "path", "told"),
    [
        ((), {"seller-name": "'Zoé'"}, SELLER + "cac:PartyName/cbc:Name", ["Zoé"]),
        ((), {"currency": "'CHF'"}, "cbc:DocumentCurrencyCode", ["CHF"]),
        ((("shipping", None),), {"currency": "'CHF'"}, "//@currencyID[. != 'CHF']", []),
        ((), {"shipping-vat-rate": "8.1"}, SHIPPED_AT, ["8.1"]),
        (UNTAXED, {"prices-include-vat": "false()"}, PRICE, ["10.005"]),
        (UNTAXED, {"prices-include-vat": "false()"}, f"{NET} | {VAT}", ["20.01", "4.00"]),
        (UNKNOWN_RATE, {"default-vat-rate": "21"}, f"//cbc:Note | {NET}", [ASSUMED, "10.00"]),
        (NO_STORE, {}, SELLER + "cac:PartyIdentification/cbc:ID", []),
    ],
)
def test_a_parameter_changes_what_is_told(
    changes: tuple[tuple[str, str | None], ...],
    parameters: Mapping[str, str],
    path: str,
    told: list[str],
) -> None:
    assert texts(to_ubl(sales(*changes), **parameters), path)[-len(told) or None :] == told


@pytest.mark.parametrize(
    ("generated", "told"),
    [
        ("2026-11-22T10:27:00", ["2026-11-22", "10:27:00"]),
        ("2026-11-22T10:27:00+01:00", ["2026-11-22", "10:27:00+01:00"]),
        ("2026-11-22T10:27:00Z", ["2026-11-22", "10:27:00Z"]),
        ("2026-11-22T10:27:00+0100", ["2026-11-22", "10:27:00"]),
        ("2026-11-22", ["2026-11-22"]),
    ],
)
def test_an_order_without_a_date_takes_the_file_s(generated: str, told: list[str]) -> None:
    tree = to_ubl(sales(("date", None), ("generated", generated)))
    assert texts(tree, "cbc:IssueDate | cbc:IssueTime") == told


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
        "UK": "GB",
        "Pays-Bas": "NL",
        "Espagne": "ES",
        "Royaume-Uni": "GB",
        "fr": "FR",
        "JP": "JP",
    }
    named = "cac:BuyerCustomerParty//cac:Country/cbc:"
    for country in (*codes, "Atlantide", "France|x", "fran", "1A"):
        tree = to_ubl(sales(("country", country)))
        code = codes.get(country)
        assert texts(tree, named + "IdentificationCode") == ([code] if code else []), country
        assert code or texts(tree, named + "Name") == [country]


@pytest.mark.parametrize(
    ("field", "given", "rate", "told"),
    [
        ("unit_price", "19.90", "20.00", ["16.583333"]),
        ("unit_price", "10.55", "5.5", ["10.00"]),
        ("unit_price", "10.00", "0", ["10.00"]),
        ("unit_price", "0.03", "20", ["0.025"]),
        ("unit_price", "99999.99", "20", ["83333.325"]),
        ("amount", "39.80", "20", ["33.17", "6.63"]),
        ("amount", "0.03", "20", ["0.03", "0.00"]),
        ("amount", "0.15", "20", ["0.13", "0.02"]),
        ("vat_rate", "5.50", "5.50", ["S", "5.5"]),
        ("vat_rate", "2.1", "2.1", ["S", "2.1"]),
        ("vat_rate", "0.00", "0.00", ["Z", "0"]),
    ],
)
def test_vat_is_split_off_exactly_and_half_a_cent_rounded_up(
    field: str, given: str, rate: str, told: list[str]
) -> None:
    tree = to_ubl(sales((field, given), ("vat_rate", rate)))
    paths = {"unit_price": [PRICE], "amount": [NET, VAT], "vat_rate": [TAX + "ID", TAX + "Percent"]}
    assert [text for path in paths[field] for text in texts(tree, path)] == told


@pytest.mark.parametrize("includes_vat", ["true()", "false()"])
def test_the_totals_are_the_sums_of_their_parts(includes_vat: str) -> None:
    rates = ["20", "5.5", "10", "2.1", "0", None]
    lines = [(f"{cents / 100:.2f}", rates[cents % len(rates)]) for cents in range(1, 4000, 97)]
    tree = to_ubl(with_lines(*lines), **{"prices-include-vat": includes_vat})

    def amount(path: str) -> Decimal:
        return sum((Decimal(text) for text in texts(tree, path)), Decimal(0))

    def total(name: str) -> Decimal:
        return amount(f"cac:AnticipatedMonetaryTotal/cbc:{name}")

    parts = amount("cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount")
    charge = amount("cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cbc:Amount")
    allowance = amount("cac:AllowanceCharge[cbc:ChargeIndicator = 'false']/cbc:Amount")
    vat = amount("cac:TaxTotal/cbc:TaxAmount")
    assert total("LineExtensionAmount") == parts
    assert total("AllowanceTotalAmount") == allowance
    assert total("ChargeTotalAmount") == charge
    assert total("TaxExclusiveAmount") == parts - allowance + charge
    assert total("TaxInclusiveAmount") == parts - allowance + charge + vat
    if includes_vat == "true()":
        paid = sum((Decimal(amount) for amount, _rate in lines), Decimal(0))
        assert total("PayableAmount") == paid + Decimal("4.90") - Decimal("33.33")


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (sales(("shipping", "4,90")), 'order 1001: shipping: "4,90" is no number'),
        (sales(("date", "22/11/2026")), 'order 1001: "22/11/2026" is no ISO date'),
        (parsed(b"<ventes/>"), 'the root is "ventes"'),
    ],
)
def test_the_stylesheet_refuses(tree: etree._Element, sentence: str) -> None:
    with pytest.raises(etree.XSLTApplyError, match=sentence):
        to_ubl(tree)


def test_the_readme_names_files_that_exist_and_every_parameter_with_its_default() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)]
    named = [path for each in blocks for path in each["orders"]["xml"].values()]
    assert [(ROOT / path).is_file() for path in named] == [True, True]
    table = readme.partition("| parameter |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \|", table, re.MULTILINE)
    xsl = etree.parse(str(EXAMPLES / "ubl-order.xsl")).getroot()
    parameters = xsl.findall("{http://www.w3.org/1999/XSL/Transform}param")
    assert told == [(each.get("name"), each.get("select")) for each in parameters]


if __name__ == "__main__":
    EXPECTED.write_bytes(made_now())
