"""A pool's life by chance, through the program: quantities are right whatever happens."""

import random
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from tests import scale
from tests.pools import PoolShop, PoolWorld, make_pool
from tests.servers.fixtures import NewServer

ITEMS = [str(3700000000000 + n) for n in range(6)]
EDITED = ITEMS[4:]


class Life:
    """Shops that sell, cancel, are edited, export and import when they like."""

    def __init__(self, pool: PoolWorld, seed: int) -> None:
        self.pool, self.chance = pool, random.Random(seed)
        self.shelf = dict.fromkeys(ITEMS, 100)
        self.orders = 0

    def shop(self) -> PoolShop:
        return self.chance.choice([*self.pool.shops.values()])

    def sell(self) -> None:
        shop, item, quantity = self.shop(), self.chance.choice(ITEMS[:4]), self.chance.randint(1, 3)
        self.orders += 1
        shop.sells(str(self.orders), item, quantity)
        self.shelf[item] -= quantity

    def cancel(self) -> None:
        shop = self.shop()
        paid = [id for id, order in shop.orders.items() if order[3] != "Annulé"]
        if paid:
            id = self.chance.choice(paid)
            shop.cancels(id)
            _date, item, quantity, _status = shop.orders[id]
            self.shelf[item] += int(quantity)

    def export(self) -> None:
        self.shop().writes()

    def take(self) -> None:
        self.shop().takes()

    def lose(self) -> None:
        """An import deletes the file without having read it."""
        self.shop().waiting.unlink(missing_ok=True)

    def run(self) -> None:
        assert self.pool.run("run", "pool").exit_code == 0

    def run_without_one(self) -> None:
        root = self.shop().server.root
        away = root.rename(root.with_name("away"))
        # A folder that is gone may be a share that is not mounted.
        assert self.pool.run("run", "pool").exit_code in (4, 6)
        away.rename(root)

    def look(self) -> None:
        self.pool.run("run", "pool", "--dry-run")

    def edit(self) -> None:
        """Somebody counts an item, once all is quiet; nothing else happens to it meanwhile."""
        self.rest()
        shop, item = self.shop(), self.chance.choice(EDITED)
        level = self.chance.randint(0, 300)
        self.shelf[item] = level
        shop.levels[item] = level
        for _ in range(2):
            self.pool.all_write()
            self.run()

    def rest(self) -> None:
        for _ in range(4):
            self.pool.cycle()

    def assert_quantities_are_right(self) -> None:
        self.rest()
        for item, level in self.shelf.items():
            assert self.pool.levels(item) == [level] * 3, item


@pytest.mark.parametrize("seed", range(scale.pick(1, 4, 40)))
def test_whatever_happens_between_two_runs_every_shop_shows_what_is_there(
    tmp_path: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)  # between two tries
    pool = make_pool(tmp_path, [new_server(kind) for kind in ("folder", "ftp", "sftp")])
    for shop in pool.shops.values():
        shop.levels = dict.fromkeys(ITEMS, 100)
    pool.configure(pool="max_drop = 1.0\nmax_change = 1.0")
    pool.join_all()
    life = Life(pool, seed)
    deeds = [
        *(life.sell, life.sell, life.sell, life.cancel, life.export, life.export, life.take),
        *(life.take, life.lose, life.run, life.run, life.run_without_one, life.look),
    ]
    for number in range(40):
        life.chance.choice(deeds)()
        if number % 20 == 19:
            life.edit()
    life.assert_quantities_are_right()
