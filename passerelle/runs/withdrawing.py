"""What is done where a run does not publish: old levels that a shop has not taken are taken back.

No file is no news to a shop, an old one is: it sells what others have bought since.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial

from passerelle.archive.folders import LAST_COPY
from passerelle.base.deadline import Deadline
from passerelle.base.errors import PasserelleError, bug_in_words
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway
from passerelle.ledger.runs import LEFT
from passerelle.model.location import Location
from passerelle.model.states import Kind, Stage
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote, find, is_gone

# The run's own time may be over, or lost on a server that does not answer.
PATIENCE = timedelta(seconds=10)
_WAITING = (Stage.STAGED, Stage.SENT)


def take_back(
    gateway: Gateway,
    place: Location,
    kind: Kind = Kind.STOCK,
    shop: str = "",
    patience: timedelta | None = None,
) -> None:
    """Tells what it did. Raises nothing: why the run ended is what matters."""
    try:
        gateway.renew(place.server, patience or PATIENCE)
        _withdraw(gateway, place, kind, shop)
    except PasserelleError as error:
        gateway.warn(str(error))
    except Exception as error:
        gateway.warn(bug_in_words(error))


def take_back_by_copy(
    settings: Settings, place: Location, shop: str, warn: Callable[[str], None]
) -> None:
    """The same without a ledger: what lies there is ours where it is what was published last.

    The folder keeps a copy of that. Raises nothing.
    """
    name = place.name if not shop else f"{shop}_{place.name}"
    copy = settings.folder / LAST_COPY.format(name=name)
    try:
        if not copy.is_file():
            return
        with closing(_opened(settings, place)) as remote:
            entry, data = find(remote, place.path), copy.read_bytes()
            if entry and entry.size in (None, len(data)) and remote.fetch(place.path) == data:
                remote.delete(place.path)
                text = _("{file} was withdrawn: the shop had not taken it yet")
                warn(text.format(file=place.name))
    except (PasserelleError, OSError) as error:
        warn(str(error))


def _opened(settings: Settings, place: Location) -> Remote:
    return open_remote(place.server, settings.servers[place.server], Deadline(PATIENCE))


def leave_old_place(
    gateway: Gateway, place: Location, kind: Kind = Kind.STOCK, shop: str = ""
) -> None:
    """config.toml names another place now: what waits for the shop at the old one is taken back."""
    last = gateway.ledger.dispatches.last(kind, shop, _WAITING)
    if last is not None and last.place != place:
        _withdraw(gateway, place, kind, shop)


def look_after_left(gateway: Gateway, written: Location | None = None) -> None:
    """Forgets the files that were left and are gone, and the one that was ``written`` over now."""
    runs = gateway.ledger.runs
    for text in runs.left():
        place = Location(*text.split(":", 1))
        with suppress(PasserelleError):
            if place == written or is_gone(gateway.remote(place.server), place.path):
                gateway.do(partial(runs.drop_chore, f"{LEFT}{place}"))


def _withdraw(gateway: Gateway, place: Location, kind: Kind, shop: str) -> None:
    """What is left where it lies is told by ``status`` until it is gone."""
    book, runs = gateway.ledger.dispatches, gateway.ledger.runs
    last = book.last(kind, shop, _WAITING)
    if not (told := gateway.outbox.levels.withdraw(place, kind, shop)):
        return
    gateway.warn(told)
    withdrawn, lying = book.last(kind, shop, (Stage.WITHDRAWN,)), last.place if last else place
    is_withdrawn = last and withdrawn and last.number == withdrawn.number
    if not is_withdrawn and _may_lie(gateway, lying, place):
        name = f"{LEFT}{lying}"
        gateway.do(lambda: runs.do_chore(name, runs.chore_done(name) or gateway.now()))


def _may_lie(gateway: Gateway, lying: Location, place: Location) -> bool:
    """Where the server does not answer, the next run finds what lies at the place of today."""
    if lying != place:
        return True
    with suppress(PasserelleError):
        return find(gateway.remote(place.server), place.path) is not None
    return False
