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
    result = world.fails("run", "stock", code=code)
    assert result.stderr.startswith("passerelle: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
    assert not (world.server.root / "ExportCSVmod.csv").exists()
    assert not (world.server.root / "ExportCSVmod.csv.tmp").exists()
    assert words[0] in world.trace(2)


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("ExportCSV.csv", b"ID;EAN;Stock\r\n1;370;5\r\n", 3, "no column is called Gencod"),
        ("ExportCSV.csv", None, 4, "no such file"),
        ("commandes.csv", None, 4, "no such file"),
        ("commandes.csv", b"", 4, "the file is empty"),
        ("commandes.csv", b"ID commande;Quan", 4, "the last line does not end"),
    ],
)
def test_a_source_that_is_missing_or_half_written_publishes_nothing(
    world: World, name: str, data: bytes | None, code: int, words: str
) -> None:
    ready(world)
    if data is None:
        (world.server.root / name).unlink()
    else:
        world.server.put(name, data)
    assert_held(world, words, name, code=code)


def test_a_file_from_the_future_is_held(world: World) -> None:
    """Its age is not known, nor what it includes."""
    ready(world)
    world.erp_writes_stock(LEVELS, age=-3660)
    assert_held(world, "minutes in the future", "ExportCSV.csv")


def test_what_the_shop_took_is_not_withdrawn(world: World) -> None:
    ready(world)
    world.shop_takes_stock()
    world.erp_writes_stock(LEVELS, age=26 * 60)
    assert "withdrawn" not in world.fails("run", "stock", code=6).text
