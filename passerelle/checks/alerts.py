"""Checks of the addresses that are told when something needs a person; nothing is sent."""

from collections.abc import Iterator

from passerelle.alerts import Address, addresses, is_in_clear, name, services_of
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config import Settings
from passerelle.errors import ConfigError
from passerelle.language import _


def check_alerts(settings: Settings) -> Iterator[Finding]:
    """One finding for each address, or that there is none."""
    if not settings.alerts.urls:
        yield ok(
            "alerts", _("nobody is told when something needs a person: [alerts] urls is empty")
        )
    for address in addresses(settings):
        yield _check(address)


def _check(address: Address) -> Finding:
    try:
        services = services_of(address)
    except ConfigError as error:
        return fault(address.key, error)
    if is_in_clear(services):
        found = _("{name}: its password travels unencrypted").format(name=name(services))
        return warning(address.key, found, _("write it with mailtos://"))
    found = _("{name} is understood; `passerelle alerts test` sends a message")
    return ok(address.key, found.format(name=name(services)))
