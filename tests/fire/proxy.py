"""A proxy that cuts connections after so many bytes, as a bad line or a tired router does.

For FTP it also stands between on data connections, by naming a port of its own in the answers to
PASV. Four streams are counted: ``control up``, ``control down``, ``data up``, ``data down``.
"""

import re
import socket
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from tests.servers import HOST

STREAMS = ("control up", "control down", "data up", "data down")
_PASV = re.compile(rb"227 [^(]*\(127,0,0,1,(\d+),(\d+)\)")
_RESET = struct.pack("ii", 1, 0)
_MOST = 1 << 16


class CuttingProxy:
    """Stands before the server on ``target``; its own port is ``port``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.RLock()
        self._open: list[socket.socket] = []
        self.never()
        threading.Thread(target=self._welcome, daemon=True).start()

    def never(self) -> None:
        """Lets everything pass from now on, and counts anew."""
        self._plan(STREAMS[0], 0, 0)

    def cut(self, stream: str, after: int, times: int = 1) -> None:
        """Cuts after so many bytes of a stream, counted from now; ``times`` in a row."""
        self._plan(stream, after, times)

    def _plan(self, stream: str, after: int, times: int) -> None:
        with self._lock:
            self._stream, self._after, self._times = stream, after, times
            self.counts: Counter[str] = Counter()
            self.ends: defaultdict[str, list[int]] = defaultdict(list)
            self.cuts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._reset_all()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with suppress(OSError):  # it may be gone again by now
                    self._join(client, self._target, "control", self._rewrite_pasv)

    def _join(
        self, client: socket.socket, port: int, kind: str, down: Callable[[bytes], bytes] = bytes
    ) -> None:
        """Pumps bytes between the client and the server's port, in both directions."""
        try:
            server = socket.create_connection((HOST, port))
        except OSError:
            client.close()
            return
        with self._lock:
            self._open += [client, server]
        for stream, source, target, change in (
            (f"{kind} up", client, server, bytes),
            (f"{kind} down", server, client, down),
        ):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pump = (stream, source, target, change)
            threading.Thread(target=self._pump, args=pump, daemon=True).start()

    def _pump(
        self,
        stream: str,
        source: socket.socket,
        target: socket.socket,
        change: Callable[[bytes], bytes],
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_MOST):
                data = change(data)
                with self._lock:
                    left = self._left(stream, len(data))
                    target.sendall(data[:left])
                    if left is not None:
                        self._reset_all()
                        return
            target.shutdown(socket.SHUT_WR)

    def _left(self, stream: str, length: int) -> int | None:
        """How much may still pass before the cut that falls into these bytes; counts them."""
        before = self.counts[stream]
        self.counts[stream] += length
        self.ends[stream].append(self.counts[stream])
        due = self.cuts < self._times and stream == self._stream
        if not due or self.counts[stream] <= self._after:
            return None
        self.cuts += 1
        self.counts.clear()
        return max(0, self._after - before)

    def _reset_all(self) -> None:
        """Nobody is told goodbye: a reset, on every connection."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._open.clear()

    def _rewrite_pasv(self, data: bytes) -> bytes:
        found = _PASV.search(data)
        if found is None:
            return data
        port = self._stand_between(int(found[1]) * 256 + int(found[2]))
        answer = b"%d,%d" % divmod(port, 256)
        return data[: found.start(1)] + answer + data[found.end(2) :]

    def _stand_between(self, port: int) -> int:
        """Takes one data connection and leads it to the server's port; its own port."""
        listener = socket.create_server((HOST, 0))

        def welcome() -> None:
            with listener, suppress(OSError):
                listener.settimeout(5)
                client, _ = listener.accept()
                client.settimeout(None)
                self._join(client, port, "data")

        threading.Thread(target=welcome, daemon=True).start()
        return int(listener.getsockname()[1])
