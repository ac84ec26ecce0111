"""Servers: one protocol (base), one adapter per kind, chosen by the URL's scheme."""

from urllib.parse import urlsplit

from passerelle.base.deadline import Deadline
from passerelle.config.model import Server
from passerelle.remotes.base import Entry as Entry
from passerelle.remotes.base import Remote
from passerelle.remotes.base import fetch_whole as fetch_whole
from passerelle.remotes.base import find as find
from passerelle.remotes.base import is_gone as is_gone
from passerelle.remotes.passwords import password_of
from passerelle.remotes.retrying import RetryingRemote


def open_remote(name: str, server: Server, deadline: Deadline) -> Remote:
    """The server called ``name``; connects when first used, and again when it was lost."""
    return RetryingRemote(lambda: connect(name, server, deadline), deadline, name)


def connect(name: str, server: Server, deadline: Deadline) -> Remote:
    """One connection, now. Adapters are imported where used: paramiko alone costs a run dearly.

    Raises what :mod:`passerelle.remotes.base` lists, and :class:`ConfigError` where the password
    cannot be had.
    """
    scheme = urlsplit(server.url).scheme
    if scheme == "file":
        from passerelle.remotes.folder import FolderRemote

        return FolderRemote(name, server)
    if scheme == "sftp":
        from passerelle.remotes.sftp import SftpRemote

        return SftpRemote(name, server, password_of(name, server), deadline)
    from passerelle.remotes.ftp import FtpRemote

    return FtpRemote(name, server, password_of(name, server), deadline)
