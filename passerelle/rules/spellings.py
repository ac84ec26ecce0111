"""Which orders are one, written in two ways, and which of them nobody can tell. Pure.

Spreadsheets write ids anew: 000051 becomes 51, 51.0 or #51, and 1234 becomes 1,234. The date must
agree too, and the reference where there is one. What became 1,23E+05 is lost: reading rejects it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.dates import same_moment
from passerelle.base.ids import may_be_same_reference, plain_id
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.model.orders import Fault, Reading
from passerelle.model.records import KnownOrder


class Spelled(Struct, frozen=True):
    """A file's orders, each once; ``twice`` are the ids of those that are written otherwise too."""

    readings: tuple[Reading, ...]
    twice: tuple[tuple[str, str], ...] = ()

    def told(self) -> list[str]:
        return [about_spelling(id, other) for id, other in self.twice]


def about_spelling(id: str, other: str) -> str:
    text = _("order {id} is written {other} here: taken for the same")
    return text.format(id=shorten(id), other=shorten(other))


def is_same(reading: Reading, other: Reading | KnownOrder) -> bool:
    """Whether two orders whose ids are alike are one: a date alone says nothing, nor does an id."""
    if not reading.date or not other.date:
        return False
    if not may_be_same_reference(reading.reference, other.reference):
        return False
    dates = (reading.date, reading.other_date or reading.date)
    return any(same_moment(date, other.date) for date in dates)


def each_once(readings: Sequence[Reading], where: Fault, known: Collection[str] = ()) -> Spelled:
    """The orders of a file, each once; ``where`` is told with what is in doubt.

    Of two spellings the one that the ledger knows counts, else the first; of what they say, the
    last.
    """
    alike: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        alike[plain_id(reading.id)].append(reading)
    twice: list[tuple[str, str]] = []
    groups = (g if len(g) == 1 else _joined(g, where, known, twice) for g in alike.values())
    found = {reading.id: reading for group in groups for reading in group}
    return Spelled(tuple([found[r.id] for r in readings if r.id in found]), tuple(twice))


def spelled_before(
    new: Mapping[str, datetime], before: Mapping[str, datetime]
) -> Mapping[str, str]:
    """The ids that orders had ``before``, by the ``new`` ones; both with their dates."""
    alike: dict[str, list[str]] = defaultdict(list)
    for id in before:
        alike[plain_id(id)].append(id)
    found = {}
    for id, date in new.items():
        same = [one for one in alike.get(plain_id(id), ()) if same_moment(date, before[one])]
        if len(same) == 1:
            (found[id],) = same
    return found


def _joined(
    group: Sequence[Reading],
    where: Fault,
    known: Collection[str],
    twice: list[tuple[str, str]],
) -> Sequence[Reading]:
    heads: list[Reading] = []
    for reading in group:
        place = next((n for n, head in enumerate(heads) if is_same(reading, head)), None)
        if place is None:
            heads.append(reading)
            continue
        head = heads[place]
        if sorted(head.sold, key=str) != sorted(reading.sold, key=str):
            text = _("orders {id} and {other} look like one, but differ; export the file again")
            text = text.format(id=shorten(head.id), other=shorten(reading.id))
            heads[place] = _doubted(head, where, text)
            heads.append(_doubted(reading, where, text))
        elif reading.id in known:
            twice.append((reading.id, head.id))
            heads[place] = reading
        else:
            twice.append((head.id, reading.id))
            heads[place] = under(reading, head)
    return heads


def _doubted(reading: Reading, where: Fault, problem: str) -> Reading:
    return replace(reading, doubt=reading.doubt or str(replace(where, problem=problem)))


def under(reading: Reading, first: Reading | KnownOrder) -> Reading:
    """With the id, date and reference of the same order: a file may have lost a part of each."""
    reference, date = reading.reference, first.date or reading.date
    if first.reference and may_be_same_reference(reference, first.reference):
        reference = first.reference
    if (first.id, date, reference) == (reading.id, reading.date, reading.reference):
        return reading
    order = reading.order and replace(reading.order, id=first.id, date=date, reference=reference)
    return replace(reading, id=first.id, date=date, reference=reference, order=order)
