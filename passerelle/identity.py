"""Pure: which order an id stands for.

After an outage some shops give out ids a second time: an order is known by its channel, its id and
its date. An id that is met with another date is another order.
"""

from datetime import datetime

from passerelle.language import _
from passerelle.ledger import KnownOrder
from passerelle.sales import Reading


def is_id_used_again(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of ``known``; both must have a date."""
    return known.date is not None and reading.date is not None and known.date != reading.date


def used_again(known: datetime, met: datetime) -> str:
    """In words: the dates of the order that the ledger has, and of the one in the file."""
    text = _(
        "the shop uses its id again: the ledger knows an order of {known}, the file has one "
        "of {met}; `passerelle orders forget` lets the new one in"
    )
    return text.format(known=_minute(known), met=_minute(met))


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
