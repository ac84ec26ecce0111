"""The ledger's alerts: what each address was told, and has not been told the end of yet."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select

from passerelle.ledger.schema import alerts

Begin = Callable[[], AbstractContextManager[Connection]]

# Beside what was told, a row of that name keeps the number of the last run that was looked at.
_RUN = "run"


@dataclass(frozen=True, slots=True)
class Told:
    """What people were told, in which words; when it ``began``, when they were last ``told``."""

    key: str
    text: str
    began: datetime
    told: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What one address was told, by key, and the last ``run`` that was looked at for it."""

    told: Mapping[str, Told] = field(default_factory=dict)
    run: int = 0


class Alerts:
    """The book of alerts. An address is its place in the config, from 1 on."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def recall(self, address: int) -> Memory:
        """What was remembered for an address; nothing for a new one."""
        with self._begin() as connection:
            rows = list(connection.execute(select(alerts).where(_of(address))))
        told = {key: Told(key, *rest) for stored, *rest in rows for key in [_bare(stored)]}
        run = told.pop(_RUN, None)
        return Memory(told, int(run.text) if run else 0)

    def remember(self, address: int, memory: Memory, at: datetime) -> None:
        """Puts ``memory`` in the place of what was remembered for an address."""
        rows = [*memory.told.values(), Told(_RUN, str(memory.run), at, at)]
        with self._begin() as connection:
            connection.execute(delete(alerts).where(_of(address)))
            connection.execute(alerts.insert(), [_row(address, told) for told in rows])


def _of(address: int) -> ColumnElement[bool]:
    return alerts.c.key.startswith(f"{address}:", autoescape=True)


def _bare(stored: str) -> str:
    return stored.partition(":")[2]


def _row(address: int, told: Told) -> dict[str, object]:
    key = f"{address}:{told.key}"
    return {"key": key, "text": told.text, "began": told.began, "told": told.told}
