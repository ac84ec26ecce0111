"""Every kind of server tells how far a transfer is, to the byte."""

import pytest

from passerelle.base import progress
from passerelle.base.deadline import Deadline
from passerelle.base.errors import NotFoundError
from passerelle.base.progress import Step, each, moved, step
from passerelle.remotes import open_remote
from tests.servers import RunningServer

DATA = bytes(range(256)) * 1000


class Counter(progress._Screen):
    """Draws nothing, and remembers every step that ended."""

    def __init__(self) -> None:
        self._steps, self.ended = list[Step](), list[Step]()

    def enter(self, step: Step) -> None:
        self._steps.append(step)

    def leave(self) -> None:
        self.ended.append(self._steps.pop())

    def transfers(self) -> list[tuple[str, int | None, int]]:
        return [(step.text, step.total, step.done) for step in self.ended if step.unit == "bytes"]


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter()
    monkeypatch.setattr(progress, "_screen", counter)
    return counter


def test_a_transfer_counts_what_moved_and_a_failure_ends_its_step(
    server: RunningServer, deadline: Deadline, counter: Counter
) -> None:
    remote = open_remote("shop", server.server(), deadline)
    with pytest.raises(NotFoundError):
        remote.fetch("absent.csv")
    remote.store("été.csv", DATA)
    remote.stat("été.csv")
    assert remote.fetch("été.csv") == DATA
    remote.close()
    assert counter.transfers() == [
        ("fetching shop:absent.csv", None, 0),
        ("sending shop:été.csv", len(DATA), len(DATA)),
        ("fetching shop:été.csv", len(DATA), len(DATA)),
    ]
    assert "waiting for shop" in {step.text for step in counter.ended}
    assert counter._steps == []


def test_getting_each_item_is_a_step_and_using_it_is_none(counter: Counter) -> None:
    assert [len(counter._steps) for _ in each("counting", range(3))] == [0, 0, 0]
    assert [step.text for step in counter.ended] == ["counting"] * 4


def test_without_anybody_who_looks_nothing_is_counted() -> None:
    with step("nobody looks"):
        moved(1)
    assert list(each("nobody looks", "ab")) == ["a", "b"]
