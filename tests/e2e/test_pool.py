"""One stock, several shops: what `run pool` promises, on folders."""

from pathlib import Path

import pytest

from tests.pools import PoolWorld, ago, make_pool
from tests.servers.fixtures import NewServer

A, B, C = "3700000000000", "3700000000001", "3700000000002"


@pytest.fixture
def pool(tmp_path: Path, new_server: NewServer) -> PoolWorld:
    world = make_pool(tmp_path, [new_server("folder") for _ in range(3)])
    world.join_all()
    return world


def test_a_sale_in_one_shop_shows_in_all_after_the_next_run(pool: PoolWorld) -> None:
    pool["be"].sells("7", A)
    text = pool.cycle()
    assert f"{A}: 100 -> 99 (order 7 in be)" in text
    assert pool.levels(A) == [99, 99, 99]
    assert "nothing to write" in pool.cycle()
    assert pool.levels(A) == [99, 99, 99]
