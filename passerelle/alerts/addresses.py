"""The addresses of ``[alerts]``, as apprise understands them, and as they may be named."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from passerelle.config import Settings
from passerelle.errors import ConfigError
from passerelle.language import _

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    """One of ``alerts.urls``, by its place in it, from 1 on."""

    number: int
    url: SecretStr

    @property
    def key(self) -> str:
        """As messages name it."""
        return f"alerts.urls[{self.number}]"


def addresses(settings: Settings) -> list[Address]:
    """The addresses in the config."""
    return [Address(number, url) for number, url in enumerate(settings.alerts.urls, 1)]


def services_of(address: Address) -> "Apprise":
    """What apprise makes of an address. Raises :class:`ConfigError` for what it does not know."""
    import urllib3
    from apprise import Apprise, AppriseAsset

    _silence()
    urllib3.disable_warnings()  # of an address with verify=no: they would go to the console
    asset = AppriseAsset(
        app_id="Passerelle",
        app_desc="Passerelle",
        app_url="",
        service_timeout=0,  # its own limit leaves threads behind that hold up the exit
        storage_mode="memory",
    )
    services = Apprise(asset=asset)
    if not services.add(address.url.get_secret_value()) or not len(services):
        raise ConfigError(
            _("the address is not understood"),
            address.key,
            _("write it as {site} says, like {example}").format(
                site="https://appriseit.com", example='"mailtos://user:word@example.com"'
            ),
        )
    return services


def _silence() -> None:
    """Apprise's log goes nowhere, however the program was started."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def name(services: "Apprise") -> str:
    """Scheme and host of an address, without its secrets."""
    return ", ".join(_name(service) for service in services)


def _name(service: "NotifyBase") -> str:
    """With many services a token stands in the host's place: it is left out."""
    url: str = service.url(privacy=True)  # type: ignore[no-untyped-call]
    scheme = url.partition("://")[0]
    token = service.template_tokens.get("host")
    host = _server(service) if token and not token.get("private") else ""
    return f"{scheme}://{host}"


def _server(service: "NotifyBase") -> str:
    """The host that is spoken to: for mail, the one that ``smtp=`` names."""
    return str(getattr(service, "smtp_host", "") or service.host or "")


def is_in_clear(services: "Apprise") -> bool:
    """Whether a mail's password would travel unencrypted to another machine."""
    return any(
        getattr(service, "secure_mode", "") == "insecure"
        and bool(service.password)
        and _server(service) not in _HERE
        for service in services
    )
