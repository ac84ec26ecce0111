"""Joining the pool, and leaving it."""

from pathlib import Path

import pytest

from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import NewServer

A, B, C = "3700000000000", "3700000000001", "3700000000002"


@pytest.fixture
def pool(tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """Three shops of which none takes part yet."""
    return make_pool(tmp_path, [new_server("folder") for _ in range(3)])


def test_what_the_newcomer_sold_before_moves_nothing_and_what_it_sells_then_counts(
    pool: PoolWorld,
) -> None:
    pool["be"].sells("1", A, 30)
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool["be"].sells("2", A, 30)
    pool.all_write()
    pool.run_well("pool", "accept", "be")
    pool["be"].sells("3", A, 2)
    pool.all_take()
    pool.cycle()
    pool.cycle()
    assert pool.levels(A)[:2] == [98, 98]


def test_while_a_join_runs_the_shop_gets_nothing_else(pool: PoolWorld) -> None:
    pool.cycle()
    pool["be"].levels[A] = 7
    pool.all_write()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool.run_well("pool", "accept", "be")
    first = pool["be"].waiting.read_bytes()
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    assert pool["be"].waiting.read_bytes() == first
    assert "joining" in pool.run_well("pool", "status")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A)[:2] == [99, 99]
    assert "joining" not in pool.run_well("pool", "status")


def test_a_third_shop_joins_through_any_member(pool: PoolWorld) -> None:
    pool["nl"].levels[A] = 3
    pool.cycle()
    for name, via in (("be", "fr"), ("nl", "be")):
        pool.run_well("pool", "join", name, "--via", via)
        pool.run_well("pool", "accept", name)
        pool.all_take()
        pool.cycle()
    pool["nl"].sells("1", A)
    pool.cycle()
    assert pool.levels(A) == [99, 99, 99]


def test_a_shop_that_leaves_keeps_its_levels_and_may_come_back(pool: PoolWorld) -> None:
    pool.join_all()
    assert "be has left the pool" in pool.run_well("pool", "leave", "be")
    pool["fr"].sells("1", A)
    pool["be"].sells("2", A, 5)
    pool.cycle()
    assert pool.levels(A) == [99, 95, 99]
    pool.run_well("pool", "join", "be", "--via", "nl")
    pool.run_well("pool", "accept", "be")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [99, 99, 99]
    pool["be"].sells("3", A)
    pool.cycle()
    assert pool.levels(A) == [98, 98, 98]


def test_when_all_have_left_whoever_begins_again_brings_the_levels(pool: PoolWorld) -> None:
    pool.join_all()
    for name in pool.shops:
        pool.run_well("pool", "leave", name)
    pool["nl"].levels[A] = 42
    pool["be"].levels[A] = 1
    pool.all_write()
    assert "no shop takes part" in pool.run_well("run", "pool")
    told = pool.run_well("pool", "join", "be", "--via", "nl")
    assert "nl begins the pool" in told
    pool.run_well("pool", "accept", "be")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [100, 42, 42]


def test_an_accept_that_cannot_read_the_newcomer_is_asked_again(pool: PoolWorld) -> None:
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    away = pool["be"].server.root.with_name("away")
    pool["be"].server.root.rename(away)
    assert pool.run("pool", "accept", "be").exit_code == 4
    away.rename(pool["be"].server.root)
    pool.run_well("pool", "accept", "be")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("join", "de", "--via", "fr"), "no shop is named de: config.toml: its shops are: fr"),
        (("join", "fr", "--via", "fr"), "fr cannot join through itself"),
        (("join", "be", "--via", "nl"), "nl is no member of the pool: --via: name one of these"),
        (("accept", "be"), "be has not asked to join: `passerelle pool join be --via MEMBER`"),
        (("leave", "be"), "be takes no part in the pool"),
    ],
)
def test_what_cannot_be_done_says_what_can(
    pool: PoolWorld, words: tuple[str, ...], told: str
) -> None:
    pool.cycle()
    result = pool.run("pool", *words)
    assert result.exit_code == 2
    assert told in result.stderr
