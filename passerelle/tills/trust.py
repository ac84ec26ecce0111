"""Who may speak: pairing by a code that a person carries over, tokens, the server's certificate.

A code has 10 characters of base32 (50 bits), lives for 10 minutes and survives 5 wrong ones. Both
ends prove that they know it by an HMAC over what scrypt makes of it, over the fingerprint of the
certificate that the agent was shown: whoever stands between has another one, and learns nothing.
The agent knows that certificate from then on, whatever name or address the server has.
"""

import hmac
import secrets
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from hashlib import scrypt, sha256
from ipaddress import ip_address
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import NamedTuple

from passerelle.base.durable import create_privately, make_private_folder
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_people import Pairing

CODE_LIVES, TRIES = timedelta(minutes=10), 5
_CERTIFICATE, _KEY = "tills-cert.pem", "tills-key.pem"
_YEARS = timedelta(days=20 * 365)


def new_code() -> str:
    """A code for a person to carry: ``K7QM2-XW4PA`` without the hyphen."""
    return b32encode(secrets.token_bytes(7)).decode()[:10]


def new_token() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def plain_code(code: str) -> str:
    """However a person types it."""
    return code.upper().replace("-", "").replace(" ", "")


def key_of(code: str, salt: bytes) -> bytes:
    """What a code is worth: to try many takes long."""
    return scrypt(plain_code(code).encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def proof(key: bytes, who: str, nonces: tuple[str, str], fingerprint: str) -> str:
    """That ``who`` knows the code, for these two nonces and this certificate."""
    text = "\n".join((who, *nonces, fingerprint))
    return hmac.new(key, text.encode(), sha256).hexdigest()


class Paired(NamedTuple):
    """A till that has its place: its token, and the server's own proof."""

    name: str
    group: str
    token: str
    proof: str


def pair(
    book: TillBook, nonces: tuple[str, str], given: str, fingerprint: str, now: datetime
) -> Paired | None:
    """Gives the till whose code was proved its token; ``None`` (and a try less) for any other.

    Within a transaction.
    """
    for pairing in book.pairings():
        if is_open(pairing, now) and hmac.compare_digest(
            proof(pairing.key, "agent", nonces, fingerprint), given
        ):
            token = new_token()
            book.add_till(pairing.name, pairing.group, token, now, is_program=False)
            book.end_pairing(pairing.name)
            ours = proof(pairing.key, "server", nonces, fingerprint)
            return Paired(pairing.name, pairing.group, token, ours)
    book.count_try()
    return None


def is_open(pairing: Pairing, now: datetime) -> bool:
    """Whether its code still counts."""
    return pairing.tries < TRIES and timedelta(0) <= now - pairing.made < CODE_LIVES


def fingerprint_of(pem: str | bytes) -> str:
    """The SHA-256 (hex) of the first certificate in a text."""
    text = pem.decode("ascii") if isinstance(pem, bytes) else pem
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = text[text.index(begin) : text.index(end) + len(end)]
    return sha256(PEM_cert_to_DER_cert(first)).hexdigest()


def own_certificate(folder: Path, now: datetime) -> tuple[Path, Path]:
    """The server's own certificate and key; made once, for as long as the shop has the server."""
    certificate, key = folder / _CERTIFICATE, folder / _KEY
    if not (certificate.exists() and key.exists()):
        make_private_folder(folder)
        made, its_key = _make_certificate(now)
        for path, data in ((key, its_key), (certificate, made)):
            path.unlink(missing_ok=True)
            create_privately(path, data)
    return certificate, key


def _make_certificate(now: datetime) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Passerelle tills")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    begin = now.astimezone(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _YEARS)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    its_key = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(encoding), its_key
