"""What a person can do about a server's certificate that was not accepted.

Source: OpenSSL's verification codes (openssl-verification-options(1), X509_V_ERR_*).
"""

import os
import ssl

from passerelle.base.errors import PermanentError
from passerelle.base.language import _

_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)


def refusal(error: ssl.SSLCertVerificationError, name: str, host: str) -> PermanentError:
    """The error for the server called ``name`` at ``host``."""
    reason = " ".join(str(error.verify_message).rstrip(".").split())
    mend = _(
        "{mend}; or set verify_tls = false if you accept the risk "
        "that another machine poses as the server"
    )
    return PermanentError(
        _("the certificate was not accepted ({reason})").format(reason=reason),
        f"{name} ({host})",
        mend.format(mend=_mend(error.verify_code, name)),
    )


def _mend(code: int, name: str) -> str:
    if code == _EXPIRED:
        return _("have the server's keeper renew it")
    if code == _NOT_YET_VALID:
        return _("look whether this machine's clock is right, else ask the server's keeper")
    if code in _OTHER_NAME:
        mend = _("write the name that the certificate is made for into servers.{name}.url")
        return mend.format(name=name)
    if code in _UNKNOWN_ISSUER:
        mend = _("have the server's keeper confirm it and give you its issuer's, then {trust}")
        return mend.format(trust=_trust())
    return _("have the server's keeper replace it")


def _trust() -> str:
    if os.name == "nt":
        return _("as administrator: certutil -addstore Root ISSUER.cer")
    return _("append it to the file that SSL_CERT_FILE names for this account")
