"""A server in a process of its own, which can be killed, or kills itself at a command.

``python -m tests.fire.outside KIND ROOT PORT HOST_KEY DIE_AT WHEN`` serves until its input ends.
It dies ``before`` it does the command of that number, or ``after`` it but before it answers.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import paramiko

from tests import forking
from tests.servers import HOST, PASSWORD, USER, House
from tests.servers.ftp import FtpServer, _Plain
from tests.servers.sftp import SftpServer

KINDS = ("ftp", "sftp")
NEVER = 0


class Outside:
    """Starts, kills and starts again one server over one folder, always on the same port."""

    def __init__(self, kind: str, home: Path) -> None:
        self._kind, self._home = kind, home
        self._key = home.parent / f"{home.name}.key"
        self._child: forking.Child | None = None
        self._input = -1
        paramiko.ECDSAKey.generate().write_private_key_file(str(self._key))
        self.port = 0
        self.start()
        self.house = self._house()

    def start(self, *, die_at: int = NEVER, when: str = "before") -> None:
        """Starts it, once more if need be, to die at the command of that number."""
        self.kill()
        arguments = (self._kind, self._home, self.port, self._key, die_at, when)
        its_input, self._input = os.pipe()
        output, its_output = os.pipe()
        self._child = forking.start(
            "tests.fire.outside",
            tuple(map(str, arguments)),
            cwd=forking.ROOT,
            env=os.environ,
            streams=(its_input, its_output, 2),
        )
        os.close(its_input)
        os.close(its_output)
        with open(output, encoding="ascii") as told:  # noqa: PTH123 - a file's number
            self.port = int(told.readline())

    def kill(self) -> None:
        """Ends it without a word."""
        if self._child is not None:
            self._child.kill()
            os.close(self._input)
            self._child = None

    @property
    def died(self) -> bool:
        """Whether it has killed itself."""
        assert self._child is not None
        return self._child.wait(0.2) == -signal.SIGKILL

    def _house(self) -> House:
        settings = {}
        if self._kind == "sftp":
            key = paramiko.ECDSAKey(filename=str(self._key))
            known_hosts = self._home.parent / "known_hosts"
            line = f"[{HOST}]:{self.port} {key.get_name()} {key.get_base64()}\n"
            known_hosts.write_text(line, encoding="ascii")
            settings = {"known_hosts": str(known_hosts)}
        return House(self._kind, self._kind, self._home, self.kill, self.port, settings=settings)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying(real: Callable[..., Any], die_at: int, when: str) -> Callable[..., Any]:
    """``real``, dying at its call of that number."""
    calls = 0

    @wraps(real)
    def dies(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == die_at and when == "before":
            _die()
        result = real(*args, **kwargs)
        if calls == die_at:
            _die()
        return result

    return dies


def _serve_ftp(root: Path, port: int, die_at: int, when: str) -> FtpServer:
    """Dies ``after`` a command when it is about to tell what became of it, good or bad."""
    server = FtpServer(root, {USER: PASSWORD}, port=port)
    real = _Plain.respond

    def respond(handler: Any, reply: str, *args: Any, **options: Any) -> None:
        if when == "after" and len(server.commands) == die_at and reply[0] != "1":
            _die()
        real(handler, reply, *args, **options)

    setattr(_Plain, "respond", respond)  # noqa: B010 - mypy refuses the plain assignment
    if when == "before":
        process = _Plain.pre_process_command
        _Plain.pre_process_command = _dying(process, die_at, when)  # type: ignore[method-assign]
    return server


def _serve_sftp(root: Path, port: int, key: Path, die_at: int, when: str) -> SftpServer:
    process = paramiko.SFTPServer._process  # type: ignore[attr-defined]
    paramiko.SFTPServer._process = _dying(process, die_at, when)  # type: ignore[attr-defined]
    host_key = paramiko.ECDSAKey(filename=str(key))
    return SftpServer(root, {USER: PASSWORD}, port=port, host_key=host_key)


def main(kind: str, root: Path, port: int, key: Path, die_at: int, when: str) -> None:
    """Serves, after its port was printed, until standard input ends."""
    if kind == "ftp":
        running: FtpServer | SftpServer = _serve_ftp(root, port, die_at, when)
    else:
        running = _serve_sftp(root, port, key, die_at, when)
    sys.stdout.write(f"{running.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0], Path(given[1]), int(given[2]), Path(given[3]), int(given[4]), given[5])
