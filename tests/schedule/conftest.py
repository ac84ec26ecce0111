"""A machine with a Task Scheduler: a ``schtasks`` on the path."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

SCRIPT = Path(__file__).with_name("schtasks.py")


@dataclass(frozen=True)
class Windows:
    """What the Task Scheduler holds, and what it was asked."""

    folder: Path

    def calls(self) -> list[list[str]]:
        path = self.folder / "calls.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line.split("\t") for line in lines]

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.xml"))

    def task(self, run: str) -> etree._Element:
        return etree.fromstring((self.folder / f"Passerelle-{run}.xml").read_bytes())

    def set(self, name: str, value: str = "") -> None:
        """``result``: what the last start ended with; ``refused``, ``silent``: how it behaves."""
        (self.folder / name).write_text(value, encoding="ascii")


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Windows:
    folder, path = tmp_path / "tasks", tmp_path / "bin"
    folder.mkdir()
    path.mkdir()
    program = path / "schtasks"
    # Not the script itself: a first line cannot hold every path.
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -IS "{SCRIPT}" "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("SCHTASKS_FOLDER", str(folder))
    return Windows(folder)
