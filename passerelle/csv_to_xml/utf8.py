"""Pure: the bytes of a text in any encoding, as UTF-8."""

import codecs
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from passerelle.base.slices import Sliced

_BLOCK = 1 << 16


def check(data: Sliced, codec: str) -> None:
    """Raises :class:`UnicodeDecodeError` for bytes that are no text in ``codec``."""
    for _part in _decoded(data, codecs.getincrementaldecoder(codec)()):
        pass


class Utf8:
    """A text as UTF-8, which is made anew wherever a slice of it is asked for, some at a time.

    Raises :class:`UnicodeDecodeError` for bytes that are no text in ``codec``.
    """

    def __init__(self, data: Sliced, codec: str, errors: str) -> None:
        self._data, self._decoder = data, codecs.getincrementaldecoder(codec)(errors)
        # Of each block: where it begins, and what the decoder knows there of those before.
        self._begins, self._states, size = array("q"), [self._decoder.getstate()], 0
        for text in _decoded(data, self._decoder):
            self._begins.append(size)
            self._states.append(self._decoder.getstate())
            size += len(_encoded(text))
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _step = part.indices(self._size)
        if start >= end:
            return b""
        first = bisect_right(self._begins, start) - 1
        blocks = b"".join(map(self._block, range(first, bisect_left(self._begins, end))))
        return blocks[start - self._begins[first] : end - self._begins[first]]

    def _block(self, number: int) -> bytes:
        self._decoder.setstate(self._states[number])
        start = number * _BLOCK
        is_last = number == len(self._begins) - 1
        return _encoded(self._decoder.decode(self._data[start : start + _BLOCK], is_last))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: Sliced, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    """The text of each block; an error tells its place in the whole."""
    size = len(data)
    for start in range(0, size, _BLOCK):
        known = len(decoder.getstate()[0])
        try:
            yield decoder.decode(data[start : start + _BLOCK], start + _BLOCK >= size)
        except UnicodeDecodeError as error:
            error.start += start - known
            raise
