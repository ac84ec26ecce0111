"""Reading ahead by SFTP: whole and in order, whatever a server gives at once and answers first."""

import random
from typing import Any

import paramiko
import pytest
from paramiko.message import Message
from paramiko.sftp import CMD_DATA, CMD_STATUS, SFTP_EOF, SFTP_FAILURE

from passerelle.remotes.sftp_transfer import Download, Limits, closing_file

DATA = random.Random(5).randbytes(3_000_001)
CHUNK = 1 << 15


class Server:
    """Stands for paramiko's client: its answers come in any order, and may give less."""

    _convert_status = paramiko.SFTPClient._convert_status  # type: ignore[attr-defined]

    def __init__(
        self, seed: int, gives: float = 0.0, fails_from: int = len(DATA) + 1, more: int = 0
    ) -> None:
        self._random, self._gives, self._fails_from = random.Random(seed), gives, fails_from
        self._more = more
        self._waiting: list[tuple[Any, int, int, int]] = []
        self.asked = 0

    def _request(self, *_asked: object) -> tuple[int, Message]:
        return CMD_STATUS, Message()  # it tells no limits

    def _async_request(self, asker: object, _kind: int, _handle: bytes, place: Any, n: int) -> int:
        self.asked += n
        self._waiting.append((asker, self.asked, int(place), n))
        return self.asked

    def _read_response(self) -> None:
        turn = self._random.randrange(len(self._waiting))
        asker, number, place, size = self._waiting.pop(turn)
        answer, piece = Message(), DATA[place : place + size + self._more]
        if self._random.random() < self._gives:
            piece = piece[: self._random.randrange(1, size)]
        if place >= self._fails_from or not piece:
            answer.add_int(SFTP_FAILURE if place >= self._fails_from else SFTP_EOF)
            answer.add_string(b"no")
        else:
            answer.add_string(piece)
        answer.rewind()
        kind = CMD_DATA if piece and place < self._fails_from else CMD_STATUS
        asker._async_response(kind, answer, number)


class File:
    handle, ended = b"h", ""

    def close(self) -> None:
        self.ended = "waited for"

    def _close(self, *, async_: bool) -> None:
        self.ended = "told" if async_ else "waited for"


def read(server: Any) -> bytes:
    file: Any = File()
    download, pieces = Download(file, Limits()), list[bytes]()
    while piece := download.receive(lambda: server):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("gives", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_all_of_a_file_comes_in_its_order(seed: int, gives: float) -> None:
    assert read(Server(seed, gives)) == DATA


def test_what_is_given_beyond_what_was_asked_for_comes_once() -> None:
    assert read(Server(3, more=5000)) == DATA


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError, OSError])
def test_a_file_that_fails_is_closed_without_waiting(error: type[BaseException]) -> None:
    """What is awaited is behind all that was asked for before it: a slow line takes minutes."""
    file: Any = File()
    with pytest.raises(error), closing_file(file):
        raise error
    assert file.ended == "told"
    with closing_file(file):
        pass
    assert file.ended == "waited for"


def test_the_time_limit_is_looked_at_before_each_wait() -> None:
    """Answers to nothing that was asked for may come without end."""
    looks, strange = 0, Server(4)
    strange._read_response = lambda: None  # type: ignore[method-assign]

    def channel() -> Any:
        nonlocal looks
        looks += 1
        if looks > 100:
            raise TimeoutError
        return strange

    file: Any = File()
    with pytest.raises(TimeoutError):
        Download(file, Limits()).receive(channel)


def test_nothing_is_asked_for_in_vain_of_servers_that_give_less() -> None:
    server = Server(1, gives=1.0)
    assert read(server) == DATA
    assert server.asked < 4 * len(DATA)


@pytest.mark.parametrize("place", [0, 5 * CHUNK, 2_000_000])
def test_a_refusal_amid_a_file_is_told(place: int) -> None:
    with pytest.raises(OSError, match="no"):
        read(Server(2, fails_from=place))
