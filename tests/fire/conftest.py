"""Fixtures of the tests under fire."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fire.life import Life
from tests.fire.outside import Outside

Note = Callable[[str], None]


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Keeps a figure for the summary at the end."""
    return lambda text: record_property("figure", text)


@pytest.fixture
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outside]:
    """A server of the parametrized kind in another process."""
    home = tmp_path / "home"
    home.mkdir()
    server = Outside(request.param, home)
    yield server
    server.kill()


@pytest.fixture
def new_life(outside: Outside, tmp_path: Path) -> Callable[[], Life]:
    """Fresh lives on that server, one after the other."""
    count = iter(range(1_000_000))
    return lambda: Life(tmp_path / str(next(count)), outside.house.new_base())
