"""One person leaves texts and sales XMLs; everybody else stays."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from passerelle.archive.person import ERASED, Person, person_of
from passerelle.archive.redact import Names, redact, survey
from passerelle.csv_to_xml.forms import Forms, compile_forms
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.model.orders import Customer, Order
from tests.unit import few, orders_settings
from tests.unit.test_sales_xml import BARE_LINE, EXAMPLES, FULL, GENERATED, LINE

ANN = "ann@x.fr"
CUSTOMER = Customer(
    *("Anaïs", "Lefèvre", "", ANN, "06 12 34 56 78", "12 rue des Lilas", "Bât. B", "75011"),
    *("Paris", "France"),
)
OTHER = Customer("Jo", "Durand", email="joann@x.fr", address1="3 place du Marché", city="Paris")
MINE = replace(FULL, id="1001", customer=CUSTOMER, voucher="", lines=(LINE,))
THEIRS = replace(FULL, id="1002", customer=OTHER, lines=(BARE_LINE, LINE))
RENAMED = {"orders": "ventes", "order": "vente", "customer": "client", "email": "courriel",
           "first_name": "prenom", "last_name": "nom", "id": "numero"}  # fmt: skip
ENCODINGS = ("UTF-8", "ISO-8859-1", "US-ASCII", "windows-1252", "UTF-16", "UTF-16BE")


def xml(*orders: Order, forms: Forms | None = None, **settings: Any) -> bytes:
    return write_sales(orders, orders_settings(xml=settings), GENERATED, forms).data


def erase(
    data: bytes,
    email: str = ANN,
    *,
    names: dict[str, str] | None = None,
    ids: Sequence[str] = ("1001", "1002", "1003"),
) -> bytes:
    """As the command does: survey, know the person, redact."""
    known = Names(names or {})
    found = survey(data, Person(email), known, ids)
    person = person_of(email, found.fields, found.everyday, ids)
    return redact(data, person, known, ids)


def orders_in(data: bytes, tag: str = "order") -> list[bytes]:
    """Each order as it is read, without the space around it."""
    orders = list(etree.fromstring(data).iter(tag))
    for order in orders:
        order.tail = None
    return [etree.tostring(order) for order in orders]


def stylesheet(body: str) -> Forms:
    head = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    return compile_forms(f"{head}{body}</xsl:stylesheet>".encode(), None)


class TestTheAddress:
    @pytest.mark.parametrize(
        "text",
        [
            *("ann@x.fr", "ANN@X.FR", "  ann@x.fr\n", "Ann <ann@x.fr>", 'cell "ann@x.fr"'),
            *("ann@x.fr.", "ann@x.fr, bob@x.fr", "mailto:ann@x.fr", "ann%40x.fr", "'ann@x.fr'"),
            *("ann&#64;x.fr", "ann@x.fr - again", "commandes.csv:5:ann@x.fr"),
        ],
    )
    def test_is_found_wherever_it_stands_whole(self, text: str) -> None:
        assert Person(" Ann@x.fr ").is_named_in(text)
        assert "x.fr" not in Person(ANN).without(text).replace("bob@x.fr", "")

    @pytest.mark.parametrize(
        "text",
        [
            *("joann@x.fr", "jo.ann@x.fr", "jo-ann@x.fr", "jo+ann@x.fr", "o'ann@x.fr"),
            *("ann@x.fr.example", "ann@x.france", "ann@x.fr-shop.example", "ann@xxfr", "ann"),
        ],
    )
    def test_is_never_part_of_another(self, text: str) -> None:
        assert not Person(ANN).is_named_in(text)
        assert Person(ANN).without(text) == text

    def test_that_a_message_cut_goes_too(self) -> None:
        long = "anne-charlotte.de-la-tour@entreprise.example"
        text = 'quantity: "anne-charlotte.de-la-tour@entreprise.ex…" is no number'
        assert Person(long).without(text) == f'quantity: "{ERASED}" is no number'


class TestTheWords:
    fields = (("last_name", "Lefèvre"), ("first_name", "Éléa"), ("phone", "06 12 34 56 78"),
              ("company", "Bo"), ("city", "Paris"), ("address1", "12 rue des Lilas"),
              ("last_name", "Orders"), ("email", ANN))  # fmt: skip
    person = person_of(ANN, fields, ['Bottine "Éléa", taille 38'], ["1042"])

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ('"Lefèvre" is no number', '"[erased]" is no number'),
            ("LEFÈVRE, 12 rue  des Lilas", "[erased], [erased]"),
            ("Lefe\u0300vre", "[erased]"),
            ("call 06 12 34 56 78", "call [erased]"),
            ('quantity: "12 rue des Li…" is no number', 'quantity: "[erased]" is no number'),
        ],
    )
    def test_go_wherever_they_stand_whole(self, text: str, left: str) -> None:
        assert self.person.without(text) == left

    @pytest.mark.parametrize(
        "text", ["Lefèvres", "Malefèvre", "112 rue des Lilas", "rue des Lilas", "1042"]
    )
    def test_stay_where_they_are_part_of_another(self, text: str) -> None:
        assert self.person.without(text) == text

    @pytest.mark.parametrize("word", ["Éléa", "Paris", "Bo", "Orders"])
    def test_that_are_common_go_only_as_a_whole_quoted_cell(self, word: str) -> None:
        assert self.person.without(f"run {word}: done") == f"run {word}: done"
        assert self.person.without(f'"Bottine {word}"') == f'"Bottine {word}"'
        assert self.person.without(f'quantity: "{word}" is no') == f'quantity: "{ERASED}" is no'

    def test_that_are_common_go_from_french_quotes_too(self) -> None:
        for space in ("", " ", "\u00a0", "\u202f"):
            told = Person(ANN, cells=["Paris"]).without(f"«{space}Paris{space}» ; à Paris")
            assert told == f"« {ERASED} » ; à Paris"

    @pytest.mark.parametrize("word", ["commande", "Commandes", "magasin", "Fichier"])
    def test_that_are_our_own_in_french_go_only_as_a_whole_quoted_cell(self, word: str) -> None:
        person = person_of(ANN, [("last_name", word)], (), ())
        assert person.cells == {word}
        assert not person.words

    def test_of_an_unknown_form_are_no_dates_numbers_or_proof(self) -> None:
        texts = ["2026-11-22T10:00:00", "12.50", "1", "AB-1042", "Lefèvre", "+33612345678"]
        person = person_of(ANN, [("", text) for text in texts], [], ["AB-1042"])
        assert person.words | person.cells == {"Lefèvre", "+33612345678"}


class TestTheCanonicalTree:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("names", [{}, RENAMED], ids=["own names", "the ERP's names"])
    def test_loses_the_customer_and_nothing_else(
        self, encoding: str, names: dict[str, str]
    ) -> None:
        without_customer = replace(MINE, customer=Customer())
        before = xml(THEIRS, MINE, encoding=encoding, names=names)
        after = xml(THEIRS, without_customer, encoding=encoding, names=names)
        assert erase(before, names=names) == after
        assert erase(after, names=names) is after

    def test_names_the_persons_orders_only(self) -> None:
        found = survey(xml(THEIRS, MINE), Person(ANN.upper()), Names({}), ())
        assert found.is_named
        assert found.orders == ("1001",)

    def test_loses_the_persons_words_in_the_order_but_not_what_was_sold(self) -> None:
        line = replace(LINE, product_name="Botte Anaïs")
        mine = replace(MINE, voucher="pour Lefèvre", carrier="Relais Anaïs", lines=(line,))
        text = erase(xml(mine)).decode()
        assert f"<voucher>pour {ERASED}</voucher>" in text
        assert "<carrier>Relais Anaïs</carrier>" in text
        assert "<product_name>Botte Anaïs</product_name>" in text

    def test_of_somebody_else_loses_the_address_alone(self) -> None:
        theirs = replace(THEIRS, voucher=f"offert par {ANN}")
        data = xml(theirs)
        assert erase(data) == data.replace(b"par ann@x.fr", b"par [erased]")
        assert survey(data, Person(ANN), Names({}), ()).orders == ()

    def test_loses_an_address_that_stands_in_a_comment_or_beside_the_orders(self) -> None:
        data = xml(THEIRS).replace(b"<count>", b"<!-- ask Ann@x.fr --><count>")
        after = erase(data.replace(b"<orders>", b"<!--ann@x.fr--><orders>"))
        assert b"<!--[erased]-->" in after
        assert b"<!-- ask [erased] --><count>" in after
        assert orders_in(after) == orders_in(data)

    def test_with_foreign_elements_loses_all_texts_of_the_order(self) -> None:
        """A stylesheet may keep our names and add elements of its own."""
        body = '<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/>'
        body += '</xsl:copy></xsl:template><xsl:template match="payment"><to by="Zoé">Léa</to>'
        before = xml(MINE, THEIRS, forms=stylesheet(body + "</xsl:template>"))
        after = erase(before)
        assert orders_in(after)[1] == orders_in(before)[1]
        assert texts(next(etree.fromstring(after).iter("order"))) == {"1001", ERASED}


def texts(element: etree._Element) -> set[str]:
    """All texts and attribute values."""
    found = {text.strip() for text in element.itertext() if text.strip()}
    return found | {str(value) for part in element.iter() for value in part.attrib.values()}


class TestAnUnknownForm:
    ubl = compile_forms((EXAMPLES / "ubl-order.xsl").read_bytes(), None)
    order = "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"

    def test_of_several_orders_is_known_by_the_persons_alone(self) -> None:
        before = xml(THEIRS, MINE, forms=self.ubl)
        assert survey(before, Person(ANN), Names({}), ["1001", "1002"]).orders == ("1001",)

    def test_of_one_order_loses_all_of_it(self) -> None:
        assert texts(etree.fromstring(erase(xml(MINE, forms=self.ubl)))) == {"1001", ERASED}

    def test_is_told_by_what_repeats_where_no_id_is_known(self) -> None:
        before = xml(THEIRS, MINE, forms=self.ubl)
        after = erase(before, ids=())
        assert orders_in(after, self.order)[0] == orders_in(before, self.order)[0]
        assert texts(list(etree.fromstring(after).iter(self.order))[1]) == {ERASED}

    def test_is_not_taken_for_a_part_of_the_order_that_repeats(self) -> None:
        data = b"""<vente><numero>1001</numero><tiers><mail>ann@x.fr</mail></tiers>
            <tiers><nom>Lefevre</nom></tiers></vente>"""
        assert texts(etree.fromstring(erase(data))) == {"1001", ERASED}

    def test_under_names_of_former_times_loses_the_whole_order(self) -> None:
        before = xml(THEIRS, MINE, names=RENAMED)
        after = erase(before, names={"order": "commande"})
        assert orders_in(after, "vente")[0] == orders_in(before, "vente")[0]
        assert texts(list(etree.fromstring(after).iter("vente"))[1]) == {"1001", ERASED}

    def test_with_one_line_an_order_and_attributes_only_loses_each_of_the_persons_lines(
        self,
    ) -> None:
        row = '<r id="{}" mail="{}" nom="{}"/>'
        rows = [row.format(1001, ANN, "Lefèvre"), row.format(1002, "joann@x.fr", "Durand"),
                row.format(1001, ANN.upper(), "Lefèvre")]  # fmt: skip
        after = erase(f"<rows>{''.join(rows)}</rows>".encode())
        values = [dict(child.attrib) for child in etree.fromstring(after)]
        gone = {"id": "1001", "mail": ERASED, "nom": ERASED}
        assert values == [gone, {"id": "1002", "mail": "joann@x.fr", "nom": "Durand"}, gone]


_ENTITY = b'<!DOCTYPE o [<!ENTITY a "ann@x.fr">]><orders>&a;</orders>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        *((data, "not XML") for data in (b"", b"<orders>", b"\xff\xfeann@x.fr", b"PK\x03\x04")),
        (_ENTITY, "entities"),  # they could hide anything
    ],
)
def test_what_is_no_xml_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        erase(data)


people = st.text(st.characters(categories=["L"], max_codepoint=0x24F), min_size=4, max_size=12)


@few
@given(st.data())
def test_whoever_the_customers_are_one_leaves_and_all_others_stay(data: st.DataObject) -> None:
    """Any names, in any encoding, under any names of elements, with or without a stylesheet."""
    emails = [ANN, "joann@x.fr", "ann@x.fr.example", ""]
    customers = st.builds(
        Customer, first_name=people, last_name=people, email=st.sampled_from(emails), city=people
    )
    drawn = data.draw(st.lists(customers, min_size=2, max_size=5))
    orders = [replace(FULL, id=str(1001 + n), customer=c) for n, c in enumerate(drawn)]
    form = data.draw(st.sampled_from(("own", "renamed", "ubl")))
    names = RENAMED if form == "renamed" else {}
    forms = TestAnUnknownForm.ubl if form == "ubl" else None
    tag = {"own": "order", "renamed": "vente", "ubl": TestAnUnknownForm.order}[form]
    encoding = data.draw(st.sampled_from(ENCODINGS))
    before = xml(*orders, encoding=encoding, names=names, forms=forms)
    ids = [order.id for order in orders]
    after = erase(before, names=names, ids=ids)
    was, now = orders_in(before, tag), orders_in(after, tag)
    for order, old, new in zip(orders, was, now, strict=True):
        if order.customer.email == ANN:
            assert order.id in new.decode()
            kept = " ".join(texts(etree.fromstring(new)))
            assert not Person(ANN).is_named_in(kept)
            assert order.customer.last_name not in kept.split()
        else:
            assert new == old
    assert (before == after) is (ANN not in [order.customer.email for order in orders])
