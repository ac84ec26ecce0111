"""What the ERP lacks of an order that changed after it was sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from passerelle.base.words import gtin
from passerelle.config.orders import Orders
from passerelle.model.orders import Reading, Sold
from passerelle.model.records import KnownOrder
from passerelle.model.states import DONE, OpenMatter
from passerelle.rules.fate import face, is_cancelled, is_id_used_again


def lacking(sent: Iterable[Sold], now: Sequence[Sold]) -> tuple[Sold, ...]:
    """What the shop says ``now`` beyond what was ``sent``; all of an item that is not legible."""
    had = Counter[str]()
    for line in sent:
        had[gtin(line.key)] += line.quantity or 0
    more = dict[str, Sold]()
    for line in now:
        key = gtin(line.key)
        if line.quantity is None:
            more[key] = line
            continue
        beyond = max(0, line.quantity - had[key])
        had[key] = max(0, had[key] - line.quantity)
        before = more.get(key)
        if beyond and (before is None or before.quantity is not None):
            more[key] = Sold(line.key, beyond + (before.quantity or 0 if before else 0))
    return tuple(more.values())


def held_for(order: KnownOrder, sent: Iterable[Sold], since: Sequence[Sold]) -> tuple[Sold, ...]:
    """What is held back for an order beside what it was sent with, until it is settled.

    ``since`` is what the shop said when it changed the order.
    """
    if order.cancelled or order.matter != OpenMatter.CHANGED:
        return ()
    return lacking(sent, since)


class Changes(Struct, frozen=True):
    """What changed since it was sent, as a run of stock meets it.

    ``beyond`` is what the ERP lacks of it, by the orders' ids. ``settled`` are readings whose id
    the shop uses again, and a person saw to them; ``others`` orders whose id another one has.
    """

    beyond: dict[str, tuple[Sold, ...]]
    settled: frozenset[str]
    others: frozenset[str]


def find_changes(
    readings: Iterable[Reading],
    known: Mapping[str, KnownOrder],
    sent: Callable[[Iterable[KnownOrder]], Mapping[tuple[str, str], tuple[Sold, ...]]],
    settings: Orders,
) -> Changes:
    """Of the orders in the shop's file; ``sent`` tells with what they were sent."""
    changed = {r.id: r for r in readings if (o := known.get(r.id)) and _has_changed(r, o)}
    reused = {id for id, reading in changed.items() if is_id_used_again(reading, known[id])}
    lines = sent(known[id] for id in changed)
    beyond, settled = dict[str, tuple[Sold, ...]](), set[str]()
    for id, reading in changed.items():
        order = known[id]
        held = held_in_file(reading, order, lines[order.channel, order.id])
        if id in reused and not held:
            settled.add(id)
        elif id not in reused and held and not is_cancelled(reading, settings):
            beyond[id] = held
    return Changes(beyond, frozenset(settled), frozenset(reused))


def _has_changed(reading: Reading, order: KnownOrder) -> bool:
    if is_id_used_again(reading, order):
        return True
    if order.state not in DONE:
        return False
    return (
        bool(order.matter)
        or order.cancelled
        or (order.is_beyond_recall and order.fingerprint != face(reading))
    )


def held_in_file(reading: Reading, order: KnownOrder, sent: Iterable[Sold]) -> tuple[Sold, ...]:
    """The same for an order that stands in the shop's file, where a run may not have noted it yet.

    What a person settled is as the ledger has it.
    """
    is_noted = order.fingerprint == face(reading)
    if is_id_used_again(reading, order):
        is_settled = is_noted and not order.reused
        return () if is_settled else reading.sold
    is_as_sent = is_noted and order.matter != OpenMatter.CHANGED and not order.cancelled
    if not order.is_beyond_recall or is_as_sent:
        return ()
    return lacking(sent, reading.sold)
