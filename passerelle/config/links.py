"""Folders of this machine where two names lead to one file: only the disk can tell."""

import os
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from stat import S_ISREG
from urllib.parse import urlsplit

from passerelle.base.deadline import Deadline
from passerelle.base.errors import TimeLimitError
from passerelle.config.model import Settings
from passerelle.config.places import clashes, folded, same_file
from passerelle.config.servers import base_folder
from passerelle.model.location import Location

# A share that does not answer so long is away: the run that needs it says so, others go on.
_PATIENCE = timedelta(seconds=2)


def faults_of_links(settings: Settings) -> list[tuple[tuple[str, ...], str]]:
    """The keys that name a file twice by way of a link or a mount, each with the problem."""

    def look() -> list[tuple[tuple[str, ...], str]]:
        found = clashes(settings, lambda place: _names_on_disk(settings, place))
        return [(use.key, same_file(use, other)) for use, other in found]

    if not any(_is_folder(server.url) for server in settings.servers.values()):
        return []
    with suppress(TimeLimitError):
        return Deadline(min(_PATIENCE, settings.time_limit)).outlast(look)
    return []


def _is_folder(url: str) -> bool:
    return urlsplit(url).scheme == "file"


def _names_on_disk(settings: Settings, place: Location) -> Collection[str]:
    """What tells a file from others: its folder's number and its name, and of hard links its own.

    None where its folder is not there: then it is known by its address alone.
    """
    url = settings.servers[place.server].url
    if not _is_folder(url):
        return ()
    path = Path(os.path.realpath(base_folder(url) / place.path))
    names = []
    with suppress(OSError):
        folder = path.parent.stat()
        names = [f"{folder.st_dev}:{folder.st_ino}/{folded(path.name)}"]
        file = path.stat()
        if S_ISREG(file.st_mode) and file.st_nlink > 1:
            names.append(f"{file.st_dev}:{file.st_ino}")
    return names
