"""How a file's bytes travel by SFTP: how many are asked for at once, and how far ahead."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NamedTuple

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_DATA,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_READ,
    CMD_STATUS,
    SFTPError,
    int64,
)

# What every server takes in one request, and what is asked of those that say that they take it.
_CHUNK, _MOST_CHUNK = 1 << 15, 1 << 17
# From so much on it pays to ask.
_BIG = 1 << 20
# How many readings are on their way then: as one is unpacked here, the server prepares the next.
_AHEAD = 4
# https://github.com/openssh/openssh-portable/blob/master/PROTOCOL, section 4.8
_LIMITS = "limits@openssh.com"


class Limit(IntEnum):
    """Which of a server's limits, as it tells them."""

    READ = 1
    WRITE = 2


class Limits:
    """How much a server takes and gives at once; it is asked when that counts."""

    def __init__(self) -> None:
        self._told: list[int] | None = None

    def chunk(self, sftp: paramiko.SFTPClient, size: int, which: Limit) -> int:
        """How much of so many bytes to ask for at once: as much as the server says it may be."""
        if size < _BIG:
            return _CHUNK
        if self._told is None:
            self._told = _limits_of(sftp)
        return max(_CHUNK, min(_MOST_CHUNK, self._told[which]))


def _limits_of(sftp: paramiko.SFTPClient) -> list[int]:
    """The most bytes of a packet, a reading and a writing, and the most open files; zeros where
    the server tells none."""
    try:
        # As paramiko itself asks for its extensions; it has no other way.
        kind, answer = sftp._request(CMD_EXTENDED, _LIMITS)  # type: ignore[attr-defined]
    except OSError as error:
        if is_network(error):
            raise
        return [0, 0, 0, 0]
    return [answer.get_int64() for _each in range(4)] if kind == CMD_EXTENDED_REPLY else [0] * 4


@contextmanager
def closing_file(file: paramiko.SFTPFile) -> Iterator[None]:
    """Closes a file; where something failed, without waiting for the server's answer.

    That may come late, behind all that was asked for before, or never; and where a wait was given
    up amid an answer, what is read next is none.
    """
    try:
        yield
    except BaseException:
        file._close(async_=True)  # type: ignore[attr-defined]
        raise
    file.close()


class _Awaited(NamedTuple):
    number: int
    place: int
    size: int


class Download:
    """A file that is read to its end; of a big one the next pieces are asked for beforehand.

    paramiko's own way of that takes a thread, which prints a traceback when the connection is lost.
    Here each answer is looked at where it is waited for.
    """

    def __init__(self, file: paramiko.SFTPFile, limits: Limits) -> None:
        self._handle, self._limits = file.handle, limits
        self._place, self._taken, self._is_uneven = 0, 0, False
        self._asked = deque[_Awaited]()
        self._answers: dict[int, tuple[int, Message]] = {}

    def receive(self, channel: Callable[[], paramiko.SFTPClient]) -> bytes:
        """The next piece, none at the file's end; ``channel`` is asked for before each wait.

        Raises what paramiko raises, and what ``channel`` does.
        """
        is_ahead = self._taken >= _BIG and not self._is_uneven
        while len(self._asked) < (_AHEAD if is_ahead else 1):
            self._ask(channel())
        asked = self._asked.popleft()
        while asked.number not in self._answers:
            channel()._read_response()  # type: ignore[attr-defined]
        piece = _piece(channel(), *self._answers.pop(asked.number))
        self._taken += len(piece)
        if len(piece) != asked.size:
            # Less than asked for, or more: what was asked for beforehand does not follow it.
            self._asked.clear()
            self._place, self._is_uneven = asked.place + len(piece), True
        return piece

    def _ask(self, sftp: paramiko.SFTPClient) -> None:
        size = self._limits.chunk(sftp, self._taken, Limit.READ)
        number = sftp._async_request(  # type: ignore[attr-defined]
            self, CMD_READ, self._handle, int64(self._place), size
        )
        self._asked.append(_Awaited(number, self._place, size))
        self._place += size

    def _async_response(self, kind: int, answer: Message, number: int) -> None:
        """What paramiko calls, with what the server answered to one request."""
        self._answers[number] = kind, answer


def _piece(sftp: paramiko.SFTPClient, kind: int, answer: Message) -> bytes:
    if kind == CMD_STATUS:
        try:
            sftp._convert_status(answer)  # type: ignore[attr-defined]
        except EOFError:
            return b""
    if kind != CMD_DATA:
        raise SFTPError("Expected data")
    return answer.get_string()


def is_network(error: OSError) -> bool:
    """Whether the connection failed, rather than the server refused."""
    lost = (ConnectionError, TimeoutError, paramiko.ssh_exception.NoValidConnectionsError)
    # Of a channel that is closed already paramiko speaks as of a server that refuses.
    return isinstance(error, lost) or error.args == ("Socket is closed",)
