"""The board: what the last of each run of each shop came to, and what needs a person there.

One table for all shops, so that a look at a thousand of them is one question. It is written by the
connection of the shop's own ledger, which is in the same database.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from platform import node

from msgspec import Struct
from sqlalchemy import JSON, BigInteger, Column, Float, Integer, MetaData, String, Table, delete

from passerelle.config.ledger import FLEET_SCHEMA
from passerelle.fleet.queue import Errand
from passerelle.gateway.frame import Gateway
from passerelle.health.concerns import Concern
from passerelle.health.status import examine
from passerelle.ledger.column_types import UtcTime

board = Table(
    "board",
    MetaData(schema=FLEET_SCHEMA),
    Column("shop", String, primary_key=True),
    Column("run", String, primary_key=True),
    Column("planned", BigInteger),
    Column("started", UtcTime),
    Column("ended", UtcTime),
    Column("code", Integer),
    Column("seconds", Float),
    Column("summary", String),
    Column("worker", String),
    Column("level", String),
    Column("concerns", JSON),
)


class LastRun(Struct, frozen=True):
    """The last run of that name of a shop. ``concerns`` are of the shop as a whole, then.

    ``level`` is that of the gravest concern, ``""`` where all is well; ``worker`` is the machine
    and the process.
    """

    shop: str
    run: str
    planned: int
    started: datetime
    ended: datetime
    code: int
    seconds: float
    summary: str
    worker: str
    level: str
    concerns: Sequence[dict[str, str]]


def note(gateway: Gateway, errand: Errand) -> None:
    """Notes how a recorded run ended, and how its shop does now. Raises as ledgers do."""
    last = gateway.ledger.runs.last(errand.run)
    if last is None or last.ended is None or last.exit_code is None:
        return
    health = examine(gateway.settings, gateway.ledger, gateway.now())
    values = {
        "shop": errand.shop,
        "run": errand.run,
        "planned": errand.planned,
        "started": last.started,
        "ended": last.ended,
        "code": last.exit_code,
        "seconds": (last.ended - last.started).total_seconds(),
        "summary": last.summary,
        "worker": f"{node()}:{os.getpid()}",
        "level": health.level or "",
        "concerns": [_told(one) for one in health.concerns],
    }
    mine = (board.c.shop == errand.shop) & (board.c.run == errand.run)
    with gateway.ledger.begin_lightly() as connection:
        connection.execute(delete(board).where(mine))
        connection.execute(board.insert().values(values))


def _told(concern: Concern) -> dict[str, str]:
    return {"kind": concern.kind, "level": concern.level, "text": concern.text,
            "mend": concern.mend}  # fmt: skip
