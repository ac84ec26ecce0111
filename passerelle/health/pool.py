"""The pool: how its shops stand, what is held, what is oversold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few
from passerelle.config.model import Settings
from passerelle.config.pool import Pool
from passerelle.health.chain import should_be_taken
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.ledger.ledger import Ledger
from passerelle.model.pool import ACTIVE, Move, PoolFile, ShopState, Suspect
from passerelle.model.states import UNTAKEN
from passerelle.rules.tills.sales import named

# What concerns a shop of the pool is about "pool NAME".
SUBJECT = "pool "
_HAPPENED = {
    "order": N_("order {order}"),
    "cancelled": N_("order {order} cancelled"),
    "edit": N_("changed by hand"),
    "erp": N_("the ERP's level"),
    "renamed": N_("was item {order} before"),
    "asked": N_("asked to join through {order}"),
    "joining": N_("accepted: gets the levels of {order}"),
    "member": N_("takes part"),
    "left": N_("left the pool"),
    "taken": N_("took its file"),
}


class PoolShopHealth(Struct, frozen=True):
    """A shop: its ``state`` (``None`` where it never asked), when it was read, its last file.

    ``via`` is the member that it joins through, ``untaken_since`` when the first file was written
    that it did not take. ``suspects`` are the items held.
    """

    name: str
    state: ShopState | None
    via: str
    items: int
    read: datetime | None
    file: PoolFile | None
    suspects: tuple[Suspect, ...] = ()
    untaken_since: datetime | None = None
    is_in_config: bool = True

    @property
    def waits(self) -> bool:
        """Whether its last file has not been taken, as far as is known."""
        return self.file is not None and self.file.stage in UNTAKEN


class PoolHealth(Struct, frozen=True):
    """The pool: its shops in the config's order, and how many of which items are missing."""

    owner: str
    items: int
    shops: tuple[PoolShopHealth, ...]
    owed: Mapping[str, int]

    @property
    def held(self) -> int:
        return sum(len(shop.suspects) for shop in self.shops)


def look_at_pool(section: Pool, ledger: Ledger) -> PoolHealth:
    book = ledger.pool
    known, suspects = book.shops(with_views=False), book.suspects()
    names = [*section.shops, *(name for name in known if name not in section.shops)]
    shops = []
    for name in names:
        one = known.get(name)
        shops.append(
            PoolShopHealth(
                name,
                one.state if one else None,
                one.via if one else "",
                one.items if one else 0,
                one.read_at if one else None,
                book.files.last(name),
                tuple(suspect for suspect in suspects if suspect.shop == name),
                book.files.untaken_since(name, one.changed) if one else None,
                name in section.shops,
            )
        )
    return PoolHealth(section.owner, book.count_items(), tuple(shops), _owed(ledger))


def _owed(ledger: Ledger) -> Mapping[str, int]:
    """What is oversold, of the items that any shop still has."""
    owed = ledger.pool.owed()
    if not owed:
        return owed
    views = [shop.view for shop in ledger.pool.shops().values() if shop.view]
    shown = {item for view in views for item in view["levels"].keys() & owed.keys()}
    return {item: number for item, number in owed.items() if item in shown}


def pool_concerns(settings: Settings, health: PoolHealth, now: datetime) -> Iterator[Concern]:
    if health.owed:
        yield _oversold(health.owed)
    for shop in health.shops:
        yield from _shop_concerns(settings, shop, now)


def _oversold(owed: Mapping[str, int]) -> Concern:
    text = n_(
        "{n} item is oversold: more was sold than there is: {items}",
        "{n} items are oversold: more was sold than there is: {items}",
        len(owed),
        items=few([*owed]),
    )
    mend = _("`passerelle pool log --item NUMBER` names the orders; deliver, or cancel one of them")
    return Concern(ConcernKind.OVERSOLD, "pool", text, mend)


def _shop_concerns(settings: Settings, shop: PoolShopHealth, now: datetime) -> Iterator[Concern]:
    if shop.state == ShopState.ASKED:
        text = _("{shop} has asked to join the pool, and gets nothing until it is accepted")
        mend = _("`passerelle pool accept {shop} --dry-run` shows what would change")
        yield _concern(ConcernKind.ASKED, shop.name, text, mend)
    elif shop.state is None:
        text = _("{shop} is in config.toml, but takes no part in the pool")
        mend = _("`passerelle pool join {shop} --via MEMBER`, or take it out of config.toml")
        yield _concern(ConcernKind.ASKED, shop.name, text, mend)
    elif shop.state in ACTIVE and not shop.is_in_config:
        text = _("{shop} takes part in the pool, but is not in config.toml: it gets nothing")
        mend = _("add [pool.shops.{shop}], or `passerelle pool leave {shop}`")
        yield _concern(ConcernKind.ASKED, shop.name, text, mend)
    since = shop.untaken_since
    if shop.waits and since and should_be_taken(settings, since, now):
        text = _("{shop} has not taken the levels that were written for it")
        mend = _("look into its stock import: what it shows on sale is out of date")
        yield _concern(ConcernKind.NOT_TAKEN, shop.name, text, mend, since)


def _concern(
    kind: ConcernKind, shop: str, text: str, mend: str, since: datetime | None = None
) -> Concern:
    return Concern(kind, f"{SUBJECT}{shop}", text.format(shop=shop), mend.format(shop=shop), since)


def suspects_in_words(suspects: Sequence[Suspect]) -> Iterator[str]:
    for one in suspects:
        if one.difference:
            text = _("{item}: {shop} shows {difference} that nothing explains")
            yield text.format(item=one.item, shop=one.shop, difference=f"{one.difference:+d}")
        else:
            text = _("{item}: an order of {shop} does not say how many")
            yield text.format(item=one.item, shop=one.shop)


def names_in(settings: Settings, moves: Iterable[Move]) -> Mapping[str, str]:
    """What people call the orders of tills among these, whose ids say nothing, by their ids."""
    of_tills = settings.pool.of_tills if settings.pool else {}
    ids = {move.order for move in moves if move.item and move.shop in of_tills}
    if settings.tills is None or not ids:
        return {}
    from passerelle.ledger.till_reading import till_orders

    found = till_orders(settings.folder, settings.tills.groups, ids)
    return {id: named(*one) for id, one in found.items()}


def happened(move: Move, names: Mapping[str, str]) -> str:
    """``names``: what people call orders whose ids say nothing, the tills'."""
    if move.kind == "written":
        return n_("{n} level changed in its file", "{n} levels changed in its file", move.quantity)
    return names.get(move.order) or _(_HAPPENED[move.kind]).format(order=move.order)


def pool_in_words(health: PoolHealth) -> str:
    members = [shop for shop in health.shops if shop.state == ShopState.MEMBER]
    parts = (
        n_("{n} shop", "{n} shops", len(members)),
        n_("{n} item", "{n} items", health.items),
        n_("{n} held", "{n} held", health.held),
        n_("{n} oversold", "{n} oversold", len(health.owed)),
    )
    return ", ".join(parts)


def as_dict(health: PoolHealth) -> dict[str, Any]:
    return {
        "owner": health.owner,
        "items": health.items,
        "held": health.held,
        "oversold": dict(health.owed),
        "shops": [
            {
                "shop": shop.name,
                "state": shop.state.value if shop.state else None,
                "via": shop.via or None,
                "items": shop.items,
                "read": shop.read,
                "last_written": shop.file.at if shop.file else None,
                "changed": shop.file.changed if shop.file else None,
                "waits": shop.waits,
                "held": len(shop.suspects),
                "suspects": shop.suspects,
            }
            for shop in health.shops
        ],
    }
