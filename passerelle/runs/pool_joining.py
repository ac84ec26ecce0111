"""Joining the pool and leaving it: ask, look, accept.

While a shop has asked, it gets nothing. Accepting writes the member's levels into it; from then
on what it sells counts, and it takes part once it took that file.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.config.model import Settings
from passerelle.config.pool import Pool as Section
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.ledger.ledger import Ledger
from passerelle.model.pool import KnownShop as Known
from passerelle.model.pool import ShopState
from passerelle.runs.pool import carry_out, make_plan
from passerelle.runs.pool_members import ACTIVE, Servers
from passerelle.runs.pool_plan import PoolPlan
from passerelle.runs.pool_reading import ShopReading, read_shop
from passerelle.runs.pool_words import changes

_FEW = 20


def ask(settings: Settings, ledger: Ledger, shop: str, via: str, now: datetime) -> list[str]:
    """Notes that a shop wants to join, through a member. Returns what to tell."""
    known = check_joining(settings, ledger, shop, via)
    told = []
    if _members(known) == set():
        ledger.pool.set_state(via, ShopState.MEMBER, now)
        told.append(_("{shop} begins the pool: its levels are the pool's").format(shop=via))
    ledger.pool.set_state(shop, ShopState.ASKED, now, via)
    text = _(
        "{shop} has asked to join through {via} and gets nothing until "
        "`passerelle pool accept {shop}`"
    )
    return [*told, text.format(shop=shop, via=via)]


def check_joining(settings: Settings, ledger: Ledger, shop: str, via: str) -> Mapping[str, Known]:
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
    """Raises :class:`UsageError` for a shop that config.toml does not have."""
    if name not in section.shops:
        what = _("no shop is named {shop}").format(shop=name)
        known = ", ".join(section.shops)
        raise UsageError(what, "config.toml", _("its shops are: {names}").format(names=known))


def _members(known: Mapping[str, Known]) -> set[str]:
    return {name for name, shop in known.items() if shop.state in ACTIVE}


def accept(gateway: Gateway, shop: str) -> Outcome:
    """Completes what was asked: the member's levels go into the newcomer."""
    section = gateway.settings.needed_pool
    check_named(section, shop)
    known = gateway.ledger.pool.shops()
    if shop not in known or known[shop].state != ShopState.ASKED:
        what = _("{shop} has not asked to join").format(shop=shop)
        raise UsageError(
            what, "", _("`passerelle pool join {shop} --via MEMBER`").format(shop=shop)
        )
    check_joining(gateway.settings, gateway.ledger, shop, known[shop].via)
    return _complete(gateway, section, shop, known[shop].via)


def preview(gateway: Gateway, shop: str, via: str) -> Outcome:
    """Tells what joining would change. For a dry run."""
    check_joining(gateway.settings, gateway.ledger, shop, via)
    return _complete(gateway, gateway.settings.needed_pool, shop, via)


def _complete(gateway: Gateway, section: Section, shop: str, via: str) -> Outcome:
    servers = Servers(gateway, section)
    readings = tuple(_read(gateway, section, servers, shop, via))
    plan = make_plan(gateway, section, readings, (), accept=False)
    outcome = carry_out(gateway, servers, plan)
    _tell_changes(gateway, plan)
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


def _tell_changes(gateway: Gateway, plan: PoolPlan) -> None:
    """All of them where a person looks before, else some."""
    newcomer = plan.plan.shops[-1]
    number = len(newcomer.changes)
    for line in islice(changes(newcomer), None if gateway.dry_run else _FEW):
        gateway.say(f"{newcomer.seen.shop}: {line}")
    if not gateway.dry_run and number > _FEW:
        gateway.say(n_("and {n} more item", "and {n} more items", number - _FEW))
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
    known = ledger.pool.shops(with_views=False)
    if shop not in known or known[shop].state == ShopState.LEFT:
        what = _("{shop} takes no part in the pool").format(shop=shop)
        raise UsageError(what, "", _("see `passerelle pool status`"))
    ledger.pool.set_state(shop, ShopState.LEFT, now)
    text = _("{shop} has left the pool: it keeps its levels and gets nothing any more")
    return [text.format(shop=shop), *_left_lying(settings, shop)]


def _left_lying(settings: Settings, shop: str) -> list[str]:
    section = settings.pool
    if section is None or shop not in section.shops:
        return []
    text = _("if its import has not taken {place} yet, delete that file by hand")
    return [text.format(place=section.shops[shop].stock_to)]
