"""``passerelle desktop``: what is added for an account, and taken back as it was added.

What was added is noted in the registry before it is done. So `remove` finds links that were named
in another language and the folder of a program that has moved since, and leaves what others put
there.
"""

import ntpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.desktop import account

RECORD = "Software\\Passerelle\\Desktop"
MENU = "Passerelle"
_ENVIRONMENT, _PATH = "Environment", "Path"
# Entries with a semicolon in them stand between quotes.
_SEPARATOR = regex(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')


class MenuLink(Struct, frozen=True):
    """An entry of the Start menu: its name there, its command line, and where that starts."""

    name: str
    words: Sequence[str]
    folder: Path


class Added(Struct, frozen=True):
    """What Passerelle has added: ``folder`` on the PATH, ``""`` where it stood there already."""

    folder: str
    links: tuple[str, ...]


def with_entry(path: str, folder: str) -> str:
    """The text of a PATH with ``folder`` at its end; the same text where it is there already."""
    if any(_is_same(entry, folder) for entry in _SEPARATOR.split(path)):
        return path
    entry = f'"{folder}"' if ";" in folder else folder
    return f"{path};{entry}" if path else entry


def without_entry(path: str, folder: str) -> str:
    """The text of a PATH before :func:`with_entry` put ``folder`` there."""
    entries = _SEPARATOR.split(path)
    for number in reversed(range(len(entries))):
        if _is_same(entries[number], folder):
            del entries[number]
            break
    return ";".join(entries)


def _is_same(entry: str, folder: str) -> bool:
    """As Windows compares folders: names in any case, variables, a backslash at the end."""
    told = ntpath.expandvars(entry.strip().strip('"'))
    return ntpath.normcase(told).rstrip("\\") == ntpath.normcase(folder).rstrip("\\")


def add(folder: Path, links: Iterable[MenuLink]) -> Added:
    """Adds both for this account, in place of what was added before."""
    account.refuse_elsewhere()
    _take_back(_recorded())
    path, kind = account.read(_ENVIRONMENT, _PATH) or ("", account.EXPANDED)
    longer = with_entry(path, str(folder))
    menu = account.programs_folder() / MENU
    named = {menu / f"{link.name}.lnk": link for link in links}
    added = Added("" if longer == path else str(folder), tuple(map(str, named)))
    _record(added)
    if longer != path:
        account.write(_ENVIRONMENT, _PATH, longer, kind)
    menu.mkdir(parents=True, exist_ok=True)
    for file, link in named.items():
        account.write_link(file, link.words, link.folder)
    account.announce()
    return added


def remove() -> Added | None:
    """Takes back what was added; ``None`` where nothing was."""
    account.refuse_elsewhere()
    added = _recorded()
    _take_back(added)
    if added:
        account.delete_key(RECORD)
        account.announce()
    return added


def _recorded() -> Added | None:
    folder, links = account.read(RECORD, "Path"), account.read(RECORD, "Links")
    if folder is None and links is None:
        return None
    return Added(folder[0] if folder else "", tuple(links[0]) if links else ())


def _record(added: Added) -> None:
    account.write(RECORD, "Path", added.folder, account.TEXT)
    account.write(RECORD, "Links", added.links, account.TEXTS)


def _take_back(added: Added | None) -> None:
    if added is None:
        return
    found = account.read(_ENVIRONMENT, _PATH) if added.folder else None
    if found:
        path, kind = found
        if shorter := without_entry(path, added.folder):
            account.write(_ENVIRONMENT, _PATH, shorter, kind)
        else:
            account.delete_value(_ENVIRONMENT, _PATH)
    for file in map(Path, added.links):
        _delete(file)


def _delete(file: Path) -> None:
    """The link, and the folder that was made for it, once that is empty."""
    try:
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()
    except OSError as error:
        mend = _("close what holds it open, then say it again")
        what = _("the link cannot be removed ({reason})").format(reason=error.strerror or error)
        raise UnreachableError(what, str(file), mend) from error
