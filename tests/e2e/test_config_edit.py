"""`passerelle config edit`: an editor, and a check behind it."""

import os
import sys
from pathlib import Path
from unittest import mock

import pytest

from tests.pty import run_at_terminal
from tests.shell import Result, run_program

GOOD = '[servers.ftp]\nurl = "."\n[orders]\nfrom = "ftp:a.csv"\nto = "ftp:b.xml"\n'
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its editor is a shell script")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def editor(folder: Path, *lines: str) -> str:
    """A program whose path has a blank and a quote, that edits its last argument so."""
    path = folder / "my editor's"
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def edit(folder: Path, *lines: str, name: str = "EDITOR") -> Result:
    with mock.patch.dict(os.environ):
        os.environ.pop("VISUAL", None)
        return run_program("config", "edit", cwd=folder, env={name: editor(folder, *lines)})


@pytest.mark.parametrize("name", ["EDITOR", "VISUAL"])
def test_what_was_edited_is_checked(folder: Path, name: str) -> None:
    result = edit(
        folder, """echo 'language = "en"' | cat - "$1" >new""", 'cat new >"$1"', name=name
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"no fault in {folder / 'config.toml'}; ")
    assert (folder / "config.toml").read_text("utf-8") == 'language = "en"\n' + GOOD


def test_every_fault_is_told_and_without_a_terminal_it_ends_there(folder: Path) -> None:
    result = edit(folder, """printf 'settel = 1\\nchannel = 2\\n' >>"$1" """)
    assert (result.exit_code, result.stdout) == (3, "")
    assert [line[:26] for line in result.stderr.splitlines()] == [
        "passerelle: config.toml:6:",
        "passerelle: config.toml:7:",
    ]


# Ctrl+D is the end of the input, which NUL has at once on Windows.
@pytest.mark.parametrize(("key", "code", "times"), [("y\n", 0, 2), ("n\n", 3, 1), ("\x04", 3, 1)])
def test_at_a_terminal_it_can_be_edited_again(
    folder: Path, key: str, code: int, times: int
) -> None:
    # The second time it takes away what the first one wrote.
    script = editor(
        folder,
        'echo x >>"$(dirname "$0")/times"',
        'if grep -q settel "$1"; then sed -i /settel/d "$1"; else echo settel = 1 >>"$1"; fi',
    )
    session = run_at_terminal(
        "config",
        "edit",
        cwd=folder,
        env={"EDITOR": script, "VISUAL": "", "LANGUAGE": "en"},
        interrupt_at="Edit again?",
        key=key.encode(),
        limit=60,
    )
    assert session.exit_code == code, session.text
    assert (folder / "times").read_text("utf-8").count("x") == times
    assert ("no fault in" in session.text) == (code == 0)


def test_an_editor_that_goes_on_in_another_process_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_in_that_process(text: str) -> None:
        assert "press a key here" in text
        (folder / "config.toml").write_text(f"{GOOD}settel = 1\n", encoding="utf-8")

    monkeypatch.setattr("click.pause", save_in_that_process)
    result = edit(folder, "exit 0")
    assert (result.exit_code, "settel" in result.stderr) == (3, True)


def test_a_missing_file_is_offered_at_a_terminal_and_refused_elsewhere(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    script = editor(tmp_path, 'echo >>"$1"')
    result = run_program("config", "edit", cwd=tmp_path, env={"EDITOR": script})
    assert (result.exit_code, config.exists()) == (3, False)
    for key, code in (("n", 2), ("y", 0)):
        session = run_at_terminal(
            "config",
            "edit",
            cwd=tmp_path,
            env={"EDITOR": script, "VISUAL": "", "LANGUAGE": "en"},
            interrupt_at="[y/N]",
            key=f"{key}\n".encode(),
            limit=60,
        )
        assert (session.exit_code, config.exists()) == (code, key == "y"), session.text


@pytest.mark.parametrize("line", ["exit 1", "kill $$"])
def test_an_editor_that_fails_is_told_with_a_mend(folder: Path, line: str) -> None:
    result = edit(folder, line)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "the editor failed: " in result.stderr
    assert "name another editor in the variable EDITOR" in result.stderr


def test_who_may_not_change_the_file_is_told_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.open

    def refuse(path: Path, mode: str = "r", *args: object, **more: object) -> object:
        if "a" in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path, mode, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    result = edit(folder, f'touch "{folder / "edited"}"')
    assert (result.exit_code, (folder / "edited").exists()) == (4, False)
    assert "you cannot change the configuration (Permission denied)" in result.stderr
    assert "as an administrator" in result.stderr
