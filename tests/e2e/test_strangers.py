"""A server that is not the one we know gets no password, and a person is told what to do."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.certificates import OTHERS, Certificates, make_certificates
from tests.servers.ftp import FtpServer
from tests.servers.sftp import SftpServer
from tests.shell import Result
from tests.world import Sale, World

COMMANDS = (("run", "orders"), ("check",))
SHOE = Sale("1", {"370": 1})


def refused(world: World, command: tuple[str, ...]) -> Result:
    """One command that must end with exit code 4 and one line for people."""
    result = world.run(*command)
    assert result.exit_code == 4, result
    assert len(result.stderr.splitlines()) == 1
    assert PASSWORD not in result.text
    return result


# --- SSH ---------------------------------------------------------------------------------------


@dataclass
class Ssh:
    """A world on an SFTP server, whose known_hosts is still empty."""

    world: World
    sftp: SftpServer
    known_hosts: Path

    def know(self, key: paramiko.PKey, mark: str = "") -> None:
        """Adds a line for the host to known_hosts."""
        with self.known_hosts.open("a", encoding="ascii") as file:
            name = f"[{HOST}]:{self.sftp.port}"
            file.write(f"{mark}{name} {key.get_name()} {key.get_base64()}\n")


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Ssh]:
    root, known_hosts = tmp_path / "shop", tmp_path / "hôtes connus"
    root.mkdir()
    with SftpServer(root, {USER: PASSWORD}) as sftp:
        url = f"sftp://{USER}@{HOST}:{sftp.port}"
        settings = {"known_hosts": str(known_hosts)}
        world = make_world(tmp_path, RunningServer("sftp", url, PASSWORD, root, settings))
        world.shop_writes(SHOE)
        yield Ssh(world, sftp, known_hosts)


def commands_in(text: str) -> list[str]:
    """The commands that a message asks for, as they stand."""
    found = re.findall(r'ssh-keygen -R "[^"]+" -f "[^"]+"|ssh-keyscan [^>]*>> "[^"]+"', text)
    assert found
    return found


def follow(text: str) -> None:
    """Does what the message says, in a shell."""
    for command in commands_in(text):
        subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602


needs_ssh = pytest.mark.skipif(
    not (shutil.which("ssh-keygen") and shutil.which("ssh-keyscan")) or os.name == "nt",
    reason="the OpenSSH client is not installed",
)


@pytest.mark.parametrize("also_known", ["nothing", "the same key", "another key"])
def test_a_revoked_host_key_is_refused_whatever_another_line_knows(
    ssh: Ssh, also_known: str
) -> None:
    if also_known != "nothing":
        same = also_known == "the same key"
        ssh.know(ssh.sftp.host_key if same else paramiko.ECDSAKey.generate())
    ssh.know(ssh.sftp.host_key, "@revoked ")
    for command in COMMANDS:
        text = refused(ssh.world, command).text
        assert "the host key is revoked" in text
        assert ssh.sftp.host_key.fingerprint in text and "new key" in text
    assert ssh.sftp.logins == 0


@needs_ssh
@pytest.mark.parametrize("known", [False, True])
def test_whoever_follows_the_message_gets_through(ssh: Ssh, known: bool) -> None:
    if known:
        ssh.know(paramiko.ECDSAKey.generate())
        told = refused(ssh.world, ("check",)).text
        assert told.count("SHA256:") >= 2, "the known one and the new one"
    told = refused(ssh.world, ("run", "orders")).stderr
    assert ssh.sftp.host_key.fingerprint in told and ssh.sftp.logins == 0
    follow(told)
    ssh.world.run_well("run", "orders")
    assert len(ssh.world.xmls()) == 1


@pytest.mark.parametrize("rubbish", [
    b"\xff\xff\x00\n", b"@cert-authority\n", b"host ssh-rsa !!!\n", b"a b c\n# d\n\n", b"",
])  # fmt: skip
def test_rubbish_in_known_hosts_hides_no_good_line_nor_does_powershell(
    ssh: Ssh, rubbish: bytes
) -> None:
    ssh.know(ssh.sftp.host_key)
    good = ssh.known_hosts.read_bytes()
    data = rubbish + good + rubbish if rubbish else good.decode("ascii").encode("utf-16")
    ssh.known_hosts.write_bytes(data)
    ssh.world.run_well("run", "orders")


# --- TLS ---------------------------------------------------------------------------------------

Make = Callable[[Path], Certificates]


def changed(folder: Path) -> Certificates:
    """The authority that we trust, and a certificate of another."""
    (folder / "other").mkdir()
    return Certificates(
        make_certificates(folder).authority, make_certificates(folder / "other").server
    )


FLAWS: dict[str, tuple[Make, str, str]] = {
    "expired": (lambda folder: make_certificates(folder, valid=(-9, -1)),
                "certificate has expired", "have the server's keeper renew it"),
    "not yet valid": (lambda folder: make_certificates(folder, valid=(1, 2)),
                      "not yet valid", "this machine's clock"),
    "self-signed": (lambda folder: make_certificates(folder, self_signed=True),
                    "self-signed certificate", "give you its issuer's, then"),
    "other host": (lambda folder: make_certificates(folder, names=OTHERS), "IP address mismatch",
                   "write the name that the certificate is made for into servers.ftp.url"),
    "changed": (changed, "unable to get local issuer", "give you its issuer's, then"),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["ftps", "ftps-implicit"])
@pytest.mark.parametrize("flaw", FLAWS)
def test_a_bad_certificate_is_told_with_its_own_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, flaw: str
) -> None:
    make, reason, mend = FLAWS[flaw]
    root = tmp_path / "shop"
    root.mkdir()
    certificates = make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    implicit = scheme == "ftps-implicit"
    with FtpServer(root, {USER: PASSWORD}, certificates=certificates, implicit=implicit) as ftp:
        url = f"{scheme}://{USER}@{HOST}:{ftp.port}"
        world = make_world(tmp_path, RunningServer(scheme, url, PASSWORD, root))
        for command in COMMANDS:
            text = refused(world, command).text
            assert "the certificate was not accepted" in text
            assert reason in text and mend in text
        assert ftp.received("USER") == ftp.received("PASS") == 0
