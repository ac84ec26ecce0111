"""Ledgers as they are after a year of half hours, or after a bad day, written at once."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from passerelle.config.model import Settings
from passerelle.health.report.days import midnight
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.ledger.schema import dispatches, events, orders, runs
from passerelle.model.states import Kind, Stage, State
from passerelle.schedule.timetable import minutes_of, starts, timetable

# How many orders of a shop's day come in each hour.
_HOURS = (1, 0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 8, 9, 7, 7, 7, 8, 9, 10, 12, 14, 12, 7, 3)

Ending = tuple[int | None, str, Mapping[str, Any]]


@dataclass
class Year:
    """Half hours up to ``now``: runs that go well, and orders that the ERP takes.

    ``endings`` replaces what became of single runs, by name and time; ``None`` is one that never
    started. ``states`` replaces what became of single orders, by their number from the last.
    """

    settings: Settings
    now: datetime
    days: int = 365
    orders_a_day: int = 40
    endings: Mapping[tuple[str, datetime], Ending | None] = field(default_factory=dict)
    states: Mapping[int, tuple[State, str]] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def write(self) -> Ledger:
        """The ledger, written into the settings' folder, and open."""
        folder = Path(self.settings.folder)
        folder.mkdir(parents=True, exist_ok=True)
        ledger = open_ledger(folder)
        with ledger.begin() as connection:
            connection.execute(runs.insert(), sorted(self._runs(), key=lambda row: row["started"]))
            sold = list(self._orders())
            if sold:
                connection.execute(orders.insert(), [order for order, _ in sold])
                connection.execute(dispatches.insert(), list(self._dispatches(sold)))
                connection.execute(events.insert(), list(_events(sold)))
        return ledger

    @property
    def _begin(self) -> datetime:
        return midnight((self.now - timedelta(days=self.days)).date())

    def _runs(self) -> Iterator[dict[str, Any]]:
        for run in timetable(self.settings):
            for at in starts(minutes_of(self.settings, run), self._begin, self.now):
                ending = self.endings.get((run, at), self._well(run, at))
                if ending:
                    code, summary, facts = ending
                    yield {
                        "run": run,
                        "started": at + timedelta(seconds=2),
                        "ended": None if code is None else at + timedelta(seconds=9),
                        "exit_code": code,
                        "summary": summary,
                        "facts": dict(facts) or None,
                    }

    def _well(self, run: str, at: datetime) -> Ending:
        busy = _HOURS[at.hour]
        if run == "orders":
            sent = self.chance.randint(0, max(busy // 2, 0))
            return 0, f"{sent} orders sent" if sent else "nothing to send", {"sent": sent}
        held = busy // 2 + self.chance.randint(0, 4)
        facts = {"lines": 1840, "in_stock": 1702, "held_back": held}
        return 0, f"1840 lines, {held} changed, 2 added", facts

    def _orders(self) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Orders, oldest first, each with the time at which the ERP takes it."""
        count = round(self.orders_a_day * self.days)
        dates = sorted(self._date() for _ in range(count))
        for number, date in enumerate(dates, start=1):
            state, reason = self.states.get(count - number, (State.TAKEN, ""))
            half = 30 * 60
            stamp = (date.timestamp() // half + 1) * half
            taken = datetime.fromtimestamp(stamp, date.tzinfo) + timedelta(minutes=19)
            if taken > self.now and state == State.TAKEN:
                state = State.SENT
            gone = state in (State.TAKEN, State.SENT)
            yield (
                {
                    "channel": "web",
                    "id": str(20_000 + number),
                    "reference": "".join(self.chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=9)),
                    "date": date,
                    "state": state,
                    "reason": reason,
                    "fingerprint": "0" * 64,
                    "cancelled": False,
                    "resend": False,
                    "due": state == State.REJECTED,
                    "dispatch": int(stamp // half) if gone else None,
                    "seen": date,
                    "changed": date,
                    "total": Decimal(self.chance.randint(1990, 18_990)) / 100,
                },
                taken,
            )

    def _date(self) -> datetime:
        span = (self.now - self._begin) // timedelta(days=1) + 1
        while True:
            hour = self.chance.choices(range(24), _HOURS)[0]
            day = self._begin.date() + timedelta(days=self.chance.randrange(span))
            second = hour * 3600 + self.chance.randrange(3600)
            date = midnight(day) + timedelta(seconds=second)
            if date <= self.now:
                return date

    def _dispatches(self, sold: Iterable[tuple[dict[str, Any], datetime]]) -> Iterator[Any]:
        seen: set[int] = set()
        for order, taken in sold:
            number = order["dispatch"]
            if number is None or number in seen:
                continue
            seen.add(number)
            name = f"commandes_{taken:%Y%m%d_%H%M%S}.xml"
            is_taken = order["state"] == State.TAKEN
            sent = taken - timedelta(minutes=22)
            yield {
                "number": number,
                "kind": Kind.ORDERS,
                "server": "ftp",
                "path": f"import/{name}",
                "archived": name,
                "sha256": "0" * 64,
                "size": 9000,
                "stage": Stage.TAKEN if is_taken else Stage.SENT,
                "prepared": sent,
                "staged": sent,
                "uploaded": sent,
                "sent": sent,
                "published": sent,
                "taken": taken if is_taken else None,
            }


def _events(sold: Iterable[tuple[dict[str, Any], datetime]]) -> Iterator[dict[str, Any]]:
    for order, taken in sold:
        for event in ("prepared", "sent", "taken"):
            yield {"channel": "web", "id": order["id"], "at": taken, "event": event, "note": ""}
