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


def test_a_file_within_its_age_is_published(world: World) -> None:
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock(LEVELS, age=24 * 60)
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
