"""Servers to test against: in this process, or real programs on loopback.

A :class:`House` is a server that runs for the whole session; :meth:`House.new_base` gives each
test a base folder of its own on it, a :class:`RunningServer`.
"""

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from passerelle.config.servers import Server

USER, PASSWORD = "boutique", "sésame, ouvre-toi"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class RunningServer:
    """A base folder on a server: ``root`` is the real folder that ``url`` leads to.

    ``settings`` are further lines of ``[servers.NAME]``; ``owner`` is the (user, group) as whom
    the server touches files, where that is not the user who runs the tests.
    """

    kind: str
    url: str
    password: str
    root: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    owner: tuple[int, int] | None = None

    def server(self, **changes: object) -> Server:
        """The settings as the configuration would hold them, with ``changes``."""
        return Server.model_validate(
            {"url": self.url, "password": self.password, **self.settings, **changes}
        )

    def toml(self, name: str) -> str:
        """The table ``[servers.NAME]`` of a config.toml."""
        lines = {"url": self.url, "password": self.password, **self.settings}
        # Literal strings: Windows paths hold backslashes.
        return "\n".join([f"[servers.{name}]", *(f"{k} = '{v}'" for k, v in lines.items()), ""])

    def with_wrong_password(self, password: str) -> Server:
        """The same server, but it will refuse the login."""
        settings = {k: v for k, v in self.settings.items() if k != "key_file"}
        return Server.model_validate({"url": self.url, "password": password, **settings})

    def put(self, name: str, data: bytes = b"") -> Path:
        """Lays a file into the base folder, owned by the server's user."""
        path = self.root / name
        path.write_bytes(data)
        self._give(path)
        return path

    def put_folder(self, name: str) -> Path:
        """Makes a folder below the base folder, owned by the server's user."""
        path = self.root / name
        path.mkdir()
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, *self.owner)


@dataclass(frozen=True)
class House:
    """A running server. ``home`` is the folder that the URL path ``home_url`` leads to."""

    kind: str
    scheme: str
    home: Path
    stop: Callable[[], None]
    port: int = 0
    user: str = USER
    password: str = PASSWORD
    home_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    owner: tuple[int, int] | None = None
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new_base(self) -> RunningServer:
        """A fresh base folder, whose name has a space and an accent."""
        root = self.home / f"échange {next(self._numbers)}"
        root.mkdir()
        if self.owner is not None:
            os.chown(root, *self.owner)
        return RunningServer(
            self.kind, self._url(root), self.password, root, self.settings, self.owner
        )

    def _url(self, root: Path) -> str:
        if self.scheme == "file":
            return root.as_uri()
        place = f"{self.home_url}/{root.name}"
        return f"{self.scheme}://{quote(self.user)}@{HOST}:{self.port}{quote(place)}"


def lets(path: Path, root: Path, bit: int = 0) -> bool:
    """Whether every folder above lets pass, and ``path`` has the owner's permission ``bit``.

    Root passes every lock, so servers in this process look at the permissions themselves. What
    does not exist is no matter of permissions.
    """
    if os.name == "nt":
        return True
    above = [folder for folder in path.parents if folder.is_relative_to(root)]
    for folder in reversed(above):
        if folder.exists() and not folder.stat().st_mode & 0o100:
            return False
    return not bit or not path.exists() or bool(path.stat().st_mode & bit)


def lets_write(path: Path, root: Path) -> bool:
    """Whether ``path`` may be overwritten or, where it does not exist, created."""
    return lets(path if os.access(path, os.F_OK) else path.parent, root, 0o200)


def lets_move(path: Path, root: Path) -> bool:
    """Whether ``path`` may be taken out of its folder, or put there."""
    return lets(path, root) and lets(path.parent, root, 0o200)
