"""``passerelle check``: is everything ready for the next run?"""

from dataclasses import asdict

import click

from passerelle.base.language import _, n_, speak
from passerelle.base.progress import each
from passerelle.checks import check_all
from passerelle.checks.findings import Finding, Level, gravest
from passerelle.cli.common import config_path, json_option, print_json
from passerelle.config.load import load_config

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}


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
    label = _("checking")
    if as_json:
        # What programs read is English, whatever the language.
        speak("en")
    findings = []
    for finding in each(label, check_all(settings, path)):
        findings.append(finding)
        if not as_json:
            click.echo(_coloured(finding))
    if as_json:
        print_json([asdict(finding) for finding in findings])
        speak(settings.language)
    code = gravest(findings)
    if code:
        faults = sum(finding.level == Level.FAULT for finding in findings)
        things = n_("{n} fault", "{n} faults", faults)
        mend = _("mend it, then check again")
        click.echo(f"passerelle: {_(': ').join((things, str(path), mend))}", err=True)
    context.exit(code)


def _coloured(finding: Finding) -> str:
    """With colour, which click leaves out where the output is no terminal."""
    level, text = str(finding)[:9], str(finding)[9:]
    return click.style(level, fg=_COLOURS[finding.level]) + text
