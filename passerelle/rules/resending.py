"""A person asked for an order again: each run asks whether the shop still wants it."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from passerelle.config.orders import Orders
from passerelle.model.orders import Reading
from passerelle.model.records import Decision, KnownOrder, Mark
from passerelle.model.states import OpenMatter, Stage
from passerelle.rules.fate import is_cancelled


def called_off(
    readings: Iterable[Reading], known: Mapping[str, KnownOrder], settings: Orders
) -> dict[str, KnownOrder]:
    """Those that were asked for again and that the shop has cancelled: they are not, for now."""
    return {
        reading.id: replace(before, resend=False)
        for reading in readings
        if (before := known.get(reading.id)) and before.resend and is_cancelled(reading, settings)
    }


def still_told(decision: Decision, off: Mapping[str, KnownOrder]) -> Decision:
    """Of what the ERP has, or may have, a person has to see to it that it was cancelled."""
    what = decision.what
    before = off.get(what.reading.id) if isinstance(what, Mark) and what.cancelled else None
    if not isinstance(what, Mark) or before is None or what.matter:
        return decision
    went = before.stage in (Stage.SENT, Stage.TAKEN, Stage.DOUBTFUL)
    if went or before.matter == OpenMatter.CANCELLED:
        return replace(decision, what=replace(what, matter=OpenMatter.CANCELLED))
    return decision
