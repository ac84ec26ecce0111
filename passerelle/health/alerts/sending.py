"""Sending through apprise: bounded in time, and without a word of its messages.

What apprise and the servers say may hold the address with its password: only known signs of a
failure are taken from it, and told in words of our own.
"""

import logging
import re
import time
from collections.abc import Mapping
from threading import Thread, get_ident
from typing import TYPE_CHECKING

from msgspec import Struct
from pydantic import SecretStr

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.config.model import Settings

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

_HERE = ("localhost", "127.0.0.1", "::1")


class Message(Struct, frozen=True):
    """What is sent: plain text. ``good`` when all that it tells is over."""

    subject: str
    body: str
    good: bool = False


class Address(Struct, frozen=True):
    """One of ``alerts.urls``, by its place in it, from 1 on."""

    number: int
    url: SecretStr

    @property
    def key(self) -> str:
        """As messages name it."""
        return f"alerts.urls[{self.number}]"


def addresses(settings: Settings) -> list[Address]:
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


# For all addresses together. One wait of a connection ends sooner, so that it can say why.
LIMIT = 20.0
_WAIT = 8.0


class Sending(Struct, frozen=True):
    """How it went: ``where`` names the address without secrets, ``problem`` is empty if it did."""

    where: str
    problem: str


def deliver(messages: Mapping[Address, Message], limit: float = LIMIT) -> dict[Address, Sending]:
    """Sends each address its message, all at once, and waits ``limit`` seconds at most."""
    workers = {address: _Worker(address, message) for address, message in messages.items()}
    end = time.monotonic() + limit
    for worker in workers.values():
        worker.start()
    for worker in workers.values():
        worker.join(max(0.0, end - time.monotonic()))
    return {address: Sending(worker.where, worker.problem) for address, worker in workers.items()}


class _Worker(Thread):
    """Delivers one message; a daemon, so that a server that never answers holds up no exit."""

    def __init__(self, address: Address, message: Message) -> None:
        super().__init__(name=address.key, daemon=True)
        self._address, self._message = address, message
        self.where, self.problem = address.key, _("no answer in time")

    def run(self) -> None:
        try:
            self.problem = self._send()
        except ConfigError as error:
            self.problem = error.what
        except Exception as error:
            self.problem = _("it could not be sent ({kind})").format(kind=type(error).__name__)

    def _send(self) -> str:
        services = services_of(self._address)
        self.where = f"{self._address.key} ({name(services)})"
        with _Listener() as heard:
            return "" if _notify(services, self._message) else heard.reason()


def _notify(services: "Apprise", message: Message) -> bool:
    from apprise import NotifyFormat, NotifyType

    for service in services:
        service.socket_connect_timeout = min(service.socket_connect_timeout, _WAIT)
        service.socket_read_timeout = min(service.socket_read_timeout, _WAIT)
    return bool(
        services.notify(
            message.body,
            title=message.subject,
            body_format=NotifyFormat.TEXT,
            notify_type=NotifyType.SUCCESS if message.good else NotifyType.WARNING,
        )
    )


class _Listener(logging.Handler):
    """Hears what apprise logs in this thread, to tell why a message was not delivered."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread, self._texts = get_ident(), list[str]()

    def __enter__(self) -> "_Listener":
        log = logging.getLogger("apprise")
        log.setLevel(logging.DEBUG)
        log.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._texts.append(record.getMessage())

    def reason(self) -> str:
        return reason_in("\n".join(self._texts))


def reason_in(text: str) -> str:
    """Why something was not sent, in our words: those of ``text`` may hold the address."""
    for signs, words in _reasons().items():
        if re.search(signs, text, re.IGNORECASE):
            return words
    code = re.search(r"(?:\berror=|\()([45][0-9]{2})\b", text)
    if code:
        return _("the server answered {code}").format(code=code[1])
    return _("the server did not accept it, or could not be reached")


def _reasons() -> dict[str, str]:
    """Signs in what apprise, Python and Windows say (in any language), and our words for them."""
    return {
        r"\(53[45]\b|AUTH extension not supported|error=401\b": _(
            "user name or password was refused"
        ),
        r"certificate.verify.failed": _("the server's certificate is not trusted"),
        r"timed out|WinError 10060": _("no answer in time"),
        r"Errno 111\b|Errno 61\b|WinError 10061": _("the connection was refused"),
        r"Errno -[235]\b|getaddrinfo failed|NameResolution|Errno 11001": _(
            "the server's name is not known"
        ),
    }
