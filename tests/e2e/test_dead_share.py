"""A share that died: the run ends with its time limit, and says so; others see nothing half."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from passerelle.remotes import folder
from passerelle.runs import withdrawing
from tests.world import Sale, World


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From now on, whoever looks at a file of the share waits for a long time."""
    awake = threading.Event()
    monkeypatch.setattr(folder, "_entry", lambda _path: awake.wait(30))
    monkeypatch.setattr(withdrawing, "PATIENCE", timedelta(milliseconds=500))
    yield
    awake.set()


@pytest.mark.parametrize("command", ["run orders", "run stock"])
@pytest.mark.usefixtures("asleep")
def test_a_run_ends_with_its_time_limit(world: World, command: str) -> None:
    world.configure(top='time_limit = "500ms"')
    world.shop_writes(Sale("1", {"370": 1}))
    world.erp_writes_stock({"370": 3})
    result = world.run(*command.split())
    assert (result.exit_code, "the run took too long" in result.stderr) == (4, True), result
    assert world.xmls() == []
