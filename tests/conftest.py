"""Fixtures and options that every room of the tests may use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from passerelle.base.language import speak
from tests import scale

# Whoever runs the tests, the program speaks English to them unless a test says otherwise.
os.environ["LANGUAGE"] = "en"
for name in ("PASSERELLE_CONFIG", "LC_ALL", "LC_MESSAGES"):
    os.environ.pop(name, None)
# The tests wait for a disk a quarter of their time. Children and servers follow.
MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH = 2_000_000_000
has_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
if has_memory and "TMPDIR" not in os.environ:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

pytest_plugins = ["tests.servers.fixtures", "tests.zones"]

# The same cases in every run: a fault that chance finds is found at the long scale, and kept.
settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("searching", settings.get_profile("steady"), derandomize=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scale",
        choices=scale.SCALES,
        default=scale.SCALES[0],
        help="how much is tried: each promise once; real servers, a browser and fire too; all",
    )


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some test always waits for a server or a child."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    scale.choose(config.getoption("--scale"))
    settings.load_profile(scale.pick("steady", "steady", "searching"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    due, left = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        names = ("scale", "realserver", "realodoo")
        marks = [mark for mark in item.iter_markers() if mark.name in names]
        (due if scale.is_due(marks) else left).append(item)
    items[:] = due
    config.hook.pytest_deselected(items=left)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """No test finds what another left behind: language, environment, current folder."""
    environment, folder = os.environ.copy(), Path.cwd()
    speak("en")
    yield
    if os.environ != environment:
        os.environ.clear()
        os.environ.update(environment)
    os.chdir(folder)
    speak("en")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that the tests have kept, for docs/reliability.md."""
    reports = terminalreporter.stats.get("passed", [])
    figures = [value for r in reports for name, value in r.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.write_line(figure)
