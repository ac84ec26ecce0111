"""A change at a till rings the runs that ERP and shops hear of it by."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from passerelle.tills import ringing
from passerelle.tills.ringing import Ringer
from tests import scale
from tests.e2e.members import copy_of, join_once
from tests.servers.fixtures import Houses, NewServer
from tests.shell import run_program, running
from tests.tills import PATIENCE, RawTill, create, line
from tests.world import World

A = "3700000000000"
TILLS = '\n[tills]\nlisten = "127.0.0.1:0"\ntls = "off"\n'


def until(happened: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def served(folder: Path, sell: Callable[[RawTill], object], happened: Callable[[], Any]) -> None:
    """Starts the server on this config, has a till do something, and waits for what follows."""
    token = run_program("till", "pair", "A", "--token", cwd=folder).stdout.split()[-1]
    with running("till", "serve", cwd=folder) as server:
        port = int(server.output.readline().split(":")[3].split()[0])
        sell(RawTill("A", token, port))
        until(happened)


def sell(till: RawTill) -> None:
    seen = {"l1": {"qty": "1", "price": "9.90"}}
    paid = [{"method": "cash", "amount": "9.90"}]
    pay = {"op": "pay", "receipt": "A-000001", "payments": paid, "seen": seen}
    shoe = line("l1", ean13=A, qty="1", price="9.90", name="Bottine")
    assert till.ops("o1", create(), shoe, pay).seen == (200, "ok", None)


@scale.only("ci")
def test_what_was_paid_goes_to_the_erp_by_itself(world: World) -> None:
    world.configure(extra=TILLS)
    served(world.folder, sell, world.xmls)
    (xml,) = world.xmls()
    assert b"<reference>A-000001</reference>" in xml.read_bytes()


@scale.only("ci")
def test_what_stands_in_a_draft_goes_off_every_shops_web_by_itself(
    tmp_path_factory: pytest.TempPathFactory,
    houses: Houses,
    tmp_path: Path,
    new_server: NewServer,
) -> None:
    pool = copy_of(join_once(tmp_path_factory, houses, "fr", "be"), tmp_path, new_server)
    pool.configure(more=f'{TILLS}[pool.shops.till]\norders_from = "tills:store"\n')
    pool.cycle()
    assert pool.levels(A) == [100, 100]
    pool.all_write()
    shoes = line("l1", ean13=A, qty="2", price="9.90")

    def draft(till: RawTill) -> None:
        assert till.ops("o1", create(), shoes).status == 200

    def is_off() -> bool:
        pool.all_take()
        return pool.levels(A) == [98, 98]

    served(pool.folder, draft, is_off)


class Rung:
    """A ringer whose runs are noted: ``codes`` are what they end with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *codes: int) -> None:
        for name in ("QUIET_SECONDS", "PAUSE_SECONDS", "_BUSY_SECONDS"):
            monkeypatch.setattr(ringing, name, 0.02)
        self.codes, self.ran, self.said = [*codes], list[str](), list[str]()
        self.ringer = Ringer(("pool", "tills"), Path("config.toml"), self.said.append)
        monkeypatch.setattr(self.ringer, "_carry_out", self._carry_out)

    def _carry_out(self, run: str) -> int:
        self.ran.append(run)
        return self.codes.pop(0) if self.codes else 0

    def play(self, *pauses: float, runs: int) -> None:
        """Rings after each pause; ends once so many runs were started, and no more came."""

        async def watch() -> None:
            watching = asyncio.create_task(self.ringer.watch())
            await asyncio.sleep(0)
            for pause in pauses:
                await asyncio.sleep(pause)
                self.ringer.ring()
            async with asyncio.timeout(PATIENCE):
                while len(self.ran) < runs:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            watching.cancel()

        asyncio.run(watch())


def test_many_changes_ring_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rung = Rung(monkeypatch)
    rung.play(0, 0, 0, runs=2)
    assert (rung.ran, rung.said) == (["pool", "tills"], [])


def test_a_run_that_finds_another_active_comes_again_and_one_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung = Rung(monkeypatch, 7, 7, 0, 4)
    rung.play(runs=4)
    assert rung.ran == ["pool", "pool", "pool", "tills"]
    assert rung.said == ["! run tills ended with exit code 4: `passerelle status` says why"]


@scale.only("ci")
def test_the_program_itself_is_started(tmp_path: Path) -> None:
    """With the config that the server was started with; here one that is none."""
    config = tmp_path / "other.toml"
    config.write_text("nonsense = 1\n", encoding="utf-8")
    assert Ringer((), config, print)._carry_out("tills") == 3
