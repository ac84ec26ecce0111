"""Much of one kind, on several processors at once."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
# A thread pays from so many units on.
_UNITS, _MOST_THREADS = 8, 4


def in_parts(work: Callable[[int, int], T], length: int, unit: int) -> list[T]:
    """What ``work`` makes of each part of so many bytes or rows, given from where to where.

    On several processors at once where there is much: numpy keeps no other thread waiting. Parts
    are whole multiples of ``unit``.
    """
    count = max(1, min(os.cpu_count() or 1, _MOST_THREADS, length // (unit * _UNITS)))
    size = -(-length // (count * unit)) * unit
    parts = [(start, min(start + size, length)) for start in range(0, length, size or 1)]
    if len(parts) < 2:
        return [work(0, length)]
    with ThreadPoolExecutor(len(parts)) as pool:
        return [*pool.map(work, *zip(*parts, strict=True))]
