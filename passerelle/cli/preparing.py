"""``passerelle init``, ``check`` and ``completion``: before the first run."""

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_, speak
from passerelle.base.progress import each
from passerelle.base.wording import fields_of
from passerelle.cli.common import config_path, json_option, print_json
from passerelle.config.load import load_config, write_template
from passerelle.config.model import Settings

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}
SHELLS = ("bash", "zsh", "fish", "powershell")
PROGRAM = "passerelle"
# By this variable the shell asks the program, and click answers before any command runs.
VARIABLE = "_PASSERELLE_COMPLETE"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".",
                metavar="[DIR]")  # fmt: skip
def init(folder: Path) -> None:
    """Write a commented config.toml into DIR (here, if none is given).

    Never over an existing one. The schema beside it, by which editors complete and check it, is
    brought up to date.

    \b
    passerelle init
    passerelle init D:\\Passerelle
    """
    path = write_template(folder)
    text = _("{file} is written. Fill in the server, then try: passerelle run orders --dry-run")
    click.echo(text.format(file=path))


@click.command()
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Look at all that a run needs, and say what is wrong and how to mend it.

    Config, passwords, servers (with a probe file, which is deleted again), the files of the shop
    and the ERP, folders, ledger and the scheduled tasks. Run it under the account that runs these.
    A run may be active meanwhile.

    \b
    passerelle check
    """
    path = config_path(context)
    settings = load_config(path)
    context.exit(tell_findings(settings, path, as_json=as_json))


def tell_findings(settings: Settings, path: Path, *, as_json: bool = False) -> int:
    """Checks, tells each finding as soon as it is known, and gives the gravest one's exit code."""
    from passerelle.checks import check_all
    from passerelle.checks.findings import gravest

    label = _("checking")
    if as_json:
        # What programs read is English, whatever the language.
        speak("en")
    findings = []
    for finding in each(label, check_all(settings, path)):
        findings.append(finding)
        if not as_json:
            # Colour is for terminals: click leaves it out elsewhere.
            grade, text = str(finding)[:9], str(finding)[9:]
            click.echo(click.style(grade, fg=_COLOURS[finding.grade]) + text)
    if as_json:
        print_json([fields_of(finding) for finding in findings])
        speak(settings.language)
    code = gravest(findings)
    if code:
        faults = sum(finding.grade == "fault" for finding in findings)
        things = n_("{n} fault", "{n} faults", faults)
        mend = _("mend it, then check again")
        click.echo(f"passerelle: {_(': ').join((things, str(path), mend))}", err=True)
    return code


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, states, servers and files.

    cmd.exe cannot complete the words of a program. `passerelle` must be found on the PATH.

    \b
    In ~/.bashrc:   eval "$(passerelle completion bash)"
    In ~/.zshrc:    eval "$(passerelle completion zsh)"   (below compinit)
    Once for fish:  passerelle completion fish > ~/.config/fish/completions/passerelle.fish
    In $PROFILE:    passerelle completion powershell | Out-String | Invoke-Expression

    \b
    passerelle completion bash
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(
            _("the installed click knows no completion for {shell}").format(shell=shell),
            "",
            _("update it to 8.5 or newer"),
        )
    source = found(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    # As bytes: shells want their own line ends, on Windows too.
    click.echo(source.encode(), nl=False)
