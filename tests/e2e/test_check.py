"""`passerelle check`: says what is wrong and how to mend it, and leaves everything as it was."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import INTERRUPTED
from passerelle.base.lock import hold_lock
from passerelle.remotes.folder import FolderRemote
from passerelle.remotes.passwords import account
from tests.e2e.conftest import make_world
from tests.pty import run_at_terminal
from tests.remotes.test_passwords import MemoryKeyring
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.shell import Result
from tests.world import Sale, World, tree

SHOE = Sale("1", {"370": 1})
OLD = frozenset({"MLST", "MLSD"})


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    """A world that is ready: both sources are there."""
    return ready(make_world(tmp_path, new_server("folder")))


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)


def ready(world: World) -> World:
    world.shop_writes(SHOE)
    world.erp_writes_stock({"370": 3})
    return world


NewFtp = Callable[[Quirks], tuple[World, FtpServer]]


@pytest.fixture
def new_ftp(tmp_path: Path, request: pytest.FixtureRequest) -> NewFtp:
    """A ready world on an FTP server with quirks."""
    stack = ExitStack()
    request.addfinalizer(stack.close)

    def start(quirks: Quirks) -> tuple[World, FtpServer]:
        root = tmp_path / "shop"
        root.mkdir()
        ftp = stack.enter_context(FtpServer(root, {USER: PASSWORD}, quirks=quirks))
        url = f"ftp://{USER}@{HOST}:{ftp.port}"
        server = RunningServer("ftp", url, PASSWORD, root)
        return ready(make_world(tmp_path, server)), ftp

    return start


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
    result = world.run("check")
    assert result.exit_code == 0, result
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
    result = world.run("check")
    assert (result.exit_code, lines(result, "fault")) == (0, []), result
    assert tree(real_server.root) == before


def test_before_the_first_run_nothing_is_created(world: World) -> None:
    before = tree(world.folder)
    result = world.run("check")
    assert result.exit_code == 0
    assert "ledger: there is none yet" in result.stdout
    assert "which the first run creates" in result.stdout
    assert tree(world.folder) == before


def test_a_run_may_be_active_meanwhile(world: World) -> None:
    world.run_well("run", "orders")
    with hold_lock(world.data, "run stock", datetime.now(UTC)):
        before = tree(world.data)
        assert world.run("check").exit_code == 0
        assert tree(world.data) == before
    world.run_well("run", "orders")


def test_programs_read_the_same_as_people(world: World) -> None:
    world.configure(server="publish = 'direct'\n")
    text, result = world.run("check"), world.run("check", "--json")
    found = json.loads(result.stdout)
    assert [entry["level"] for entry in found] == [
        line.split()[0] for line in text.stdout.splitlines()
    ]
    for entry in found:
        assert set(entry) == {"level", "what", "found", "mend", "exit_code"}
        assert bool(entry["mend"]) == (entry["level"] != "ok")
        assert entry["what"] in text.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_only_a_terminal_gets_colours(world: World) -> None:
    assert "\x1b[" not in world.run("check").text
    assert "\x1b[32mok" in run_at_terminal("check", cwd=world.folder).screen


# --- config and passwords ----------------------------------------------------------------------


def test_a_broken_configuration_is_told_as_by_every_command(world: World) -> None:
    (world.folder / "config.toml").write_text("folder = 1\nfodler = 2\n", encoding="utf-8")
    result = world.run("check")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == world.run("run", "orders").stderr
    assert "config.toml:2: fodler: unknown key" in result.stderr


def test_a_configuration_without_work_is_a_warning(world: World) -> None:
    (world.folder / "config.toml").write_text("", encoding="utf-8")
    result = world.run("check")
    assert result.exit_code == 0
    assert "passerelle init" in mend(result, "warning", "no run has anything to do")


def set_password(world: World, password: str) -> None:
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8").replace(f"'{PASSWORD}'", f"'{password}'")
    config.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("password", "words"),
    [("keyring", "passerelle secret set ftp"), ("env:SHOP_PASSWORD", "set SHOP_PASSWORD")],
)
def test_a_password_that_this_account_cannot_read_names_account_and_command(
    new_ftp: NewFtp, monkeypatch: pytest.MonkeyPatch, password: str, words: str
) -> None:
    world, ftp = new_ftp(Quirks())
    set_password(world, password)
    monkeypatch.setattr(keyring, "get_password", MemoryKeyring().get_password)
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    result = world.run("check")
    assert result.exit_code == 3
    told = mend(result, "fault", "servers.ftp.password")
    assert words in told
    assert account() in told
    assert ftp.commands == []


def test_a_password_that_this_account_can_read_is_told_with_its_place(
    new_ftp: NewFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = new_ftp(Quirks())
    set_password(world, "env:SHOP_PASSWORD")
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    result = world.run("check")
    assert f"servers.ftp.password: {account()} has it in the variable" in result.stdout
    assert result.exit_code == 0


def test_a_password_in_the_configuration_and_a_server_in_clear_are_warnings(
    new_ftp: NewFtp,
) -> None:
    world, _ = new_ftp(Quirks())
    (world.folder / "config.toml").chmod(0o644)
    result = world.run("check")
    assert result.exit_code == 0
    assert "secret set ftp" in mend(result, "warning", "for everyone to see")
    assert "ftps://" in mend(result, "warning", "in clear")
    if os.name != "nt":
        assert mend(result, "warning", "other users").startswith("chmod 600")
    assert PASSWORD not in result.text


# --- servers -----------------------------------------------------------------------------------


def test_a_server_that_is_away_or_unverified_is_told_and_the_rest_is_looked_at(
    world: World, free_port: int
) -> None:
    away = f"\n[servers.away]\nurl = 'ftps://{USER}@{HOST}:{free_port}'\nverify_tls = false\n"
    world.configure(extra=away)
    result = world.run("check")
    assert result.exit_code == 4
    assert "check the network" in mend(result, "fault", "servers.away: connection lost or refused")
    assert "verify_tls = true" in mend(result, "warning", "not verified")
    assert "files can be written, renamed, replaced and deleted" in result.stdout
    assert result.stderr.startswith("passerelle: 1 fault: ")


def test_the_exit_code_is_that_of_the_gravest_fault(
    world: World, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOBODY_SET_IT", raising=False)
    url = f"url = 'ftp://{USER}@{HOST}:{free_port}'\n"
    away = f"\n[servers.a]\n{url}password = 'env:NOBODY_SET_IT'\n[servers.b]\n{url}"
    world.configure(extra=away)
    result = world.run("check")
    assert len(lines(result, "fault")) == 2
    assert result.exit_code == 3


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
    world, _ = new_ftp(quirks)
    before = tree(world.server.root)
    result = world.run("check")
    assert result.exit_code == 4
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


def test_a_folder_that_is_missing_and_a_damaged_ledger_are_faults(world: World) -> None:
    (world.server.root / "import").rmdir()
    world.data.mkdir()
    (world.data / "passerelle.db").write_bytes(b"no ledger" * 100)
    result = world.run("check")
    assert result.exit_code == 4
    assert "create the folder" in mend(result, "fault", "ftp:import/: no such file")
    assert "backups" in mend(result, "fault", "ledger: the ledger is damaged")


def test_an_absent_source_a_full_disk_and_a_stuck_trace_are_warnings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.server.root / "commandes.csv").unlink()
    (world.data / "Trace1.txt").mkdir(parents=True)
    usage = shutil.disk_usage(world.folder)._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    result = world.run("check")
    assert result.exit_code == 0
    assert "the shop or the ERP" in mend(result, "warning", "orders.from (ftp:commandes.csv)")
    assert "close the program" in mend(result, "warning", "Trace1.txt")
    assert "make room" in mend(result, "warning", "50 MB left")


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
    world, _ = new_ftp(Quirks(refused=frozenset({"DELE"})))
    result = world.run("check")
    assert result.exit_code == 4
    (left,) = world.xmls()
    assert left.suffix == ".tmp"
    assert "delete it by hand" in mend(result, "warning", f"import/{left.name}")


def test_old_files_are_replaced_where_the_server_never_renames_over_one(new_ftp: NewFtp) -> None:
    world, _ = new_ftp(Quirks(renames_over=False))
    assert world.run("check").exit_code == 0


@pytest.mark.parametrize(("missing", "words"), [("SIZE", "no sizes"), ("MDTM", "no times")])
def test_what_the_server_does_not_tell_is_a_weaker_promise(
    new_ftp: NewFtp, missing: str, words: str
) -> None:
    world, _ = new_ftp(Quirks(missing=OLD | {missing}))
    result = world.run("check")
    assert result.exit_code == 0
    assert "MLST" in mend(result, "warning", f"servers.ftp: the server tells {words}")


def test_a_server_that_forbids_renaming_is_not_asked_to(new_ftp: NewFtp) -> None:
    world, ftp = new_ftp(Quirks(refused=frozenset({"RNFR"})))
    world.configure(server="publish = 'direct'\n")
    result = world.run("check")
    assert result.exit_code == 0
    assert "half a file" in "\n".join(lines(result, "warning"))
    assert ftp.received("RNFR") == 0


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (0, "agrees with this machine's"),
        (7260, "2 hours ahead of this machine's"),
        (-86460, "1 day behind this machine's"),
    ],
)
def test_a_clock_that_differs_is_told_but_is_no_fault(
    new_ftp: NewFtp, ahead: float, words: str
) -> None:
    world, _ = new_ftp(Quirks(missing=OLD, clock_ahead=ahead))
    result = world.run("check")
    assert result.exit_code == 0
    assert words in "\n".join(lines(result, "ok"))
    assert "bytes, written " in result.stdout


# --- this machine ------------------------------------------------------------------------------


def test_a_data_folder_that_cannot_be_written_is_a_fault(world: World) -> None:
    world.data.write_bytes(b"a file where a folder should be")
    result = world.run("check")
    assert result.exit_code == 4
    assert "this account" in mend(result, "fault", "folder: the folder cannot be written")


def test_a_lost_ledger_is_a_fault_that_would_hold_runs(world: World) -> None:
    world.run_well("run", "orders")
    for path in world.data.glob("passerelle.db*"):
        path.unlink()
    world.run("history")
    result = world.run("run", "orders")
    assert (result.exit_code, world.run("check").exit_code) == (6, 6)


def test_a_form_is_named_or_is_a_fault_of_the_configuration(world: World) -> None:
    examples = Path(__file__).parents[2] / "docs" / "examples"
    shutil.copy(examples / "sales.xsd", world.folder)
    (world.folder / "form").write_text("<no form>", encoding="utf-8")
    world.configure(orders="xml.schema = 'sales.xsd'\n")
    assert "orders.xml: schema sales.xsd can be used" in "\n".join(lines(world.run("check"), "ok"))
    for key in ("stylesheet", "schema"):
        world.configure(orders=f"xml.{key} = 'form'\n")
        result = world.run("check")
        assert result.exit_code == 3
        assert len(lines(result, "fault")) == 1
