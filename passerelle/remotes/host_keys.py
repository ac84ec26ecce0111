"""The keys of SSH servers, verified against a known_hosts file, never accepted blindly.

Sources: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"; ssh-keygen(1) and ssh-keyscan(1), which Windows
has as well.
"""

import codecs
import os
from pathlib import Path

import paramiko
from msgspec import Struct
from paramiko.hostkeys import HostKeyEntry

from passerelle.base.errors import (
    PermanentError,
)
from passerelle.base.language import _

_REVOKED = "@revoked"


class Host(Struct, frozen=True):
    """An SSH host as settings name it: the server's name in config.toml, its address, its file."""

    name: str
    address: str
    port: int
    known_hosts: Path

    @property
    def where(self) -> str:
        return f"{self.name} ({self.address})"

    @property
    def label(self) -> str:
        """The host in known_hosts: ``[host]:port`` unless the port is 22."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"


class KnownHosts(paramiko.MissingHostKeyPolicy):
    """The keys in the host's known_hosts. Refuses every other, and those marked ``@revoked``."""

    def __init__(self, host: Host) -> None:
        self._host = host
        lines = _lines_of(host.known_hosts)
        self._keys = [e for line in lines if not line.startswith("@") and (e := _known_key(line))]
        marked = (line.partition(" ") for line in lines)
        revoked = (_known_key(rest) for mark, _, rest in marked if mark == _REVOKED)
        self._revoked = {entry.key.asbytes() for entry in revoked if entry and entry.key}

    def trust(self, client: paramiko.SSHClient) -> None:
        """Makes ``client`` accept these keys and no other."""
        for entry in self._keys:
            if entry.key and entry.key.asbytes() not in self._revoked:
                for name in entry.hostnames or ():
                    client.get_host_keys().add(name, entry.key.get_name(), entry.key)
        client.set_missing_host_key_policy(self)

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        self._refuse_revoked(key)
        mend = _("if its keeper confirms this fingerprint, add the key: {command}")
        raise PermanentError(
            _("the host key is not known: it shows {key}").format(key=_shown(key)),
            self._host.where,
            mend.format(command=self._keyscan(key)),
        )

    def changed(self, key: paramiko.PKey, known: paramiko.PKey) -> PermanentError:
        """The host shows another key than the known one: the error that says so."""
        self._refuse_revoked(key)
        what = _(
            "the host key has changed, this may be another machine: "
            "it shows {key}, known is {known}"
        )
        mend = _(
            "only if its keeper confirms the new fingerprint, replace the old key: "
            "{first} and then {second}"
        )
        remove = f'ssh-keygen -R "{self._host.label}" -f "{self._host.known_hosts}"'
        return PermanentError(
            what.format(key=_shown(key), known=_shown(known)),
            self._host.where,
            mend.format(first=remove, second=self._keyscan(key)),
        )

    def _refuse_revoked(self, key: paramiko.PKey) -> None:
        if key.asbytes() in self._revoked:
            mend = _("its keeper must give it a new key; {file} names this one {mark}")
            raise PermanentError(
                _("the host key is revoked: it shows {key}").format(key=_shown(key)),
                self._host.where,
                mend.format(file=self._host.known_hosts, mark=_REVOKED),
            )

    def _keyscan(self, key: paramiko.PKey) -> str:
        """The command that adds the host's key of that kind."""
        host, file = self._host, self._host.known_hosts
        kind = next((k for k in ("ed25519", "ecdsa", "rsa") if k in key.get_name()), "rsa")
        command = f'ssh-keyscan -t {kind} -p {host.port} {host.address} >> "{file}"'
        if not file.parent.is_dir():
            make = f'mkdir "{file.parent}"'
            command = _("{first} and then {second}").format(first=make, second=command)
        # PowerShell would write UTF-16.
        told = _("{command} (in a Command Prompt, cmd)").format(command=command)
        return told if os.name == "nt" else command


def _shown(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def _lines_of(path: Path) -> list[str]:
    """The file's lines; none where there is no file. PowerShell writes UTF-16, ssh ASCII."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PermanentError(
            _("known_hosts cannot be read ({reason})").format(reason=error.strerror or error),
            str(path),
            _("give this account the right to read it"),
        ) from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _known_key(line: str) -> HostKeyEntry | None:
    """A line of known_hosts; what is no key, or none that paramiko knows, counts as absent."""
    try:
        return HostKeyEntry.from_line(line)
    except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey, ValueError):
        return None
