"""The kinds of servers: a new one is a module in ``passerelle/remotes`` and a line here."""

from typing import NamedTuple


class ServerKind(NamedTuple):
    """``adapter`` is the module below ``passerelle.remotes`` and its class, imported when used.

    ``keys`` of ``[servers.NAME]`` mean something for this kind alone; the others do for every kind.
    """

    adapter: str
    keys: tuple[str, ...] = ()


# By the scheme of the URL, in the order to tell people.
KINDS = {
    "ftp": ServerKind("ftp:FtpRemote", ("password", "passive")),
    "ftps": ServerKind("ftp:FtpRemote", ("password", "passive", "verify_tls")),
    "ftps-implicit": ServerKind("ftp:FtpRemote", ("password", "passive", "verify_tls")),
    "sftp": ServerKind("sftp:SftpRemote", ("password", "known_hosts", "key_file")),
    "file": ServerKind("folder:FolderRemote"),
}


def kind_of(url: str) -> ServerKind:
    """The kind of the server at a valid ``url``."""
    return KINDS[url.partition(":")[0].lower()]
