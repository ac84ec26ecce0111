"""`passerelle check`: says what is wrong and how to mend it, and leaves everything as it was."""

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import INTERRUPTED
from passerelle.base.lock import hold_lock
from passerelle.config.passwords import account
from passerelle.ledger.ledger import open_ledger
from passerelle.remotes.folder import FolderRemote
from tests.e2e.conftest import NewFtp, make_world
from tests.pty import run_at_terminal
from tests.remotes.test_passwords import MemoryKeyring
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.shell import Result
from tests.world import Sale, World, tree

OLD = frozenset({"MLST", "MLSD"})


@pytest.fixture
def world(world: World) -> World:
    return ready(world)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)


def ready(world: World) -> World:
    """Both sources are there."""
    world.shop_writes(Sale("1", {"370": 1}))
    world.erp_writes_stock({"370": 3})
    return world


def ready_ftp(new_ftp: NewFtp, quirks: Quirks) -> tuple[World, FtpServer]:
    world, ftp = new_ftp(quirks)
    return ready(world), ftp


def lines(result: Result, level: str) -> list[str]:
    """What was found on that level, without the level."""
    return [line[9:] for line in result.stdout.splitlines() if line.split()[0] == level]


def mend(result: Result, level: str, words: str) -> str:
    """The mend of the one line of that level that holds ``words``."""
    (line,) = [line for line in lines(result, level) if words in line]
    return line.rpartition(": ")[2]


# --- all is well -------------------------------------------------------------------------------


def test_on_every_kind_of_server_all_is_well_and_nothing_is_left(
    tmp_path: Path, server: RunningServer
) -> None:
    world = ready(make_world(tmp_path, server))
    world.run_well("run", "all")
    before = tree(server.root, world.folder)
    result = world.fails("check", code=0)
    assert lines(result, "fault") == []
    told = "\n".join(lines(result, "ok"))
    for words in (
        "config.toml: no fault",
        "folder: ",
        "ledger: it opens",
        "servers.ftp: connected",
        "ftp:import/: files can be written, renamed, replaced and deleted",
        "orders.from (ftp:commandes.csv): ",
        "stock.from (ftp:ExportCSV.csv): ",
        "clock",
    ):
        assert words in told
    assert tree(server.root, world.folder) == before


def test_on_real_servers_all_is_well_and_nothing_is_left(
    tmp_path: Path, real_server: RunningServer
) -> None:
    world = ready(make_world(tmp_path, real_server))
    before = tree(real_server.root)
    assert lines(world.fails("check", code=0), "fault") == []
    assert tree(real_server.root) == before


def test_before_the_first_run_nothing_is_created(world: World) -> None:
    before = tree(world.folder)
    result = world.fails("check", code=0, words="ledger: there is none yet")
    assert "which the first run creates" in result.stdout
    assert tree(world.folder) == before


def test_a_run_may_be_active_meanwhile(world: World) -> None:
    world.run_well("run", "orders")
    with hold_lock(world.data, "run stock", datetime.now(UTC)):
        before = tree(world.data)
        assert world.run("check").exit_code == 0
        assert tree(world.data) == before


def test_programs_read_the_same_as_people(world: World) -> None:
    world.configure(server="publish = 'direct'\n")
    text, found = world.run("check").stdout, json.loads(world.run("check", "--json").stdout)
    assert [entry["grade"] for entry in found] == [line.split()[0] for line in text.splitlines()]
    for entry in found:
        assert set(entry) == {"grade", "what", "found", "mend", "exit_code"}
        assert bool(entry["mend"]) == (entry["grade"] != "ok")
        assert entry["what"] in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_only_a_terminal_gets_colours(world: World) -> None:
    assert "\x1b[" not in world.run("check").text
    assert "\x1b[32mok" in run_at_terminal("check", cwd=world.folder).screen
    world.run_well("run", "orders")
    assert "\texit code\t" in world.run("history").stdout
    assert "\t" not in (shown := run_at_terminal("history", cwd=world.folder).text)
    assert "exit code" in shown


# --- config and passwords ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "words"),
    [("keyring", "passerelle secret set ftp"), ("env:SHOP_PASSWORD", "set SHOP_PASSWORD")],
)
def test_a_password_that_this_account_cannot_read_names_account_and_command(
    new_ftp: NewFtp, monkeypatch: pytest.MonkeyPatch, password: str, words: str
) -> None:
    world, ftp = ready_ftp(new_ftp, Quirks())
    world.edit((f"'{PASSWORD}'", f"'{password}'"))
    monkeypatch.setattr(keyring, "get_password", MemoryKeyring().get_password)
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    told = mend(world.fails("check", code=3), "fault", "servers.ftp.password")
    assert words in told and account() in told
    assert ftp.commands == []
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    if password != "keyring":
        has = f"servers.ftp.password: {account()} has it in the variable"
        world.fails("check", code=0, words=has)


