"""What people do with the pool by hand: join it (ask, look, accept), leave it, check the shops.

While a shop has asked, it gets nothing. Accepting writes the member's levels into it; from then
on what it sells counts, and it takes part once it took that file.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct

from passerelle.base.errors import PasserelleError, RejectedError, UsageError, gravest
from passerelle.base.language import _, n_
from passerelle.base.progress import step
from passerelle.base.wording import FEW, listed
from passerelle.config.model import Settings
from passerelle.config.pool import Pool as Section
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.ledger.ledger import Ledger
from passerelle.model.pool import ACTIVE, KnownShop, LevelFile, ShopState
from passerelle.runs.pool import Servers, carry_out
from passerelle.runs.pool_plan import PoolPlan, make_plan
from passerelle.runs.pool_reading import ShopReading, in_its_words, read_levels, read_shop


def ask(settings: Settings, ledger: Ledger, shop: str, via: str, now: datetime) -> list[str]:
    """Notes that a shop wants to join, through a member. Returns what to tell."""
    known = check_joining(settings, ledger, shop, via)
    told = []
    if not _members(known):
        ledger.pool.set_state(via, ShopState.MEMBER, now)
        told.append(_("{shop} begins the pool: its levels are the pool's").format(shop=via))
    ledger.pool.set_state(shop, ShopState.ASKED, now, via)
    text = _(
        "{shop} has asked to join through {via} and gets nothing until "
        "`passerelle pool accept {shop}`"
    )
    return [*told, text.format(shop=shop, via=via)]


def check_joining(
    settings: Settings, ledger: Ledger, shop: str, via: str
) -> Mapping[str, KnownShop]:
    """What the ledger knows of all shops. Raises :class:`UsageError` for one that cannot join."""
    section = settings.needed_pool
    for name in (shop, via):
        check_named(section, name)
    known = ledger.pool.shops(with_views=False)
    members = _members(known)
    if shop == via:
        what = _("{shop} cannot join through itself").format(shop=shop)
        raise UsageError(what, "--via", _("name a member of the pool, or the shop to begin with"))
    if shop in members:
        what = _("{shop} takes part in the pool already").format(shop=shop)
        raise UsageError(what, "", _("see `passerelle pool status`"))
    if members and via not in members:
        what = _("{shop} is no member of the pool").format(shop=via)
        mend = _("name one of these: {names}").format(names=", ".join(sorted(members)))
        raise UsageError(what, "--via", mend)
    return known


def check_named(section: Section, name: str) -> None:
    if name in section.of_tills:
        what = _("{shop} is a group of tills: it takes part as long as it is in config.toml")
        mend = _("take [pool.shops.{shop}] out, if it is to take part no more")
        raise UsageError(what.format(shop=name), "[pool.shops]", mend.format(shop=name))
    if name not in section.shops:
        what = _("no shop is named {shop}").format(shop=name)
        known = ", ".join(section.shops)
        raise UsageError(what, "[pool.shops]", _("its shops are: {names}").format(names=known))


def _members(known: Mapping[str, KnownShop]) -> set[str]:
    return {name for name, shop in known.items() if shop.state in ACTIVE and not shop.is_of_tills}


def accept(gateway: Gateway, shop: str, *, in_full: bool = False) -> Outcome:
    """Completes what was asked: the member's levels go into the newcomer.

    ``in_full``: tells each change, and not only some.
    """
    section = gateway.settings.needed_pool
    check_named(section, shop)
    known = gateway.ledger.pool.shops()
    if shop not in known or known[shop].state != ShopState.ASKED:
        what = _("{shop} has not asked to join").format(shop=shop)
        raise UsageError(
            what, "", _("`passerelle pool join {shop} --via MEMBER`").format(shop=shop)
        )
    check_joining(gateway.settings, gateway.ledger, shop, known[shop].via)
    return _complete(gateway, section, shop, known[shop].via, in_full=in_full)


def preview(gateway: Gateway, shop: str, via: str) -> Outcome:
    check_joining(gateway.settings, gateway.ledger, shop, via)
    return _complete(gateway, gateway.settings.needed_pool, shop, via, in_full=True)


def _complete(gateway: Gateway, section: Section, shop: str, via: str, *, in_full: bool) -> Outcome:
    servers = Servers(gateway, section)
    readings = tuple(_read(gateway, section, servers, shop, via))
    plan = make_plan(gateway, section, readings, (), accept=False)
    outcome = carry_out(gateway, servers, plan)
    _tell_changes(gateway, plan, in_full=in_full)
    return outcome


def _read(
    gateway: Gateway, section: Section, servers: Servers, shop: str, via: str
) -> list[ShopReading]:
    """Both shops; only the newcomer is written."""
    check_named(section, via)
    known = gateway.ledger.pool.shops()
    member = section.shops[via]
    servers.open_for(member)
    found = [read_shop(gateway, via, member, known.get(via), writes=False)]
    newcomer = section.shops[shop]
    servers.open_for(newcomer)
    return [*found, read_shop(gateway, shop, newcomer, None, is_newcomer=True)]


def _tell_changes(gateway: Gateway, plan: PoolPlan, *, in_full: bool) -> None:
    """All of them where a person looks before, else some."""
    newcomer = plan.plan.shops[-1]
    number = len(newcomer.changes)
    for item, (before, after) in islice(newcomer.changes.items(), None if in_full else FEW):
        gateway.say(f"{newcomer.seen.shop}: {item}: {before} -> {after}")
    if not in_full and number > FEW:
        gateway.say(n_("and {n} more item", "and {n} more items", number - FEW))
    own = len(newcomer.seen.levels.levels) - newcomer.share
    if own:
        text = n_(
            "{n} item of {shop} is not in the pool yet: the run after joining adds it",
            "{n} items of {shop} are not in the pool yet: the run after joining adds them",
            own,
            shop=newcomer.seen.shop,
        )
        gateway.say(text)


def leave(settings: Settings, ledger: Ledger, shop: str, now: datetime) -> list[str]:
    """The shop takes part no more, and keeps the levels that it has. Returns what to tell."""
    if settings.pool and shop in settings.pool.of_tills:
        check_named(settings.pool, shop)
    known = ledger.pool.shops(with_views=False)
    if shop not in known or known[shop].state == ShopState.LEFT:
        what = _("{shop} takes no part in the pool").format(shop=shop)
        raise UsageError(what, "", _("see `passerelle pool status`"))
    ledger.pool.set_state(shop, ShopState.LEFT, now)
    text = _("{shop} has left the pool: it keeps its levels and gets nothing any more")
    told = [text.format(shop=shop)]
    if settings.pool and shop in settings.pool.with_files:
        text = _("if its import has not taken {place} yet, delete that file by hand")
        told.append(text.format(place=settings.pool.shops[shop].stock_to))
    return told


class CheckedShop(Struct, frozen=True):
    """A shop's file of levels as it is now, or why it could not be read."""

    name: str
    levels: LevelFile | None
    error: PasserelleError | None = None

    @property
    def is_clean(self) -> bool:
        file = self.levels
        return file is not None and not (file.nameless or file.twice or file.faults)


