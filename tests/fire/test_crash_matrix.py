"""SIGKILL at every system call that changes the world, then normal runs: nothing lost."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.zort import FakeZort, ZortProduct
from tests import forking, scale
from tests.fire.conftest import Note
from tests.fire.life import Life, PoolLife, SalesLife
from tests.fire.outside import Outside
from tests.fire.strace import Call, kill_before, needs_strace, record
from tests.servers.connectors import FakeOdooHandle
from tests.syncs import SyncWorld

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

on_servers = pytest.mark.parametrize(
    "outside", ["ftp", pytest.param("sftp", marks=scale.only("ci"))], indirect=True
)


@dataclass(frozen=True)
class Subject:
    """A run that is killed: its world as it is before, and what must be true at the end.

    ``about`` is in the names of what this run alone does: some of the calls must be on that.
    """

    new: type[Life | PoolLife]
    prepare: Callable[[Any], object]
    make_good: Callable[[Any, int], object]
    about: str = ""


def _orders_make_good(life: Life, number: int) -> None:
    if number % 2:
        life.erp_takes()
    life.new_orders()
    life.assert_nothing_lost_nothing_doubled()


def _sell_before_the_stock(life: Life) -> None:
    life.assert_the_shop_sells_what_it_has()
    life.new_orders()


def _stock_makes_good(life: Life, _number: int) -> None:
    life.assert_stock_is_whole_or_absent()
    life.assert_the_shop_sells_what_it_has()


def _pool_makes_good(life: PoolLife, _number: int) -> None:
    life.some_take()
    life.sell(2)
    life.assert_quantities_are_right()


SUBJECTS = {
    "orders": Subject(Life, lambda life: None, _orders_make_good, "commandes_"),
    "stock": Subject(Life, _sell_before_the_stock, _stock_makes_good, "ExportCSVmod"),
    "sales": Subject(SalesLife, lambda life: None, _orders_make_good, "vente_"),
    "pool": Subject(PoolLife, lambda life: life.sell(3), _pool_makes_good, "-import"),
}


def chosen(calls: list[Call], about: str) -> list[Call]:
    """All of them, or a few that are spread over the run, never twice of one kind."""
    few = scale.pick(1, 16, len(calls))
    if few == len(calls):
        return calls
    kinds = list({(call.name, call.about): call for call in reversed(calls)}.values())
    own = [call for call in kinds if about in call.about]
    return list(dict.fromkeys(spread(kinds, few) + spread(own, scale.pick(1, 2, 2))))


def spread(calls: list[Call], few: int) -> list[Call]:
    return calls[:: max(1, len(calls) // few)][:few]


@needs_strace
@on_servers
@pytest.mark.parametrize("name", SUBJECTS)
def test_killed_at_any_call_a_run_loses_and_doubles_nothing(
    outside: Outside, tmp_path: Path, name: str, note: Note
) -> None:
    subject, args = SUBJECTS[name], ("run", "orders" if name == "sales" else name)
    folders = (tmp_path / str(number) for number in range(1_000_000))
    calls = record(args, begin(subject, next(folders), outside).folder)
    tried, killed = chosen(calls, subject.about), 0
    for number, call in enumerate(tried):
        life = begin(subject, next(folders), outside)
        result = kill_before(call, args, life.folder)
        killed += result.exit_code == -signal.SIGKILL
        assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
        subject.make_good(life, number)
    # A call or two may not come again: threads do not always take the same turns.
    assert killed >= len(tried) - max(1, len(tried) // 10), "the harness must strike"
    note(f"{name}, {outside.house.kind}: killed at {killed} of {len(calls)} system calls")


def begin(subject: Subject, folder: Path, outside: Outside) -> Any:
    life: Any = subject.new(folder, *(outside.house.new_base() for _ in range(subject.new.shops)))
    subject.prepare(life)
    return life


@needs_strace
def test_killed_at_any_call_a_sync_writes_each_level_once(tmp_path: Path, note: Note) -> None:
    """Its promise, its write and its reading back are among them; two batches."""
    args, folders = ("run", "sync"), (tmp_path / str(number) for number in range(1_000_000))
    with ExitStack() as stack:
        calls = record(args, _a_sync(next(folders), stack).folder)
    tried, killed = chosen(calls, "passerelle.db"), 0
    for call in tried:
        with ExitStack() as stack:
            world = _a_sync(next(folders), stack)
            result = kill_before(call, args, world.folder)
            killed += result.exit_code == -signal.SIGKILL
            assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
            for _ in range(3):
                world.later(minutes=10)
                world.run(*args, expected=(0, 4))
            moves = [[change for _mark, change in world.odoo.moves(one)] for one in world.ids]
            assert moves == [[5.0], [-5.0], [1.5]], (call, world.jobs())
            assert world.states()[0] == "done", (call, world.jobs())
    assert killed >= len(tried) - max(1, len(tried) // 10), "the harness must strike"
    note(f"sync: killed at {killed} of {len(calls)} system calls")


def _a_sync(folder: Path, stack: ExitStack) -> SyncWorld:
    products = [ZortProduct("A-1", "10"), ZortProduct("B-2", "0"), ZortProduct("C-3", "2.5")]
    zort, odoo = stack.enter_context(FakeZort(products)), stack.enter_context(FakeOdoo())
    folder.mkdir()
    world = SyncWorld(folder, zort, FakeOdooHandle(odoo))
    levels = (("A-1", 5.0), ("B-2", 5.0), ("C-3", 1.0))
    world.ids = [world.odoo.add_product(sku, level) for sku, level in levels]
    world.write(batch=2, max_drop=1.0, max_change=1.0)
    return world


@scale.only("ci")
@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_random_moments_while_orders_arrive_nothing_is_lost_or_doubled(
    outside: Outside, tmp_path: Path, note: Note
) -> None:
    life, chance, killed = Life(tmp_path, outside.house.new_base()), random.Random(20261122), 0
    _run_until(life, 600)
    started = time.monotonic()
    _run_until(life, 600)
    usual = time.monotonic() - started
    wanted = scale.pick(0, 12, 600)
    while killed < wanted:
        life.new_orders(chance.randint(0, 2))
        killed += _run_until(life, chance.uniform(0, usual), chance.choice(("orders", "stock")))
        if chance.random() < 0.3:
            life.erp_takes()
        life.assert_stock_is_whole_or_absent()
        if chance.random() < 0.1:
            life.assert_nothing_lost_nothing_doubled()
            life.assert_the_shop_sells_what_it_has()
    life.assert_nothing_lost_nothing_doubled()
    kind = outside.house.kind
    note(f"{kind}: killed at {killed} random moments, {len(life.sales)} orders arrived meanwhile")


def _run_until(life: Life, seconds: float, run: str = "orders") -> bool:
    """Runs the program in a child; whether it had to be killed."""
    with Path(os.devnull).open("r+b") as nowhere:
        streams = (nowhere.fileno(),) * 3
        child = forking.start(
            "passerelle", ("run", run), cwd=life.world.folder, env=os.environ, streams=streams
        )
        child.wait(seconds)
        child.kill()
    code = child.wait()
    assert code in (0, -signal.SIGKILL), code
    return code == -signal.SIGKILL
