"""A ledger as after many years, for tests and benchmarks of what a run costs then."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BEGIN = datetime(2006, 1, 1, tzinfo=UTC)
# Of so many orders, one was cancelled before it was sent, and waits in the ledger for ever.
_CANCELLED = 20
_EACH = 40
_ITEMS = 20_000


def fill_ledger(path: Path, orders: int) -> None:
    """Adds ``orders`` orders to the ledger at ``path``, sent by 40 in half hours from 2006 on.

    Written straight into the tables, since sending millions would take hours.
    """
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    for sql, rows in (
        (
            "INSERT INTO dispatches (kind, target, number, server, path, archived, sha256, size,"
            " stage, prepared, staged, uploaded, sent, published, taken)"
            " VALUES ('orders', '', ?, 'ftp', ?, ?, ?, 9000, 'taken', ?, ?, ?, ?, ?, ?)",
            (_dispatch(n) for n in range(orders // _EACH)),
        ),
        (
            "INSERT INTO orders (channel, id, reference, date, state, reason, fingerprint,"
            " cancelled, resend, due, dispatch, seen, changed)"
            " VALUES ('web', ?, ?, ?, ?, '', ?, 0, 0, 0, ?, ?, ?)",
            (_order(n) for n in range(orders)),
        ),
        (
            "INSERT INTO sold (channel, id, position, key, quantity) VALUES ('web', ?, 0, ?, 1)",
            ((f"old{n}", f"370{n % _ITEMS:010}") for n in range(orders)),
        ),
        (
            "INSERT INTO events (channel, id, at, event, note) VALUES ('web', ?, ?, ?, '')",
            ((f"old{n}", _at(n // _EACH), what) for n in range(orders) for what in _EVENTS),
        ),
        (
            "INSERT INTO runs (number, run, started, ended, exit_code, summary)"
            " VALUES (?, ?, ?, ?, 0, '')",
            (_run(n) for n in range(2 * (orders // _EACH))),
        ),
    ):
        database.executemany(sql, rows)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


_EVENTS, _RUNS = ("prepared", "taken"), ("orders", "stock")
_SHA256 = "0" * 64
# What is numbered from here on comes before all that runs write.
_BEFORE = 1 << 40


def _dispatch(number: int) -> tuple[object, ...]:
    name = f"old_{number}.xml"
    return (number - _BEFORE, f"import/{name}", name, _SHA256, *[_at(number)] * 6)


def _order(number: int) -> tuple[object, ...]:
    at, cancelled = _at(number // _EACH), number % _CANCELLED == 0
    state, dispatch = ("waiting", None) if cancelled else ("taken", number // _EACH - _BEFORE)
    return (f"old{number}", f"REF{number}", at, state, _SHA256, dispatch, at, at)


def _run(number: int) -> tuple[object, ...]:
    at = _at(number // 2)
    return (number - _BEFORE, _RUNS[number % 2], at, at)


def _at(half_hour: int) -> str:
    return (_BEGIN + timedelta(minutes=30 * half_hour)).isoformat(timespec="microseconds")
