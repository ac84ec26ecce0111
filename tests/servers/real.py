"""Real server programs on loopback: vsftpd, ProFTPD, Pure-FTPd and OpenSSH, as Debian has them.

Each runs from a temporary folder, on a free port, with a configuration of its own. Started by
root, they serve the files of ``nobody``; started by anyone else, of that user. On Debian the FTP
servers exclude each other as packages, but not as programs::

    apt-get install proftpd-core proftpd-mod-crypto openssh-server libwrap0 libsodium23
    apt-get download vsftpd pure-ftpd
    for package in *.deb; do
        dpkg-deb --fsys-tarfile $package | tar -x -C /usr/local --strip-components=2 \\
            ./usr/sbin ./usr/bin
    done

vsftpd has no users of its own here: it lets in ``anonymous``, but only with a password on its
list, which spares the machine's accounts and PAM.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.servers import HOST, USER, House
from tests.servers.certificates import Certificates

REAL_KINDS = (
    *("vsftpd", "vsftpd-tls", "proftpd", "proftpd-tls", "pure-ftpd", "pure-ftpd-tls"),
    "openssh",
)
# Plain, since each server hashes or lists it in a way of its own; the hash is SHA-512 crypt.
PASSWORD = "sesame-ouvre-toi"
_HASH = (
    "$6$passerelle$"
    "lLV62VrLhALY10yxv566t9eNldQBO2kxVPC1MXs/CkgA4a5YiLmYkZSypo8TwbWyJcSX9BdT31fegf/BzMB2f1"
)
_ATTEMPTS = 3
_PATIENCE = 10.0


class CannotStartError(Exception):
    """The server program is missing, or does not run here."""


@dataclass(frozen=True)
class _Account:
    """As whom a server touches files."""

    user: str
    group: str
    uid: int
    gid: int

    @property
    def by_root(self) -> bool:
        """Whether the tests run as root, and so may hand files to that account."""
        return os.geteuid() == 0

    @property
    def owner(self) -> tuple[int, int] | None:
        """Whom files must be given to, if to anyone."""
        return (self.uid, self.gid) if self.by_root else None


def start_real(kind: str, folder: Path, certificates: Certificates) -> House:
    """Starts a server program. Raises :class:`CannotStartError` with the reason."""
    if os.name == "nt":
        raise CannotStartError(f"{kind} does not run on Windows")
    program, home = kind.removesuffix("-tls"), folder / "home"
    account = _account(program)
    home.mkdir()
    tls = certificates if kind.endswith("-tls") else None
    start = {"vsftpd": _vsftpd, "proftpd": _proftpd, "pure-ftpd": _pure_ftpd, "openssh": _openssh}
    return start[program](kind, folder, home, account, tls)


def _account(program: str) -> _Account:
    import grp
    import pwd

    # vsftpd insists on a home that exists; nobody has none.
    ordinary = "daemon" if program == "vsftpd" else "nobody"
    entry = pwd.getpwnam(ordinary) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    group = grp.getgrgid(entry.pw_gid).gr_name
    return _Account(entry.pw_name, group, entry.pw_uid, entry.pw_gid)


# --- vsftpd ------------------------------------------------------------------------------------


def _vsftpd(
    kind: str, folder: Path, home: Path, account: _Account, tls: Certificates | None
) -> House:
    program, config = _program("vsftpd"), folder / "vsftpd.conf"
    passwords, empty = folder / "passwords", folder / "empty"
    passwords.write_text(f"{PASSWORD}\n", encoding="ascii")
    empty.mkdir()
    text = _VSFTPD.format(
        is_user="NO" if account.by_root else "YES",
        account=account, passwords=passwords, home=home, empty=empty,
    )  # fmt: skip
    if tls:
        text += _VSFTPD_TLS.format(certificate=tls.server)

    def command(port: int) -> list[str]:
        config.write_text(f"{text}listen_port={port}\n", encoding="utf-8")
        return [program, str(config)]

    port, stop = _launch(kind, command, folder)
    return _ftp_house(kind, home, port, stop, account, user="anonymous")


# Passive ports lie away from those that other servers of these tests listen on.
_VSFTPD = """
listen=YES
listen_address=127.0.0.1
background=NO
anonymous_enable=YES
local_enable=NO
secure_email_list_enable=YES
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
allow_writeable_chroot=YES
delay_failed_login=0
pasv_min_port=32768
pasv_max_port=60999
run_as_launching_user={is_user}
ftp_username={account.user}
nopriv_user={account.user}
email_password_file={passwords}
anon_root={home}
secure_chroot_dir={empty}
"""
_VSFTPD_TLS = """
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
ssl_ciphers=HIGH
rsa_cert_file={certificate}
rsa_private_key_file={certificate}
"""


# --- ProFTPD -----------------------------------------------------------------------------------


def _proftpd(
    kind: str, folder: Path, home: Path, account: _Account, tls: Certificates | None
) -> House:
    program, config, users = _program("proftpd"), folder / "proftpd.conf", folder / "users"
    entry = f"{USER}:{_HASH}:{account.uid}:{account.gid}::{home}:/bin/false\n"
    users.write_text(entry, encoding="ascii")
    users.chmod(0o600)
    text = _PROFTPD.format(folder=folder, users=users, account=account)
    if account.by_root:
        text += "DefaultRoot ~\n"
    if tls:
        text += _PROFTPD_TLS.format(certificate=tls.server, folder=folder)

    def command(port: int) -> list[str]:
        config.write_text(f"{text}Port {port}\n", encoding="utf-8")
        return [program, "--nodaemon", "--quiet", "--config", str(config)]

    port, stop = _launch(kind, command, folder)
    return _ftp_house(kind, home, port, stop, account)


_PROFTPD = """
ModulePath /usr/lib/proftpd
ServerType standalone
ServerName passerelle
DefaultAddress 127.0.0.1
UseIPv6 off
UseReverseDNS off
User {account.user}
Group {account.group}
AuthOrder mod_auth_file.c
AuthUserFile {users}
RequireValidShell off
AllowOverwrite on
DelayEngine off
WtmpLog off
TransferLog none
PidFile {folder}/pid
ScoreboardFile none
SystemLog {folder}/log
"""
# Without TLSOptions, data connections must resume the control connection's session.
_PROFTPD_TLS = """
LoadModule mod_tls.c
TLSEngine on
TLSRequired on
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {certificate}
TLSLog {folder}/tls-log
"""


# --- Pure-FTPd ---------------------------------------------------------------------------------


def _pure_ftpd(
    kind: str, folder: Path, home: Path, account: _Account, tls: Certificates | None
) -> House:
    if not account.by_root:
        raise CannotStartError("Pure-FTPd must be started by root")
    program, database = _program("pure-ftpd"), _pure_ftpd_user(folder, home, account)
    options = ["--login", f"puredb:{database}", "--noanonymous", "--chrooteveryone"]
    options += ["--dontresolve", "--ipv4only", "--pidfile", str(folder / "pid")]
    if tls:
        options += ["--tls", "2", "--certfile", str(tls.server)]

    def command(port: int) -> list[str]:
        return [program, "--bind", f"{HOST},{port}", *options]

    port, stop = _launch(kind, command, folder)
    return _ftp_house(kind, home, port, stop, account)


def _pure_ftpd_user(folder: Path, home: Path, account: _Account) -> Path:
    """A database with one user, written by hand: pure-pw's own hash takes a second per login."""
    passwords, database = folder / "passwords", folder / "users.pdb"
    entry = f"{USER}:{_HASH}:{account.uid}:{account.gid}::{home}/./::::::::::::\n"
    passwords.write_text(entry, encoding="ascii")
    command = [_program("pure-pw"), "mkdb", str(database), "-f", str(passwords)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise CannotStartError(f"pure-pw failed: {done.stderr.decode(errors='replace')}")
    return database


# --- OpenSSH -----------------------------------------------------------------------------------


def _openssh(
    kind: str, folder: Path, home: Path, account: _Account, tls: Certificates | None
) -> House:
    """Runs as the ordinary user, who can only let himself in, and only with a key."""
    program, config = _program("sshd"), folder / "sshd_config"
    host_key, key = folder / "host_key", folder / "key"
    public_host_key = _write_key(host_key, account)
    authorized = folder / "authorized_keys"
    authorized.write_text(f"{_write_key(key)}\n", encoding="ascii")
    text = _SSHD.format(host_key=host_key, authorized=authorized)

    def command(port: int) -> list[str]:
        config.write_text(f"{text}Port {port}\n", encoding="utf-8")
        return [program, "-D", "-e", "-f", str(config)]

    port, stop = _launch(kind, command, folder, account)
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[{HOST}]:{port} {public_host_key}\n", encoding="ascii")
    return House(
        kind, "sftp", home, stop, port, account.user, "", str(home),
        {"known_hosts": str(known_hosts), "key_file": str(key)}, account.owner,
    )  # fmt: skip


# PAM, since without it OpenSSH takes accounts whose password it may not read for locked.
_SSHD = """
ListenAddress 127.0.0.1
HostKey {host_key}
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
MaxStartups 100
Subsystem sftp internal-sftp
"""


def _write_key(path: Path, account: _Account | None = None) -> str:
    """Writes a new key without passphrase; gives its public half as known_hosts has it."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    if account and account.owner:
        os.chown(path, *account.owner)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return public.decode("ascii")


# --- starting and ending -----------------------------------------------------------------------


def _program(name: str) -> str:
    """Daemons are often not on an ordinary user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise CannotStartError(f"{name} is not installed")
    return found


def _ftp_house(
    kind: str, home: Path, port: int, stop: Callable[[], None], account: _Account, user: str = USER
) -> House:
    scheme = "ftps" if kind.endswith("-tls") else "ftp"
    return House(kind, scheme, home, stop, port, user, PASSWORD, owner=account.owner)


def _launch(
    kind: str,
    command: Callable[[int], list[str]],
    folder: Path,
    account: _Account | None = None,
) -> tuple[int, Callable[[], None]]:
    """The port, and how to end it. Another process may take the port first: tries others."""
    output = folder / "output"
    user, group = account.owner if account and account.owner else (None, None)
    for _ in range(_ATTEMPTS):
        port = _free_port()
        with output.open("wb") as file:
            process = subprocess.Popen(
                command(port),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        if _answers(process, port):
            return port, partial(_end, process)
        _end(process)
    said = output.read_text(encoding="utf-8", errors="replace").strip()
    raise CannotStartError(f"{kind} does not start here: {said[-500:]}")


def _free_port() -> int:
    """Below the range from which the system gives ports to clients and passive data."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Waits until the server greets; ``False`` where it ended instead, or never does."""
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection((HOST, port), 1) as client:
                if client.recv(1):
                    return process.poll() is None
        except OSError:
            pass
        time.sleep(0.02)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the server and the children that it has for its clients."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
