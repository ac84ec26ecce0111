"""Shells ask the program what can follow; real ones do so here where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import scale
from tests.shell import run_program

SERVERS = '[servers.ftp]\nurl = "a"\n[servers.files]\nurl = "b"\n[servers.other]\nurl = "c"\n'
STATES = ["waiting", "withheld", "rejected", "prepared", "sent", "taken", "skipped", "settled",
          "wanted", "done", "refused", "withdrawn"]  # fmt: skip

needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    for shell in ("bash", "zsh", "fish")
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a config, a file, and a `passerelle` for the PATH."""
    (tmp_path / "config.toml").write_text(SERVERS, encoding="utf-8")
    (tmp_path / "commandes.csv").touch()
    program = tmp_path / "bin" / "passerelle"
    program.parent.mkdir()
    root = Path(__file__).parents[2]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m passerelle "$@"\n', "utf-8"
    )
    program.chmod(0o755)
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
        (("run", ""), ["plain,orders", "plain,stock", "plain,pool", "plain,all"]),
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


def test_a_shell_that_cannot_complete_is_refused() -> None:
    result = run_program("completion", "cmd")
    assert result.exit_code == 2
    assert "'cmd' is not one of 'bash', 'zsh', 'fish', 'powershell'" in result.stderr


def in_shell(folder: Path, *command: str) -> str:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=True, encoding="utf-8"
    )
    return done.stdout


@scale.only("ci")
@needs["bash"]
def test_bash_completes(folder: Path) -> None:
    script = """
        eval "$(passerelle completion bash)"
        complete -p passerelle
        COMP_WORDS=(passerelle orders list --state s); COMP_CWORD=4
        _passerelle_completion passerelle; echo "${COMPREPLY[@]}"
        COMP_WORDS=(passerelle secret set ''); COMP_CWORD=3; COMPREPLY=()
        _passerelle_completion passerelle; echo "${COMPREPLY[@]}"
    """
    lines = in_shell(folder, "bash", "--norc", "-c", script).splitlines()
    assert lines == [
        "complete -o nosort -F _passerelle_completion passerelle",
        "sent skipped settled",
        "ftp files other",
    ]


@scale.only("ci")
@needs["zsh"]
def test_zsh_loads_the_script(folder: Path) -> None:
    script = """
        autoload -U compinit; compinit -D -u
        eval "$(passerelle completion zsh)"
        echo $_comps[passerelle]
    """
    assert in_shell(folder, "zsh", "-f", "-c", script).split() == ["_passerelle_completion"]


@scale.only("ci")
@needs["fish"]
def test_fish_completes(folder: Path) -> None:
    script = """
        passerelle completion fish | source
        complete --do-complete "passerelle orders list --state s"
    """
    offered = in_shell(folder, "fish", "--no-config", "-c", script).split()
    assert sorted(offered) == ["sent", "settled", "skipped"]
