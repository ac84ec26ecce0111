"""The examples in docs/examples do what their comments promise."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
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


def orders(
    *made: etree._Element, store: str | None = "008", generated: str = "2026-11-22T10:27:00"
) -> etree._Element:
    tree = element("orders", {"store": store, "generated": generated, "count": str(len(made))})
    tree.extend(made)
    return tree


def faults(tree: etree._Element) -> list[str]:
    """What sales.xsd has to say against the tree."""
    schema = etree.XMLSchema(etree.parse(str(EXAMPLES / "sales.xsd")))
    schema.validate(tree)
    return [str(entry.message) for entry in schema.error_log]


def to_ubl(tree: etree._Element, parameters: Mapping[str, str] | None = None) -> etree._Element:
    """The tree through ubl-order.xsl, which may reach no file and no network."""
    stylesheet = etree.XSLT(
        etree.parse(str(EXAMPLES / "ubl-order.xsl")),
        access_control=etree.XSLTAccessControl.DENY_ALL,
    )
    result = stylesheet(tree, profile_run=False, **(parameters or {}))
    return etree.fromstring(etree.tostring(result))


def texts(tree: etree._Element, path: str) -> list[str]:
    found = tree.xpath(path, namespaces=UBL)
    assert isinstance(found, list)
    return [str(item.text) if isinstance(item, etree._Element) else str(item) for item in found]


def amount(tree: etree._Element, path: str) -> Decimal:
    return sum((Decimal(text) for text in texts(tree, path)), Decimal(0))


def total(tree: etree._Element, name: str) -> Decimal:
    return amount(tree, f"cac:AnticipatedMonetaryTotal/cbc:{name}")


class TestTheSchemaAccepts:
    @pytest.mark.parametrize(
        "tree",
        [
            pytest.param(orders(order()), id="an order with every field"),
            pytest.param(orders(bare_order()), id="an order with the fewest fields"),
            pytest.param(
                orders(order(), order({"id": "1002"})), id="orders that share a reference"
            ),
            pytest.param(orders(order(lines=[line(), line()])), id="several lines"),
            pytest.param(orders(order(), store=None), id="no store"),
            pytest.param(orders(), id="no order"),
            pytest.param(
                orders(order(), generated="2026-11-22T10:27:00+01:00"), id="a time with its offset"
            ),
            pytest.param(orders(order({"discount": "-5.00"})), id="a discount below zero"),
            pytest.param(orders(order({"total_paid": "0"})), id="a free order"),
            pytest.param(
                orders(order(lines=[line({"unit_price": "16.583333", "amount": "49.749999"})])),
                id="an amount that is not rounded",
            ),
            pytest.param(
                orders(order(customer={"email": "zoe at example", "postcode": "SW1A 1AA"})),
                id="whatever people type",
            ),
        ],
    )
    def test_it(self, tree: etree._Element) -> None:
        assert faults(tree) == []


class TestTheSchemaRefuses:
    @pytest.mark.parametrize(
        ("tree", "about"),
        [
            pytest.param(orders(order(), order()), "'1001'", id="an id met twice"),
            pytest.param(orders(order({"id": None})), "reference", id="an order without an id"),
            pytest.param(orders(order({"id": " "})), "'id'", id="a blank id"),
            pytest.param(orders(order({"date": "22/11/2026"})), "'date'", id="a French date"),
            pytest.param(orders(order({"shipping": "4,90"})), "'shipping'", id="a decimal comma"),
            pytest.param(orders(order({"payment": ""})), "'payment'", id="an empty element"),
            pytest.param(orders(order(lines=[])), "'lines'", id="an order without lines"),
            pytest.param(
                orders(order(lines=[line({"quantity": "0"})])), "'quantity'", id="none sold"
            ),
            pytest.param(
                orders(order(lines=[line({"quantity": "1.5"})])), "'quantity'", id="half a piece"
            ),
            pytest.param(
                orders(order(lines=[line({"quantity": None})])), "unit_price", id="no quantity"
            ),
            pytest.param(
                orders(order(lines=[line({"unit_price": "-1.00"})])),
                "'unit_price'",
                id="a price below zero",
            ),
            pytest.param(
                orders(order(lines=[line({"vat_rate": "120"})])), "'vat_rate'", id="a rate over 100"
            ),
            pytest.param(
                orders(order(lines=[line({"ean13": "SCARF-RED"})])),
                "'ean13'",
                id="letters in a gencod",
            ),
            pytest.param(
                orders(order(lines=[line({"colour": "red"})])), "'colour'", id="an unknown element"
            ),
            pytest.param(element("ventes", {}), "'ventes'", id="another root"),
        ],
    )
    def test_it(self, tree: etree._Element, about: str) -> None:
        assert about in " ".join(faults(tree))

    def test_elements_in_another_order(self) -> None:
        tree = orders(order())
        made = tree.find("order")
        assert made is not None
        made.append(made[0])
        assert faults(tree) != []

    def test_an_attribute(self) -> None:
        tree = orders(order())
        tree.set("version", "1")
        assert "'version'" in faults(tree)[0]


class TestTheUblFile:
    def test_is_the_order_itself_when_there_is_one(self) -> None:
        assert to_ubl(orders(order())).tag == f"{{{UBL['ubl']}}}Order"

    def test_is_an_envelope_of_whole_orders_when_there_are_several(self) -> None:
        tree = to_ubl(orders(order(), order({"id": "1002"}), order({"id": "1003"})))
        assert tree.tag == f"{{{UBL['batch']}}}Orders"
        assert texts(tree, "ubl:Order/cbc:ID") == ["1001", "1002", "1003"]
        assert len(tree) == 3

    def test_has_the_same_order_in_an_envelope_as_alone(self) -> None:
        alone = to_ubl(orders(order()))
        together = to_ubl(orders(order(), order({"id": "1002"})))
        taken_out = etree.fromstring(etree.tostring(together[0]))
        assert etree.tostring(taken_out, method="c14n2", strip_text=True) == etree.tostring(
            alone, method="c14n2", strip_text=True
        )

    def test_is_an_empty_envelope_when_there_is_no_order(self) -> None:
        tree = to_ubl(orders())
        assert (tree.tag, len(tree)) == (f"{{{UBL['batch']}}}Orders", 0)

    @pytest.mark.parametrize("made", [order(), bare_order()], ids=["full", "bare"])
    def test_has_its_parts_in_the_order_that_ubl_demands(self, made: etree._Element) -> None:
        prefixes = {uri: prefix for prefix, uri in UBL.items()}
        names = [etree.QName(part) for part in to_ubl(orders(made))]
        places = [UBL_ORDER.index(f"{prefixes[str(n.namespace)]}:{n.localname}") for n in names]
        assert places == sorted(places)

    @pytest.mark.parametrize("field", [None, *ORDER])
    def test_has_no_empty_element_whatever_the_shop_leaves_out(self, field: str | None) -> None:
        changes: dict[str, str | None] = dict(BARE_ORDER)
        if field is not None:
            changes[field] = ORDER[field]
        tree = to_ubl(orders(order(changes, [line(BARE_LINE)], dict.fromkeys(CUSTOMER))))
        assert [str(e.tag) for e in tree.iter() if not len(e) and not (e.text or "").strip()] == []


class TestAUblOrder:
    def test_carries_the_shop_s_id_reference_and_date(self) -> None:
        tree = to_ubl(orders(order()))
        assert texts(tree, "cbc:UBLVersionID") == ["2.1"]
        assert texts(tree, "cbc:ID | cbc:SalesOrderID") == ["1001", "XKBKNABJK"]
        assert texts(tree, "cbc:IssueDate | cbc:IssueTime") == ["2026-11-22", "09:58:01"]

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
    def test_without_a_date_takes_the_file_s(
        self, generated: str, date_and_time: list[str]
    ) -> None:
        tree = to_ubl(orders(order({"date": None}), generated=generated))
        assert texts(tree, "cbc:IssueDate | cbc:IssueTime") == date_and_time

    def test_names_the_buyer_and_where_to_deliver(self) -> None:
        tree = to_ubl(orders(order()))
        buyer = "cac:BuyerCustomerParty/cac:Party/"
        assert texts(tree, buyer + "cac:PartyName/cbc:Name") == ["Dupont SARL"]
        assert texts(tree, buyer + "cac:Person/*") == ["Zoé", "Dupont"]
        assert texts(tree, buyer + "cac:Contact/*") == [
            "Zoé Dupont",
            "+33 1 02 03 04 05",
            "zoe@example.org",
        ]
        address = ["1 rue du Lac", "Bât. B", "Bourg-en-Bresse", "01000"]
        assert texts(tree, buyer + "cac:PostalAddress/cbc:*") == address
        assert texts(tree, "cac:Delivery/cac:DeliveryAddress/cbc:*") == address
        assert texts(tree, "cac:Delivery/cac:CarrierParty//cbc:Name") == ["Colissimo"]

    def test_calls_a_buyer_without_a_company_by_name(self) -> None:
        tree = to_ubl(orders(order(customer={"company": None})))
        assert texts(tree, "cac:BuyerCustomerParty//cac:PartyName/cbc:Name") == ["Zoé Dupont"]

    def test_without_a_customer_still_has_a_buyer(self) -> None:
        tree = to_ubl(orders(bare_order()))
        assert texts(tree, "cac:BuyerCustomerParty//cbc:Name") == ["Web customer"]
        assert texts(tree, "cac:Delivery//cbc:Name") == []

    @pytest.mark.parametrize(
        ("order_s", "file_s", "expected"),
        [("009", "008", ["009"]), (None, "008", ["008"]), (None, None, [])],
    )
    def test_names_the_seller_and_its_store(
        self, order_s: str | None, file_s: str | None, expected: list[str]
    ) -> None:
        tree = to_ubl(
            orders(order({"store": order_s}), store=file_s), {"seller-name": "'Chez Zoé'"}
        )
        seller = "cac:SellerSupplierParty/cac:Party/"
        assert texts(tree, seller + "cac:PartyIdentification/cbc:ID") == expected
        assert texts(tree, seller + "cac:PartyName/cbc:Name") == ["Chez Zoé"]

    @pytest.mark.parametrize(
        ("country", "code"),
        [
            ("France", "FR"),
            ("FRANCE", "FR"),
            ("La Réunion", "RE"),
            ("Belgique", "BE"),
            ("Belgium", "BE"),
            ("Suisse", "CH"),
            ("Switzerland", "CH"),
            ("Luxembourg", "LU"),
            ("Monaco", "MC"),
            ("Pays-Bas", "NL"),
            ("Espagne", "ES"),
            ("Royaume-Uni", "GB"),
            ("UK", "GB"),
            ("fr", "FR"),
            ("JP", "JP"),
        ],
    )
    def test_has_the_country_s_code(self, country: str, code: str) -> None:
        tree = to_ubl(orders(order(customer={"country": country})))
        path = "cac:BuyerCustomerParty//cac:Country/cbc:IdentificationCode"
        assert texts(tree, path) == [code]

    @pytest.mark.parametrize("country", ["Atlantide", "France|x", "fran", "1A"])
    def test_keeps_a_country_that_it_does_not_know_as_a_name(self, country: str) -> None:
        tree = to_ubl(orders(order(customer={"country": country})))
        assert texts(tree, "cac:BuyerCustomerParty//cac:Country/*") == [country]
        assert texts(tree, "cac:BuyerCustomerParty//cbc:IdentificationCode") == []

    def test_tells_how_it_was_paid_and_what_else_is_known(self) -> None:
        tree = to_ubl(orders(order()))
        assert texts(tree, "cac:PaymentTerms/cbc:Note") == ["Carte bancaire"]
        assert texts(tree, "cbc:Note") == ["Status: Paiement accepté", "Voucher: NOEL5"]

    def test_is_in_the_shop_s_currency_throughout(self) -> None:
        tree = to_ubl(orders(order()), {"currency": "'CHF'"})
        assert texts(tree, "cbc:DocumentCurrencyCode") == ["CHF"]
        assert set(texts(tree, "//@currencyID")) == {"CHF"}
        assert set(texts(to_ubl(orders(order())), "//@currencyID")) == {"EUR"}


class TestAUblLine:
    def test_names_the_product_by_gtin_reference_and_id(self) -> None:
        tree = to_ubl(orders(order()))
        item = "cac:OrderLine/cac:LineItem/cac:Item/"
        assert texts(tree, item + "cbc:Name") == ["Écharpe <rouge> & bleue"]
        assert texts(tree, item + "cac:SellersItemIdentification/cbc:ID") == ["SCARF-RED"]
        gtin = item + "cac:StandardItemIdentification/cbc:ID[@schemeID = '0160']"
        assert texts(tree, gtin) == ["3760000000017"]
        assert texts(tree, item + "cac:AdditionalItemIdentification/cbc:ID") == ["12"]

    @pytest.mark.parametrize(
        ("known", "name"),
        [(["product_reference", "ean13"], "SCARF-RED"), (["ean13"], "3760000000017")],
    )
    def test_without_a_name_is_called_by_what_is_known(self, known: list[str], name: str) -> None:
        made = line({**BARE_LINE, **{field: LINE[field] for field in known}})
        tree = to_ubl(orders(order(lines=[made])))
        assert texts(tree, "//cac:Item/cbc:Name") == [name]

    def test_does_not_call_a_code_with_letters_a_gtin(self) -> None:
        tree = to_ubl(orders(order(lines=[line({"ean13": "SCARF-RED"})])))
        assert texts(tree, "//cac:StandardItemIdentification/cbc:ID[not(@*)]") == ["SCARF-RED"]

    def test_is_numbered_and_counted_in_pieces(self) -> None:
        tree = to_ubl(orders(order(lines=[line(), line({"quantity": "7"})])))
        assert texts(tree, "cbc:LineCountNumeric") == ["2"]
        assert texts(tree, "cac:OrderLine/cac:LineItem/cbc:ID") == ["1", "2"]
        assert texts(tree, "//cbc:Quantity[@unitCode = 'C62']") == ["2", "7"]

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
    def test_has_its_price_without_vat(self, price: str, rate: str, net_price: str) -> None:
        made = line({"unit_price": price, "vat_rate": rate})
        tree = to_ubl(orders(order(lines=[made])))
        assert texts(tree, "//cbc:PriceAmount") == [net_price]

    @pytest.mark.parametrize(
        ("gross", "net", "vat"),
        [("39.80", "33.17", "6.63"), ("0.03", "0.03", "0.00"), ("0.15", "0.13", "0.02")],
    )
    def test_rounds_half_a_cent_up_and_splits_the_amount_exactly(
        self, gross: str, net: str, vat: str
    ) -> None:
        tree = to_ubl(orders(order(lines=[line({"amount": gross})])))
        assert texts(tree, "//cac:LineItem/cbc:LineExtensionAmount") == [net]
        assert texts(tree, "//cac:LineItem/cbc:TotalTaxAmount") == [vat]

    @pytest.mark.parametrize(
        ("rate", "percent", "category"),
        [("20.00", "20", "S"), ("5.50", "5.5", "S"), ("2.1", "2.1", "S"), ("0.00", "0", "Z")],
    )
    def test_has_its_vat_rate(self, rate: str, percent: str, category: str) -> None:
        tree = to_ubl(orders(order(lines=[line({"vat_rate": rate})])))
        path = "//cac:ClassifiedTaxCategory"
        assert texts(tree, f"{path}/cbc:Percent") == [percent]
        assert texts(tree, f"{path}/cbc:ID") == [category]
        assert texts(tree, f"{path}/cac:TaxScheme/cbc:ID") == ["VAT"]

    def test_without_a_rate_takes_the_default_and_says_so(self) -> None:
        made = line({"vat_rate": None, "amount": "12.10"})
        tree = to_ubl(orders(order(lines=[made])), {"default-vat-rate": "21"})
        assert texts(tree, "cac:OrderLine/cbc:Note") == [
            "VAT rate not given by the shop: 21 % assumed"
        ]
        assert texts(tree, "//cac:LineItem/cbc:LineExtensionAmount") == ["10.00"]

    def test_keeps_prices_that_do_not_include_vat(self) -> None:
        made = line({"unit_price": "10.005", "amount": "20.01"})
        tree = to_ubl(orders(order(lines=[made])), {"prices-include-vat": "false()"})
        assert texts(tree, "//cbc:PriceAmount") == ["10.005"]
        assert texts(tree, "//cac:LineItem/cbc:LineExtensionAmount") == ["20.01"]
        assert texts(tree, "//cac:LineItem/cbc:TotalTaxAmount") == ["4.00"]


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

    def test_have_discount_and_shipping_as_allowance_and_charge(self) -> None:
        tree = to_ubl(orders(order()))
        assert texts(tree, "cac:AllowanceCharge/cbc:ChargeIndicator") == ["false", "true"]
        reasons = texts(tree, "cac:AllowanceCharge/cbc:AllowanceChargeReason")
        assert reasons == ["Discount (NOEL5)", "Shipping"]
        assert texts(tree, "cac:AllowanceCharge/cbc:Amount") == ["4.17", "4.08"]

    def test_take_a_negative_discount_for_a_discount(self) -> None:
        tree = to_ubl(orders(order({"discount": "-5.00"})))
        assert total(tree, "AllowanceTotalAmount") == Decimal("4.17")

    def test_have_no_charge_of_nothing(self) -> None:
        tree = to_ubl(orders(order({"discount": "0.00", "shipping": "0.00", "total_paid": None})))
        assert texts(tree, "cac:AllowanceCharge/cbc:Amount") == []
        assert total(tree, "PayableAmount") == Decimal("39.80")

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

    def test_charge_shipping_at_the_highest_rate_of_the_lines_unless_told(self) -> None:
        lines = [line({"vat_rate": "5.5"}), line({"vat_rate": "20"}), line({"vat_rate": "10"})]
        tree = orders(order(lines=lines))
        rate = "cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cac:TaxCategory/cbc:Percent"
        assert texts(to_ubl(tree), rate) == ["20"]
        assert texts(to_ubl(tree, {"shipping-vat-rate": "8.1"}), rate) == ["8.1"]

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


class TestTheStylesheetRefuses:
    def test_a_decimal_comma(self) -> None:
        with pytest.raises(
            etree.XSLTApplyError, match=r'order 1001: shipping: "4,90" is no number'
        ):
            to_ubl(orders(order({"shipping": "4,90"})))

    def test_a_date_that_is_not_iso(self) -> None:
        with pytest.raises(etree.XSLTApplyError, match=r'order 1001: "22/11/2026" is no ISO date'):
            to_ubl(orders(order({"date": "22/11/2026"})))

    def test_a_tree_that_is_not_canonical(self) -> None:
        with pytest.raises(etree.XSLTApplyError, match=r'the root is "ventes"'):
            to_ubl(element("ventes", {}))


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
