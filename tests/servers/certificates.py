"""A certificate authority that nobody trusts yet, and its certificate for this machine.

The adapters verify against the default store; tests make them trust the authority by setting
``SSL_CERT_FILE``, which OpenSSL reads whenever a context is made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers import HOST

OURS = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address(HOST))])
OTHERS = x509.SubjectAlternativeName([x509.DNSName("other.example")])


@dataclass(frozen=True)
class Certificates:
    """PEM files: what clients may trust, and the server's certificate with its key."""

    authority: Path
    server: Path


def make_certificates(
    folder: Path,
    *,
    names: x509.SubjectAlternativeName = OURS,
    valid: tuple[int, int] = (-1, 2),
    self_signed: bool = False,
) -> Certificates:
    """A new authority and a server certificate for localhost, valid today.

    ``names`` and ``valid`` (from which day to which, from today) make one with a flaw;
    ``self_signed`` one that the authority knows nothing of.
    """
    issuer_key, key = _new_key(), _new_key()
    issuer = _self_signed(issuer_key)
    certificate = (
        _self_signed(key) if self_signed else _signed(key, issuer_key, issuer, names, valid)
    )
    files = Certificates(folder / "authority.pem", folder / "server.pem")
    files.authority.write_bytes(issuer.public_bytes(serialization.Encoding.PEM))
    files.server.write_bytes(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
    files.server.chmod(0o600)
    return files


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Passerelle test authority")
    builder = _builder(name, name, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return builder.sign(key, hashes.SHA256())


def _signed(
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate,
    names: x509.SubjectAlternativeName,
    valid: tuple[int, int],
) -> x509.Certificate:
    """Python 3.13 verifies strictly: every extension here is one that it asks for."""
    identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = _builder(_name("localhost"), issuer.subject, key.public_key(), valid)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(identity, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    valid: tuple[int, int] = (-1, 2),
) -> x509.CertificateBuilder:
    begin, end = (datetime.now(UTC) + timedelta(days=day) for day in valid)
    number = x509.random_serial_number()
    builder = x509.CertificateBuilder(issuer, subject, key, number, begin, end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in allowed for usage in _USAGES})
