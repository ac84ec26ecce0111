"""The house keeps its shape: imports run downward only, and the pure rooms stay pure."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "passerelle"

# Lowest first. A room imports only from rooms in layers below its own.
LAYERS = (
    ("__init__", "language"),
    ("errors",),
    ("reading", "sales", "deadline", "durable"),
    ("config",),
    ("csv_to_xml", "stock_csv_fix", "verdict", "stock_guards", "redaction"),
    ("ledger", "remotes", "archive", "trace", "lock"),
    ("missed_sales", "witness", "retention", "schedule"),
    ("health",),
    ("alerts",),
    ("dispatch", "sources"),
    ("gateway",),
    ("runs",),
    ("steering", "rehearsal", "stock_why", "erasure", "checks", "status"),
    ("demo",),
    ("cli",),
    ("__main__",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

PURE = (
    "csv_to_xml",
    "stock_csv_fix",
    "verdict",
    "stock_guards",
    "missed_sales",
    "redaction",
    "sales",
    "reading",
)
# Files, clocks, logs, chance, other processes.
IMPURE_MODULES = {"os", "pathlib", "shutil", "tempfile", "socket", "subprocess", "time", "random",
                  "logging", "loguru", "sqlalchemy", "urllib"}  # fmt: skip
IMPURE_NAMES = {"open", "print", "input"}
IMPURE_METHODS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "now", "utcnow",
                  "today", "sleep", "to_csv"}  # fmt: skip

HEAVY = ("pandas", "numpy", "paramiko", "keyring", "rich", "apprise", "jinja2")

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules_of(room: str) -> list[Path]:
    return [path for path in MODULES if room_of(path) == room]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The names of all modules that a module imports, wherever in it, with their lines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: write imports out in full"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def rooms_used(path: Path) -> Iterator[tuple[int, str]]:
    """The rooms that a module imports from; the package itself is the room ``__init__``."""
    for line, name in imported(path):
        package, _, rest = name.partition(".")
        if package == "passerelle":
            room = rest.partition(".")[0]
            yield line, room if room in LEVEL else "__init__"


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in MODULES} == LEVEL.keys()


@pytest.mark.parametrize("room", LEVEL)
def test_imports_run_downward_only(room: str) -> None:
    upward = [
        f"{path.relative_to(PACKAGE)}:{line}: {room} imports {used}"
        for path in modules_of(room)
        for line, used in rooms_used(path)
        if used != room and LEVEL[used] >= LEVEL[room]
    ]
    assert upward == []


@pytest.mark.parametrize("room", PURE)
def test_the_pure_rooms_open_no_file_read_no_clock_and_say_nothing(room: str) -> None:
    assert [impurity for path in modules_of(room) for impurity in impurities(path)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os.path", "os"),
        ("from pathlib import Path", "pathlib"),
        ("def f():\n    from loguru import logger", "loguru"),
        ("open('x')", "open"),
        ("print(1)", "print"),
        ("p.read_text()", "read_text"),
        ("datetime.now(UTC)", "now"),
        ("date.today()", "today"),
    ],
)
def test_an_impurity_is_found(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "room.py"
    path.write_text(text, encoding="utf-8")
    assert [impurity.rpartition(" ")[2] for impurity in impurities(path)] == [found]


def impurities(path: Path) -> Iterator[str]:
    for line, name in imported(path):
        if name.partition(".")[0] in IMPURE_MODULES:
            yield f"{path.name}:{line}: imports {name.partition('.')[0]}"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_NAMES:
                yield f"{path.name}:{node.lineno}: calls {called.id}"
            if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
                yield f"{path.name}:{node.lineno}: calls {called.attr}"


@pytest.mark.parametrize("module", ["passerelle.runs.orders", "passerelle.cli"])
def test_a_run_of_orders_pays_for_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=PACKAGE.parent,
        encoding="utf-8",
    )
    assert done.stdout.split() == []
