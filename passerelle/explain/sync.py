"""Why Odoo has an item at its level: what ZORT said, what Odoo had, what a job wrote."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from passerelle.base.language import _
from passerelle.base.wording import in_prose
from passerelle.config.model import Settings
from passerelle.ledger.ledger import Ledger
from passerelle.model.states import Stage
from passerelle.model.sync import Skip, Written
from passerelle.rules.syncing import WORDS, level_in_words


class SyncAnswer(Struct, frozen=True):
    """What one sync knows of an SKU. ``said``: by the source, ``None`` where it lacks the item."""

    sync: str
    sku: str
    said: str | None
    read: datetime
    read_by: int
    skipped: Skip | None
    writes: tuple[Written, ...]


def answer_sync(settings: Settings, ledger: Ledger, sku: str) -> list[SyncAnswer]:
    """One answer for each sync that has met the SKU."""
    found = []
    for name in settings.sync:
        reading, writes = ledger.jobs.reading(name), tuple(ledger.jobs.written(sku, name))
        if writes and (reading is None or writes[0].job > reading.job):
            # A job of some SKUs keeps no reading: what it wrote is what the source said.
            one = writes[0]
            answer = SyncAnswer(name, sku, level_in_words(one.level), one.at, one.job, None, writes)
            found.append(answer)
        elif reading and (writes or sku in reading.levels or sku in reading.skipped):
            word = reading.skipped.get(sku)
            why = Skip(word) if word else None
            said = reading.levels.get(sku)
            found.append(SyncAnswer(name, sku, said, reading.at, reading.job, why, writes))
    return found


def tell_sync(answer: SyncAnswer) -> Iterator[str]:
    """In sentences; the newest comes first."""
    text = _("{sku}, {sync}: the source said {level} ({time}, job #{job})")
    level = _("nothing") if answer.said is None else f'"{answer.said}"'
    yield text.format(
        sku=answer.sku,
        sync=answer.sync,
        level=level,
        time=in_prose(answer.read),
        job=answer.read_by,
    )
    if answer.skipped:
        yield "! " + _("it was left out: {why}").format(why=_(WORDS[answer.skipped]))
    elif not answer.writes:
        yield _("nothing was ever written of it")
    for one in answer.writes[:3]:
        yield _write_in_words(one)


def _write_in_words(one: Written) -> str:
    text = _("{time}: Odoo had {before}, {level} was written (job #{job}, {mark}); {end}")
    return text.format(
        time=in_prose(one.at),
        before=level_in_words(one.before),
        level=level_in_words(one.level),
        job=one.job,
        mark=one.mark,
        end=_end(one),
    )


def _end(one: Written) -> str:
    match one.stage:
        case Stage.TAKEN if one.after is not None:
            return _("{level} was read back").format(level=level_in_words(one.after))
        case Stage.TAKEN:
            return _("it was done")
        case Stage.ABANDONED:
            return _("it was not done")
        case Stage.SUPERSEDED:
            return _("what became of it was not looked up: another Odoo is written now")
    return _("what became of it is not known yet")


def sync_as_dict(answer: SyncAnswer) -> dict[str, object]:
    return {
        "sync": answer.sync,
        "sku": answer.sku,
        "said": answer.said,
        "read": answer.read,
        "read_by": answer.read_by,
        "skipped": answer.skipped.value if answer.skipped else None,
        "writes": answer.writes,
    }
