"""Pure: the item of each line of the stock CSV, whatever it is written like.

Numbers compare as numbers. A shop's own references of plain ASCII compare by the hash of their
folded bytes, and only those that are sought, or met twice, become texts. What is left is read as
text, each spelling once.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.base.words import NO_ITEMS, gtin, is_eaten_by_spreadsheet, items_within
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.cells import Column, Rows
from passerelle.stock_csv_fix.layout import Layout
from passerelle.stock_csv_fix.packed import (
    LONGEST,
    NOT_PLAIN,
    Words,
    bits,
    every,
    first_word,
    hashed,
    in_blocks,
    is_in,
    met_twice,
    packed,
)
from passerelle.stock_csv_fix.scan import Offsets

_Flags = npt.NDArray[np.bool_]
_NONE = 0
# Digits that may be two item numbers in one.
_LONG = 10**14
# What a byte of a plain reference may be; the others are strange to it.
_STRANGE, _SENSE, _BLANK, _UPPER, _DIGIT = 0x01, 0x08, 0x10, 0x20, 0x80
_SIGNS = b"._-/+():,"
# How an item number may begin that has letters, and what stands in place of one.
_BEFORE_NUMBERS = ("ean", "upc", "gtin", "isbn", "gencod")
_WITHOUT = ("no", "sin", "sem", "pas", "sans", "kein", "ohne", "geen", "senza", "zonder", "without")


class Items:
    """The :func:`gtin` of each line; ``""`` for a line without one."""

    def __init__(self, column: Column) -> None:
        self._column, self._numbers = column, column.numbers.copy()
        self._references, self._hashes, others = self._read()
        self._others = column.spellings(others)
        keys = [gtin(text) for text in self._others.texts]
        numbers = [_as_number(key) for key in keys]
        known = np.array([NOT_PLAIN if n is None else n for n in numbers], np.int64)
        self._numbers[self._others.rows] = known[self._others.codes]
        named = {text: key for text, key, n in zip(self._others.texts, keys, numbers, strict=True)
                 if n is None}  # fmt: skip
        self._texts = {row: named[text] for row, text in self._others.where(named.__contains__)}

    def _read(self) -> tuple[Rows, Words, Rows]:
        """The rows of references, the hashes of these, and the rows of what is left to be read as
        text; what is blank is no item."""
        found = {-1: (np.empty(0, np.intp), np.empty(0, np.uint64), np.empty(0, np.intp))}

        def read(block: slice) -> None:
            numbers = self._numbers[block]
            odd = np.flatnonzero((numbers == NOT_PLAIN) | (numbers >= _LONG)) + block.start
            starts, ends = self._column.trimmed(odd)
            is_filled = starts < ends
            self._numbers[odd[~is_filled]] = _NONE
            odd, starts, ends = odd[is_filled], starts[is_filled], ends[is_filled]
            is_plain, hashes = _references(self._column.data, starts, ends)
            found[block.start] = odd[is_plain], hashes[is_plain], odd[~is_plain]

        in_blocks(read, len(self._numbers))
        references, hashes, others = zip(*(found[start] for start in sorted(found)), strict=True)
        return np.concatenate(references), np.concatenate(hashes), np.concatenate(others)

    def key(self, row: int) -> str:
        """The item of a line."""
        number = int(self._numbers[row])
        if number != NOT_PLAIN:
            return str(number) if number else ""
        return self._texts.get(row) or gtin(self._column.text(row))

    def keys(self) -> list[str]:
        """The items of all lines."""
        keys = [str(number) if number > 0 else "" for number in self._numbers.tolist()]
        for row in (*self._texts, *self._references.tolist()):
            keys[row] = self.key(row)
        return keys

    def rows_of(self, keys: Collection[str]) -> list[int]:
        """The lines of these items, in the file's order."""
        numbers = [number for key in keys if key and (number := _as_number(key)) is not None]
        rows = np.flatnonzero(is_in(self._numbers, np.array(sorted(numbers), np.int64)))
        texts = [row for row, key in self._texts.items() if key in keys]
        return sorted([*rows.tolist(), *texts, *self._references_of(keys)])

    def _references_of(self, keys: Collection[str]) -> list[int]:
        if not len(self._references):
            return []
        hashes = _hashes_of(key for key in keys if key.isascii() and not key.isdigit())
        likely = self._references[is_in(self._hashes, hashes)].tolist()
        return [row for row in likely if self.key(row) in keys]

    def within(self, keys: Collection[str]) -> dict[int, str]:
        """The lines that hold one of these items beside other numbers, each with the first."""
        found = dict[int, str]()
        for row, text in self._others.where(items_within):
            held = [key for key in map(gtin, items_within(text)) if key in keys]
            found |= {row: held[0]} if held else {}
        return found

    def spoilt(self) -> dict[int, str]:
        """The lines, with their texts, whose item a spreadsheet made a number of: no sale can be
        held back from them; and those with more than one number, of which nobody knows whose level
        it is."""
        return {
            row: text
            for is_meant in (items_within, is_eaten_by_spreadsheet)
            for row, text in self._others.where(is_meant)
        }

    def faults(self, layout: Layout, file: str) -> Iterator[Fault]:
        """What there is to tell about those that are spoilt."""
        for row, text in self.spoilt().items():
            if items_within(text):
                problem = _('"{text}" holds more than an item number').format(
                    text=shorten(text, 60)
                )
            else:
                problem = _('"{text}" lost its digits in a spreadsheet').format(text=shorten(text))
            yield Fault(file, int(layout.numbers[row]), "ean13", problem)

    @property
    def has_references(self) -> bool:
        """Whether a shop's own references are items here, beside numbers."""
        return bool(len(self._references)) or any(self._texts.values())

    def again(self) -> Iterator[tuple[int, int]]:
        """Each line whose item stands in a line above, with the first of those lines."""
        numbers = np.flatnonzero(self._numbers > 0)
        again = numbers[met_twice(self._numbers[numbers])]
        alike = self._references[met_twice(self._hashes)]
        first: dict[str, int] = {}
        for row in sorted([*again.tolist(), *alike.tolist(), *self._texts]):
            key = self.key(row)
            if key and first.setdefault(key, row) != row:
                yield row, first[key]


