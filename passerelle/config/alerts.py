"""``[alerts]``: whom to tell, and which monitor hears of each run."""

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, field_validator, model_validator

from passerelle.base.language import _
from passerelle.config.values import ClockTime, Section, checked_by

# Stands for the name of a run in a monitor's address.
RUN = "{run}"
_PATTERN = r"^([Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9_.:@%\[\]-]+([/?]([^\s{}#]|\{run\})*)?)?$"


def _monitor(value: Any) -> Any:
    """What is wrong is told without the address: who knows it can speak for the shop."""
    url = value.get_secret_value()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if url and not (host and re.fullmatch(_PATTERN, url)):
        problem = _(
            'write the address of a monitor, like "https://hc-ping.com/…"; {run} stands for the '
            "name of a run, other braces and blanks do not stand in it"
        )
        raise ValueError(problem)
    return value


Monitor = Annotated[SecretStr, AfterValidator(_monitor), checked_by(_PATTERN)]


class Alerts(Section):
    """``[alerts]``: whom to tell when a run fails or holds; addresses as apprise takes them."""

    urls: tuple[SecretStr, ...] = ()
    """Whom to tell when a run fails or holds, as apprise writes it: "mailto://…", "msteams://…".
    The addresses hold secrets: keep this file to yourself.

    = …  # "mailtos://user:word@example.com", "workflows://…": https://appriseit.com
    """
    heartbeat: Monitor = SecretStr("")
    """The address of a monitor that hears when each run starts and how it ended, and raises the
    alarm when it hears nothing: of Healthchecks.io, or a push monitor of Uptime Kuma. {run} in it
    stands for the run's name, for one check a run. It is a secret too.

    = …  # a monitor, told of each run: "https://hc-ping.com/KEY/passerelle-{run}"
    """
    digest: ClockTime | None = None
    """The first run after that hour of the day, by this machine's clock, sends ``urls`` a digest:
    what is to be entered at the till, what happened yesterday, what is out of order.

    # digest = "08:00"  # a message a day: what to enter at the till, what happened yesterday
    """

    @model_validator(mode="after")
    def _somebody_reads_it(self) -> Self:
        if self.digest and not self.urls:
            raise ValueError(_("digest: name in urls whom it goes to"))
        return self

    @field_validator("urls", mode="before")
    @classmethod
    def _as_secrets(cls, value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problem = _('write a list of addresses, like ["mailto://user:word@example.com"]')
            raise ValueError(problem)
        return tuple(SecretStr(item) for item in value)
