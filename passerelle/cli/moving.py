"""``passerelle ledger``: it goes from SQLite to PostgreSQL, and back."""

import click

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.cli.common import ask_first, now, tell, with_settings, yes_option
from passerelle.config.ledger import Database, checked
from passerelle.config.model import Settings
from passerelle.runs.moving import TO_FOLDER, LedgerMove, move_ledger, places_of


@click.group()
def ledger() -> None:
    """Where the ledger is: in the folder, or in a database (docs/fleet.md).

    \b
    passerelle ledger copy --to postgresql://user@host/database
    """


@ledger.command("copy")
@click.option("--to", required=True, metavar="URL", help='A database, or "sqlite": the folder.')
@yes_option
@with_settings
def copy(settings: Settings, to: str, *, yes: bool) -> None:
    """Move the ledger to another database, with the XMLs that are kept beside it.

    The original stays, says where it went, and is not used any more: change `ledger` in
    config.toml then, as this command says. What was interrupted is finished by the same command.
    The database's password is ledger_password in config.toml, the schema is ledger_schema.

    \b
    passerelle ledger copy --to postgresql://user@host/database
    passerelle ledger copy --to sqlite
    """
    if to != TO_FOLDER:
        _check(to)
    source, target = places_of(settings, to)
    ask_first([_("the ledger goes from {source} to {target}").format(source=source,
               target=target)], yes=yes)  # fmt: skip
    tell(_told(move_ledger(settings, to, now()), to))


def _check(to: str) -> None:
    """Raises :class:`UsageError` for what config.toml would not take."""
    try:
        checked(to)
    except ValueError as error:
        raise UsageError(str(error), "--to") from None


def _told(move: LedgerMove, to: str) -> list[str]:
    done = _("copied: {rows} rows, {files} files; {source} is not used any more: remove it later")
    todo = _('now have config.toml say: ledger = "{url}"').format(url=to)
    if not isinstance(move.target, Database):
        todo = _("now take the line `ledger` out of config.toml")
    return [done.format(rows=move.rows, files=move.files, source=move.source), todo]