def test_a_password_in_the_configuration_and_a_server_in_clear_are_warnings(
    new_ftp: NewFtp,
) -> None:
    world, _ = ready_ftp(new_ftp, Quirks())
    (world.folder / "config.toml").chmod(0o644)
    result = world.fails("check", code=0)
    assert "secret set ftp" in mend(result, "warning", "for everyone to see")
    assert "ftps://" in mend(result, "warning", "in clear")
    if os.name != "nt":
        assert mend(result, "warning", "other users").startswith("chmod 600")
    assert PASSWORD not in result.text


# --- servers -----------------------------------------------------------------------------------


def test_a_server_that_is_away_or_unverified_is_told_and_the_rest_is_looked_at(
    world: World, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOBODY_SET_IT", raising=False)
    away = f"\n[servers.away]\nurl = 'ftps://{USER}@{HOST}:{free_port}'\nverify_tls = false\n"
    world.configure(extra=away)
    result = world.fails("check", code=4)
    assert "check the network" in mend(result, "fault", "servers.away: connection lost or refused")
    assert "verify_tls = true" in mend(result, "warning", "not verified")
    assert "files can be written, renamed, replaced and deleted" in result.stdout
    assert result.stderr.startswith("passerelle: 1 fault: ")
    url = f"url = 'ftp://{USER}@{HOST}:{free_port}'\n"
    world.configure(extra=f"{away}[servers.b]\n{url}password = 'env:NOBODY_SET_IT'\n")
    assert len(lines(world.fails("check", code=3), "fault")) == 2, "the gravest is the exit code"


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(refused=frozenset({"RNFR"})),
        Quirks(refused=frozenset({"RETR"})),
        Quirks(dropped={"RNTO": 99}),
        Quirks(lost_replies={"STOR": 99}),
        Quirks(disk_room=10),
    ],
    ids=repr,
)
def test_whatever_fails_nothing_is_left_on_the_server(new_ftp: NewFtp, quirks: Quirks) -> None:
    world, _ = ready_ftp(new_ftp, quirks)
    before = tree(world.server.root)
    result = world.fails("check", code=4)
    assert [line for line in lines(result, "fault") if line.startswith("ftp:import")]
    assert tree(world.server.root) == before


def test_what_is_denied_is_a_fault(tmp_path: Path, new_server: NewServer) -> None:
    world = ready(make_world(tmp_path, new_server("ftp")))
    folder = world.server.root / "import"
    folder.chmod(0o555)
    (world.server.root / "ExportCSV.csv").chmod(0)
    result = world.run("check")
    folder.chmod(0o755)
    assert result.exit_code == 4
    assert "this account" in mend(result, "fault", "ftp:import/: access denied")
    assert mend(result, "fault", "stock.from (ftp:ExportCSV.csv): access denied")
    assert world.xmls() == []


def test_an_interrupted_check_leaves_nothing_on_the_server(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(FolderRemote, "fetch", interrupt)
    before = tree(world.server.root)
    assert world.run("check").exit_code == INTERRUPTED
    assert tree(world.server.root) == before


def test_a_probe_that_the_server_does_not_let_delete_is_named(new_ftp: NewFtp) -> None:
    world, _ = ready_ftp(new_ftp, Quirks(refused=frozenset({"DELE"})))
    result = world.fails("check", code=4)
    (left,) = world.xmls()
    assert left.suffix == ".tmp"
    assert "delete it by hand" in mend(result, "warning", f"import/{left.name}")


@pytest.mark.parametrize(
    ("quirks", "level", "words"),
    [
        (Quirks(renames_over=False), "ok", "renamed, replaced"),
        (Quirks(missing=OLD | {"SIZE"}), "warning", "servers.ftp: the server tells no sizes"),
        (Quirks(missing=OLD | {"MDTM"}), "warning", "servers.ftp: the server tells no times"),
        (Quirks(missing=OLD), "ok", "agrees with this machine's"),
        (Quirks(missing=OLD, clock_ahead=7260), "ok", "2 hours ahead of this machine's"),
        (Quirks(missing=OLD, clock_ahead=-86460), "ok", "1 day behind this machine's"),
    ],
)
def test_what_a_server_does_otherwise_is_no_fault(
    new_ftp: NewFtp, quirks: Quirks, level: str, words: str
) -> None:
    world, _ = ready_ftp(new_ftp, quirks)
    assert words in "\n".join(lines(world.fails("check", code=0), level))


def test_a_server_that_forbids_renaming_is_not_asked_to(new_ftp: NewFtp) -> None:
    world, ftp = ready_ftp(new_ftp, Quirks(refused=frozenset({"RNFR"})))
    world.configure(server="publish = 'direct'\n")
    assert "half a file" in "\n".join(lines(world.fails("check", code=0), "warning"))
    assert ftp.received("RNFR") == 0


# --- this machine, and what lies on it ---------------------------------------------------------


def put(path: Path, data: bytes | None) -> None:
    path.parent.mkdir(exist_ok=True)
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)


