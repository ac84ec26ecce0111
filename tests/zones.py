"""This machine elsewhere on Earth: its local time, for as long as a test takes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Skips the test on Windows, which takes its zone from the system alone."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone is the machine's on Windows")
    try:
        with mock.patch.dict(os.environ, {"TZ": name}):
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.fixture
def paris() -> Iterator[None]:
    """This machine's clock goes as in Paris."""
    with in_zone("Europe/Paris"):
        yield
