"""Runs the program as a person does, in this process for speed, or as a child of its own."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from unittest import mock

import pytest

from passerelle.__main__ import main
from tests import forking


@dataclass(frozen=True)
class Result:
    """What a person sees of a finished program; ``output`` is stdout as bytes."""

    exit_code: int
    output: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        """Standard output as text."""
        return self.output.decode("utf-8").replace("\r\n", "\n")

    @property
    def text(self) -> str:
        """All that was printed."""
        return self.stdout + self.stderr


def run_program(
    *args: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Result:
    """Runs ``passerelle ARGS`` in this process, in folder ``cwd``."""
    out, err = _stream(), _stream()
    patches: list[contextlib.AbstractContextManager[Any]] = [
        mock.patch.object(sys, "argv", ["passerelle", *args]),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        mock.patch.dict(os.environ, env or {}),
    ]
    code: object = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        for patch in patches:
            stack.enter_context(patch)
        try:
            main()
        except SystemExit as done:
            code = done.code
    return Result(int(str(code or 0)), _bytes(out), _bytes(err).decode("utf-8"))


def run_child(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    module: str = "passerelle",
    real: bool = False,
) -> Result:
    """Runs ``python -m MODULE ARGS`` as a child process; ``real`` is a whole start of Python."""
    root = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": root, "PYTHONIOENCODING": "utf-8"} | dict(env or {})
    if real or not forking.CAN_FORK:
        command = [sys.executable, "-m", module, *args]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)
        return Result(done.returncode, done.stdout, done.stderr.decode("utf-8"))
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        code = forking.start(module, args, cwd=cwd, env=environment, streams=streams).wait()
        out.seek(0)
        err.seek(0)
        return Result(int(code or 0), out.read(), err.read().decode("utf-8"))


def kill_at(step: tuple[str, ...], *args: str, cwd: Path) -> None:
    """Runs a child that must be killed at a step (tests/killing.py). Not on Windows."""
    if sys.platform == "win32":
        pytest.skip("Windows has no SIGKILL")
    result = run_child(*step, *args, cwd=cwd, module="tests.killing")
    assert result.exit_code == -signal.SIGKILL, result


class Running:
    """A child that goes on until it is told to stop; ``output`` is what it prints, unbuffered."""

    def __init__(self, child: forking.Child, output: TextIO, errors: TextIO) -> None:
        self._child, self.output, self._errors = child, output, errors
        self.send_signal, self.kill, self.wait = child.send_signal, child.kill, child.wait
        self.pid = child.pid

    @property
    def is_running(self) -> bool:
        return self._child.wait(0.05) is None

    def rest(self) -> tuple[str, str]:
        """What else it prints, and its errors, until it ends."""
        return self.output.read(), self._errors.read()


@contextlib.contextmanager
def running(*args: str, cwd: Path) -> Iterator[Running]:
    """``python -m passerelle ARGS`` as a child, killed in the end. Not on Windows."""
    (output, its_output), (errors, its_errors) = os.pipe(), os.pipe()
    with (
        open(output, encoding="utf-8") as told,  # noqa: PTH123 - a file's number
        open(errors, encoding="utf-8") as complained,  # noqa: PTH123
        Path(os.devnull).open("rb") as nothing,
    ):
        streams = (nothing.fileno(), its_output, its_errors)
        environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
        child = forking.start("passerelle", args, cwd=cwd, env=environment, streams=streams)
        os.close(its_output)
        os.close(its_errors)
        try:
            yield Running(child, told, complained)
        finally:
            child.kill()


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)


def _bytes(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()