SPOILT = {
    "no import": (4, "fault", "ftp:import/: no such file", "create the folder"),
    "no ledger": (4, "fault", "ledger: the ledger is damaged", "backups"),
    "no folder": (4, "fault", "folder: the folder cannot be written", "this account"),
    "no source": (0, "warning", "orders.from (ftp:commandes.csv)", "the shop or the ERP"),
    "no trace": (0, "warning", "Trace1.txt", "close the program"),
    "no room": (0, "warning", "50 MB left", "make room"),
    "no work": (0, "warning", "no run has anything to do", "passerelle init"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_spoilt_is_told_with_its_mend(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    usage = shutil.disk_usage(world.folder)._replace(free=50_000_000)
    {
        "no import": lambda: (world.server.root / "import").rmdir(),
        "no ledger": lambda: put(world.data / "passerelle.db", b"no ledger" * 100),
        "no folder": lambda: put(world.data, b"a file where a folder should be"),
        "no source": lambda: (world.server.root / "commandes.csv").unlink(),
        "no trace": lambda: put(world.data / "Trace1.txt", None),
        "no room": lambda: monkeypatch.setattr(shutil, "disk_usage", lambda _: usage),
        "no work": lambda: put(world.folder / "config.toml", b""),
    }[what]()
    code, level, words, told = SPOILT[what]
    assert told in mend(world.fails("check", code=code), level, words)


def test_a_lost_ledger_is_a_fault_that_would_hold_runs(world: World) -> None:
    world.run_well("run", "orders")
    for path in world.data.glob("passerelle.db*"):
        path.unlink()
    world.run("history")
    world.fails("run", "orders", code=6)
    world.fails("check", code=6)


def test_a_form_is_named_or_is_a_fault_of_the_configuration(world: World) -> None:
    examples = Path(__file__).parents[2] / "docs" / "examples"
    shutil.copy(examples / "sales.xsd", world.folder)
    (world.folder / "form").write_text("<no form>", encoding="utf-8")
    world.configure(orders="xml.schema = 'sales.xsd'\n")
    assert "orders.xml: schema sales.xsd can be used" in "\n".join(lines(world.run("check"), "ok"))
    for key in ("stylesheet", "schema"):
        world.configure(orders=f"xml.{key} = 'form'\n")
        assert len(lines(world.fails("check", code=3), "fault")) == 1


# --- the files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "run", "words"),
    [
        ("commandes.csv", "Quantité de produits", "Nombre", "orders", "no column for quantity"),
        ("ExportCSV.csv", "Stock", "Dispo", "stock", "no column is called Stock"),
    ],
)
def test_a_header_that_a_run_refuses_is_a_fault_with_the_run_s_words(
    world: World, file: str, old: str, new: str, run: str, words: str
) -> None:
    path = world.server.root / file
    text = path.read_bytes().decode("cp1252")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("cp1252"))
    result = world.fails("check", code=3)
    (told,) = [line for line in lines(result, "fault") if words in line]
    assert told.startswith(f"{run}.from (ftp:{file}): {words}")
    assert words in world.run("run", run, "--dry-run").stderr


def test_all_columns_that_a_stock_lacks_are_named(world: World) -> None:
    (world.server.root / "ExportCSV.csv").write_bytes(b"A;B\r\n1;2\r\n")
    told = lines(world.fails("check", code=3), "fault")
    assert any("stock.columns: no column for ean13 and quantity" in line for line in told)


def test_a_file_that_is_being_written_is_a_warning(world: World) -> None:
    path = world.server.root / "commandes.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    world.fails("check", code=0, words="the last line does not end")


def test_a_clock_that_no_run_has_measured_is_kept_for_dry_runs(
    new_ftp: NewFtp,
) -> None:
    world, _ = ready_ftp(new_ftp, Quirks(clock_ahead=60))
    unknown = "the clock of ftp is not known"
    world.data.mkdir()
    open_ledger(world.data).close()
    assert unknown in world.run("run", "stock", "--dry-run").text
    world.fails("check", code=0)
    assert unknown not in world.run("run", "stock", "--dry-run").text


def test_what_would_keep_all_orders_back_is_told(world: World) -> None:
    text = (world.folder / "config.toml").read_text("utf-8")
    started = re.sub(r"start_from = \S+", "start_from = 2062-11-01T00:00:00", text)
    assert started != text
    (world.folder / "config.toml").write_text(started, encoding="utf-8")
    assert "start_from is 2062-11-01" in world.run("check").text


def test_stock_without_orders_is_a_fault(world: World) -> None:
    text = (world.folder / "config.toml").read_text("utf-8")
    stock = text[text.index("[stock]") :].partition("\n[orders")[0]
    (world.folder / "config.toml").write_text(f"{world.server.toml('ftp')}\n{stock}", "utf-8")
    world.fails("check", code=3, words="needs [orders], too")
