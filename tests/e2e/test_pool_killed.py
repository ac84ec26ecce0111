"""SIGKILL at each step of a run of the pool, then normal runs: quantities are right."""

from pathlib import Path

import pytest

from tests import scale
from tests.e2e.members import copy_of, join_once
from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import Houses, NewServer

BOOK = "passerelle.ledger.pool:PoolBook"
FILES = "passerelle.ledger.outbox:DispatchBook"
REMOTE = "passerelle.remotes:RetryingRemote"
STEPS = [(BOOK, "book"), (FILES, "prepare_pool"), (REMOTE, "store"), (FILES, "stage"),
         (REMOTE, "replace"), (FILES, "send")]  # fmt: skip
WHEN = [("before", *STEPS[0]), *(("after", *step) for step in STEPS)]
A, B, C = "3700000000000", "3700000000001", "3700000000002"


@pytest.mark.parametrize("step", WHEN, ids=" ".join)
def test_a_join_that_was_killed_goes_on(
    tmp_path: Path, new_server: NewServer, step: tuple[str, ...]
) -> None:
    pool = make_pool(tmp_path, [new_server("folder") for _ in range(2)], ("fr", "be"))
    pool["be"].levels[A] = 7
    pool["be"].sells("1", A, 5)
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool.dies(step, "pool", "accept", "be")
    if "asked" in pool.run_well("pool", "status"):
        pool.run_well("pool", "accept", "be")
    pool["be"].sells("2", B, 4)
    for _ in range(2):
        pool.cycle()
    assert pool.levels(A) == [100, 100]
    assert pool.levels(B) == [96, 96]
    pool["be"].sells("3", A)
    pool.cycle()
    assert pool.levels(A) == [99, 99]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be")


# On a server that forbids renaming, a file is promised before its upload begins.
DIRECT = [("after", *step) for step in STEPS if step[1] not in ("stage", "replace")]


@pytest.mark.parametrize(
    "taken", [False, pytest.param(True, marks=scale.only("ci"))], ids=["still waiting", "taken"]
)
@pytest.mark.parametrize("step", DIRECT, ids=" ".join)
def test_killed_where_renaming_is_forbidden_every_sale_is_counted_once(
    joined: PoolWorld, tmp_path: Path, new_server: NewServer, step: tuple[str, ...], taken: bool
) -> None:
    pool = copy_of(joined, tmp_path, new_server)
    path = pool.folder / "config.toml"
    text = path.read_text("utf-8").replace('settle = "0s"', 'settle = "0s"\npublish = "direct"')
    path.write_text(text, encoding="utf-8")
    pool["be"].sells("1", A, 3)
    pool.all_write()
    pool.dies(step, "run", "pool")
    if taken:
        pool.all_take()
    pool["fr"].sells("2", A, 2)
    for _ in range(2):
        pool.cycle()
    assert pool.levels(A) == [95, 95]
