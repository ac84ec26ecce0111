"""``pool check``: in each shop's file of levels, what has no item number, and what has it twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from passerelle.base.errors import GRAVITY, PasserelleError, RejectedError
from passerelle.base.language import _, n_
from passerelle.base.progress import step
from passerelle.config.pool import Pool as Section
from passerelle.config.pool import PoolShop
from passerelle.gateway.frame import Gateway
from passerelle.runs.pool_members import Servers
from passerelle.runs.pool_reading import in_its_words, read_levels
from passerelle.runs.pool_words import few
from passerelle.stock_csv_fix.levels import LevelFile


@dataclass(frozen=True, slots=True)
class CheckedShop:
    """A shop's file of levels as it is now, or why it could not be read."""

    name: str
    levels: LevelFile | None
    error: PasserelleError | None = None

    @property
    def is_clean(self) -> bool:
        """Whether every line of it can take part."""
        file = self.levels
        return file is not None and not (file.nameless or file.twice or file.faults)


def check_shops(gateway: Gateway) -> Iterator[CheckedShop]:
    """Looks at every shop of the config, one after the other."""
    section = gateway.settings.needed_pool
    servers = Servers(gateway, section)
    for name, shop in section.shops.items():
        servers.open_for(shop)
        with step(_("looking at {shop}").format(shop=name)):
            try:
                checked = CheckedShop(name, _levels(gateway, section, name, shop))
            except PasserelleError as error:
                checked = CheckedShop(name, None, in_its_words(error, name))
        yield checked


def _levels(gateway: Gateway, section: Section, name: str, shop: PoolShop) -> LevelFile:
    return read_levels(gateway.sources.fetch(section.shops[name].stock_from), name, shop)


def describe_check(checked: CheckedShop) -> Iterator[str]:
    """What was found in a shop, one sentence each; what asks for a person begins with ``!``."""
    if checked.levels is None:
        yield f"! {checked.name}: {checked.error}"
        return
    file = checked.levels
    items = n_("{n} item can take part", "{n} items can take part", len(file.levels))
    yield _(": ").join((file.name, items))
    if file.nameless:
        lines = few([str(line) for line in file.nameless])
        text = n_(
            "{file}: {n} line without an item number: {lines}",
            "{file}: {n} lines without an item number: {lines}",
            len(file.nameless),
            file=file.name,
            lines=lines,
        )
        yield f"! {text}"
    for item, numbers in file.twice.items():
        text = _("{file}: item {item} stands in the lines {lines}")
        told = ", ".join(map(str, numbers))
        yield f"! {text.format(file=file.name, item=item, lines=told)}"
    yield from (f"! {fault}" for fault in file.faults)


def verdict(found: Sequence[CheckedShop]) -> PasserelleError | None:
    """The closing error; ``None`` where every line of every shop can take part."""
    errors = [one.error for one in found if one.error]
    unclean = [one.name for one in found if one.levels is not None and not one.is_clean]
    if unclean:
        what = _("some items can take no part in the pool")
        mend = _("give each product a number of its own in the shop, then export again")
        errors.append(RejectedError(what, ", ".join(unclean), mend))
    return max(errors, key=lambda error: GRAVITY.index(error.exit_code), default=None)


def as_dict(checked: CheckedShop) -> dict[str, object]:
    """The same for programs."""
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
