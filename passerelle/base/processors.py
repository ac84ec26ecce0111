"""Much of one kind, on several processors at once: numpy keeps no other thread waiting."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")
# A thread pays from so many units on.
_UNITS, _MOST_THREADS = 8, 4


def in_parts(work: Callable[[int, int], T], length: int, unit: int) -> list[T]:
    """What ``work`` makes of each part of so many bytes or rows, given from where to where.

    On several processors where there is much. Parts are whole multiples of ``unit``.
    """
    count = max(1, min(_processors(), length // (unit * _UNITS)))
    size = -(-length // (count * unit)) * unit
    parts = [(start, min(start + size, length)) for start in range(0, length, size or 1)]
    return at_once(lambda part: work(*part), parts or [(0, 0)])


def at_once(work: Callable[[A], T], things: Sequence[A]) -> list[T]:
    """What ``work`` makes of each, in their order, on several processors."""
    if len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(min(len(things), _processors())) as pool:
        return [*pool.map(work, things)]


def _processors() -> int:
    return min(os.cpu_count() or 1, _MOST_THREADS)
