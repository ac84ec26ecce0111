"""Pure: many short cells at once, as words of eight bytes.

The last byte of a cell is the highest of its word 0, and what stands before the cell is zero: so a
word is a number or a piece of text that a processor compares, reads and folds in one step.
"""

from collections.abc import Callable, Sequence
from hashlib import shake_128

import numpy as np
import numpy.typing as npt

from passerelle.base.processors import at_once, in_parts
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
_ROWS = 1 << 15
# Of tables in which cells meet: of those near each other, and of many.
_NEAR_BITS, _MOST_BITS = 12, 18
# In how many parts all of a column meet, a power of 2.
_PARTS = 8
# Of a table that tells nearly all numbers that are not sought.
_FILTER_BITS = 18


def every(byte: int) -> np.uint64:
    """A word of eight equal bytes."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_HIGH = every(0x80)
# By how many bytes of a word belong to the cell: those.
_MASKS = np.array([(1 << 64) - (1 << (8 * (8 - n))) for n in range(9)], np.uint64)
# Odd numbers of evenly spread bits, one for each word of a cell.
_MIXES = np.frombuffer(shake_128(b"passerelle").digest(LONGEST), "<u8") | np.uint64(1)
_HALF = np.uint64(32)


def in_blocks(work: Callable[[slice], None], count: int) -> None:
    """Does so with all of ``count`` rows, in blocks that fit a processor's cache, on several
    processors where there are many."""

    def part(start: int, stop: int) -> None:
        for row in range(start, stop, _ROWS):
            work(slice(row, min(row + _ROWS, stop)))

    in_parts(part, count, _ROWS)


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


def first_word(data: bytes, starts: Offsets) -> Words:
    """The eight bytes from each place on, zeros where the file ends before."""
    buffer = data if len(data) >= _WORD else data.ljust(_WORD, b"\0")
    view = np.ndarray((len(buffer) - _WORD + 1,), "<u8", buffer, strides=(1,))
    over = np.clip(starts - len(buffer) + _WORD, 0, _WORD - 1)
    words: Words = view[starts - over] >> (over * 8).astype(np.uint64)
    return words


def plain_numbers(data: bytes, ends: Offsets, lengths: Offsets) -> Numbers:
    """The numbers of cells made of digits alone, and ``NOT_PLAIN`` for others."""
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


def representatives(words: Sequence[Words]) -> npt.NDArray[np.int32]:
    """Of each cell, the place of one that is equal to it: nearly always the same of all equal ones.

    First among those near it, then among what is left: most columns say the same few things.
    """
    count = len(words[0])
    hashes, found = np.empty(count, np.uint64), np.empty(count, np.int32)
    is_left, last = np.empty(count, np.bool_), np.empty(count, np.int32)

    def look(rows: slice) -> None:
        near = [word[rows] for word in words]
        hashes[rows] = hashed(near)
        _meet(near, hashes[rows], found[rows], _NEAR_BITS, 1)
        is_left[rows] = found[rows] == np.arange(len(found[rows]))
        found[rows] += rows.start

    in_blocks(look, count)
    left = np.flatnonzero(is_left)
    met = np.empty(len(left), np.int32)
    slot_bits = min(_MOST_BITS, max(_NEAR_BITS, len(left).bit_length() + 1))
    _meet([word[left] for word in words], hashes[left], met, slot_bits, len(_MIXES))
    found[left] = left[met]

    def follow(rows: slice) -> None:
        last[rows] = found[found[rows]]

    in_blocks(follow, count)
    return last


def _meet(
    words: Sequence[Words],
    hashes: Words,
    found: npt.NDArray[np.int32],
    slot_bits: int,
    rounds: int,
) -> None:
    """Sets ``found`` to the place of an equal cell, where one was met.

    Each round all cells meet in a table of ``2**slot_bits`` by their hash; what met another one
    tries again, by another part of it.
    """
    left, table = np.arange(len(found), dtype=np.int32), np.empty(1 << slot_bits, np.int32)
    found[:] = left
    for mix in _MIXES[:rounds]:
        slots = (hashes[left] * mix >> np.uint64(64 - slot_bits)).view(np.intp)
        table[slots] = left
        met = table[slots]
        others = np.flatnonzero(met != left)
        left, met = left[others], met[others]
        same = np.ones(len(left), np.bool_)
        for word in words:
            same &= word[left] == word[met]
        found[left[same]] = met[same]
        left = left[~same]
        if not len(left):
            break


def met_twice(values: npt.NDArray[np.generic]) -> _Flags:
    """Which of some numbers of 64 bits are there more than once."""
    words, twice = values.view(np.uint64), np.zeros(len(values), np.bool_)
    hashes, of_parts = np.empty_like(words), np.empty(len(words), np.uint8)
    parts = _PARTS if len(words) > _PARTS * _ROWS else 1

    def mix(rows: slice) -> None:
        hashes[rows] = hashed([words[rows]])
        of_parts[rows] = hashes[rows] & np.uint64(parts - 1)

    def look(part: int) -> None:
        # Those of one number are in one part, by their hash.
        rows = np.flatnonzero(of_parts == np.uint8(part))
        met = np.empty(len(rows), np.int32)
        _meet([words[rows]], hashes[rows], met, len(rows).bit_length() + 1, len(_MIXES))
        again = np.flatnonzero(met != np.arange(len(met)))
        twice[rows[again]] = twice[rows[met[again]]] = True

    in_blocks(mix, len(words))
    at_once(look, range(parts))
    return twice


def is_in(values: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]) -> _Flags:
    """Which of some numbers of 64 bits are among the sorted ``wanted``."""
    found = np.zeros(len(values), np.bool_)
    if not len(wanted):
        return found
    known = np.zeros(1 << _FILTER_BITS, np.bool_)
    known[_slots(wanted)] = True

    def look(rows: slice) -> None:
        likely = rows.start + np.flatnonzero(known[_slots(values[rows])])
        places = np.searchsorted(wanted, values[likely])
        found[likely] = wanted.take(places, mode="clip") == values[likely]

    in_blocks(look, len(values))
    return found


def _slots(values: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    slots: Words = values.view(np.uint64) * _MIXES[0] >> np.uint64(64 - _FILTER_BITS)
    return slots.view(np.intp)  # numpy takes places of any other type one by one


def bits(flags: Sequence[Words]) -> Words:
    """One bit for each byte of up to eight words whose highest bit is set: the last byte's bit is
    the lowest."""
    gathered = np.zeros_like(flags[0])
    for place, word in enumerate(flags):
        eight = (word >> np.uint64(7)) * np.uint64(0x8040_2010_0804_0201) >> np.uint64(56)
        gathered |= eight << np.uint64(place * _WORD)
    return gathered
