"""The command line itself: errors, exit codes, one run at a time, help, archives, secrets."""

import io
import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib import import_module
from pathlib import Path

import keyring
import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.lock import hold_lock
from passerelle.config.load import template
from tests.e2e.conftest import NewFtp
from tests.remotes.test_passwords import MemoryKeyring
from tests.servers.ftp import Quirks
from tests.shell import run_child, run_program
from tests.world import Sale, World

SHOE = Sale("1", {"370": 1})
SLOW = ("USER", "PASS", "TYPE", "FEAT", "OPTS", "PWD", "MLST")


def version(number: str) -> Callable[[Path], None]:
    """Gives a ledger the version of another program."""

    def write(path: Path) -> None:
        with closing(sqlite3.connect(path)) as ledger:
            ledger.execute("UPDATE alembic_version SET version_num = ?", (number,))
            ledger.commit()

    return write


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("run", "Missing argument"),
        ("run everything", "everything"),
        ("--nonsense", "--nonsense"),
        ("orders list --state lost", "lost"),
        ("run orders --accept-drop", "--accept-drop is for the stock"),
        ("convert nothing.csv", "nothing.csv"),
        ("orders show 4711", "no order 4711 is in the ledger: see `passerelle orders list`"),
        ("secret delete ftp", "ftp"),
        ("secret set fpt", 'no server is named "fpt"'),
        ("servers accept fpt", 'no server is named "fpt"'),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch, args: str, words: str
) -> None:
    monkeypatch.setattr(keyring, "delete_password", MemoryKeyring().delete_password)
    result = world.fails(*args.split(), code=2, words=words)
    assert result.stderr.startswith("passerelle: ") and result.stderr.count("\n") == 1


def test_all_faults_of_the_configuration_are_told_at_once(world: World) -> None:
    world.edit(('from = "ftp:', 'from = "fpt:'), ('folder = "data"\n', "tme_limit = '2m'\n"))
    lines = world.fails("run", "orders", code=3).stderr.splitlines()
    assert lines[0] == "passerelle: config.toml:1: tme_limit: unknown key; did you mean time_limit?"
    assert [re.sub(r":\d+:", ":N:", line) for line in lines[1:]] == [
        f'passerelle: config.toml:N: {section}.from: no server is named "fpt" (servers: ftp)'
        for section in ("orders", "stock")
    ]
    assert world.run("check").stderr.splitlines() == lines, "as every command tells it"


def test_the_configuration_is_found_by_option_by_variable_and_in_the_current_folder(
    world: World, tmp_path: Path
) -> None:
    config = str(world.folder / "config.toml")
    assert run_program("--config", config, "history", cwd=tmp_path).stdout == "no run yet\n"
    variable = {"PASSERELLE_CONFIG": config}
    assert run_program("history", cwd=tmp_path, env=variable).stdout == "no run yet\n"
    assert world.run("history").stdout == "no run yet\n"


def test_init_writes_a_file_that_leads_on_and_never_over_an_existing_one(tmp_path: Path) -> None:
    none = run_program("run", "orders", cwd=tmp_path)
    path = tmp_path / "config.toml"
    assert (none.exit_code, none.stderr) == (3, (
        f"passerelle: no configuration: {path}: write one with `passerelle init`, or name it with "
        "--config\n"
    ))  # fmt: skip
    assert run_program("init", cwd=tmp_path).exit_code == 0
    assert path.read_bytes() == template()
    environment = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    result = run_child("run", "orders", cwd=tmp_path, env=environment)
    assert (result.exit_code, "passerelle secret set ftp" in result.stderr) == (3, True)
    path.write_text("# mine", encoding="utf-8")
    assert run_program("init", cwd=tmp_path).exit_code == 2
    assert path.read_text(encoding="utf-8") == "# mine"
    path.rename(tmp_path / "shop-7.toml")
    for run in ("orders", "stock"):
        result = run_program("--config", "shop-7.toml", "run", run, cwd=tmp_path)
        told = f"[{run}] is missing: shop-7.toml: add it"
        assert (result.exit_code, told in result.stderr) == (3, True)


