"""The planted faults can be planted; ``python -m tests.planted`` tells whether tests notice."""

import ast
from pathlib import Path

import pytest

from tests.planted import PROMISES, ROOT, Fault, load

FAULTS = load()
ROOMS_OF_RULES = ("passerelle/rules", "passerelle/exchange")


def test_they_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 45


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_it_still_applies(fault: Fault) -> None:
    """Where a text has moved, the fault moves with it: see tests/planted/."""
    ill = fault.planted((ROOT / fault.file).read_text("utf-8"))
    assert fault.old != fault.new
    ast.parse(ill)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_it_says_whom_it_hurts_and_who_should_notice(fault: Fault) -> None:
    assert fault.suffers
    assert fault.promise in PROMISES
    assert all((ROOT / name.partition("::")[0]).exists() for name in _files(fault))


def _files(fault: Fault) -> list[str]:
    """The paths among the arguments for pytest."""
    return [name for name in fault.tests if name.startswith("tests/")]


def test_every_rule_has_one() -> None:
    planted = {fault.file for fault in FAULTS}
    rules = {path for room in ROOMS_OF_RULES for path in (ROOT / room).rglob("*.py")}
    without = {name for path in rules if _decides(path) and (name := _name(path)) not in planted}
    assert not without


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _decides(path: Path) -> bool:
    """Whether a module has any function at all, or only words for others."""
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))
