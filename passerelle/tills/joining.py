"""A till takes its place: the server's certificate, the code that a person carried, the token."""

import ssl
from hashlib import sha256
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import httpx

from passerelle.base.errors import ConfigError, UnreachableError, UsageError
from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.tills.trust import key_of, proof

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME
# The other side is away, or talks nonsense: it is asked again.
LOST = (httpx.HTTPError, OSError, ValueError, LookupError, TypeError, AttributeError)


def context_for(certificate: str) -> ssl.SSLContext | bool:
    """Trusts this one certificate, under whatever name or address; ``True`` without TLS."""
    if not certificate:
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # Nor whenever: a till whose battery is empty lives in another year.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    context.load_verify_locations(cadata=certificate)
    return context


def url_of(server: str) -> str:
    """A server's address as it is kept. Raises :class:`UsageError` for what is none."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise UsageError(
            _("this is no server's address"), server, _("write it like https://HOST:8469")
        )
    return f"{parts.scheme}://{parts.netloc}"


def pair_with(server: str, code: str) -> dict[str, str]:
    """Takes the place that a code is for: till, group, token, and the server's certificate.

    Raises :class:`UnreachableError`, or :class:`ConfigError` where the code or the certificate is
    not the server's.
    """
    url = url_of(server)
    parts = urlsplit(url)
    try:
        certificate = ""
        if parts.scheme == "https":
            place = str(parts.hostname), parts.port or 443
            certificate = ssl.get_server_certificate(place, timeout=5)
        trusted = context_for(certificate)
        with httpx.Client(verify=trusted, timeout=TIMEOUT, trust_env=False) as client:
            return _prove(client, url, code, certificate)
    except LOST as error:
        reason = str(error) or type(error).__name__
        what = _("the till server does not answer ({reason})").format(reason=reason)
        mend = _("does `passerelle till serve` run there, and does a firewall let this machine in?")
        raise UnreachableError(what, url, mend) from error


def _prove(client: httpx.Client, url: str, code: str, certificate: str) -> dict[str, str]:
    fingerprint = ""
    if certificate:
        fingerprint = sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    hello = token_hex(16)
    first = _said(client.post(f"{url}/v1/pair", content=dump({"hello": hello})), url)
    key, nonces = key_of(code, bytes.fromhex(first["salt"])), (hello, first["nonce"])
    given = {"hello": hello, "nonce": first["nonce"],
             "proof": proof(key, "agent", nonces, fingerprint)}  # fmt: skip
    paired = _said(client.post(f"{url}/v1/pair", content=dump(given)), url)
    if paired["proof"] != proof(key, "server", nonces, fingerprint):
        what = _("this server does not know the code: somebody else answers in its place")
        raise ConfigError(what, url, _("nothing was sent; look who has that address"))
    names = ("name", "group", "token")
    return {**{name: str(paired[name]) for name in names}, "url": url, "certificate": certificate}


def _said(response: httpx.Response, url: str) -> dict[str, Any]:
    value = parse(response.content)
    if response.status_code == 200 and isinstance(value, dict):
        return value
    why = value.get("error", "") if isinstance(value, dict) else ""
    raise ConfigError(_("the till could not be paired"), url, str(why))
