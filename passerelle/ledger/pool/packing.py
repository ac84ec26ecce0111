"""A shop's view as the ledger keeps it: numbers of many items, in a few bytes and little time.

A head in JSON, a NUL, then for each table of numbers its items' names and its numbers. JSON alone
takes ten times as long, and there are two views for each shop and run.
"""

import json
import sys
import zlib
from array import array
from collections.abc import Mapping
from typing import Any

from passerelle.ledger.pool.records import Json

_TABLES = ("levels", "marks")


def packed(view: Json) -> bytes:
    """A view as it is kept: ``levels`` and ``marks`` are whole numbers by item."""
    head = {key: value for key, value in view.items() if key not in _TABLES}
    blobs = []
    for table in _TABLES:
        names, numbers = _names(view.get(table, {})), _numbers(view.get(table, {}))
        head[table] = [len(names), len(numbers)]
        blobs += [names, numbers]
    text = json.dumps(head, separators=(",", ":")).encode()
    return zlib.compress(b"".join((text, b"\0", *blobs)), 1)


def unpacked(data: bytes | None) -> Json | None:
    """The view that was kept so."""
    if data is None:
        return None
    text, _nul, rest = zlib.decompress(data).partition(b"\0")
    view: dict[str, Any] = json.loads(text)
    for table in _TABLES:
        names, numbers = view[table]
        view[table] = _table(rest[:names], rest[names : names + numbers])
        rest = rest[names + numbers :]
    return view


def _names(table: Mapping[str, int]) -> bytes:
    # No item's name holds a line end: control characters are written out in it.
    return "\n".join(table).encode()


def _numbers(table: Mapping[str, int]) -> bytes:
    return _ordered(array("q", table.values())).tobytes()


def _table(names: bytes, numbers: bytes) -> dict[str, int]:
    if not numbers:
        return {}
    values = array("q")
    values.frombytes(numbers)
    return dict(zip(names.decode().split("\n"), _ordered(values), strict=True))


def _ordered(numbers: "array[int]") -> "array[int]":
    """The same on every machine that may open the ledger."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