def check_shops(gateway: Gateway) -> Iterator[CheckedShop]:
    section = gateway.settings.needed_pool
    servers = Servers(gateway, section)
    for name, shop in section.with_files.items():
        servers.open_for(shop)
        with step(_("looking at {shop}").format(shop=name)):
            try:
                source = gateway.sources.fetch(shop.stock_from)
                checked = CheckedShop(name, read_levels(source, name, shop))
            except PasserelleError as error:
                checked = CheckedShop(name, None, in_its_words(error, name))
        yield checked


def describe_check(checked: CheckedShop) -> Iterator[str]:
    """What was found in a shop, one sentence each; what asks for a person begins with ``!``."""
    if checked.levels is None:
        yield f"! {checked.name}: {checked.error}"
        return
    file = checked.levels
    items = n_("{n} item can take part", "{n} items can take part", len(file.levels))
    yield _(": ").join((file.name, items))
    if file.nameless:
        text = n_(
            "{file}: {n} line without an item number: {lines}",
            "{file}: {n} lines without an item number: {lines}",
            len(file.nameless),
            file=file.name,
            lines=listed([str(line) for line in file.nameless], FEW),
        )
        yield f"! {text}"
    for item, numbers in file.twice.items():
        text = _("{file}: item {item} stands in the lines {lines}")
        lines = ", ".join(map(str, numbers))
        yield f"! {text.format(file=file.name, item=item, lines=lines)}"
    yield from (f"! {fault}" for fault in file.faults)


def verdict(found: Sequence[CheckedShop]) -> PasserelleError | None:
    """The closing error; ``None`` where every line of every shop can take part."""
    errors = [one.error for one in found if one.error]
    unclean = [one.name for one in found if one.levels is not None and not one.is_clean]
    if unclean:
        what = _("some items can take no part in the pool")
        mend = _("give each product a number of its own in the shop, then export again")
        errors.append(RejectedError(what, ", ".join(unclean), mend))
    return gravest(*errors)


def as_dict(checked: CheckedShop) -> dict[str, object]:
    file = checked.levels
    return {
        "shop": checked.name,
        "file": file.name if file else None,
        "items": len(file.levels) if file else None,
        "without_number": list(file.nameless) if file else [],
        "twice": {item: list(lines) for item, lines in file.twice.items()} if file else {},
        "faults": [str(fault) for fault in file.faults] if file else [],
        "error": str(checked.error) if checked.error else None,
    }
