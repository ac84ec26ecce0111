"""Two names for one place: no two parties may use one file, however it is written."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.servers import address_of
from passerelle.model.location import Location

if TYPE_CHECKING:
    from passerelle.config.model import Settings

# "//", "/./" and SFTP's "/~/", but for a scheme's slashes: the login folder may be the root.
_NOTHING = regex(r"(?<![:/])(?:/[.~]?(?=/|$))+")
_LOOPBACK = regex(r"@(?:127(?:\.\d+){1,3}|::1):")
_TIME = "20260102_030405"


class Use(NamedTuple):
    """A file that the config names, with its key there."""

    key: tuple[str, ...]
    place: Location

    def __str__(self) -> str:
        return ".".join(self.key)


def uses(settings: "Settings") -> Iterator[Use]:
    """Every file that is read or written on servers, in the order of config.toml."""
    for name, section in (("orders", settings.orders), ("stock", settings.stock)):
        if section:
            if section.source.server in settings.servers:  # no file: an Odoo's location
                yield Use((name, "from"), section.source)
            yield Use((name, "to"), section.to)
    if settings.fulfil.to:
        yield Use(("fulfil", "to"), settings.fulfil.to)
    for key, place in settings.pool.places() if settings.pool else ():
        yield Use(tuple(key.split(".")), place)


def clashes(
    settings: "Settings", names: Callable[[Location], Collection[str]]
) -> Iterator[tuple[Use, Use]]:
    """The uses that have one of their ``names`` in common with an earlier one, and that one.

    A shop of the pool may read the order file that goes to the ERP as well.
    """
    known = [(use, _patterns(use, names(use.place))) for use in uses(settings)]
    told = set[Use]()
    for (one, ones), (other, others) in combinations(known, 2):
        if other in told or _both_read_orders(one, other):
            continue
        if any(_may_be_one(a, b) for a in ones for b in others):
            told.add(other)
            yield other, one


def faults_of_places(settings: "Settings") -> Iterator[tuple[tuple[str, ...], str]]:
    """What two keys name twice, by the second one's key."""
    for use, other in clashes(settings, lambda place: (full_name(settings, place),)):
        yield use.key, same_file(use, other)
    yield from _faults_of_spelling(settings)
    for name, section in (("orders", settings.orders), ("fulfil", settings.fulfil)):
        refused, to = (section.refused, section.to) if section else (None, None)
        if refused and to and full_name(settings, refused) == full_name(settings, _folder_of(to)):
            problem = _("refused is the folder of to: what lies there is not answered yet")
            yield (name, "refused"), problem
    yield from _faults_of_marks(settings)


def same_file(use: Use, other: Use) -> str:
    text = _("this and {other} are the same file ({places}): give each its own")
    places = dict.fromkeys((str(other.place), str(use.place)))
    return text.format(other=other, places=", ".join(places))


def full_name(settings: "Settings", place: Location) -> str:
    """A file's or folder's address in one spelling, which minds neither case nor Unicode's form.

    Some systems do mind them: there, two files are taken for one rather than one for two.
    """
    address = address_of(settings.servers[place.server].url).replace("\\", "/")
    address = _LOOPBACK.sub("@localhost:", address)
    return folded(_NOTHING.sub("", f"{address}/{place.path}"))


def folded(name: str) -> str:
    """As Windows compares: it drops spaces and dots at a name's end, too."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    return "/".join(part.rstrip(" .") for part in text.split("/"))


def _faults_of_spelling(settings: "Settings") -> Iterator[tuple[tuple[str, ...], str]]:
    """By the same place as in [orders], the pool knows which orders the ERP gets."""
    if settings.orders is None:
        return
    source = settings.orders.source
    name = full_name(settings, source)
    for use in uses(settings):
        differs = use.key[-1] == "orders_from" and use.place != source
        if differs and full_name(settings, use.place) == name:
            problem = _('this is the file of orders.from: write it as there, "{place}"')
            yield use.key, problem.format(place=source)


def _faults_of_marks(settings: "Settings") -> Iterator[tuple[tuple[str, ...], str]]:
    imports = (settings.orders.to if settings.orders else None, settings.fulfil.to)
    taken = {full_name(settings, _folder_of(place)) for place in imports if place}
    for name, server in settings.servers.items():
        if server.marks and full_name(settings, Location(name, server.marks)) in taken:
            problem = _('the ERP imports from "{folder}"; name another')
            yield ("servers", name, "marks"), problem.format(folder=server.marks)


def _both_read_orders(one: Use, other: Use) -> bool:
    return one.key == ("orders", "from") and other.key[-1] == "orders_from"


def _folder_of(place: Location) -> Location:
    return Location(place.server, place.folder)


def _patterns(use: Use, names: Collection[str]) -> Collection[str]:
    """Only what we name ourselves has placeholders; elsewhere a brace is a brace."""
    is_ours = use.key in (("orders", "to"), ("fulfil", "to"))
    return names if is_ours else [name.replace("{", "\0") for name in names]


def _may_be_one(one: str, other: str) -> bool:
    """Whether two names can be the same once their placeholders are filled in."""
    if "{" not in one + other:
        return one == other
    return _fits(one, other) or _fits(other, one)


def _fits(pattern: str, name: str) -> bool:
    parts = re.split(r"(\{\w+\})", pattern)
    filled = (_filled(part) if part.startswith("{") else re.escape(part) for part in parts)
    example = re.sub(r"\{\w+\}", "1", name.replace("{time}", _TIME))
    return re.fullmatch("".join(filled), example) is not None


def _filled(placeholder: str) -> str:
    return r"\d{8}_\d{6}" if placeholder == "{time}" else "[^/]+"
