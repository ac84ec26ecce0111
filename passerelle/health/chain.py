"""The files by which the chain lives, judged by the others' clocks."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.health.concerns import (
    Cause,
    Concern,
    ConcernKind,
    concern_of,
    mend_of_silence,
    of_silent_erp,
)
from passerelle.ledger.ledger import Ledger
from passerelle.model.location import Location
from passerelle.model.records import Dispatch
from passerelle.model.states import Kind, Stage
from passerelle.remotes.base import Remote, find, is_gone
from passerelle.schedule.timetable import last_start, taken_by


class Sight(Struct, frozen=True):
    """A file as seen on its server; ``written`` is on our clock, ``None`` where it is not told."""

    present: bool
    size: int | None = None
    written: datetime | None = None


class Sights(Struct, frozen=True):
    """What was seen ``at`` that time, and the servers that could not be looked at."""

    at: datetime
    files: Mapping[Location, Sight] = field(default_factory=dict)
    unreachable: Mapping[str, PasserelleError] = field(default_factory=dict)


def look_around(
    settings: Settings, ledger: Ledger, remote: Callable[[str], Remote], now: datetime
) -> Sights:
    """Looks for the files that the chain lives by; ``remote`` opens a server by name.

    A server that cannot be reached is noted, and the others are looked at.
    """
    files: dict[Location, Sight] = {}
    unreachable: dict[str, PasserelleError] = {}
    for place in _places(settings, ledger.dispatches.untaken()):
        if place.server in unreachable or place.server not in settings.servers:
            continue
        try:
            files[place] = _look(ledger, remote(place.server), place)
        except PasserelleError as error:
            unreachable[place.server] = error
    return Sights(now, files, unreachable)


def _places(settings: Settings, untaken: list[Dispatch]) -> list[Location]:
    places = [dispatch.place for dispatch in untaken]
    places += [settings.orders.source] if settings.orders else []
    places += [settings.stock.source, settings.stock.to] if settings.stock else []
    return [place for place in places if place.server not in settings.connectors]


def _look(ledger: Ledger, remote: Remote, place: Location) -> Sight:
    entry = find(remote, place.path)
    if entry is None:
        is_gone(remote, place.path)  # raises where the folder itself cannot be seen
        return Sight(present=False)
    offset = ledger.stock.clock_offset(place.server)
    written = entry.modified - offset if entry.modified and offset is not None else entry.modified
    return Sight(True, entry.size, written)


# Files are dated in whole seconds, and clocks drift.
_SLACK = timedelta(minutes=1)


class FileHealth(Struct, frozen=True):
    """One file: its ``role``, where, whether it is there, since when, and its concern if any.

    ``role`` is ``orders``, ``erp_stock``, ``sales`` or ``shop_stock``. ``present`` is ``None``
    where nobody has looked. ``written`` and ``seen`` are on our clock; ``seen`` is when it was
    looked at. ``withdrawn``: we took the last one back, so that nobody else did.
    """

    role: str
    place: Location
    present: bool | None
    size: int | None
    written: datetime | None
    seen: datetime | None
    concern: Concern | None = None
    withdrawn: bool = False


def look_at_files(
    settings: Settings, ledger: Ledger, now: datetime, sights: Sights | None
) -> Iterator[FileHealth]:
    """The chain's files: as seen right now, or else as the last runs met them."""
    untaken = ledger.dispatches.untaken()
    # One XML for each sale, and for each order of a till: the first of many stands for all.
    many = (Kind.SALE, Kind.TILL)
    alone = [d for kind in many for d in [d for d in untaken if d.kind == kind][:1]]
    for dispatch in (*(d for d in untaken if d.kind not in many), *alone):
        yield _sales(settings, dispatch, now, sights)
    if settings.orders:
        yield _orders(settings, ledger, settings.orders.source, sights)
    if settings.stock:
        if settings.stock.source.server not in settings.connectors:
            yield _erp_stock(settings, ledger, settings.stock.source, sights)
        yield _shop_stock(settings, ledger, settings.stock.to, now, sights)


def _orders(
    settings: Settings, ledger: Ledger, place: Location, sights: Sights | None
) -> FileHealth:
    sight, seen = _met(ledger, place, sights)
    concern = None
    if sight and not sight.present:
        text = _("no orders come from the shop: {file} is not there").format(file=place.name)
        concern = Concern(ConcernKind.LATE, str(place), text, _why_absent(place))
    elif sight and seen and sight.written and seen - sight.written > settings.chain.orders_quiet:
        text = _("no new orders come from the shop: {file} is {age} old")
        text = text.format(file=place.name, age=in_words(seen - sight.written))
        mend = _("look into the shop's order export")
        concern = Concern(ConcernKind.QUIET, str(place), text, mend, sight.written)
    return _health("orders", place, sight, seen, concern)


