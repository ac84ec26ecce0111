"""A shop is not emptied drop by drop, and what its own orders sold out is no drop."""

import shutil
from collections.abc import Iterable

import pytest

from tests.world import Sale, World

MOD = "ExportCSVmod.csv"


def levels(number: int, level: int = 5) -> dict[str, int]:
    return {str(3000 + n): level for n in range(number)}


def publishes(world: World, number: int, *options: str) -> int:
    """The exit code of a run whose ERP has so many lines in stock; the shop takes the file."""
    world.erp_writes_stock(levels(number))
    code = world.run("run", "stock", *options).exit_code
    (world.server.root / MOD).unlink(missing_ok=True)
    return code


@pytest.fixture
def sold(world: World) -> World:
    world.shop_writes(Sale("1", {"9": 1}))
    return world


def test_a_quarter_less_at_each_run_ends_at_max_drop(sold: World) -> None:
    assert [publishes(sold, n) for n in (100, 75, 69)] == [0, 0, 6]
    assert "against the most of the last 24 hours" in sold.trace(2)
    assert publishes(sold, 70) == 0, "a run that is held changes nothing"


def test_an_accepted_drop_is_where_the_next_runs_begin(sold: World) -> None:
    assert [publishes(sold, n) for n in (100, 60)] == [0, 6]
    assert publishes(sold, 60, "--accept-drop") == 0
    assert [publishes(sold, n) for n in (50, 42, 41)] == [0, 0, 6]


def test_what_was_published_a_day_ago_counts_no_more(
    sold: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from passerelle.gateway.frame import Gateway

    real = Gateway.now
    monkeypatch.setattr(Gateway, "now", lambda self: real(self) - timedelta(hours=25))
    for number in (100, 80):
        sold.erp_writes_stock(levels(number))
        sold.run_well("run", "stock")
    monkeypatch.undo()
    assert publishes(sold, 60) == 0


def _cycle(world: World, erp: dict[str, int], sales: Iterable[Sale]) -> int:
    """The ERP takes what it got, books it and writes its stock, then stock runs."""
    world.run_well("run", "orders")
    ids = world.erp_takes()
    for sale in sales:
        for item, number in sale.items.items():
            if sale.id in ids:
                erp[item] -= int(number)
    world.erp_writes_stock({item: level for item, level in erp.items() if level > 0})
    return world.run("run", "stock").exit_code


@pytest.mark.parametrize("was_held_back", [True, False])
def test_what_web_orders_sold_out_is_no_drop(world: World, was_held_back: bool) -> None:
    erp = levels(10, level=1)
    world.shop_writes(Sale("0", {"9": 1}))
    assert _cycle(world, erp, ()) == 0
    sales = [Sale(f"1{n}", {item: 1}) for n, item in enumerate([*erp][:6])]
    world.shop_writes(*sales)
    if was_held_back:
        assert world.run("run", "stock").exit_code == 0
    assert _cycle(world, erp, sales) == 0
    assert len(world.shop_stock()) == 6, "four items and two gift cards"


def test_a_cut_file_is_no_sale(world: World) -> None:
    """Of each of the lines that are gone one was sold, of five."""
    erp = levels(10)
    world.shop_writes(Sale("0", {"9": 1}))
    assert _cycle(world, erp, ()) == 0
    sales = [Sale(f"1{n}", {item: 1}) for n, item in enumerate([*erp][4:])]
    world.shop_writes(*sales)
    world.run_well("run", "stock")
    assert _cycle(world, {item: erp[item] for item in [*erp][:4]}, ()) == 6


@pytest.mark.parametrize("kept", ["here", "there"])
def test_a_lost_ledger_begins_where_the_last_publication_was(sold: World, kept: str) -> None:
    sold.erp_writes_stock(levels(10))
    sold.run_well("run", "stock")
    mod, copy = sold.server.root / MOD, sold.data / f"Last_{MOD}"
    for folder in (sold.data, sold.server.root):
        for path in folder.glob("passerelle.*"):
            path.unlink()
    (mod if kept == "here" else copy).unlink()
    assert publishes(sold, 6) == 6
    assert "6 lines in stock instead of 10" in sold.trace(2)
    if kept == "here":
        shutil.copy(copy, mod)
    assert publishes(sold, 8) == 0


def test_an_order_file_that_is_too_old_holds_where_that_is_asked_for(world: World) -> None:
    import os
    import time

    world.shop_writes(Sale("1", {"9": 1}))
    old = time.time() - 7200
    os.utime(world.server.root / "commandes.csv", (old, old))
    assert publishes(world, 10) == 0
    with (world.folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write('[stock.guards]\norders_max_age = "1h"\n')
    assert publishes(world, 10) == 6
    assert "the order file is 120 minutes old, more than orders_max_age allows (60)" in (
        world.trace(2)
    )
