"""Pure: many things, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """All of them in their order, so many at once at most; each is asked for when needed."""
    rest = iter(items)
    while batch := [*islice(rest, size)]:
        yield batch
