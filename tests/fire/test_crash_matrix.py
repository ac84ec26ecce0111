"""SIGKILL at every system call that changes the world, then a normal run: nothing lost."""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fire.conftest import Note
from tests.fire.life import Life, SalesLife
from tests.fire.outside import Outside
from tests.fire.strace import Call, kill_before, needs_strace, record

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

NewLife = Callable[[], Life]
_FEW = 7


def chosen(calls: list[Call], *, is_long: bool) -> list[Call]:
    """All of them, or a few that are spread over the run, never twice of one kind."""
    if is_long:
        return calls
    kinds = list({(call.name, call.about): call for call in reversed(calls)}.values())
    return kinds[:: max(1, len(kinds) // _FEW)][:_FEW]


def assert_struck(killed: int, planned: int) -> None:
    """A call or two may not come again: threads do not always take the same turns."""
    assert killed >= planned - max(1, planned // 10), "the harness must strike"


@needs_strace
@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_any_call_a_run_of_orders_loses_and_doubles_nothing(
    outside: Outside, new_life: NewLife, is_long: bool, note: Note
) -> None:
    calls = record(("run", "orders"), new_life().world.folder)
    killed = 0
    for number, call in enumerate(chosen(calls, is_long=is_long)):
        life = new_life()
        result = kill_before(call, ("run", "orders"), life.world.folder)
        killed += result.exit_code == -signal.SIGKILL
        assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
        if number % 2:
            life.erp_takes()
        life.new_orders()
        life.assert_nothing_lost_nothing_doubled()
    assert_struck(killed, len(chosen(calls, is_long=is_long)))
    note(f"orders, {outside.house.kind}: killed at {killed} of {len(calls)} system calls")


@needs_strace
@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_any_call_a_run_of_stock_leaves_a_whole_file_or_none(
    outside: Outside, new_life: NewLife, is_long: bool, note: Note
) -> None:
    first = new_life()
    first.assert_the_shop_sells_what_it_has()
    calls = record(("run", "stock"), first.world.folder)
    killed = 0
    for call in chosen(calls, is_long=is_long):
        life = new_life()
        life.assert_the_shop_sells_what_it_has()
        life.new_orders()
        result = kill_before(call, ("run", "stock"), life.world.folder)
        killed += result.exit_code == -signal.SIGKILL
        assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
        life.assert_stock_is_whole_or_absent()
        life.assert_the_shop_sells_what_it_has()
    assert_struck(killed, len(chosen(calls, is_long=is_long)))
    note(f"stock, {outside.house.kind}: killed at {killed} of {len(calls)} system calls")


@needs_strace
@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_any_call_a_run_that_issues_sales_loses_and_doubles_none(
    outside: Outside, tmp_path: Path, is_long: bool, note: Note
) -> None:
    count = iter(range(1_000_000))

    def new_life() -> SalesLife:
        return SalesLife(tmp_path / str(next(count)), outside.house.new_base())

    calls = record(("run", "orders"), new_life().world.folder)
    about_sales = [call for call in calls if "vente_" in call.about] if not is_long else []
    # The few that are tried at random anyway are not enough to meet the sales' own calls.
    tried = list(dict.fromkeys((*chosen(calls, is_long=is_long), *about_sales[::3][:_FEW])))
    killed = 0
    for number, call in enumerate(tried):
        life = new_life()
        result = kill_before(call, ("run", "orders"), life.world.folder)
        killed += result.exit_code == -signal.SIGKILL
        assert result.exit_code in (-signal.SIGKILL, 0), (call, result)
        if number % 2:
            life.erp_takes()
        life.new_orders()
        life.assert_nothing_lost_nothing_doubled()
    assert_struck(killed, len(tried))
    note(f"sales, {outside.house.kind}: killed at {killed} of {len(calls)} system calls")


@pytest.mark.parametrize("outside", ["ftp", "sftp"], indirect=True)
def test_killed_at_random_moments_while_orders_arrive_nothing_is_lost_or_doubled(
    outside: Outside, new_life: NewLife, is_long: bool, note: Note
) -> None:
    life, chance, killed = new_life(), random.Random(20261122), 0
    _run_until(life, 60)
    started = time.monotonic()
    _run_until(life, 60)
    usual = time.monotonic() - started
    wanted = 600 if is_long else 12
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
    """Runs the program in a child that has its modules loaded; whether it had to be killed."""
    child = _FORKING.Process(target=_run, args=(("run", run), life.world.folder))
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return bool(child.exitcode == -signal.SIGKILL)


def _run(args: tuple[str, ...], folder: Path) -> None:
    from passerelle.__main__ import main

    os.chdir(folder)
    sys.argv = ["passerelle", *args]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stderr = nowhere
        main()


_LOADED = ["passerelle.cli", "passerelle.runs.orders", "passerelle.runs.stock", "paramiko"]
if sys.platform != "win32":
    _FORKING = multiprocessing.get_context("forkserver")
    _FORKING.set_forkserver_preload(_LOADED)
