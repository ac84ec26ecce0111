"""``passerelle desktop`` and ``config edit``: for those who would rather click than type."""

import os
import shlex
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import click

from passerelle.base.errors import AccessDeniedError, ConfigError, UnreachableError
from passerelle.base.language import N_, _
from passerelle.base.program import this_program
from passerelle.cli.common import ask_first, complain, tell
from passerelle.config.file import FILE_NAME, config_place
from passerelle.config.load import find_config, load_config, write_template
from passerelle.desktop import entries

# Nobody reads and closes a file so fast: such an editor goes on in a process of its own.
_AT_ONCE = 2.0
# The forms without windows, and those that people use.
_WINDOWED = {"passerellew.exe": "passerelle.exe", "pythonw.exe": "python.exe"}
# The links by name, with what they start; each only where this build has its command.
_LINKS = {
    N_("Status"): ("--pause", "always", "status"),
    N_("Report"): ("--pause", "failed", "report", "--open"),
    N_("Settings"): ("--pause", "failed", "config", "edit"),
    N_("Console"): ("--pause", "failed", "console"),
}


def double_clicked() -> list[str]:
    """What the program does when somebody clicks on it: something to see, in any case."""
    if not config_place().is_file():
        return ["--pause", "always", "setup"]
    return ["--pause", "failed", "console"]


@click.group()
def desktop() -> None:
    """What you use of Passerelle without typing, on Windows: the Start menu, the PATH.

    \b
    passerelle desktop add
    passerelle desktop remove
    """


@desktop.command()
@click.pass_context
def add(context: click.Context) -> None:
    """Put the program's folder on your PATH, and links to it into your Start menu.

    For your account alone, so that it needs no administrator. The links are named in your language:
    status, report and settings, and the console where there is one. They use the config.toml that
    is used now. Said again, for example after the program moved, it replaces what it added.

    \b
    passerelle desktop add
    """
    config = config_place(context.find_root().obj)
    added = entries.add(_program_folder(), _links(config))
    text = _("{folder} is on your PATH: consoles that you open from now on find the program")
    if not added.folder:
        text = _("{folder} was on your PATH already")
    click.echo(text.format(folder=_program_folder()))
    tell(f"+ {link}" for link in added.links)


@desktop.command()
def remove() -> None:
    """Take back what `add` added, and nothing else.

    \b
    passerelle desktop remove
    """
    added = entries.remove()
    if added is None:
        click.echo(_("there is nothing that `passerelle desktop add` added"))
        return
    if added.folder:
        click.echo(_("{folder} is on your PATH no more").format(folder=added.folder))
    tell(f"- {link}" for link in added.links)


def _program_folder() -> Path:
    frozen = getattr(sys, "frozen", False)
    return Path(sys.executable).parent if frozen else Path(sysconfig.get_path("scripts"))


def _links(config: Path) -> Iterator[entries.MenuLink]:
    for name, words in _LINKS.items():
        program, *rest = this_program(config, *words)
        line = (_with_a_window(program), *rest)
        yield entries.MenuLink(_(name), line, _program_folder())


def _with_a_window(program: str) -> str:
    """The form for people, where the other one runs this: the installer starts that."""
    path = Path(program)
    return str(path.with_name(_WINDOWED.get(path.name.lower(), path.name)))


@click.command()
@click.pass_context
def edit(context: click.Context) -> None:
    """Open config.toml in your editor, and check it once that is closed.

    The editor that $VISUAL or $EDITOR names, else the Notepad (elsewhere than on Windows one that
    is there). Where the file has faults then, they are told, and you may go on; exit code 3 if you
    leave them there. An account that may not change the file is told so before.

    \b
    passerelle config edit
    """
    path = _file_to_edit(context)
    _refuse_if_it_cannot_be_written(path)
    while True:
        _let_edit(path)
        try:
            load_config(path)
        except ConfigError as error:
            complain(error)
            if not _goes_on():
                context.exit(error.exit_code)
        else:
            break
    told = _("no fault in {file}; `passerelle check` tries servers, passwords and folders")
    click.echo(told.format(file=path))


def _file_to_edit(context: click.Context) -> Path:
    """The file in use; where there is none yet, the one that ``init`` would write."""
    option = context.find_root().obj
    place = config_place(option)
    if place.is_file() or place.name != FILE_NAME or not _is_terminal():
        return find_config(option)
    ask_first([_("there is no {file} yet: it will be written").format(file=place)], yes=False)
    return write_template(place.parent)


def _refuse_if_it_cannot_be_written(path: Path) -> None:
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        what = _("you cannot change the configuration ({reason})")
        mend = _("say it as an administrator, or close what holds the file open")
        reason = what.format(reason=error.strerror or error)
        raise AccessDeniedError(reason, str(path), mend) from error


def _let_edit(path: Path) -> None:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    # click reads it as a shell would, to which the path of a program is none: \ and blanks.
    editor = shlex.quote(named) if named and Path(named).is_file() else None
    before, began = path.read_bytes(), time.monotonic()
    try:
        click.edit(filename=str(path), editor=editor)
    except click.ClickException as error:
        mend = _("name another editor in the variable EDITOR")
        raise UnreachableError(_("the editor failed"), error.format_message(), mend) from error
    if path.read_bytes() == before and time.monotonic() - began < _AT_ONCE:
        click.pause(_("save and close the file in the editor, then press a key here"))


def _goes_on() -> bool:
    """Whether somebody is there, and will edit again."""
    try:
        return _is_terminal() and click.confirm(_("Edit again?"), default=True)
    except click.Abort:
        return False  # the end of the input: on Windows NUL passes for a terminal


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
