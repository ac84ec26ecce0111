"""The French screens, as people see them: those in the documentation, and on an old console."""

import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from passerelle.base import language
from tests.shell import run_program

ROOT = Path(__file__).parents[2]
# What the documentation writes for what is different each time.
VARIABLE = {
    r"\d\d/\d\d/\d{4} à \d\d:\d\d": "DATE",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "DATE",
    r"\d{8}_\d{6}": "TIME",
    r"(depuis|prochain à) \d\d:\d\d": r"\1 TIME",
    r"\d+ (seconde|minute|heure|jour)s?": "SPAN",
    r"\u00a0": " ",
}
SHOWN: Mapping[str, Sequence[tuple[str, ...]]] = {
    "README.fr.md": ((),),
    "docs/fr/tous-les-jours.md": (
        ("status",),
        ("orders", "show", "1006"),
        ("stock", "why", "3701234500614"),
    ),
    "docs/fr/installer.md": (("check",),),
}


@pytest.fixture(autouse=True)
def french(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGUAGE", "fr")
    yield
    language.speak("en")


def same_each_time(text: str) -> str:
    for pattern, instead in VARIABLE.items():
        text = re.sub(pattern, instead, text)
    return text


def screens(document: str) -> list[str]:
    """The lines of the screens in a document, without those that stand for others."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```text\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in textwrap.dedent(block).splitlines()]
    return [same_each_time(line) for line in lines if line not in ("", "…")]


def test_the_demo_is_seen_as_the_documentation_shows_it(tmp_path: Path) -> None:
    played = run_program("demo", str(tmp_path / "demo")).text
    config = ("--config", str(tmp_path / "demo" / "config.toml"))
    for document, calls in SHOWN.items():
        told = [run_program(*config, *args).text if args else played for args in calls]
        seen = {line for text in told for line in same_each_time(text).splitlines()}
        shown = screens(document)
        assert len(shown) > 5
        assert [line for line in shown if line not in seen] == []
    # What programs read stays English.
    status = run_program(*config, "status", "--json").stdout
    assert "4 orders are withheld, to be entered at the till: 1015, 1006, 1007, 1008" in status
    check = run_program(*config, "check", "--json").stdout
    assert "files can be written, renamed, replaced and deleted" in check


def test_an_old_console_lacks_no_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.shell._stream", old_console)
    demo = tmp_path / "demo"
    screens = [run_program("demo", str(demo)).output.decode("cp850")]
    config = ("--config", str(demo / "config.toml"))
    for args in (("status",), ("orders", "show", "1006"), ("check",)):
        screens.append(run_program(*config, *args).output.decode("cp850"))
    assert "à saisir à la caisse\u00a0: commande 1006" in screens[0]
    assert [text for text in screens if not text or "?" in text] == []


def old_console() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="cp850", newline="\n", write_through=True)
