"""`passerelle schedule`, on a machine with a Task Scheduler and on one without."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree

from passerelle.schedule import schtasks
from passerelle.schedule.definition import NAMESPACE
from passerelle.schedule.tasks import result_in_words
from tests import scale
from tests.e2e.conftest import make_world
from tests.schedule.conftest import Windows
from tests.servers.fixtures import NewServer
from tests.shell import Running, running
from tests.world import Sale, World


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(Sale("1", {"370": 1}))
    world.erp_writes_stock({"370": 3})
    return world


def text(tree: etree._Element, name: str) -> str:
    return tree.findtext(f".//{{{NAMESPACE}}}{name}", default="")


# --- what is planned ---------------------------------------------------------------------------


def test_show_tells_the_minutes_and_the_next_start_of_each_run_that_is_planned(
    world: World,
) -> None:
    lines = world.run_well("schedule", "show").splitlines()
    assert [line.split("\t")[:2] for line in lines[1:]] == [
        ["orders", ":27 and :57"],
        ["stock", ":19 and :49"],
    ]
    shown = json.loads(world.run_well("schedule", "show", "--json"))
    coming = datetime.fromisoformat(shown[0]["next_start"])
    assert coming.minute in (27, 57)
    assert 0 < (coming - datetime.now().astimezone()).total_seconds() <= 30 * 60
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").partition("[stock]")[0], encoding="utf-8")
    assert "stock" not in world.run_well("schedule", "show")
    result = world.run("schedule", "install", "stock")
    assert (result.exit_code, "[stock] is missing" in result.stderr) == (3, True)


# --- export ------------------------------------------------------------------------------------


def test_export_writes_what_install_registers_for_this_config(
    world: World, windows: Windows
) -> None:
    world.run_well("schedule", "install")
    for run in ("orders", "stock"):
        world.run_well("schedule", "export", run, "-o", f"{run}.xml")
        written = (world.folder / f"{run}.xml").read_bytes()
        assert written == (windows.folder / f"Passerelle-{run}.xml").read_bytes()
        printed = world.run("schedule", "export", run).output
        told = written.decode("utf-16").replace("\r\n", "\n").replace("UTF-16", "UTF-8", 1)
        assert printed.decode("utf-8") == told
        tree = etree.fromstring(printed)
        config = world.folder / "config.toml"
        assert text(tree, "Arguments").endswith(f'--config "{config}" run {run}')
        assert text(tree, "WorkingDirectory") == str(world.folder)
        assert Path(text(tree, "Command")).is_file()
    result = world.run("schedule", "export")
    assert (result.exit_code, "name the task" in result.stderr) == (2, True)


def test_the_lines_for_cron_start_the_runs(world: World) -> None:
    lines = world.run_well("schedule", "export", "--cron").splitlines()
    assert [line.split(" cd ")[0] for line in lines] == ["27,57 * * * *", "19,49 * * * *"]
    command = lines[0].partition("* * * * ")[2]
    root = str(Path(__file__).parents[2])
    subprocess.run(command, shell=True, check=True, cwd="/", env=os.environ | {"PYTHONPATH": root})  # noqa: S602
    assert world.states() == {"1": "sent"}


# --- the Task Scheduler ------------------------------------------------------------------------


def test_tasks_are_installed_paused_shown_and_removed(world: World, windows: Windows) -> None:
    told = world.run_well("schedule", "install")
    assert "Passerelle\\orders: starts at :27 and :57 of every hour, next at " in told
    assert windows.names() == ["Passerelle-orders", "Passerelle-stock"]
    create = windows.calls()[0]
    assert create[:4] == ["/Create", "/TN", "Passerelle\\orders", "/XML"]
    assert create[5:] == ["/F"]
    assert not Path(create[4]).exists(), "the file is gone again"

    world.run_well("schedule", "disable", "stock")
    assert text(windows.task("stock"), "Enabled") == "false"
    told = world.run_well("schedule", "status")
    orders, stock = told.split("Passerelle\\stock: ")
    assert orders.startswith("Passerelle\\orders: enabled\n")
    assert "last start:  24/11/2026 20:27:03" in orders
    assert "last result: not started yet (0x41303)" in orders
    assert "next start:  24/11/2026 20:57:00" in orders
    assert stock.startswith("disabled\n")
    assert "none while it is disabled" in stock

    world.run_well("schedule", "enable")
    assert text(windows.task("stock"), "Enabled") == "true"
    assert world.run_well("schedule", "remove", "stock") == "Passerelle\\stock: removed\n"
    assert "Passerelle\\stock: missing; `passerelle schedule install`" in world.run_well(
        "schedule", "status"
    )
    assert "Passerelle\\stock: there was none" in world.run_well("schedule", "remove")
    assert windows.names() == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        *((0, "done (0)"), (3, "a fault of the configuration (3)"), (0x41301, "running now (0x")),
        *((4, "a server or file could not be reached (4)"), (7, "another run was active (7)")),
        *(
            (5, "some data was rejected (5)"),
            (6, "held for safety, nothing"),
        ),
        (99, "an exit code that Passerelle does not have (99)"),
    ],
)
def test_the_last_result_is_told_in_words(code: int, words: str) -> None:
    assert result_in_words(code).startswith(words)


def test_the_last_result_is_that_of_the_task_as_a_number_without_sign(
    world: World, windows: Windows
) -> None:
    words = "its program is not where it was (0x80070002)"
    world.run_well("schedule", "install", "orders")
    windows.set("result", "-2147024894")
    (shown, *_) = json.loads(world.run_well("schedule", "status", "--json"))
    assert shown["last_result"] == 0x80070002
    assert (shown["result"], shown["state"]) == (words, "enabled")


def test_others_clocks_are_shown_and_remembered_when_ours_are_paused(
    world: World, windows: Windows
) -> None:
    others = ("Atoo-Sync 25/55", "Product Catalog Import")
    world.run_well("schedule", "install")
    assert "others" not in world.run_well("schedule", "show")
    assert "others" not in world.run_well("schedule", "disable")
    world.configure(extra=f"\n[chain]\nothers = {json.dumps(others)}\n")
    assert ", ".join(others) in world.run_well("schedule", "show")
    assert f"as others own them: {', '.join(others)}; " in world.run_well("schedule", "disable")
    assert text(windows.task("stock"), "Enabled") == "false"
    assert "Atoo" not in world.run_well("schedule", "enable")
    (world.folder / "config.toml").write_text("broken", encoding="utf-8")
    assert "disabled" in world.run_well("schedule", "disable")


def test_a_task_can_be_paused_whatever_the_configuration_is_if_it_is_there(
    world: World, windows: Windows
) -> None:
    result = world.run("schedule", "disable")
    assert result.exit_code == 4
    assert result.stderr == (
        "passerelle: there is no such task: Passerelle\\orders: `passerelle schedule install`\n"
    )
    world.run_well("schedule", "install", "stock")
    (world.folder / "config.toml").write_text("fodler = 1\n", encoding="utf-8")
    assert world.run_well("schedule", "disable") == "Passerelle\\stock: disabled\n"


def test_an_account_that_may_not_is_told_what_to_do(world: World, windows: Windows) -> None:
    world.run_well("schedule", "install")
    windows.set("refused")
    for command in ("status", "enable", "remove"):
        (line,) = world.run("schedule", command).stderr.splitlines()
        assert "Windows did not allow it" in line and "Accès refusé." in line
        assert "Run as administrator" in line
    result = world.run("schedule", "install")
    assert (result.exit_code, result.stdout) == (4, "")
    assert 'schtasks failed (schtasks: "ERREUR : Accès refusé."): Passerelle\\orders' in (
        result.stderr
    )
    line = found(world, "orders")
    assert line.startswith("warning  ") and "Run as administrator" in line


def test_a_scheduler_that_says_nothing_is_not_taken_for_one_without_the_task(
    world: World, windows: Windows
) -> None:
    windows.set("silent")
    result = world.run("schedule", "status")
    assert result.exit_code == 4
    assert "schtasks told no definition of the task" in result.stderr


def test_a_password_is_asked_by_windows_itself(world: World, windows: Windows) -> None:
    world.run_well("schedule", "export", "orders", "-o", "task.xml")
    schtasks.create("Passerelle\\orders", world.folder / "task.xml", "BOUTIQUE\\léa")
    assert windows.calls()[-1][5:] == ["/RU", "BOUTIQUE\\léa", "/RP", "*", "/F"]


def test_without_a_task_scheduler_the_way_out_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for command in ("install", "remove", "enable", "disable", "status"):
        result = world.run("schedule", command)
        assert result.exit_code == 2
        assert result.stderr == (
            "passerelle: this machine has no Windows Task Scheduler: use `passerelle schedule "
            "run`, or put `passerelle schedule export --cron` in a crontab\n"
        )
    assert "ok       tasks: no Windows Task Scheduler here" in world.run_well("check")


# --- the loop ----------------------------------------------------------------------------------


@contextmanager
def looping(world: World) -> Iterator[Running]:
    """`schedule run` as a child, which has told its minutes."""
    with running("schedule", "run", cwd=world.folder) as child:
        first = child.output.readline()
        if "asking the Task Scheduler" in first:
            first = child.output.readline()
        assert "run orders starts at" in first
        yield child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_loop_ends_cleanly_however_it_is_asked_to(world: World, number: signal.Signals) -> None:
    with looping(world) as child:
        child.send_signal(number)
        output, errors = child.rest()
    assert (child.wait(), errors) == (0, "")
    assert output.endswith("  stopped\n")


@scale.only("ci")
def test_the_loop_starts_a_run_at_its_minute(world: World) -> None:
    """Every minute is one of its minutes: it takes a minute at most."""
    config = world.folder / "config.toml"
    text = config.read_text("utf-8").partition("[stock]")[0]
    config.write_text(f"{text}[schedule]\norders = {list(range(60))}\n", encoding="utf-8")
    with looping(world) as child:
        for line in child.output:
            if "is in place on ftp" in line:
                break
        # A loop that is stopped within a run says that it was interrupted: the run is to be over.
        while "exit code 0" not in world.trace(1):
            time.sleep(0.1)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        _output, errors = child.rest()
    assert (child.wait(), errors) == (0, "")
    assert world.states() == {"1": "sent"}


def test_the_loop_refuses_to_run_beside_enabled_tasks_only(world: World, windows: Windows) -> None:
    world.run_well("schedule", "install", "stock")
    result = world.run("schedule", "run")
    assert result.exit_code == 7
    assert "Passerelle\\stock" in result.stderr
    assert "`passerelle schedule disable`" in result.stderr
    world.run_well("schedule", "disable")
    with looping(world) as child:
        assert child.is_running


def test_two_loops_in_one_folder_would_start_each_run_twice(world: World) -> None:
    with looping(world) as first:
        second = world.run("schedule", "run")
        assert (second.exit_code, second.stdout) == (7, "")
        assert second.stderr == (
            "passerelle: another `passerelle schedule run` starts the runs already: "
            f"{world.data}: leave it to that one, or end it with Ctrl+C in its window\n"
        )
        world.run_well("run", "orders")
        first.kill()
        with looping(world) as third:
            assert third.is_running


def test_a_loop_that_cannot_write_its_folder_says_so(world: World) -> None:
    config = world.folder / "config.toml"
    (world.folder / "taken").write_bytes(b"")
    text = config.read_text("utf-8").replace('folder = "', 'folder = "taken/', 1)
    config.write_text(text, encoding="utf-8")
    result = world.run("schedule", "run")
    assert result.exit_code == 4
    assert "the folder cannot be written" in result.stderr
    assert "create it, or give this account the right to write there" in result.stderr


# --- check -------------------------------------------------------------------------------------


def found(world: World, run: str) -> str:
    result = world.run("check")
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if f"tasks, Passerelle\\{run}: " in line]
    return " ".join(lines)


def test_check_tells_whether_the_tasks_are_there_and_how_they_ended(
    world: World, windows: Windows
) -> None:
    assert found(world, "orders") == (
        "warning  tasks, Passerelle\\orders: no such task: nothing starts this run: "
        "`passerelle schedule install orders`"
    )
    world.run_well("schedule", "install")
    windows.set("result", "0")
    assert found(world, "orders") == (
        "ok       tasks, Passerelle\\orders: enabled, next start 24/11/2026 20:57:00; "
        "last result: done (0)"
    )
    windows.set("result", "4")
    assert "warning  " in found(world, "stock")
    assert "last result: a server or file could not be reached (4)" in found(world, "stock")
    world.run_well("schedule", "disable", "stock")
    assert "disabled: `passerelle schedule enable stock`" in found(world, "stock")


def test_check_tells_a_task_of_another_config_or_that_cannot_open_the_credential_store(
    world: World, windows: Windows
) -> None:
    world.run_well("schedule", "install")
    other = world.folder / "other.toml"
    other.write_bytes((world.folder / "config.toml").read_bytes())
    result = world.run("--config", "other.toml", "check")
    assert result.stdout.count("it starts something else") == 2
    status = world.run_well("--config", "other.toml", "schedule", "status")
    assert status.count("  starts:      something else: ") == 2
    world.configure(extra='[servers.more]\nurl = "ftp://user@127.0.0.1:1/"\npassword = "keyring"\n')
    assert "cannot open the credential store" in world.run("check").stdout


def test_a_scheduler_that_does_not_answer_is_not_waited_for(
    world: World, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where something that it started holds its output open."""
    monkeypatch.setattr(schtasks, "_PATIENCE", 1)
    windows.set("hung")
    result = world.run("schedule", "status")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "schtasks does not answer" in result.stderr


def test_status_says_what_is_paused(world: World, windows: Windows) -> None:
    world.run_well("schedule", "install")
    for run in ("orders", "stock"):
        world.run_well("run", run)
    assert "paused" not in world.run("status").text
    world.run_well("schedule", "disable", "stock")
    text = world.run("status").text
    assert "paused: stock; `passerelle schedule enable` lets them start again" in text
    assert "all is well" not in text
    stock = next(line for line in text.splitlines() if line.startswith("run stock"))
    assert stock.endswith("; paused")
