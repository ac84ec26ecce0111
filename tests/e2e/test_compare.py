"""`compare`: two systems' files side by side, as whoever switches from one to the other sees it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.shell import Result, run_program
from tests.world import Sale, World

HEADER = "ID;Gencod;Désignation;Stock"
ROWS = ('300;3701234567890;"Bottine ""Éléa"", 37";5', "301;371;Été;3", "1201;;Carte cadeau;999")
Items = Sequence[tuple[str, str]]


def csv_of(*rows: str, header: str = HEADER, encoding: str = "cp1252") -> bytes:
    return "".join(f"{row}\r\n" for row in (header, *rows)).encode(encoding)


def xml_of(orders: Mapping[str, Items], more: str = "", encoding: str = "UTF-8") -> bytes:
    text = "".join(
        f"<order><id>{id}</id>{more}<customer><city>Évry</city></customer><lines>"
        + "".join(f"<line><ean13>{e}</ean13><quantity>{q}</quantity></line>" for e, q in items)
        + "</lines></order>"
        for id, items in orders.items()
    )
    return f'<?xml version="1.0" encoding="{encoding}"?><orders>{text}</orders>'.encode(encoding)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path


def compare(
    here: Path, *args: str, old: bytes = b"", new: bytes = b"", ending: str = "csv"
) -> Result:
    if old or new:
        (here / f"old.{ending}").write_bytes(old)
        (here / f"new.{ending}").write_bytes(new)
        args = (f"old.{ending}", f"new.{ending}", *args)
    return run_program("compare", *args, cwd=here)


def found(result: Result) -> Mapping[str, Any]:
    (one,) = json.loads(result.stdout)["compared"]
    assert isinstance(one, dict)
    return one


class TestStock:
    @pytest.mark.parametrize(
        "new",
        [
            csv_of(*ROWS, encoding="utf-8-sig"),
            csv_of(*ROWS, encoding="utf-16"),
            csv_of(*reversed(ROWS)),
            csv_of('300;03701234567890;Bottine "Éléa", 37;5,00', *ROWS[1:]),
            csv_of(
                '5,300,3701234567890,"Bottine ""Éléa"", 37"',
                "3.0,301,371,Été",
                "999,1201,,Carte cadeau",
                header="sep=,\r\nSTOCK,ID,gencod,Designation",
                encoding="utf-8",
            ),
        ],
    )
    def test_written_in_another_way_is_equal(self, here: Path, new: bytes) -> None:
        result = compare(here, old=csv_of(*ROWS), new=new)
        assert (result.exit_code, "they are equal" in result.stdout) == (0, True), result

    @pytest.mark.parametrize(
        ("rows", "key", "column", "value"),
        [
            ((ROWS[0].replace(";5", ";50"), *ROWS[1:]), "3701234567890", "Stock", "50"),
            ((*ROWS[:2], "1201;;Carte cadeau;99"), "1201", "Stock", "99"),
            ((ROWS[0], "0301;371;Été;3", ROWS[2]), "371", "ID", "0301"),
            ((ROWS[0], "301;371;Ete;3", ROWS[2]), "371", "Désignation", "Ete"),
            ((ROWS[0], "301;371;Été;3.000", ROWS[2]), "371", "Stock", "3.000"),
        ],
    )
    def test_another_value_is_told(
        self, here: Path, rows: Sequence[str], key: str, column: str, value: str
    ) -> None:
        result = compare(here, "--json", old=csv_of(*ROWS), new=csv_of(*rows))
        assert result.exit_code == 5
        ((one),) = found(result)["different"]
        assert (one["key"], one["column"], one["new"]) == (key, column, value)

    def test_what_is_in_one_alone_is_told(self, here: Path) -> None:
        new = csv_of(ROWS[0], ROWS[2], ROWS[2], "9;999;neu;1")
        result = compare(here, "--json", old=csv_of(*ROWS), new=new)
        one = found(result)
        assert (one["only_old"], one["only_new"]) == (["371"], ["1201 (2)", "999"])
        assert (one["equal"], one["different"]) == (False, [])

    def test_a_column_of_one_alone_is_told(self, here: Path) -> None:
        new = csv_of(*(f"{row};1" for row in ROWS), header=f"{HEADER};Prix")
        result = compare(here, old=csv_of(*ROWS), new=new)
        assert (result.exit_code, "only in NEW\t\tPrix\t\t\n" in result.stdout) == (5, True)
        assert compare(here, "old.csv", "new.csv", "--ignore", "prix").exit_code == 0

    def test_the_key_may_be_columns_of_ones_own(self, here: Path) -> None:
        rows = ("A;36;1", "A;37;2", "B;36;3")
        old, new = (csv_of(*r, header="Réf;Taille;Nb") for r in (rows, (*rows[1:], "A;36;9")))
        unnamed = compare(here, old=old, new=new)
        assert (unnamed.exit_code, "the file has: Réf, Taille, Nb" in unnamed.stderr) == (2, True)
        named = compare(here, "--key", "ref", "--key", "taille", "--json", old=old, new=new)
        (one,) = found(named)["different"]
        assert (one["key"], one["old"], one["new"]) == ("A + 36", "1", "9")
        half = compare(here, "old.csv", "new.csv", "--key", "ref", "--key", "Pointure")
        assert (half.exit_code, "no column is called Pointure" in half.stderr) == (2, True)

    def test_columns_are_those_of_the_config(self, world: World) -> None:
        world.configure(stock='columns.ean13 = "Code barre"\n')
        for name in ("old.csv", "new.csv"):
            (world.folder / name).write_bytes(csv_of("1;3", header="Code barre;Stock"))
        world.fails("compare", "old.csv", "new.csv", code=0, words="they are equal")

    def test_as_many_are_printed_as_asked_for(self, here: Path) -> None:
        old, new = (csv_of(*(f"{n};{n};x;{n + more}" for n in range(10))) for more in (0, 1))
        text = compare(here, "-n", "4", old=old, new=new).stdout
        assert text.count("different\t") == 4
        assert "and 6 more" in text and "10 differences" in text


class TestSales:
    OLD: Mapping[str, Items] = {"1042": [("370", "1"), ("371", "2")], "1043": [("370", "1")]}

    def test_in_another_order_and_encoding_are_equal(self, here: Path) -> None:
        new = {"1043": [("370", "1")], "1042": [("371", "2"), ("0370", "1.0")]}
        old, other = xml_of(self.OLD, encoding="ISO-8859-1"), xml_of(new)
        result = compare(here, "--ignore", "ean13", old=old, new=other, ending="xml")
        assert result.exit_code == 0, result

    @pytest.mark.parametrize(
        ("new", "told"),
        [
            (
                {**OLD, "1042": [("370", "1"), ("371", "3")]},
                "different\t1042 / 371\tquantity\t2\t3",
            ),
            ({**OLD, "1042": [("371", "2")]}, "only in OLD\t1042 / 370\t"),
            ({"1042": OLD["1042"]}, "only in OLD\t1043\t"),
            ({**OLD, "1044": [("372", "1")]}, "only in NEW\t1044\t"),
        ],
    )
    def test_differ_by_order_and_item(
        self, here: Path, new: Mapping[str, Items], told: str
    ) -> None:
        result = compare(here, old=xml_of(self.OLD), new=xml_of(new), ending="xml")
        assert (result.exit_code, told in result.stdout) == (5, True), result
        assert "1 difference:" in result.stdout

    def test_tell_an_element_that_one_lacks(self, here: Path) -> None:
        new = xml_of(self.OLD, more="<status>Payé</status>")
        result = compare(here, old=xml_of(self.OLD), new=new, ending="xml")
        assert "different\t1042\tstatus\t\tPayé\n" in result.stdout

    def test_of_the_erps_own_layout_are_named_by_their_key(self, here: Path) -> None:
        old, new = (f'<v><vente no="7"><d>{d}</d></vente></v>'.encode() for d in "12")
        old, new = (b'<?xml version="1.0"?>' + one for one in (old, new))
        unnamed = compare(here, old=old, new=new, ending="xml")
        assert (unnamed.exit_code, "--key vente/@numero" in unnamed.stderr) == (2, True)
        named = compare(here, "--key", "vente/@no", old=old, new=new, ending="xml")
        assert (named.exit_code, "different\t7\td\t1\t2\n" in named.stdout) == (5, True)
        assert compare(here, "old.xml", "new.xml", "--key", "ventes/@no").exit_code == 2


class TestFolders:
    def test_pool_their_xmls_and_pair_their_csvs(self, here: Path) -> None:
        for folder in ("old", "new"):
            (here / folder).mkdir()
        (here / "old" / "a.xml").write_bytes(xml_of({"1": [("370", "1")]}))
        (here / "old" / "b.xml").write_bytes(xml_of({"2": [("370", "1")]}))
        (here / "new" / "ventes.xml").write_bytes(
            xml_of({"1": [("370", "1")], "2": [("370", "1")]})
        )
        (here / "old" / "Stock.csv").write_bytes(csv_of(*ROWS))
        (here / "new" / "stock.CSV").write_bytes(csv_of(*ROWS))
        assert compare(here, "old", "new").exit_code == 0
        (here / "new" / "other.csv").write_bytes(csv_of(*ROWS))
        (here / "new" / "photo.png").write_bytes(b"x")
        result = compare(here, "old", "new")
        assert (result.exit_code, "only in NEW: new" in result.stdout) == (5, True)
        assert "1 file is neither CSV nor XML" in result.stderr

    def test_that_hold_no_table_are_no_equal_ones(self, here: Path) -> None:
        (here / "old").mkdir()
        assert compare(here, "old", "old").exit_code == 4


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", 4, "the file is empty"),
        (b"\xef\xbb\xbf\r\n", 4, "the file is empty"),
        (csv_of(*ROWS)[:-14], 4, "a line has 3 fields, the header 4: new.csv:4"),
        (csv_of('1;2;"abc;3', ROWS[1]), 4, "a quote is not closed or not doubled: new.csv:2"),
        (csv_of("1;2;a;b;3"), 4, "a line has 5 fields, the header 4: new.csv:2"),
        (b"PK\x03\x04...", 4, "(Excel, ZIP)"),
        (b"<!doctype html><p>404", 4, "HTML"),
        (xml_of({"1": [("1", "1")]}), 2, "one is XML, the other is not"),
    ],
)
def test_what_is_no_whole_table_is_told(here: Path, data: bytes, code: int, words: str) -> None:
    (here / "old.csv").write_bytes(csv_of(*ROWS))
    (here / "new.csv").write_bytes(data)
    for names in (("old.csv", "new.csv"), ("new.csv", "old.csv")):
        result = compare(here, *names)
        assert (result.exit_code, words in result.stderr, result.stdout) == (code, True, ""), result


def test_a_cut_xml_is_told(here: Path) -> None:
    whole = xml_of({"1": [("1", "1")]})
    result = compare(here, old=whole, new=whole[:-20], ending="xml")
    assert (result.exit_code, "new.xml: it is cut or damaged" in result.stderr) == (4, True)


def test_a_last_line_without_its_end_is_told(here: Path) -> None:
    result = compare(here, old=csv_of(*ROWS), new=csv_of(*ROWS)[:-2])
    assert (result.exit_code, "its last line has no end" in result.stderr) == (0, True)


def test_a_config_that_was_named_must_be_there(here: Path) -> None:
    (here / "a.csv").write_bytes(csv_of(*ROWS))
    result = run_program("--config", "none.toml", "compare", "a.csv", "a.csv", cwd=here)
    assert result.exit_code == 3


def test_what_was_sent_is_equal_to_what_convert_makes(world: World) -> None:
    world.sends(Sale("1", {"370": 1}), Sale("2", {"371": 2}))
    (sent,) = world.xmls()
    (world.folder / "commandes.csv").write_bytes((world.server.root / "commandes.csv").read_bytes())
    world.run_well("convert", "commandes.csv", "-o", "new.xml")
    world.fails("compare", str(sent), "new.xml", code=0, words="they are equal")
