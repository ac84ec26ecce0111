"""The order that a person means: by its id, else by its reference, else the nearest ids."""

from collections.abc import Iterator
from dataclasses import dataclass

from passerelle.errors import UsageError
from passerelle.language import _
from passerelle.ledger import KnownOrder, Ledger
from passerelle.reading import printable

_FEW = 5
# Longer ids have too many neighbours to ask for.
_LONGEST = 24


@dataclass(frozen=True, slots=True)
class Found:
    """The orders of that id (one), or of that reference (one or several)."""

    orders: tuple[KnownOrder, ...]
    is_by_reference: bool = False


def look_up(ledger: Ledger, channel: str, text: str) -> Found:
    """What ``text`` names. Raises :class:`UsageError`, with the nearest ids, for nothing."""
    found = ledger.orders.find(text)
    mine = [order for order in found if order.channel == channel] or found
    if mine:
        return Found((mine[0],))
    same = ledger.looking_back.by_reference(text.strip()) if text.strip() else []
    if same:
        return Found(tuple(same), is_by_reference=True)
    what = _("no order {id} is in the ledger").format(id=printable(text))
    mend = _("see `passerelle orders list`")
    near = near_ids(ledger, channel, text)
    if near:
        mend = _("did you mean {ids}? {mend}").format(ids=", ".join(near), mend=mend)
    raise UsageError(what, "", mend)


def near_ids(ledger: Ledger, channel: str, text: str) -> list[str]:
    """Known ids that one slip of the finger makes of ``text``, the likeliest first."""
    likely = list(dict.fromkeys(_slips(text)))
    known = ledger.orders.known(channel, likely)
    return [printable(id) for id in likely if id in known][:_FEW]


def _slips(text: str) -> Iterator[str]:
    """Dressed otherwise; two signs exchanged; one too many; one wrong; one too few."""
    bare = text.strip().lstrip("#")
    yield from (bare, bare.lstrip("0"), bare.upper(), bare.lower())
    if not bare or len(bare) > _LONGEST:
        return
    cuts = [(bare[:at], bare[at:]) for at in range(len(bare) + 1)]
    signs = sorted(set("0123456789") | set(bare))
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + b[1:] for a, b in cuts if b and a + b[1:])
    yield from (a + sign + b[1:] for a, b in cuts if b for sign in signs)
    yield from (a + sign + b for a, b in cuts for sign in signs)
