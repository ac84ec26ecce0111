"""Pure: bytes that are asked for by slices, so that they need not all be in memory."""

import hashlib
from collections.abc import Iterator
from typing import Protocol

_BLOCK = 1 << 18


class Sliced(Protocol):
    """Bytes, or a file that gives its own by slices."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...


def in_blocks(data: Sliced, size: int = _BLOCK) -> Iterator[bytes]:
    """All of it, some at a time."""
    return (data[start : start + size] for start in range(0, len(data), size))


def hash_of(data: Sliced) -> str:
    """The SHA-256 of all of it, in hex."""
    digest = hashlib.sha256()
    for block in in_blocks(data):
        digest.update(block)
    return digest.hexdigest()


def find_byte(data: Sliced, byte: bytes) -> int:
    """Where that byte stands first; where it does not, the length of all."""
    passed = 0
    for block in in_blocks(data):
        if (place := block.find(byte)) >= 0:
            return passed + place
        passed += len(block)
    return passed


def count_lines(data: Sliced, end: int | None = None) -> int:
    """How many line feeds there are, or how many stand before ``end``."""
    passed = found = 0
    for block in in_blocks(data):
        found += block.count(b"\n", 0, None if end is None else max(end - passed, 0))
        passed += len(block)
    return found
