"""``[servers.NAME]``: where a server is and how to speak with it."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr, ValidationInfo, field_validator

from passerelle.base.language import _
from passerelle.config.values import Duration, FilePath, Section, Wait, checked_by
from passerelle.model.location import clean_path, has_control


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


# This machine, as a folder's URL writes it (RFC 8089, 2).
_HERE = ("", "localhost")
# What a URL without a port means.
_PORTS = {"ftp": 21, "ftps": 21, "ftps-implicit": 990, "sftp": 22}


def address_of(url: str) -> str:
    """Where a valid ``url`` leads, in one spelling: two servers of one address are the same place.

    The way of speaking (with TLS or without) and the case of the host don't matter; the user does,
    since many servers show each user a folder of their own.
    """
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    if parts.scheme == "file":
        host = f"//{parts.netloc.lower()}" if parts.netloc.lower() not in _HERE else ""
        return f"file:{host}{os.path.normcase(os.path.normpath(path)) if path else ''}"
    way = "sftp" if parts.scheme == "sftp" else "ftp"
    user = unquote(parts.username or "") or ("anonymous" if way == "ftp" else "")
    host = f"{user}@{(parts.hostname or '').rstrip('.')}"
    return f"{way}://{host}:{parts.port or _PORTS[parts.scheme]}{path}"


def base_folder(url: str) -> Path:
    """The folder that a ``file://`` url names."""
    parts = urlsplit(url)
    # file://host/share is the UNC path \\host\share.
    host = f"//{parts.netloc}" if parts.netloc.lower() not in _HERE else ""
    from urllib.request import url2pathname  # with it HTTP and TLS are loaded

    return Path(url2pathname(host + parts.path))


def _any_case(word: str) -> str:
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word)


# No password, and but in a file's URL a host.
_HOST = r"([^/?#:]*@)?[^/?#@]+(/[^?#]*)?$"
_SCHEMES = "|".join(_any_case(scheme) for scheme in KINDS if scheme != "file")
_URL = rf"^ *({_SCHEMES})://{_HOST}|^ *{_any_case('file')}://[^?#]*$|^[\s\S]{{0,2}}[^:]*$"


def _folder_url(path: str, info: ValidationInfo) -> str:
    """A plain folder as a URL; what looks like a mistyped URL is none, and may hold a password."""
    if ":" in path[2:]:
        problem = _('write a server as "ftp://user@host/folder", or a folder without ":"')
        raise ValueError(problem)
    folder: Path = (info.context or {}).get("folder", Path())
    return (folder / path).absolute().as_uri()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        str(parts.hostname)  # raises for one that is none
        return parts
    except ValueError:
        # Its message shows the URL, in which somebody may have written a password.
        raise ValueError(_('this is no URL, as in "ftp://user@host:21/folder"')) from None


class Server(Section):
    """``[servers.NAME]``: where a server is and how to speak with it."""

    url: Annotated[str, checked_by(_URL)]
    """ftp://user@host:21/folder, ftps:// (explicit TLS), ftps-implicit://, sftp://,
    file:///D:/folder or a plain folder. No password in it. On FTP the path starts at the login
    folder, //folder at the root; on SFTP at the root, /~/folder at the login folder.

    # ftp://user@host:21/folder        FTP; the path starts at the login folder, //folder at the
      root
    # ftps://…  ftps-implicit://…      FTP over TLS (explicit, implicit)
    # sftp://user@host:22/folder       SFTP; the path starts at the root, /~/folder at the login
      folder
    # file:///D:/exchange              a folder of this machine; a plain path does as well
    = "ftp://user@ftp.example.com:21/"
    """
    password: SecretStr = SecretStr("")
    """"keyring" (`passerelle secret set NAME`), "env:NAME" for an environment variable, or the word
    itself, about which `check` warns.

    = "keyring"  # "keyring": `passerelle secret set ftp` · "env:NAME" · the word itself
    """
    passive: bool = True
    """FTP: the client opens the data connections.

    = …  # …
    """
    timeout: Wait = timedelta(seconds=20)
    """How long one answer of the server may take, as in "20s".

    = …  # how long one answer may take
    """
    publish: Literal["rename", "direct"] = "rename"
    """"rename": files appear whole under their name. "direct" for servers that forbid renaming: a
    weaker promise, see docs/architecture.md.

    = …  # "direct" for servers that forbid renaming; see docs/architecture.md
    """
    known_hosts: FilePath = None
    """SFTP: the file of host keys; empty for ~/.ssh/known_hosts.

    = …  # SFTP: file of host keys; empty: ~/.ssh/known_hosts
    """
    key_file: FilePath = None
    """SFTP: the private key to log in with; `password` is then its passphrase.

    = …  # SFTP: private key to log in with; `password` is then its passphrase
    """
    verify_tls: bool = True
    """FTPS: check the server's certificate.

    = …  # …
    """
    settle: Duration = timedelta(seconds=2)
    """A source file younger than a minute is measured twice, this far apart; one that grows is not
    ready (exit code 4).

    = …  # a file younger than a minute is measured twice, this far apart
    """
    takes_at_once: bool = False
    """With publish = "direct": the ERP takes a file as soon as it is there, so that an upload that
    is gone at once was taken. Else a person is asked.

    = …  # with "direct": an upload that is gone at once was taken; else a person is asked
    """
    marks: str = ""
    """The folder on the server, below the url, for passerelle.mark.…, by which Passerelle tells
    this server from another; not one from which the ERP imports. Empty: the url's folder.

    = …  # the folder for our mark, which tells this server from another; none that the ERP imports
    """

    @field_validator("password", mode="before")
    @classmethod
    def _as_secret(cls, value: Any) -> Any:
        return SecretStr(value) if isinstance(value, str) else value

    @field_validator("marks")
    @classmethod
    def _folder_below(cls, marks: str) -> str:
        return clean_path(marks) if marks.strip("/") else ""

    @field_validator("url")
    @classmethod
    def _known_url(cls, url: str, info: ValidationInfo) -> str:
        if has_control(unquote(url)):
            raise ValueError(_("a URL cannot hold line ends or other control characters"))
        if "://" not in url:
            return _folder_url(url, info)
        if "#" in url or "?" in url:
            raise ValueError(_('in a URL, write "#" as %23 and "?" as %3F'))
        if url.count("://") > 1:
            raise ValueError(_('"://" stands in it twice; write "ftp://user@host:21/folder"'))
        parts = _split(url)
        if parts.scheme not in KINDS:
            problem = _('"{scheme}://" is unknown; use {known}')
            raise ValueError(problem.format(scheme=parts.scheme, known=", ".join(KINDS)))
        if parts.password is not None:
            raise ValueError(_('the password does not belong in the URL; give it as "password"'))
        if parts.scheme != "file" and not parts.hostname:
            problem = _('the host is missing, as in "{scheme}://user@host/folder"')
            raise ValueError(problem.format(scheme=parts.scheme))
        if parts.scheme != "file" and ".." in unquote(parts.path).split("/"):
            raise ValueError(_('name the folder itself, without ".."'))
        try:
            str(parts.port)  # raises for one that is none
        except ValueError:
            raise ValueError(_("the port is no number from 1 to 65535")) from None
        return url
