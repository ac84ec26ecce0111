"""``passerelle archive``, ``customer``, ``secret``, ``alerts``: what is kept, who is told."""

import sys
from collections.abc import Iterator, Sequence

import click

from passerelle.archive import folders as archives
from passerelle.archive.retention import mend_of_prune
from passerelle.base.errors import ConfigError, HeldError, UnreachableError, UsageError
from passerelle.base.language import N_, _, n_
from passerelle.base.progress import step
from passerelle.cli.common import (
    now,
    secret_names,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger, steering_ledger
from passerelle.config.model import Settings
from passerelle.config.passwords import delete_password, store_password
from passerelle.exchange.witness import Witness
from passerelle.gateway.pruning import prune_archives
from passerelle.health.alerts.digest import compose_digest
from passerelle.health.alerts.sending import addresses, services_of
from passerelle.health.alerts.telling import send_trials
from passerelle.ledger.ledger import open_copy
from passerelle.ledger.locks import run_lock
from passerelle.runs.erasure import Eraser, Erasure


@click.group()
def archive() -> None:
    """By hand what runs do by themselves.

    \b
    passerelle archive rotate
    passerelle archive prune
    """


@archive.command()
@with_settings
def rotate(settings: Settings) -> None:
    """Move Trace1 and Trace2 to ArchiveTrace now, whatever their size.

    \b
    passerelle archive rotate
    """
    with run_lock(settings.ledger_at, settings.folder, "archive rotate", now()):
        moved = archives.rotate_traces(settings.folder, settings.trace.max_size, now(), force=True)
    told = [_("moved to {path}").format(path=path) for path in moved]
    tell(told or [_("no trace to move, or another program holds it open")])


@archive.command()
@click.option("--yes", is_flag=True, help="Also most of an archive, or after a clock was set.")
@with_settings
def prune(settings: Settings, *, yes: bool) -> None:
    """Remove what is older than keep_exports and keep_traces, and say how much.

    The time in a file's name tells its age, else the file's own. An XML that is still on its way to
    the ERP stays; the ledger keeps its proof of every sending. Exit code 6, and nothing removed,
    where most of an archive would go, or this machine's clock has left that of the last run.

    \b
    passerelle archive prune
    """
    with steering_ledger(settings, "archive prune") as ledger:
        Witness(settings.folder).question(ledger)
        pruned, why = prune_archives(settings, ledger, now(), is_sure=yes)
    if why:
        what = _("nothing was removed from the archives")
        raise HeldError(what, why, mend_of_prune())
    tell(map(str, pruned))
    held = [name for one in pruned for name in one.held]
    if held:
        mend = _("close programs that hold it open, then say it again")
        raise UnreachableError(_("not removed"), ", ".join(held), mend)


BEYOND = N_(
    "not reached from here: the shop and the ERP; files on the servers (the order CSV until the "
    "shop writes it anew, XMLs that the ERP has not taken); backups and other copies"
)


@click.group()
def customer() -> None:
    """What a customer may ask of the shop about their personal data.

    \b
    passerelle customer erase ann@example.org --dry-run
    """


@customer.command()
@click.argument("email")
@click.option("--dry-run", is_flag=True, help="Tell what would be erased; change nothing.")
@with_settings
def erase(settings: Settings, email: str, dry_run: bool) -> None:
    """Erase the customer with this e-mail address from archives, traces and ledger texts.

    Their orders are found by the address, so the XMLs must carry it; with them go their names,
    phones and addresses, wherever a trace quotes them.

    The ledger keeps its proof of sending, which is not personal: order ids, references, dates,
    states, what was sold, the names and SHA-256 of what was sent.

    \b
    passerelle customer erase ann@example.org --dry-run
    """
    reading = step(_("reading archives and traces"), unit="files")
    if dry_run:
        with open_copy(settings.ledger_at) as ledger, reading:
            eraser = Eraser(settings, ledger, email)
            plan = eraser.plan()
    else:
        with steering_ledger(settings, "customer erase") as ledger:
            eraser = Eraser(settings, ledger, email)
            with reading:
                plan = eraser.plan()
            with step(_("erasing")):
                eraser.carry_out(plan, now())
    _tell_erased(eraser, plan, dry_run=dry_run)


def _tell_erased(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> None:
    tell(_erased(eraser, plan, dry_run=dry_run))
    if not (plan.exports or plan.traces or plan.texts or plan.failures):
        click.echo(_("nothing is kept here with this e-mail address"))
    click.echo(_(BEYOND))
    if plan.failures:
        raise UnreachableError(
            _("not everything can be erased"),
            ", ".join(f"{name} ({why})" for name, why in plan.failures.items()),
            _(
                "close programs that hold these files, look into those that are no XML or text, "
                "then say this again"
            ),
        )


def _erased(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> Iterator[str]:
    text = _("would be erased from {place}") if dry_run else _("erased from {place}")
    for export in plan.exports:
        if (name := eraser.name(export.path)) not in plan.failures:
            yield text.format(place=_with_orders(name, export.survey.orders))
    for path in plan.traces:
        if (name := eraser.name(path)) not in plan.failures:
            yield text.format(place=name)
    if plan.texts and dry_run:
        yield n_(
            "would be erased from the ledger: {n} text",
            "would be erased from the ledger: {n} texts",
            plan.texts,
        )
    elif plan.texts:
        yield n_(
            "erased from the ledger: {n} text", "erased from the ledger: {n} texts", plan.texts
        )


def _with_orders(name: str, ids: Sequence[str]) -> str:
    if not ids:
        return name
    orders = n_("order {ids}", "order {ids}", len(ids), ids=", ".join(ids))
    return _(": ").join((name, orders))


@click.group()
def secret() -> None:
    """Keep a server's password in the operating system's credential store (keyring).

    Store it under the account that runs the scheduled task: each account has a store of its own.

    \b
    passerelle secret set ftp
    """


@secret.command("set")
@click.argument("server", shell_complete=secret_names)
@with_settings
def set_secret(settings: Settings, server: str) -> None:
    """Ask for SERVER's password, or read it from a pipe, and store it.

    A pipe's first line is the password, in UTF-8.

    \b
    passerelle secret set ftp
    """
    _check_server(settings, server)
    store_password(server, _asked(server) if _is_console() else _piped(server))
    text = _('stored; in config.toml write password = "keyring" under [servers.{server}]')
    click.echo(text.format(server=server))


@secret.command("delete")
@click.argument("server", shell_complete=secret_names)
@with_settings
def delete_secret(settings: Settings, server: str) -> None:
    """Remove SERVER's password from the store.

    \b
    passerelle secret delete ftp
    """
    _check_server(settings, server)
    delete_password(server)
    click.echo(_("removed"))


def _asked(server: str) -> str:
    words = _("Password of {server}").format(server=server)
    return str(click.prompt(words, hide_input=True, err=True))


def _is_console() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _first_line() -> bytes:
    return sys.stdin.buffer.readline() if sys.stdin is not None else b""


def _piped(server: str) -> str:
    """What a script hands over. Windows' consoles pipe text in code pages that nobody tells."""
    try:
        # Windows' PowerShell puts a mark in front.
        line = _first_line().decode("utf-8-sig")
    except UnicodeDecodeError:
        mend = _("type it at the console, without a pipe")
        raise UsageError(_("the password is not in UTF-8"), server, mend) from None
    if password := line.rstrip("\r\n"):
        return password
    mend = _("type it at the console, or pipe one line to the command")
    raise UsageError(_("no password came in"), server, mend)


def _check_server(settings: Settings, server: str) -> None:
    secrets = [*settings.servers, *settings.other_secrets()]
    if server not in secrets:
        known = ", ".join(secrets) or _("none")
        raise UsageError(
            _('no server is named "{server}"').format(server=server),
            "config.toml",
            _("servers: {names}").format(names=known),
        )


@click.group()
def alerts() -> None:
    """Tell people when something needs them, and when it is over.

    Runs do that by themselves; config.toml says whom: [alerts] urls.

    \b
    passerelle alerts test
    passerelle alerts digest
    """


@alerts.command("test")
@with_settings
def try_alerts(settings: Settings) -> None:
    """Send a test message to every address, and say whether it was delivered.

    Exit code 3 when there is no address, or one is not understood; 4 when one was not reached.

    \b
    passerelle alerts test
    """
    _check_addresses(settings)
    deliveries = send_trials(settings)
    for delivery in deliveries:
        click.echo(_(": ").join((delivery.where, delivery.problem or _("delivered"))))
    failed = [delivery.where for delivery in deliveries if delivery.problem]
    if failed:
        raise UnreachableError(
            _("not every test message was delivered"),
            ", ".join(failed),
            _("look at the address, its password, and whether the server can be reached"),
        )


@alerts.command()
@with_settings
def digest(settings: Settings) -> None:
    """Show the digest as it would be sent now: to enter, yesterday, out of order. Sends nothing.

    \b
    passerelle alerts digest
    """
    with reading_ledger(settings) as ledger:
        message = compose_digest(settings, ledger, now())
    tell([message.subject, "", message.body.rstrip()])


def _check_addresses(settings: Settings) -> None:
    """Raises :class:`ConfigError` unless there are addresses and all of them are understood."""
    if not settings.alerts.urls:
        raise ConfigError(
            _("there is no address to tell"),
            "alerts.urls",
            _("add one to config.toml, like {example}").format(
                example='"mailtos://user:word@example.com"'
            ),
        )
    faults = []
    for address in addresses(settings):
        try:
            services_of(address)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError(_("not every address is understood"), "alerts.urls", faults=faults)
