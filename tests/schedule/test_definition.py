"""A task's definition: what the Task Scheduler's schema asks, and what the shop needs."""

import codecs
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from passerelle.config.load import load_config, template
from passerelle.config.model import Settings
from passerelle.schedule.definition import (
    NAMESPACE,
    Program,
    cron_line,
    needs_password,
    task_file,
    task_xml,
    this_program,
)

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "task.xsd"))
# Where the installer puts it.
HOME = "C:\\Program Files\\Passerelle"
INSTALLED = Program(f"{HOME}\\passerellew.exe", ("--config", f"{HOME}\\config.toml"), HOME)
ODD = 'D:\\Boutique "é" & <fils>\''


def settings_of(folder: Path, text: str = "") -> Settings:
    path = folder / "config.toml"
    path.write_bytes(template().partition(b"\n[schedule]")[0] + text.encode())
    return load_config(path)


def parsed(settings: Settings, run: str = "orders", program: Program = INSTALLED) -> etree._Element:
    """The definition as the Task Scheduler reads it from a file."""
    tree = etree.fromstring(task_file(task_xml(settings, run, program)))
    SCHEMA.assertValid(tree)
    return tree


def told(tree: etree._Element, *path: str) -> list[str | None]:
    """The texts of all elements at the end of a path."""
    return [e.text for e in tree.iterfind("/".join(f"{{{NAMESPACE}}}{name}" for name in path))]


TRIGGER = ("Triggers", "CalendarTrigger")


@pytest.mark.parametrize(
    ("minutes", "starts", "interval"),
    [
        *(("[27, 57]", ["27"], "PT30M"), ("[49, 19]", ["19"], "PT30M"), ("[5]", ["05"], "PT1H")),
        *(("[0, 30]", ["00"], "PT30M"), ("[10, 41]", ["10", "41"], "PT1H")),
        ("[0, 20, 40]", ["00"], "PT20M"),
    ],
)
def test_one_trigger_repeats_at_one_distance_else_each_minute_has_its_own(
    tmp_path: Path, minutes: str, starts: list[str], interval: str
) -> None:
    tree = parsed(settings_of(tmp_path, f"\n[schedule]\norders = {minutes}\n"))
    boundaries = told(tree, *TRIGGER, "StartBoundary")
    assert boundaries == [f"2026-01-01T00:{start}:00" for start in starts]
    assert told(tree, *TRIGGER, "Repetition", "Interval") == [interval] * len(starts)
    assert told(tree, *TRIGGER, "Repetition", "Duration") == ["P1D"] * len(starts)
    assert told(tree, *TRIGGER, "ScheduleByDay", "DaysInterval") == ["1"] * len(starts)


@pytest.mark.parametrize("run", ["orders", "stock"])
def test_a_task_starts_its_own_run_and_never_twice_at_once(tmp_path: Path, run: str) -> None:
    tree = parsed(settings_of(tmp_path), run)
    action = ("Actions", "Exec")
    assert told(tree, *action, "Command") == [INSTALLED.command]
    assert told(tree, *action, "Arguments") == [f'--config "{HOME}\\config.toml" run {run}']
    assert told(tree, *action, "WorkingDirectory") == [HOME]
    assert told(tree, "Settings", "MultipleInstancesPolicy") == ["IgnoreNew"]
    assert told(tree, "Settings", "StartWhenAvailable") == ["false"]
    assert told(tree, "Settings", "DisallowStartIfOnBatteries") == ["false"]
    assert told(tree, "Settings", "Enabled") == ["true"]
    assert told(tree, "Principals", "Principal", "RunLevel") == ["LeastPrivilege"]


@pytest.mark.parametrize(("seconds", "minutes"), [(120, 3), (10, 2), (90, 3)])
def test_a_run_that_hangs_is_killed_after_its_own_limit_but_not_before(
    tmp_path: Path, seconds: int, minutes: int
) -> None:
    limit = {"time_limit": timedelta(seconds=seconds)}
    tree = parsed(settings_of(tmp_path).model_copy(update=limit))
    assert told(tree, "Settings", "ExecutionTimeLimit") == [f"PT{minutes}M"]


def test_a_path_with_spaces_accents_and_signs_of_xml_arrives_as_it_is(tmp_path: Path) -> None:
    program = Program(f"{ODD}\\p.exe", ("--config", f"{ODD}\\config.toml"), ODD, "ÉTÉ & CO\\léa")
    tree = parsed(settings_of(tmp_path), "orders", program)
    assert told(tree, "Actions", "Exec", "Command") == [f"{ODD}\\p.exe"]
    assert told(tree, "Actions", "Exec", "Arguments") == [
        f'--config "{ODD}\\config.toml" run orders'
    ]
    assert told(tree, "Actions", "Exec", "WorkingDirectory") == [ODD]
    assert told(tree, "Principals", "Principal", "UserId") == ["ÉTÉ & CO\\léa"]


@pytest.mark.parametrize(
    ("server", "logon"),
    [
        ('url = "ftp://u@h/"\npassword = "keyring"', "Password"),
        ('url = "ftp://u@h/"\npassword = "env:WORD"', "S4U"),
        ('url = "file:///D:/exchange"', "S4U"),
        ('url = "file://nas/exchange"', "Password"),
    ],
)
def test_the_task_logs_on_with_a_password_only_where_a_run_needs_one(
    tmp_path: Path, server: str, logon: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[servers.ftp]\n{server}\n", encoding="utf-8")
    settings = load_config(path)
    assert needs_password(settings) == (logon == "Password")
    assert told(parsed(settings), "Principals", "Principal", "LogonType") == [logon]


def test_the_ready_made_task_is_the_one_for_the_default_config(tmp_path: Path) -> None:
    """To write it anew: put what is compared here into the file."""
    written = task_file(task_xml(settings_of(tmp_path), "orders", INSTALLED))
    assert (SCRIPTS / "task_scheduler.xml").read_bytes() == written
    assert written.startswith(codecs.BOM_UTF16_LE)
    text = written.decode("utf-16")
    assert text.startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n')
    assert text.count("\n") == text.count("\r\n")


def test_the_exe_is_started_in_its_form_without_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "passerelle.exe"))
    program = this_program(tmp_path / "config.toml")
    assert program.command == str(tmp_path / "passerellew.exe")
    assert program.arguments("stock") == f'--config "{tmp_path / "config.toml"}" run stock'
    assert program.folder == str(tmp_path)


@pytest.mark.parametrize("windowed", [True, False])
def test_an_installed_package_is_started_without_a_window_where_python_has_such_a_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windowed: bool
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    if windowed:
        (tmp_path / "pythonw.exe").touch()
    program = this_program(tmp_path / "config.toml")
    assert program.command == str(tmp_path / ("pythonw.exe" if windowed else "python.exe"))
    assert program.arguments("orders").startswith("-m passerelle --config ")


def test_the_line_for_cron_survives_the_shell_and_cron(tmp_path: Path) -> None:
    program = Program("/opt/100 %/python", ("-m", "passerelle", "--config", "/é/c.toml"), "/é")
    assert cron_line(settings_of(tmp_path), "orders", program) == (
        "27,57 * * * * cd '/é' && '/opt/100 \\%/python' -m passerelle "
        "--config '/é/c.toml' run orders >/dev/null"
    )
