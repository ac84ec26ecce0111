"""A file on a server; or the orders of a group of tills, in the place of one."""

import unicodedata

from msgspec import Struct

from passerelle.base.language import _

# Orders of tills are the ledger's orders of a channel of their own.
CHANNEL = "till:"
# What tells a group of tills from a file on a server: ``orders_from = "tills:store"``.
ORIGIN = "tills"


def channel_of(group: str) -> str:
    return f"{CHANNEL}{group}"


def group_of(channel: str) -> str:
    """The group of tills whose channel it is; empty for a shop's."""
    return channel.removeprefix(CHANNEL) if channel.startswith(CHANNEL) else ""


class Location(Struct, frozen=True):
    """A file on a server, written ``server:path``; the path starts at the server's base folder."""

    server: str
    path: str

    def __str__(self) -> str:
        return f"{self.server}:{self.path}"

    @property
    def folder(self) -> str:
        """The path's folder, ``""`` for the base folder itself."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]

    def with_name(self, name: str) -> "Location":
        """The place of ``name`` beside this file."""
        return Location(self.server, f"{self.folder}/{name}" if self.folder else name)


def has_control(text: str) -> bool:
    """Whether a text holds line ends, Unicode's too, other control characters, or broken ones."""
    return any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text)


def clean_path(path: str) -> str:
    """``path`` without leading slashes; refuses what could leave the base folder or inject.

    Raises :class:`ValueError` for control characters, ``..``, backslashes and empty names.
    """
    if has_control(path):
        raise ValueError(_("a file name cannot hold line ends or other control characters"))
    if "\\" in path:
        raise ValueError(_('folders are separated by "/", not by a backslash'))
    parts = path.strip("/").split("/")
    # Windows drops spaces and dots at a name's end: ".. " is "..", too.
    if not all(part.rstrip(" .") for part in parts):
        problem = _('"{path}" is no path below the server\'s folder')
        raise ValueError(problem.format(path=path))
    return "/".join(parts)
