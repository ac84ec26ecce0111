"""``python -m MODULE ARGS`` at once: children of a small server that has all modules loaded.

Each process of the tests starts one such server when it first needs it. A child is forked from it
with streams, folder, environment and signals of its own, so that it can be killed or traced like
any program. Without fork (on Windows) every child is a program start, which takes most of a second.
"""

import array
import atexit
import contextlib
import functools
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
_ANSWER = struct.Struct("i")
_MOST = 1 << 17
# prctl(2): PR_SET_PTRACER, so that strace may look at a child that is not its own.
_SET_PTRACER, _ANY = 0x59616D61, -1


class Child:
    """A process that runs a module's main program."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._exit_code: int | None = None
        self.pid = self._receive()

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code, negative where a signal ended it; None if it still runs by then."""
        if self._exit_code is None:
            self._connection.settimeout(timeout)
            try:
                self._exit_code = self._receive()
            except TimeoutError:
                return None
            self._connection.close()
        return self._exit_code

    def send_signal(self, number: int) -> None:
        if self._exit_code is None:
            with contextlib.suppress(ProcessLookupError):  # it ended a moment ago
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it without a word, and waits until it is gone."""
        if self.wait(0.0001) is None:
            self.send_signal(signal.SIGKILL)
            self.wait()

    def go(self) -> None:
        """Lets one that was started ``held`` begin."""
        self._connection.settimeout(None)
        self._connection.sendall(b"g")

    def _receive(self) -> int:
        data = self._connection.recv(_ANSWER.size)
        if len(data) < _ANSWER.size:
            raise RuntimeError("the server of the forked children is gone")
        return int(_ANSWER.unpack(data)[0])


def start(
    module: str,
    args: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    streams: tuple[int, int, int],
    held: bool = False,
    terminal: bool = False,
) -> Child:
    """A child with these files as its streams; ``terminal`` makes the first one its own.

    Skips the test where there is no fork.
    """
    if not CAN_FORK:
        pytest.skip("a child like this is forked, which this system cannot")
    order = {
        "module": module, "args": args, "cwd": str(cwd), "env": dict(env), "held": held,
        "terminal": terminal,
    }  # fmt: skip
    ours, theirs = socket.socketpair()
    socket.send_fds(_server(), [json.dumps(order).encode()], [theirs.fileno(), *streams])
    theirs.close()
    return Child(ours)


@functools.cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
    # The same seed for all, so that a run makes the same system calls each time.
    steady = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | steady, pass_fds=[theirs.fileno()]
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# --- in the server ---------------------------------------------------------------------------


def serve(main: socket.socket) -> None:
    """Forks until the other side is gone."""
    _load_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, files, _flags, _sender = socket.recv_fds(main, _MOST, 4)
        if not data:
            return
        if os.fork() == 0:
            main.close()
            _watch_over(json.loads(data), socket.socket(fileno=files[0]), files[1:])
        for file in files:
            os.close(file)


def _load_all() -> None:
    import passerelle

    for module in pkgutil.walk_packages(passerelle.__path__, "passerelle."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("paramiko")


def _watch_over(order: Mapping[str, object], connection: socket.socket, files: list[int]) -> None:
    """Between server and child: tells the child's number, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        _become(order, connection, files)
    for file in files:
        os.close(file)
    try:
        connection.sendall(_ANSWER.pack(child))
        _, status = os.waitpid(child, 0)
        connection.sendall(_ANSWER.pack(os.waitstatus_to_exitcode(status)))
    finally:
        os._exit(0)


def _become(order: Mapping[str, object], connection: socket.socket, files: list[int]) -> NoReturn:
    # Whatever started the tests (nohup, a shell's background) may ignore these.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if order["terminal"]:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(files[0], termios.TIOCSCTTY, array.array("i", [0]))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    time.tzset()
    if order["held"]:
        _let_trace()
        os.read(connection.fileno(), 1)  # until told to go; strace has come by then
    connection.close()
    _open_streams(os.environ.get("PYTHONIOENCODING", "utf-8"))
    os._exit(_run(str(order["module"]), order["args"]))  # type: ignore[arg-type]


def _let_trace() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY, 0, 0, 0)


def _open_streams(encoding: str) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
        errors = "strict" if number == 1 else "backslashreplace"
        stream = io.TextIOWrapper(
            raw,
            encoding,
            errors,
            line_buffering=number == 2 or os.isatty(number),
            write_through="PYTHONUNBUFFERED" in os.environ,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = open(0, encoding=encoding, closefd=False)  # type: ignore[misc] # noqa: SIM115


def _run(module: str, args: list[str]) -> int:
    sys.argv = [module, *args]
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                code = code or 120
    return code


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
