"""What `passerelle desktop` adds for an account of Windows, and takes back; and double clicks.

The registry is one in memory, and a link a file that says what it starts. The real ones are tried
by .ci/try-windows.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base import language, window
from passerelle.cli.desktop import double_clicked
from passerelle.desktop import account, entries
from passerelle.desktop.entries import Added, with_entry, without_entry
from tests.accounts import Desktop, give_account
from tests.shell import run_program

TEXT, EXPANDED = account.TEXT, account.EXPANDED
PROGRAM = "C:\\Program Files\\Passerelle é"


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    return give_account(tmp_path, monkeypatch)


def add(*names: str, folder: str = PROGRAM) -> Added:
    return entries.add(
        Path(folder), [entries.MenuLink(name, ("p.exe", name), Path("/")) for name in names]
    )


def test_nothing_is_left_of_what_was_added(desktop: Desktop) -> None:
    desktop.path = "%USERPROFILE%\\bin;D:\\Tools", EXPANDED
    assert add("État", "Rapport").folder == PROGRAM
    assert desktop.path == (f"%USERPROFILE%\\bin;D:\\Tools;{PROGRAM}", EXPANDED)
    assert desktop.links() == {"État": "p.exe\nÉtat", "Rapport": "p.exe\nRapport"}
    assert entries.remove() is not None
    assert desktop.path == ("%USERPROFILE%\\bin;D:\\Tools", EXPANDED)
    assert not desktop.menu.exists() and desktop.menu.parent.exists()
    assert desktop.keys == {"environment"}
    assert desktop.told == 2
    assert entries.remove() is None
    assert desktop.told == 2


@pytest.mark.parametrize("kind", [TEXT, EXPANDED])
def test_a_path_stays_of_its_kind(desktop: Desktop, kind: int) -> None:
    desktop.path = "D:\\Tools", kind
    add()
    assert desktop.path == (f"D:\\Tools;{PROGRAM}", kind)


def test_an_account_without_a_path_has_none_in_the_end(desktop: Desktop) -> None:
    add()
    assert desktop.path == (PROGRAM, EXPANDED)
    entries.remove()
    assert desktop.path is None


def test_what_others_put_there_stays(desktop: Desktop) -> None:
    desktop.path = f"{PROGRAM.upper()}\\;D:\\Tools", EXPANDED
    before = desktop.path
    assert add("Status").folder == ""
    assert desktop.path == before
    (desktop.menu / "Ours.lnk").touch()
    entries.remove()
    assert desktop.path == before
    assert [file.name for file in desktop.menu.iterdir()] == ["Ours.lnk"]


def test_said_again_it_replaces_what_it_added(desktop: Desktop) -> None:
    """After the program has moved, and its user speaks another language."""
    desktop.path = "D:\\Tools", EXPANDED
    add("Status", "Report", folder="C:\\Old")
    add("État", folder="C:\\New")
    assert desktop.path == ("D:\\Tools;C:\\New", EXPANDED)
    assert [*desktop.links()] == ["État"]
    add("État", folder="C:\\New")
    assert desktop.path == ("D:\\Tools;C:\\New", EXPANDED)
    entries.remove()
    assert (desktop.path, desktop.links()) == (("D:\\Tools", EXPANDED), {})


def test_what_people_removed_by_hand_is_no_fault(desktop: Desktop) -> None:
    add("Status", "Report")
    desktop.path = "D:\\Tools", EXPANDED
    (desktop.menu / "Status.lnk").unlink()
    assert entries.remove() is not None
    assert (desktop.path, desktop.menu.exists()) == (("D:\\Tools", EXPANDED), False)


def test_an_add_that_was_broken_off_is_taken_back(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, words: Sequence[str], folder: Path) -> None:
        path.touch()
        raise OSError("no room")

    monkeypatch.setattr(account, "write_link", fail)
    with pytest.raises(OSError, match="no room"):
        add("Status", "Report")
    entries.remove()
    assert (desktop.path, desktop.menu.exists(), desktop.keys) == (None, False, {"environment"})


entry = st.text(st.sampled_from("aB \\:%\"'"), max_size=6)
FOLDERS = st.sampled_from([PROGRAM, "C:\\a;b", "D:\\"])


@given(st.lists(entry).map(";".join), FOLDERS)
def test_any_path_comes_back_as_it_was(path: str, folder: str) -> None:
    longer = with_entry(path, folder)
    assert longer.startswith(path) and longer != path
    assert with_entry(longer, folder) == longer
    assert without_entry(longer, folder) == path


@pytest.mark.parametrize(
    "written",
    ["c:\\program files\\PASSERELLE É", f"{PROGRAM}\\", f'"{PROGRAM}"', "%PF%\\Passerelle é"],
)
def test_a_folder_is_known_however_it_is_written(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PF", "C:\\Program Files")
    path = f"D:\\Tools;{written};E:\\x"
    assert with_entry(path, PROGRAM) == path


# --- the commands ------------------------------------------------------------------------------


def test_the_links_use_the_config_in_use_and_are_named_in_the_language(
    desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    config = tmp_path / "boutique" / "config.toml"
    told = run_program("--config", str(config), "desktop", "add").stdout
    ours = [sys.executable, "-m", "passerelle", "--config", str(config), "--pause"]
    assert {name: words.splitlines() for name, words in desktop.links().items()} == {
        "État": [*ours, "always", "status"],
        "Rapport": [*ours, "failed", "report", "--open"],
        "Réglages": [*ours, "failed", "config", "edit"],
        "Console": [*ours, "failed", "console"],
    }
    assert "les consoles ouvertes désormais trouveront le programme" in told
    assert told.count("\n+ ") == 4
    gone = run_program("desktop", "remove")
    assert (gone.exit_code, gone.stdout.count("\n- ")) == (0, 4)
    assert "n'est plus dans votre PATH" in gone.stdout
    assert "il n'y a rien" in run_program("desktop", "remove").stdout
    language.speak("en")


def test_the_links_have_a_window_though_the_installer_has_none(
    desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "passerellew.exe"))
    run_program("desktop", "add")
    started = {words.splitlines()[0] for words in desktop.links().values()}
    assert started == {str(tmp_path / "passerelle.exe")}
    assert desktop.path == (str(tmp_path), EXPANDED)


@pytest.mark.skipif(sys.platform == "win32", reason="there it is not refused")
@pytest.mark.parametrize("command", ["add", "remove"])
def test_another_system_is_refused_in_one_line(command: str) -> None:
    result = run_program("desktop", command)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "no Start menu of Windows" in result.stderr


# --- double clicks, and windows that wait ------------------------------------------------------


def test_a_double_click_shows_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert double_clicked() == ["--pause", "always", "setup"]
    (tmp_path / "config.toml").touch()
    assert double_clicked() == ["--pause", "failed", "console"]


def test_no_words_are_a_double_click_only_in_a_window_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pauses: list[str] = []
    monkeypatch.setattr("click.pause", pauses.append)
    monkeypatch.delitem(COMMANDS, "setup", raising=False)
    assert run_program(cwd=tmp_path).exit_code == 2
    assert pauses == []
    monkeypatch.setattr(window, "is_its_own", lambda: True)
    result = run_program(cwd=tmp_path)
    assert "setup asks" in result.stderr
    assert pauses == ["press a key to close this window"]
    assert run_program("--version", cwd=tmp_path).exit_code == 0
    assert len(pauses) == 1


@pytest.mark.parametrize(
    ("words", "code", "waits"),
    [
        (("history",), 3, False),
        (("--pause", "failed", "history"), 3, True),
        (("--pause", "failed", "nothing"), 2, True),
        (("--pause", "failed", "--version"), 0, False),
        (("--pause", "always", "--version"), 0, True),
    ],
)
def test_the_window_waits_as_it_was_told(
    words: Sequence[str], code: int, waits: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pauses: list[str] = []
    monkeypatch.setattr("click.pause", pauses.append)
    result = run_program(*words, cwd=tmp_path)
    assert (result.exit_code, len(pauses)) == (code, int(waits))
