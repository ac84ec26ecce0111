"""Pure: many short cells at once, as words of eight bytes.

The last byte of a cell is the highest of its word 0, and what stands before the cell is zero: so a
word is a number or a piece of text that a processor compares, reads and folds in one step.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from passerelle.stock_csv_fix.scan import Offsets

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]
NOT_PLAIN = -1
# More digits than an int64 holds for sure.
_MOST_DIGITS = 18
# What is longer is looked at by itself.
LONGEST = 64
_WORD = 8
# Rows whose cells fit a processor's cache.
_ROWS = 1 << 14
_SLOT_BITS, _ROUNDS = 16, 3


def every(byte: int) -> np.uint64:
    """A word of eight equal bytes."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_HIGH = every(0x80)
# By how many bytes of a word belong to the cell: those.
_MASKS = np.array([(1 << 64) - (1 << (8 * (8 - n))) for n in range(9)], np.uint64)
# Odd numbers of evenly spread bits, one for each word of a cell.
_MIXES = np.random.default_rng(2026).integers(2**63, 2**64, LONGEST // _WORD, np.uint64) | 1
_HALF = np.uint64(32)


def blocks(length: int) -> Iterator[slice]:
    """Slices of that many rows, each of which fits a processor's cache."""
    return (slice(row, row + _ROWS) for row in range(0, length, _ROWS))


def packed(data: bytes, ends: Offsets, lengths: Offsets, count: int) -> list[Words]:
    """The last ``count`` words of each cell."""
    buffer = data if len(data) >= _WORD else data.rjust(_WORD, b"\0")
    shift = len(buffer) - len(data)
    view = np.ndarray((len(buffer) - _WORD + 1,), "<u8", buffer, strides=(1,))
    words = []
    for back in range(_WORD, (count + 1) * _WORD, _WORD):
        places = ends + (shift - back)
        word = view[np.maximum(places, 0)]
        if (early := places < 0).any():
            word[early] <<= (np.minimum(-places[early], _WORD - 1) * 8).astype(np.uint64)
        words.append(word & _MASKS.take(lengths + (_WORD - back), mode="clip"))
    return words


def plain_numbers(data: bytes, starts: Offsets, ends: Offsets) -> Numbers:
    """The numbers of cells made of digits alone, and ``NOT_PLAIN`` for others."""
    numbers = np.empty(len(starts), np.int64)
    for rows in blocks(len(starts)):
        numbers[rows] = _plain(data, ends[rows], ends[rows] - starts[rows])
    return numbers


def _plain(data: bytes, ends: Offsets, lengths: Offsets) -> Numbers:
    plain = (lengths > 0) & (lengths <= _MOST_DIGITS)
    longest = int(lengths[plain].max(initial=0))
    numbers, scale = np.zeros(len(ends), np.int64), 1
    for place, word in enumerate(packed(data, ends, lengths, -(-longest // _WORD))):
        digits = word ^ (every(0x30) & _MASKS.take(lengths - place * _WORD, mode="clip"))
        plain &= ((digits + every(0x76)) | digits) & _HIGH == 0
        numbers += _eight_digits(digits) * scale
        scale *= 10**_WORD
    numbers[~plain] = NOT_PLAIN
    return numbers


def _eight_digits(digits: Words) -> Numbers:
    """The number that eight bytes of 0 to 9 stand for: by pairs, fours, and the whole."""
    pairs = (digits * np.uint64(10 << 8 | 1)) >> np.uint64(8) & np.uint64(0x00FF_00FF_00FF_00FF)
    fours = (pairs * np.uint64(100 << 16 | 1)) >> np.uint64(16) & np.uint64(0x0000_FFFF_0000_FFFF)
    return ((fours * np.uint64(10_000 << 32 | 1)) >> _HALF).astype(np.int64)


def hashed(words: Sequence[Words]) -> Words:
    """Equal cells give equal numbers, however many words they are seen in; others nearly always
    give others."""
    mixed: Words = np.zeros_like(words[0])
    for word, mix in zip(words, _MIXES, strict=False):
        product = word * mix
        mixed += product ^ product >> _HALF
    mixed *= _MIXES[0]
    return mixed


def representatives(words: Sequence[Words]) -> npt.NDArray[np.intp]:
    """Of each cell, the place of one that is equal to it: nearly always the same of all equal ones.

    Each round all cells meet in a table by their hash; what met another one tries again.
    """
    count = len(words[0])
    found, hashes = np.arange(count), hashed(words)
    left, table = found, np.zeros(1 << _SLOT_BITS, np.intp)
    for round in range(_ROUNDS):
        slots = hashes[left] << np.uint64(round * _SLOT_BITS) >> np.uint64(64 - _SLOT_BITS)
        table[slots] = left
        met = table[slots]
        same = np.ones(len(left), np.bool_)
        for word in words:
            same &= word[left] == word[met]
        found[left[same]] = met[same]
        left = left[~same]
    return found


def bits(flags: Sequence[Words]) -> Words:
    """One bit for each byte of up to eight words whose highest bit is set: the last byte's bit is
    the lowest."""
    gathered = np.zeros_like(flags[0])
    for place, word in enumerate(flags):
        eight = (word >> np.uint64(7)) * np.uint64(0x8040_2010_0804_0201) >> np.uint64(56)
        gathered |= eight << np.uint64(place * _WORD)
    return gathered
