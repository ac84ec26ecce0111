"""A monitor: it hears heartbeats, as Healthchecks.io and Uptime Kuma do."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.servers import HOST


class Monitor:
    """A running HTTP server with the paths that were ``asked`` for, in their order.

    It answers each with ``status`` and ``text``; while ``slow``, letter by
    letter, for three seconds.
    """

    def __init__(self, status: int = 200, text: str = "OK") -> None:
        self.asked: list[str] = []
        self.status, self.text, self.slow = status, text, False
        self._over = Event()
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> "Monitor":
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.asked.append(self.path)
                if monitor.slow:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Letters: ")
                    for _ in range(60):
                        self.wfile.write(b"x")
                        monitor._over.wait(0.05)
                    self.wfile.write(b"\r\n\r\n")
                    return
                self.send_response(monitor.status)
                self.end_headers()
                self.wfile.write(monitor.text.encode())

            def log_message(self, *_: object) -> None:
                return

        return Handler