def test_only_one_run_is_active_in_a_folder_and_the_other_is_named(world: World) -> None:
    world.sends(SHOE)
    since = datetime(2026, 11, 22, 10, 27).astimezone()
    words = "another run is active (run orders, since 2026-11-22 10:27:00"
    with hold_lock(world.data, "run orders", since):
        for args in (("run", "stock"), ("orders", "settle", "1"), ("archive", "rotate")):
            result = world.fails(*args, code=7, words=words)
            assert f"process {os.getpid()}" in result.stderr
        # Who only looks something up does not wait.
        world.run_well("orders", "list")
        world.run_well("history")


def test_an_unreachable_server_is_told_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)
    world.shop_writes(SHOE)
    world.edit((world.server.root.as_uri(), "ftp://127.0.0.1:9/"))
    result = world.fails("run", "orders", code=4, words="connection lost or refused")
    assert "127.0.0.1" in result.stderr
    world.configure()
    result = world.fails("run", "all", code=4, words="ftp:ExportCSV.csv")
    assert world.erp_takes() == ["1"], "run all does both, and tells the gravest"
    codes = [line.split("\t")[2] for line in world.run_well("history").splitlines()[1:]]
    assert codes == ["4", "0", "4"]


def test_a_server_that_never_answers_ends_the_run_at_its_time_limit(new_ftp: NewFtp) -> None:
    world, _ = new_ftp(Quirks(delays=dict.fromkeys(SLOW, 0.4)))
    world.configure(top="time_limit = '1s'\n")
    world.server.put("commandes.csv", b"ID commande\r\n")
    started = datetime.now().astimezone()
    result = world.fails("run", "orders", code=4)
    assert "the run took too long: time_limit = 1s" in result.stderr or "in time" in result.stderr
    assert (datetime.now().astimezone() - started).total_seconds() < 4


def test_a_locked_ledger_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerelle.ledger.databases._BUSY_MS", 100)
    world.sends(SHOE)
    with closing(sqlite3.connect(world.data / "passerelle.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        world.fails("run", "orders", code=4, words="the ledger cannot be used")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (version("0099"), 3, "version 0099, this program knows 0002: .*install the newest"),
        (version(""), 3, "version 0, this program knows 0002: .*move it away"),
        (lambda path: path.write_bytes(b"no database" * 100), 4, "the ledger is damaged"),
    ],
    ids=["newer", "older", "damaged"],
)
def test_a_ledger_that_cannot_be_read_is_left_alone(
    world: World, spoil: Callable[[Path], object], code: int, words: str
) -> None:
    world.sends(SHOE)
    spoil(world.data / "passerelle.db")
    assert re.search(words, world.fails("run", "orders", code=code).stderr)


def test_a_bug_is_one_line_and_its_traceback_goes_to_the_trace(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise KeyError("Lefè" + "vre")

    world.shop_writes(SHOE)
    monkeypatch.setattr("passerelle.runs.orders.write_sales", fail)
    result = world.fails("run", "orders", code=1)
    assert result.stderr.startswith("passerelle: a fault in Passerelle itself (KeyError):")
    assert result.stderr.count("\n") == 1
    assert "in _with_parcel" in world.trace(1)
    assert "Lefèvre" not in world.trace(1) + result.text


def test_traces_move_to_the_archive_when_they_grow_too_big(world: World) -> None:
    world.shop_writes(SHOE)
    world.configure(extra='[trace]\nmax_size = "300 B"\n')
    world.run_well("run", "orders")
    (world.data / "Trace2.txt").write_text("short", encoding="utf-8")
    world.run_well("run", "orders")
    names = sorted(path.name for path in (world.data / "ArchiveTrace").iterdir())
    assert [re.sub(r"_\d{8}_\d{6}", "_TIME", name) for name in names] == [
        *("Trace1_TIME.txt", "Trace2_TIME.txt"),
    ]
    assert world.trace(1).count("===") == 2


def test_runs_prune_the_archives_once_a_day_and_traces_move_by_hand(world: World) -> None:
    world.shop_writes(SHOE)
    archive = world.data / "ArchiveTrace"
    archive.mkdir(parents=True)
    old = archive / "Trace1_20200101_000000.txt"
    for expected in (False, True):
        old.write_text("old", encoding="utf-8")
        os.utime(old, (0, 0))
        world.run_well("run", "orders")
        assert old.exists() is expected
    assert len(json.loads(world.run_well("history", "-n", "1", "--json"))) == 1
    assert "moved to" in world.run_well("archive", "rotate")
    assert "no trace to move" in world.run_well("archive", "rotate")


def test_a_trace_that_cannot_be_written_fails_no_run(world: World) -> None:
    (world.data / "Trace1.txt").mkdir(parents=True)
    assert world.sends(SHOE).count("Trace1.txt cannot be written") == 1
    assert world.erp_takes() == ["1"]


def test_a_password_is_kept_in_the_credential_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: store)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(store, name))
    monkeypatch.setattr(import_module("passerelle.cli.keeping"), "_is_console", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *args, **kwargs: "s3same")
    assert "s3same" not in world.run_well("secret", "set", "ftp")
    assert store.secrets == {("passerelle", "ftp"): "s3same"}
    world.run_well("secret", "delete", "ftp")
    assert store.secrets == {}


