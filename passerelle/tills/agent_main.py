"""``passerelle till agent``: finds the till's own book, pairs it where it is new, and serves it."""

from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from pathlib import Path
from socket import socket

import click

from passerelle.base.clocks import clock
from passerelle.base.durable import make_private_folder
from passerelle.base.errors import BusyError, UsageError
from passerelle.base.language import _
from passerelle.base.lock import locked
from passerelle.base.serving import bind
from passerelle.config.passwords import SERVICE
from passerelle.config.tills import host_and_port, is_loopback
from passerelle.tills.agent import Agent, make_app
from passerelle.tills.agent_book import AgentBook, books_in, path_for
from passerelle.tills.desk import Desk
from passerelle.tills.joining import pair_with, url_of
from passerelle.tills.link import Link
from passerelle.tills.serving import serve
from passerelle.tills.trust import plain_code

_FINISHED = 1_000


def run_agent(folder: Path, listen: str, server: str, code: str) -> None:
    """Is a till until it is ended. Raises where it cannot begin."""
    if not is_loopback(host_and_port(listen)[0]):
        mend = _("use 127.0.0.1: whoever reaches this page can work the till")
        raise UsageError(_("an agent listens on its own machine alone"), listen, mend)
    make_private_folder(folder)
    path = _book_of(folder, listen, code)
    with ExitStack() as stack:
        if path is not None:
            stack.enter_context(locked(folder, f"{path.stem}.lock", _busy))
        # A code counts once: it is not spent where the page has no place.
        bound = stack.enter_context(bind(*host_and_port(listen)))
        if path is None and code:
            path = _pair(folder, server, code, stack)
        if path is None:
            mend = _("`passerelle till pair NAME` at the server shows what to type here")
            raise UsageError(_("this machine is no till yet"), str(folder), mend)
        if server:
            _move(path, url_of(server))
        _serve(path, listen, bound)


def _book_of(folder: Path, listen: str, code: str) -> Path | None:
    """The book that is meant: of this code, else of this page's address, else the only one."""
    books = books_in(folder)
    with_code = [path for path in books if code and _was_paired_with(path, code)]
    at_listen = [path for path in books if _read(path, "listen") == listen]
    if code:
        return with_code[0] if with_code else None
    found = at_listen or books
    if len(found) > 1:
        names = ", ".join(_read(path, "till") for path in found)
        mend = _("name the page's address with --listen: each till here has its own")
        raise UsageError(_("this machine is several tills: {names}").format(names=names), "", mend)
    return found[0] if found else None


def _read(path: Path, name: str) -> str:
    book = AgentBook(path)
    try:
        return book.get(name)
    finally:
        book.close()


def _digest(code: str) -> str:
    return sha256(plain_code(code).encode()).hexdigest()


def _was_paired_with(path: Path, code: str) -> bool:
    return _read(path, "code") == _digest(code)


def _pair(folder: Path, server: str, code: str, stack: ExitStack) -> Path:
    """Takes the place; a till that was paired before keeps its outbox and its receipts."""
    if not server:
        raise UsageError(_("which server?"), "", _("name it: --server https://HOST:8469"))
    paired = pair_with(server, code)
    path = path_for(folder, paired["name"])
    stack.enter_context(locked(folder, f"{path.stem}.lock", _busy))
    book = AgentBook(path)
    kept = _store(book.get("book"), paired["token"])
    with book.transaction:
        book.set(
            till=paired["name"],
            group=paired["group"],
            url=paired["url"],
            certificate=paired["certificate"],
            code=_digest(code),
            token="" if kept else paired["token"],
            cursor="",
            holds="",
        )
    book.close()
    text = _("this machine is till {till} of {group} now")
    click.echo(text.format(till=paired["name"], group=paired["group"]))
    if not kept:
        click.echo(_("! there is no credential store here: the till's token lies beside its book"))
    return path


def _store(book: str, token: str) -> bool:
    """Whether the operating system's credential store took the token."""
    with suppress(Exception):
        import keyring

        keyring.set_password(SERVICE, f"till.{book}", token)
        return keyring.get_password(SERVICE, f"till.{book}") == token
    return False


def _token(book: AgentBook) -> str:
    if kept := book.get("token"):
        return kept
    with suppress(Exception):
        import keyring

        return keyring.get_password(SERVICE, f"till.{book.get('book')}") or ""
    return ""


def _move(path: Path, url: str) -> None:
    """The server has another address; known by its certificate, it is the same one."""
    with closing(AgentBook(path)) as book, book.transaction:
        if book.get("certificate") and not url.startswith("https:"):
            raise UsageError(
                _("this is no server's address"), url, _("write it like https://HOST:8469")
            )
        book.set(url=url)


def _serve(path: Path, listen: str, bound: socket) -> None:
    book = AgentBook(path)
    with book.transaction:
        book.forget_finished(_FINISHED)
        book.set(listen=listen)
    desk = Desk(book, clock)
    app = make_app(Agent(desk, Link(desk, _token(book))))
    host, port = bound.getsockname()[:2]
    text = _("till {till}: open http://{host}:{port} in a browser (Ctrl+C ends it)")
    serve(app, bound, None, lambda: click.echo(text.format(till=book.till, host=host, port=port)))


def _busy() -> BusyError:
    what = _("this till runs on this machine already")
    return BusyError(what, "", _("look for its page, or end it first"))
