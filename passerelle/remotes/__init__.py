"""Servers behind one protocol (base): each kind is whole in a module of its own.

What is opened here connects when first used, and again when the connection is lost.

Only transient errors are tried again, and only as long as the run may last. A rename or a
deletion whose reply was lost may have been done: it is looked up before it is tried again.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from passerelle.base.deadline import Deadline
from passerelle.base.errors import NotFoundError, PermanentError, TransientError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.passwords import password_of
from passerelle.config.servers import Server, kind_of
from passerelle.remotes.base import Entry, Remote, find

T = TypeVar("T")
_ATTEMPTS = 3


def open_remote(name: str, server: Server, deadline: Deadline) -> Remote:
    """The server called ``name``; connects when first used, and again when it was lost."""
    return RetryingRemote(lambda: connect(name, server, deadline), deadline, name)


def connect(name: str, server: Server, deadline: Deadline) -> Remote:
    """One connection, now. Adapters are imported where used: paramiko alone costs a run dearly.

    Raises what :mod:`passerelle.remotes.base` lists, and :class:`ConfigError` where the password
    cannot be had.
    """
    kind = kind_of(server.url)
    module, _colon, adapter = kind.adapter.partition(":")
    password = password_of(name, server) if "password" in kind.keys else ""
    opened: Remote = getattr(import_module(f"passerelle.remotes.{module}"), adapter)(
        name, server, password, deadline
    )
    return opened


class RetryingRemote:
    """Wraps the remote that ``connect`` opens; ``name`` is the server's, for who waits for it."""

    def __init__(self, connect: Callable[[], Remote], deadline: Deadline, name: str) -> None:
        self._connect, self._deadline, self._name = connect, deadline, name
        self._remote: Remote | None = None
        self._sizes: dict[str, int | None] = {}

    def stat(self, path: str) -> Entry:
        entry = self._try(lambda remote: remote.stat(path))
        self._sizes[path] = entry.size
        return entry

    def list_files(self, folder: str) -> list[Entry]:
        return self._try(lambda remote: remote.list_files(folder))

    def folder_number(self, folder: str) -> str:
        return self._try(lambda remote: remote.folder_number(folder))

    def has_folder(self, path: str) -> bool:
        return self._try(lambda remote: remote.has_folder(path))

    def fetch(self, path: str) -> bytes:
        def fetch(remote: Remote) -> bytes:
            doing = _("fetching {file}").format(file=f"{self._name}:{path}")
            with step(doing, self._sizes.get(path), "bytes"):
                return remote.fetch(path)

        return self._try(fetch)

    def store(self, path: str, data: bytes) -> None:
        tried = False

        def store(remote: Remote) -> None:
            nonlocal tried
            doing = _("sending {file}").format(file=f"{self._name}:{path}")
            try:
                with step(doing, len(data), "bytes"):
                    remote.store(path, data)
            except PermanentError as error:
                error.is_undone = error.is_undone and not tried
                raise
            finally:
                tried = True

        self._try(store)

    def rewrite(self, path: str, data: bytes) -> None:
        self._try(lambda remote: remote.rewrite(path, data))

    def rename(self, old: str, new: str) -> None:
        self._move(lambda remote: remote.rename(old, new), old, new)

    def replace(self, old: str, new: str) -> None:
        self._move(lambda remote: remote.replace(old, new), old, new)

    def delete(self, path: str) -> None:
        tried = False

        def act(remote: Remote) -> None:
            nonlocal tried
            try:
                remote.delete(path)
            except NotFoundError:
                if not tried:
                    raise
            except TransientError:
                tried = True
                raise

        self._try(act)

    def close(self) -> None:
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def _move(self, act: Callable[[Remote], None], old: str, new: str) -> None:
        tried = False

        def move(remote: Remote) -> None:
            nonlocal tried
            if tried and _is_moved(remote, old, new):
                return
            try:
                act(remote)
            except TransientError:
                tried = True
                raise

        self._try(move)

    def _try(self, act: Callable[[Remote], T]) -> T:
        attempts = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.25, max=5),
            sleep=self._sleep,
            reraise=True,
        )
        with step(_("waiting for {server}").format(server=self._name)):
            result: T = attempts(self._once, act)
        return result

    def _once(self, act: Callable[[Remote], T]) -> T:
        if self._remote is None:
            self._remote = self._connect()
        try:
            return act(self._remote)
        except TransientError:
            with suppress(Exception):
                self.close()
            self._remote = None
            raise

    def _sleep(self, seconds: float) -> None:
        self._deadline.sleep(timedelta(seconds=seconds))


def _is_moved(remote: Remote, old: str, new: str) -> bool:
    """Whether a move whose reply was lost was done.

    A file is ours: once ``old`` is gone, only we can have moved it, though others may have taken
    ``new`` already. A folder's old name is made anew at once by whoever uses it: the new one tells.
    """
    if find(remote, old) is not None:
        return False
    return remote.has_folder(new) or not remote.has_folder(old)