@pytest.mark.parametrize(
    ("piped", "code", "kept"),
    [
        ("\ufeffs3 sâme\r\nmore\r\n".encode(), 0, "s3 sâme"),
        (b"s3same", 0, "s3same"),
        ("sâme\r\n".encode("cp850"), 2, None),
        (b"\r\n", 2, None),
        (b"", 2, None),
    ],
)
def test_a_script_can_pipe_a_password(
    world: World, monkeypatch: pytest.MonkeyPatch, piped: bytes, code: int, kept: str | None
) -> None:
    store = MemoryKeyring()
    monkeypatch.setattr(keyring, "set_password", store.set_password)
    keeping = import_module("passerelle.cli.keeping")
    monkeypatch.setattr(keeping, "_first_line", io.BytesIO(piped).readline)
    result = world.fails("secret", "set", "ftp", code=code)
    assert store.secrets.get(("passerelle", "ftp")) == kept
    assert "same" not in result.text
    assert len(result.stderr.splitlines()) == (1 if code else 0)


def test_the_demo_plays_a_half_hour_again_but_leaves_a_folder_of_others_alone(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        result = run_program("demo", "démo", cwd=tmp_path)
        assert result.exit_code == 0, result
    assert 'commandes.csv:34: quantity: "deux" is no number' in result.stdout
    assert "orders 1001, 1002, 1003, 1004, 1005, 1012" in result.stdout
    assert "101 on sale, 14 held back, 2 gift cards" in result.stdout
    kept = {path.name for path in (tmp_path / "démo").iterdir()}
    assert kept >= {"ArchiveExport", "Trace1.txt", "Trace2.txt", "config.toml", "server"}
    again = run_program("run", "orders", cwd=tmp_path / "démo")
    assert "to send: 3 orders (1011, 1013, 1014)" in again.stdout
    before = sorted(tmp_path.iterdir())
    assert run_program("demo", ".", cwd=tmp_path).exit_code == 2
    assert sorted(tmp_path.iterdir()) == before


def test_the_program_runs_as_a_module_with_a_poor_console_or_none(world: World) -> None:
    world.shop_writes(
        Sale("1", {"370": 1}, payment="Chèque œuvré, bon cadeau"), Sale("2", {"370": 1})
    )
    result = run_child("run", "orders", cwd=world.folder, env={"PYTHONIOENCODING": "cp850"})
    assert (result.exit_code, b"Ch\x8aque ?uvr\x82" in result.output) == (0, True)
    world.shop_writes(SHOE)
    assert run_child("run", "orders", cwd=world.folder, module="tests.windowless").exit_code == 0
    assert world.erp_takes() == ["2", "1"]


def test_a_command_that_does_not_exist_is_likened_to_those_that_do(world: World) -> None:
    world.fails("statu", code=2, words="status")


def test_the_language_of_config_toml_is_spoken_before_it_is_read(world: World) -> None:
    """By ``--help`` and by what needs no settings, too."""
    world.configure(top='language = "fr"')
    assert "Afficher" in world.run_well("--help")
    world.fails("statu", code=2, words="n'existe pas")
    (world.folder / "config.toml").write_text('language = "fr"\nstore = \n', encoding="utf-8")
    assert "Afficher" in world.run_well("--help"), "even of one that is no TOML"
    elsewhere = world.folder.parent / "elsewhere"
    elsewhere.mkdir()
    result = run_program("--config", str(world.folder / "config.toml"), "--help", cwd=elsewhere)
    assert "Afficher" in result.text
