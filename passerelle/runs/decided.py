"""What a run of orders decided on each order of its file, in the file's order.

There may be more than should be in memory, so that it is kept in a scratch database.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from passerelle.base.batches import in_batches
from passerelle.base.scratch import Tables
from passerelle.model.orders import Gist, Sold
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import State

_CHANGED = "changed"
_TABLE = (
    "CREATE TABLE decided (number INTEGER PRIMARY KEY, id, reference, date, status, sold, "
    "fingerprint, total, state, reason, due, cancelled, state_before, reason_before)"
)
_ADD = "INSERT INTO decided VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = "id, reference, date, status, sold, fingerprint, total, state, reason, due, cancelled"
_ALL = f"state != '{_CHANGED}'"
_UNSENT = f"state NOT IN ('{_CHANGED}', '{State.PREPARED}')"
_IN_STATE = "state = ?"
_STAYS = "(state = ? AND state_before IS state AND reason_before IS reason)"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that the shop changed after it was sent."""

    reading: Gist
    note: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on the order of this number in the file.

    ``before`` is what the ledger knew of it.
    """

    number: int
    what: Mark | ChangedOrder
    before: KnownOrder | None


class Marks(Iterable[Mark]):
    """Some of the orders that were decided on, as the ledger is to have them."""

    def __init__(self, tables: Tables, condition: str, *values: str) -> None:
        self._tables, self._condition, self._values = tables, condition, values

    def __len__(self) -> int:
        return int(self._ask_one("count(*)"))

    def __iter__(self) -> Iterator[Mark]:
        return map(_mark, self._ask(_COLUMNS))

    def ids(self, number: int) -> list[str]:
        """The ids of the first of them."""
        return [id for (id,) in islice(self._ask("id"), number)]

    def numbers(self) -> "array[int]":
        """Their numbers in the file, which ascend."""
        return array("I", [number for (number,) in self._ask("number")])

    def _ask(self, what: str) -> Iterator[Any]:
        query = f"SELECT {what} FROM decided WHERE {self._condition} ORDER BY number"  # noqa: S608 - words of this module
        return self._tables.ask(query, *self._values)

    def _ask_one(self, what: str) -> Any:
        query = f"SELECT {what} FROM decided WHERE {self._condition}"  # noqa: S608 - words of this module
        return self._tables.ask_one(query, *self._values)


class Decided:
    """The decisions of one run. Orders to be sent may be kept back later."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._tables = Tables(_TABLE)
        self._tables.add(_ADD, map(_row, decisions))
        self._tables.change("CREATE INDEX decided_by_state ON decided (state)")
        self.all = Marks(self._tables, _ALL)
        self.unsent = Marks(self._tables, _UNSENT)

    def in_state(self, state: State) -> Marks:
        """The orders that get this state."""
        return Marks(self._tables, _IN_STATE, state)

    def newly_in(self, state: State) -> Marks:
        """Those of them that were in another, or for another reason."""
        return Marks(self._tables, f"{_IN_STATE} AND NOT {_STAYS}", state, state)

    def still_in(self, state: State) -> Marks:
        """Those of them that were in it for the same reason."""
        return Marks(self._tables, _STAYS, state)

    def changed(self) -> Iterator[ChangedOrder]:
        """The orders that were changed after they were sent."""
        query = f"SELECT {_COLUMNS} FROM decided WHERE {_IN_STATE} ORDER BY number"  # noqa: S608 - words of this module
        for row in self._tables.ask(query, _CHANGED):
            yield ChangedOrder(_gist(row), row[8], bool(row[10]))

    def block(self, reason: str) -> None:
        """What was to be sent waits, for this reason."""
        self._keep_back("state = ?", State.WAITING, reason, State.PREPARED)

    def reject(self, reasons: Mapping[str, str]) -> None:
        """What was to be sent is rejected, where there is a reason by its id."""
        if reasons:
            self._index_ids()
        for id, reason in reasons.items():
            self._keep_back("id = ? AND state = ?", State.REJECTED, reason, id, State.PREPARED)

    def lacks(self, orders: Iterable[KnownOrder]) -> Iterator[KnownOrder]:
        """Those on which nothing was decided."""
        for some in in_batches(orders, _AT_ONCE):
            self._index_ids()
            places = ", ".join("?" * len(some))
            query = f"SELECT id FROM decided WHERE id IN ({places})"  # noqa: S608 - words of this module
            found = {id for (id,) in self._tables.ask(query, *(order.id for order in some))}
            yield from (order for order in some if order.id not in found)

    def _index_ids(self) -> None:
        self._tables.change("CREATE INDEX IF NOT EXISTS decided_by_id ON decided (id)")

    def _keep_back(self, condition: str, state: State, reason: str, *values: str) -> None:
        change = f"UPDATE decided SET state = ?, reason = ?, due = 1 WHERE {condition}"  # noqa: S608 - words of this module
        self._tables.change(change, state, reason, *values)


def _row(decision: Decision) -> Sequence[Any]:
    what, before = decision.what, decision.before
    if isinstance(what, ChangedOrder):
        said = (_CHANGED, what.note, False, what.cancelled)
    else:
        said = (str(what.state), what.reason, what.due, what.cancelled)
    known = (str(before.state), before.reason) if before else (None, None)
    gist = what.reading
    return (
        *(decision.number, gist.id, gist.reference, gist.date and gist.date.isoformat()),
        *(gist.status, json.dumps([(sold.key, sold.quantity) for sold in gist.sold])),
        *(gist.fingerprint, None if gist.total is None else str(gist.total), *said, *known),
    )


def _gist(row: Sequence[Any]) -> Gist:
    id, reference, date, status, sold, fingerprint, total = row[:7]
    return Gist(
        *(id, reference, datetime.fromisoformat(date) if date else None, status),
        tuple([Sold(key, quantity) for key, quantity in json.loads(sold)]),
        *(fingerprint, None if total is None else Decimal(total)),
    )


def _mark(row: Sequence[Any]) -> Mark:
    state, reason, due, cancelled = row[7:]
    return Mark(_gist(row), State(state), reason, bool(due), bool(cancelled))
