"""``[tills]``: several tills that share their open orders (docs/tills.md)."""

from ipaddress import ip_address
from typing import Literal

from pydantic import field_validator

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.values import Section

_GROUP_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")


class Certificate(Section):
    """``[tills] tls = { cert = …, key = … }``: files in PEM."""

    cert: str
    """The certificate's file, with the chain behind it.

    = -
    """
    key: str
    """Its private key's file.

    = -
    """


class TillGroup(Section):
    """``[tills.groups.NAME]``: tills that share their orders; other groups never see them."""

    sync: bool = True
    """false: each till sees its own orders alone; its sales count all the same.

    = …  # false: each till for itself; its sales count all the same
    """


class Tills(Section):
    """``[tills]``: what `passerelle till serve` serves."""

    listen: str = "0.0.0.0:8469"
    """The address and port at which the server listens; `till serve --listen` overrides it.

    = …  # of `passerelle till serve`
    """
    tls: Literal["own", "off"] | Certificate = "own"
    """"own": a certificate that the server makes, and that tills know from their pairing; "off", on
    loopback only; or { cert = "…", key = "…" }.

    = …  # its own certificate; or { cert = "…", key = "…" }
    """
    hold: Literal["draft", "paid"] = "draft"
    """What stands in an order is off the web from its "draft" on, and given back on cancel; or once
    it is "paid".

    = …  # or "paid": when what stands in an order is off the web
    """
    groups: dict[str, TillGroup] = {"store": TillGroup()}
    """The groups of tills: any name. One group needs no --group.

    [store]  # any name; groups never see each other's orders
    """

    @field_validator("listen")
    @classmethod
    def _address(cls, listen: str) -> str:
        host_and_port(listen)
        return listen

    @field_validator("groups")
    @classmethod
    def _names(cls, groups: dict[str, TillGroup]) -> dict[str, TillGroup]:
        if not groups:
            raise ValueError(_("write [tills.groups.NAME]"))
        for name in groups:
            if not _GROUP_NAME.fullmatch(name):
                problem = _('"{name}" cannot be a group\'s name: use letters, digits, "-" and "_"')
                raise ValueError(problem.format(name=name))
        return groups


def host_and_port(listen: str) -> tuple[str, int]:
    """The two of ``host:port``. Raises :class:`ValueError` for what is none."""
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 <= int(port) < 2**16:
        raise ValueError(_('write it like "0.0.0.0:8469"'))
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