def _as_number(key: str) -> int | None:
    """``None`` for a shop's own reference, and for more digits than are compared as numbers."""
    if not key:
        return _NONE
    return int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else None


def _kinds() -> npt.NDArray[np.uint8]:
    kinds = np.full(256, _STRANGE, np.uint8)
    kinds[[0, *_SIGNS]] = 0
    kinds[ord(" ")] = _BLANK
    kinds[ord("0") : ord("9") + 1] = _DIGIT
    kinds[ord("a") : ord("z") + 1] = _SENSE
    kinds[ord("A") : ord("Z") + 1] = _SENSE | _UPPER
    # Digits with an E may be a number that a spreadsheet made.
    kinds[ord("e")], kinds[ord("E")] = 0, _UPPER
    return kinds


_KINDS = _kinds()


class _Look(NamedTuple):
    """Of each cell: the hash of its folded bytes, whether that may be its item, and which of its
    bytes are digits, the last one's bit the lowest."""

    hashes: Words
    may_be: _Flags
    digits: Words


def _references(data: bytes, starts: Offsets, ends: Offsets) -> tuple[_Flags, Words]:
    """Which cells are references that compare by their small letters, and the hashes of these.

    That is what :func:`gtin` and :func:`items_within` make of plain ASCII with a letter in it that
    holds no item number, does not begin like one, and is no word for "none".
    """
    look = _look(data, ends, ends - starts)
    return look.may_be & ~_reads_otherwise(data, starts, look), look.hashes


def _look(data: bytes, ends: Offsets, lengths: Offsets) -> _Look:
    may_be = (lengths > 0) & (lengths <= LONGEST)
    longest = max(1, int(lengths[may_be].max(initial=0)))
    words = packed(data, ends, np.minimum(lengths, LONGEST), -(-longest // 8))
    kinds = [_KINDS.take(word.view(np.uint8)).view(np.uint64) for word in words]
    every_kind = np.bitwise_or.reduce(kinds)
    may_be &= (every_kind & every(_SENSE) > 0) & (every_kind & every(_STRANGE) == 0)
    digits = bits([kind & every(_DIGIT) for kind in kinds])
    blanks = bits([kind << np.uint64(3) & every(0x80) for kind in kinds])
    may_be &= (blanks & blanks >> np.uint64(1) == 0) & ~_has_eight(digits)
    folded = [word | kind & every(_UPPER) for word, kind in zip(words, kinds, strict=True)]
    return _Look(hashed(folded), may_be, digits)


def _has_eight(digits: Words) -> _Flags:
    """Whether eight digits stand side by side: the least that an item number has."""
    for side in (1, 2, 4):
        digits = digits & digits >> np.uint64(side)
    return digits > 0


def _reads_otherwise(data: bytes, starts: Offsets, look: _Look) -> _Flags:
    """Whether a cell may be a number behind its name, or say that there is none."""
    is_otherwise = np.zeros(len(starts), np.bool_)
    numbers = np.flatnonzero(look.may_be & (np.bitwise_count(look.digits) >= 8))
    is_otherwise[numbers] = _begins(data, starts[numbers], _BEFORE_NUMBERS)
    # "sans EAN13" has two digits, and they end it.
    few = np.flatnonzero(look.may_be & ((look.digits == 0) | (look.digits == 3)))
    is_otherwise[few] = _begins(data, starts[few], _WITHOUT)
    # None of these has a digit.
    is_otherwise[few] |= np.isin(look.hashes[few], _hashes_of_none())
    return is_otherwise


def _begins(data: bytes, starts: Offsets, words: Sequence[str]) -> _Flags:
    """Whether what begins there begins like one of ``words``, in whatever case; these have eight
    letters at most."""
    begins, found = np.zeros(len(starts), np.bool_), first_word(data, starts)
    for word in words:
        wanted = int.from_bytes(word.encode(), "little")
        letters = np.uint64((1 << 8 * len(word)) - 1)
        begins |= found & letters | every(0x20) == np.uint64(wanted) | every(0x20)
    return begins


@cache
def _hashes_of_none() -> Words:
    return _hashes_of(NO_ITEMS)


def _hashes_of(keys: Iterable[str]) -> Words:
    """The sorted hashes of folded texts, of those that may be plain references."""
    cells = [key.encode() for key in keys if key.isascii() and 0 < len(key) <= LONGEST]
    lengths = np.array([len(cell) for cell in cells], np.int64)
    words = packed(b"".join(cells), np.cumsum(lengths), lengths, LONGEST // 8)
    return np.sort(hashed(words))
