"""``passerelle sync map``: which items go nowhere, and why; both ends are only read."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from msgspec import Struct

from passerelle.base.errors import RejectedError
from passerelle.base.language import _, n_
from passerelle.base.wording import listed
from passerelle.config.model import Settings
from passerelle.connectors import open_source, open_target
from passerelle.model.sync import Skip, Skipped
from passerelle.rules.syncing import WORDS, SyncPlan, name_of, plan_sync
from passerelle.runs.sync import named

# A person reads them all; a terminal shows the last ones.
_MOST = 200


class SyncMap(Struct, frozen=True):
    """What a sync makes of its source's items."""

    name: str
    plan: SyncPlan

    def in_words(self) -> Iterator[str]:
        text = n_(
            "{name}: {n} product has its counterpart in Odoo",
            "{name}: {n} products have their counterpart in Odoo",
            self.plan.matched,
            name=self.name,
        )
        yield text
        for why, found in self.by_reason().items():
            names = [name_of(one) for one in found]
            yield f"! {_(WORDS[why])} ({len(found)}): {listed(names, _MOST)}"

    def by_reason(self) -> dict[Skip, list[Skipped]]:
        found: dict[Skip, list[Skipped]] = {}
        for one in self.plan.skipped:
            found.setdefault(one.why, []).append(one)
        return found

    def as_dict(self) -> dict[str, object]:
        return {
            "sync": self.name,
            "matched": self.plan.matched,
            "left_out": [
                {"sku": one.sku, "id": one.id, "why": one.why.value, "level": one.said}
                for one in self.plan.skipped
            ],
        }


def read_maps(settings: Settings, name: str) -> list[SyncMap]:
    """Raises what the connectors raise."""
    found = []
    for one in [name] if name else settings.needed_syncs:
        sync = named(settings, one)
        connectors = settings.connectors
        with (
            closing(open_source(sync.source, connectors[sync.source])) as source,
            closing(open_target(sync.to, connectors[sync.to])) as target,
        ):
            place = target.find_place(sync.company, sync.location)
            stock = target.read_stock(place, sync.match, sync.skus)
            levels = source.read_levels(sync.warehouses, sync.skus, sync.level)
        found.append(SyncMap(one, plan_sync(levels, stock, place, sync.skus)))
    return found


def verdict(maps: Sequence[SyncMap]) -> RejectedError | None:
    """The closing error; ``None`` where every item has its counterpart."""
    left = [one.name for one in maps if one.plan.skipped]
    if not left:
        return None
    mend = _("give each product one SKU of its own, in both systems; or leave them as they are")
    return RejectedError(_("some items are left out"), ", ".join(left), mend)
