"""SIGKILL at every system call of a run of the pool, then normal runs: quantities are right."""

import itertools
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fire.conftest import Note
from tests.fire.outside import Outside
from tests.fire.strace import kill_before, needs_strace, record
from tests.fire.test_crash_matrix import assert_struck, chosen
from tests.pools import make_pool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

ITEMS = [str(3700000000000 + n) for n in range(10)]
NewPool = Callable[[], "Life"]


class Life:
    """A pool, and what is really on the shelves."""

    def __init__(self, folder: Path, outside: Outside) -> None:
        self.pool = make_pool(folder, [outside.house.new_base() for _ in range(3)])
        for shop in self.pool.shops.values():
            shop.levels = dict.fromkeys(ITEMS, 100_000)
        self.pool.join_all()
        self.shelf = dict.fromkeys(ITEMS, 100_000)
        self._numbers = itertools.count(1)
        self._chance = random.Random(20261122)

    def sell(self, number: int) -> None:
        """So many orders, each in some shop, of a few of some item; all shops export."""
        for _ in range(number):
            shop = self._chance.choice([*self.pool.shops.values()])
            item, quantity = self._chance.choice(ITEMS[:4]), self._chance.randint(1, 3)
            shop.sells(str(next(self._numbers)), item, quantity)
            self.shelf[item] -= quantity
        self.pool.all_write()

    def some_take(self) -> None:
        """Some of the shops import what waits."""
        for shop in self.pool.shops.values():
            if self._chance.random() < 0.5:
                shop.takes()

    def assert_quantities_are_right(self) -> None:
        """After normal half hours every shop shows what is there."""
        for _ in range(4):
            self.pool.cycle()
        for item, level in self.shelf.items():
            assert self.pool.levels(item) == [level] * 3, item


@pytest.fixture
def new_pool(outside: Outside, tmp_path: Path) -> Iterator[NewPool]:
    """Fresh pools on that server, one after the other."""
    numbers = itertools.count()
    yield lambda: Life(tmp_path / f"pool{next(numbers)}", outside)


@needs_strace
@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_any_call_a_run_of_the_pool_counts_every_sale_once(
    outside: Outside, new_pool: NewPool, is_long: bool, note: Note
) -> None:
    first = new_pool()
    first.sell(3)
    calls = record(("run", "pool"), first.pool.folder)
    killed = 0
    for call in chosen(calls, is_long=is_long):
        life = new_pool()
        life.sell(3)
        result = kill_before(call, ("run", "pool"), life.pool.folder)
        killed += result.exit_code == -signal.SIGKILL
        assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
        life.some_take()
        life.sell(2)
        life.assert_quantities_are_right()
    assert_struck(killed, len(chosen(calls, is_long=is_long)))
    note(f"pool, {outside.house.kind}: killed at {killed} of {len(calls)} system calls")


@needs_strace
@pytest.mark.parametrize("outside", ["ftp"], indirect=True)
def test_killed_again_and_again_while_shops_sell_every_sale_is_counted_once(
    outside: Outside, new_pool: NewPool, is_long: bool, note: Note
) -> None:
    life = new_pool()
    life.sell(3)
    calls = record(("run", "pool"), life.pool.folder)
    chance, killed = random.Random(7), 0
    for number in range(300 if is_long else 12):
        life.sell(chance.randint(0, 3))
        result = kill_before(chance.choice(calls), ("run", "pool"), life.pool.folder)
        killed += result.exit_code == -signal.SIGKILL
        life.some_take()
        if number % 6 == 5:
            life.assert_quantities_are_right()
    life.assert_quantities_are_right()
    note(f"pool: killed {killed} times while its shops sold")
