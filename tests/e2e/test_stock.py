"""Stock through the command line: guards, withdrawal, explanations."""

import pytest

from tests.world import Sale, World

LEVELS = {str(370 + n): 5 for n in range(10)}


def ready(world: World) -> None:
    """An order file and a good publication that the shop has not taken yet."""
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert (world.server.root / "ExportCSVmod.csv").exists()


def assert_held(world: World, *words: str, code: int = 6) -> None:
    """The run holds, says why, and withdraws what the shop has not taken."""
    result = world.run("run", "stock")
    assert result.exit_code == code, result
    assert result.stderr.startswith("passerelle: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
    assert not (world.server.root / "ExportCSVmod.csv").exists()
    assert not (world.server.root / "ExportCSVmod.csv.tmp").exists()
    assert words[0] in world.trace(2)


def test_a_stale_file_is_held_and_the_older_publication_withdrawn(world: World) -> None:
    ready(world)
    world.erp_writes_stock(LEVELS, age=26 * 60)
    assert_held(world, "the file is 26 minutes old", "ExportCSV.csv", "max_age")


def test_a_file_within_its_age_is_published(world: World) -> None:
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock(LEVELS, age=24 * 60)
    world.run_well("run", "stock")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"ID;Gencod;Stock\r\n", "a header and no line"),
        (b"ID;Gencod;Stock\r\n1;370;5\r\n2;371;", "the last line does not end"),
        (b"ID;Gencod;Stock\r\n1;370;5\r\n2;371\r\n", "a line has 2 fields, the header 3"),
        (b"ID;Gencod;Stock;Stock\r\n1;370;5;5\r\n", 'the header has "Stock" twice'),
        (b'ID;Gencod;Stock\r\n1;"370;5\r\n', "a quote is not closed"),
        ("ID;Gencod;Stock\r\n1;370;5\r\n".encode("utf-16"), "the file is utf-16"),
        (b"ID;Gencod;Stock\r\n1;370;0\r\n", "0 lines in stock"),
    ],
)
def test_a_malformed_file_is_held(world: World, data: bytes, words: str) -> None:
    ready(world)
    world.server.put("ExportCSV.csv", data)
    assert_held(world, words, "ExportCSV.csv")


def test_a_file_that_lost_too_many_lines_is_held_unless_accepted_once(world: World) -> None:
    ready(world)
    few = {ean13: level for ean13, level in LEVELS.items() if ean13 < "376"}
    world.erp_writes_stock(few)
    assert_held(world, "6 lines in stock instead of 10: 40% fewer", "--accept-drop")
    world.run_well("run", "stock", "--accept-drop")
    assert world.shop_stock()["370"] == "5"
    world.run_well("run", "stock")


def test_a_drop_of_just_max_drop_is_published(world: World) -> None:
    ready(world)
    world.erp_writes_stock({ean13: level for ean13, level in LEVELS.items() if ean13 < "377"})
    world.run_well("run", "stock")


def test_a_missing_column_is_a_fault_of_the_configuration(world: World) -> None:
    ready(world)
    world.server.put("ExportCSV.csv", b"ID;EAN;Stock\r\n1;370;5\r\n")
    assert_held(world, "no column is called Gencod", "stock.columns.ean13", code=3)


@pytest.mark.parametrize("name", ["ExportCSV.csv", "commandes.csv"])
def test_a_missing_source_publishes_nothing(world: World, name: str) -> None:
    ready(world)
    (world.server.root / name).unlink()
    assert_held(world, "no such file", f"ftp:{name}", code=4)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "the file is empty"), (b"ID commande;Quan", "the last line does not end")],
)
def test_a_half_written_order_file_publishes_nothing(world: World, data: bytes, words: str) -> None:
    ready(world)
    world.server.put("commandes.csv", data)
    assert_held(world, words, "commandes.csv", code=4)


@pytest.mark.parametrize(("rule", "level"), [("zero", "0"), ("subtract", "3"), ("remove", None)])
def test_missed_sales_are_treated_as_the_config_says(
    world: World, rule: str, level: str | None
) -> None:
    world.configure(stock=f'missed_sales = "{rule}"')
    world.shop_writes(Sale("1", {"0379": 1}), Sale("2", {"379": 1, "378": 99}))
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.shop_stock().get("379") == level
    assert world.shop_stock().get("378") == (None if rule == "remove" else "0")


def test_an_unreadable_quantity_is_told_and_its_line_left_alone(world: World) -> None:
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock({**LEVELS, "371": "beaucoup"})
    result = world.run("run", "stock")
    assert result.exit_code == 5
    assert 'ExportCSV.csv:3: quantity: "beaucoup" is no number' in result.stderr
    assert world.shop_stock()["371"] == "beaucoup"


def test_a_gencod_met_twice_is_told_with_both_lines(world: World) -> None:
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock({**LEVELS, "0379": 2})
    text = world.run_well("run", "stock")
    assert "ExportCSV.csv:12: ean13: 379 stands already in line 11" in text
    assert world.shop_stock() | {"379": "0", "0379": "0"} == world.shop_stock()


def test_every_changed_line_is_explained_afterwards(world: World) -> None:
    assert world.run_well("stock", "why", "379") == "no stock was published yet\n"
    ready(world)
    changed = world.run_well("stock", "why", "0379")
    assert "line 11 of ExportCSV.csv says 5; published 0" in changed
    assert "order 1 (not met by `run orders` yet)" in changed
    assert "published 5, as the ERP says (line 2)" in world.run_well("stock", "why", "370")
    assert "not in the ERP's file" in world.run_well("stock", "why", "999")


def test_a_file_from_the_future_is_held(world: World) -> None:
    """Its age is not known, nor what it includes."""
    ready(world)
    world.erp_writes_stock(LEVELS, age=-3660)
    assert_held(world, "minutes in the future", "ExportCSV.csv")


def test_what_the_shop_took_is_not_withdrawn(world: World) -> None:
    ready(world)
    world.shop_takes_stock()
    world.erp_writes_stock(LEVELS, age=26 * 60)
    result = world.run("run", "stock")
    assert result.exit_code == 6
    assert "withdrawn" not in result.text
