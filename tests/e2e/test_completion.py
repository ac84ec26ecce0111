"""Shells ask the program what can follow."""

from pathlib import Path

import pytest

from passerelle.model.runs import RUNS
from tests.shell import run_program

SERVERS = '[servers.ftp]\nurl = "a"\n[servers.files]\nurl = "b"\n[servers.other]\nurl = "c"\n'
STATES = ["waiting", "withheld", "rejected", "prepared", "sent", "taken", "skipped", "settled",
          "wanted", "done", "refused", "withdrawn"]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(SERVERS, encoding="utf-8")
    (tmp_path / "commandes.csv").touch()
    return tmp_path


def ask(folder: Path, *words: str) -> list[str]:
    """What click offers behind these words, the last of which is being written."""
    asked = {
        "_PASSERELLE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("passerelle", *words)),
        "COMP_CWORD": str(len(words)),
    }
    result = run_program(cwd=folder, env=asked)
    assert result.exit_code == 0
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sche",), ["plain,schedule"]),
        (("orders", "list", "--state", ""), [f"plain,{state}" for state in STATES]),
        (("orders", "list", "--state", "s"), ["plain,sent", "plain,skipped", "plain,settled"]),
        (("run", ""), [f"plain,{run}" for run in (*RUNS, "all")]),
        (("schedule", "install", "o"), ["plain,orders"]),
        (("secret", "set", ""), ["plain,ftp", "plain,files", "plain,other"]),
        (("secret", "delete", "f"), ["plain,ftp", "plain,files"]),
        (("convert", "comm"), ["file,comm"]),
        (("config", "columns", "--s"), ["plain,--stock"]),
        (("completion", "p"), ["plain,powershell"]),
    ],
)
def test_what_may_follow_is_offered(
    folder: Path, words: tuple[str, ...], offered: list[str]
) -> None:
    assert ask(folder, *words) == offered


def test_servers_come_from_the_config_that_is_named_and_can_be_read(
    folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[servers.dock]\nurl = "a"\n', encoding="utf-8")
    assert ask(folder, "--config", str(other), "secret", "set", "") == ["plain,dock"]
    (folder / "config.toml").write_text("[servers", encoding="utf-8")
    assert ask(folder, "secret", "set", "") == []
    (folder / "config.toml").unlink()
    assert ask(folder, "secret", "set", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_is_the_one_that_click_s_variable_gives(shell: str) -> None:
    printed = run_program("completion", shell)
    assert printed.exit_code == 0
    assert printed.output == run_program(env={"_PASSERELLE_COMPLETE": f"{shell}_source"}).output
    assert b"_PASSERELLE_COMPLETE" in printed.output
    assert b"\r" not in printed.output
