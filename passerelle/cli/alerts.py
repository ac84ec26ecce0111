"""``passerelle alerts``: whom to tell when something needs a person."""

import click

from passerelle.base.errors import ConfigError, UnreachableError
from passerelle.base.language import _
from passerelle.cli.common import settings_of
from passerelle.config.model import Settings
from passerelle.health.alerts.sending import addresses, services_of
from passerelle.health.alerts.telling import send_trials


@click.group()
def alerts() -> None:
    """Tell people when something needs them, and when it is over.

    Runs do that by themselves; config.toml says whom: [alerts] urls.

    \b
    passerelle alerts test
    """


@alerts.command("test")
@click.pass_context
def try_alerts(context: click.Context) -> None:
    """Send a test message to every address, and say whether it was delivered.

    Exit code 3 when there is no address, or one is not understood; 4 when one was not reached.

    \b
    passerelle alerts test
    """
    settings = settings_of(context)
    _check(settings)
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


def _check(settings: Settings) -> None:
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
