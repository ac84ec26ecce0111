"""A mail server that keeps what it is sent, and an HTTP endpoint that does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.servers import HOST

CLERK = "clerk"


class Postbox:
    """A running mail server that lets ``CLERK`` in with a password, and has the ``mails`` so far.

    With ``refusal`` it answers every mail so.
    """

    def __init__(self, port: int, password: str) -> None:
        self.mails: list[EmailMessage] = []
        self.port, self.refusal = port, ""
        self._password = password.encode()
        self._controller = Controller(
            self,
            hostname=HOST,
            port=port,
            authenticator=self._let_in,
            auth_require_tls=False,
        )

    def __enter__(self) -> "Postbox":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def url(self, password: str) -> str:
        """As ``[alerts] urls`` names it."""
        who = "from=passerelle@shop.example&to=staff@shop.example"
        return f"mailto://{CLERK}:{password}@{HOST}:{self.port}?{who}&mode=insecure"

    def take(self) -> list[EmailMessage]:
        """The mails since the last taking."""
        mails, self.mails = self.mails, []
        return mails

    async def handle_DATA(  # noqa: N802
        self, server: object, session: object, envelope: Envelope
    ) -> str:
        """Called by aiosmtpd with each mail."""
        if self.refusal:
            return self.refusal
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def _let_in(self, *args: Any) -> AuthResult:
        given = args[-1]
        assert isinstance(given, LoginPassword)
        return AuthResult(success=(given.password == self._password), handled=False)


def text_of(mail: EmailMessage) -> str:
    """What a person reads in a mail, subject first."""
    body = mail.get_body(("plain", "html"))
    assert body is not None
    return f"{mail['subject']}\n\n{body.get_content()}"


@contextmanager
def json_endpoint(port: int, status: int = 200) -> Iterator[list[dict[str, Any]]]:
    """What is posted to ``json://HOST:PORT/``, each as it came."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer((HOST, port), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield posted
        server.shutdown()