def _erp_stock(
    settings: Settings, ledger: Ledger, place: Location, sights: Sights | None
) -> FileHealth:
    sight, seen = _met(ledger, place, sights)
    concern = None
    if sight and not sight.present:
        text = _("the ERP's file {file} is not there").format(file=place.name)
        concern = concern_of(ConcernKind.LATE, str(place), _unwritten(text), _why_absent(place))
    elif sight and seen and sight.written and _is_late(settings, sight.written, seen):
        text = _("the ERP's file is {age} old").format(age=in_words(seen - sight.written))
        concern = concern_of(
            ConcernKind.LATE, str(place), _unwritten(text), mend_of_silence(), sight.written
        )
    return _health("erp_stock", place, sight, seen, concern)


def _is_late(settings: Settings, written: datetime, seen: datetime) -> bool:
    """Whether the ERP should have written anew before ``seen``, its grace included."""
    chain = settings.chain
    due = last_start(chain.erp_writes_stock, (seen - chain.grace).astimezone())
    return written < due - _SLACK


def _shop_stock(
    settings: Settings, ledger: Ledger, place: Location, now: datetime, sights: Sights | None
) -> FileHealth:
    sight = sights.files.get(place) if sights else None
    last = ledger.stock.last(Stage.SENT, Stage.TAKEN)
    left = ledger.stock.left_since()
    if sight and last and not sight.present:
        left = None
    elif sight and last and should_be_taken(settings, last.at, now):
        left = left or last
    concern = None
    if left:
        text = _("the shop shows old stock: it has not taken {file}").format(file=place.name)
        mend = _("look into the shop's stock import")
        concern = Concern(ConcernKind.NOT_TAKEN, str(place), text, mend, left.at)
    seen = sights.at if sight and sights else None
    newest = ledger.stock.last(Stage.SENT, Stage.TAKEN, Stage.WITHDRAWN)
    withdrawn = newest is not None and newest.stage == Stage.WITHDRAWN
    return replace(_health("shop_stock", place, sight, seen, concern), withdrawn=withdrawn)


def should_be_taken(settings: Settings, published: datetime, now: datetime) -> bool:
    """Whether a shop has had its time to take a file of stock, grace included."""
    return taken_by(settings.chain.shop_takes_stock, published, settings.chain.grace) <= now


def _sales(
    settings: Settings, dispatch: Dispatch, now: datetime, sights: Sights | None
) -> FileHealth:
    sight = sights.files.get(dispatch.place) if sights else Sight(present=True)
    seen = sights.at if sights and sight else None
    sent, chain = dispatch.sent or dispatch.prepared, settings.chain
    due = taken_by(chain.erp_takes_orders, sent, chain.grace)
    concern = None
    if due <= now and not (sight and not sight.present):
        text = _("the ERP has not taken {file}").format(file=dispatch.place.name)
        cause = of_silent_erp(_("the orders no longer reach the ERP"), text)
        place, mend = str(dispatch.place), mend_of_silence()
        concern = concern_of(ConcernKind.NOT_TAKEN, place, cause, mend, sent)
    return _health("sales", dispatch.place, sight, seen, concern, written=sent)


def _unwritten(detail: str) -> Cause:
    return of_silent_erp(_("the shop's stock is no longer updated"), detail)


def _why_absent(place: Location) -> str:
    return _("look why {place} is not there").format(place=place)


def _met(
    ledger: Ledger, place: Location, sights: Sights | None
) -> tuple[Sight | None, datetime | None]:
    """A source as seen right now, or else as the last run that ended well met it."""
    if sights and place in sights.files:
        return sights.files[place], sights.at
    runs = [run for name in ("orders", "stock") if (run := ledger.runs.last(name, (0, 5)))]
    met = [
        (run, fact)
        for run in runs
        for fact in run.facts.get("files", ())
        if fact.get("place") == str(place)
    ]
    if not met:
        return None, None
    run, fact = max(met, key=lambda pair: pair[0].number)
    written = fact.get("written")
    moment = datetime.fromisoformat(written) if written else None
    return Sight(True, fact.get("size"), moment), run.started


def _health(
    role: str,
    place: Location,
    sight: Sight | None,
    seen: datetime | None,
    concern: Concern | None,
    written: datetime | None = None,
) -> FileHealth:
    return FileHealth(
        role=role,
        place=place,
        present=sight.present if sight else None,
        size=sight.size if sight else None,
        written=written or (sight.written if sight else None),
        seen=seen,
        concern=concern,
    )
