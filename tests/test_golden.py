"""Every golden pair comes out byte for byte as expected; see tests/golden/__init__.py."""

import time
from collections.abc import Mapping
from difflib import unified_diff

import pytest

from tests.golden import REGENERATE, Pair, cases, pairs
from tests.golden.stories import Story
from tests.servers.postgresql import PostgreSql


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_the_files_come_out_as_expected(case: Pair | Story) -> None:
    if isinstance(case, Story) and not hasattr(time, "tzset"):
        pytest.skip("the zone is the machine's on Windows")
    difference = diff(case.expected(), case.actual())
    if difference:
        pytest.fail(
            f"{case.name}:\n{difference}\nIf the new output is what it must be: {REGENERATE}",
            pytrace=False,
        )


@pytest.mark.realserver
@pytest.mark.parametrize(
    "story", [one for one in cases() if isinstance(one, Story)], ids=lambda one: one.name
)
def test_a_story_ends_the_same_on_postgresql(story: Story, postgresql: PostgreSql) -> None:
    place = postgresql.new_place()
    lines = [f'ledger = "{place.url}"', f'ledger_schema = "{place.schema}"']
    # Which the expected files show in their folder.
    lines.append('archive.store = "folder"')
    difference = diff(story.expected(), story.actual("\n".join((*lines, ""))))
    if difference:
        pytest.fail(f"{story.name}:\n{difference}", pytrace=False)


@pytest.mark.parametrize("kind", ["orders", "stock", "pool", "columns"])
def test_there_are_pairs_of_each_kind(kind: str) -> None:
    assert len([pair for pair in pairs() if pair.folder.parent.name == kind]) >= 8


def test_a_difference_is_told_line_by_line() -> None:
    told = diff({"expected.csv": b"a;1\r\nb;2\r\n"}, {"expected.csv": b"a;1\r\nb;0\n"})
    assert told.splitlines() == [
        "--- expected.csv",
        "+++ expected.csv as it is made now",
        "@@ -1,2 +1,2 @@",
        r" a;1\r",
        r"-b;2\r",
        "+b;0",
    ]


def test_a_file_too_many_or_too_few_is_a_difference() -> None:
    assert "-a;1" in diff({"expected.csv": b"a;1\n"}, {})
    assert "+a;1" in diff({}, {"expected.csv": b"a;1\n"})


def diff(expected: Mapping[str, bytes], actual: Mapping[str, bytes]) -> str:
    """What differs, readable even where only line ends do."""
    lines: list[str] = []
    for name in sorted(expected.keys() | actual.keys()):
        before, after = (shown(files.get(name, b"")) for files in (expected, actual))
        lines += unified_diff(before, after, name, f"{name} as it is made now", lineterm="")
    return "\n".join(lines)


def shown(data: bytes) -> list[str]:
    text = data.decode("utf-8", "backslashreplace").replace("\r", r"\r")
    lines = text.split("\n")
    return lines if lines.pop() == "" else [*text.split("\n")[:-1], r"(the last line does not end)"]
