"""Pure: a file's header and the kinds of its values -> which column means what.

A name that config.toml knows is certain. Else what counts is how like a known name it is, and
whether the column holds what it should; what is guessed so is said to be a guess.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from passerelle.base.language import _
from passerelle.base.reading import detect_separator
from passerelle.base.words import fold, plain_word
from passerelle.config.columns import COLUMNS, ColumnKind, KnownColumn, What
from passerelle.config.guess.header import (
    NET,
    WITHOUT_TAX,
    is_order_grid,
    left_keys,
    likeness,
    telling_word,
    unread,
)
from passerelle.config.guess.sample import CellKind, Sample, in_words, kind_of

_TEXTS = frozenset({CellKind.TEXT, CellKind.WHOLE, CellKind.DIGITS, CellKind.ITEM})
_MONEY = frozenset({CellKind.NUMBER, CellKind.WHOLE})
# What a column may hold; all but the required ones may be empty.
_HOLDS: Mapping[ColumnKind, frozenset[CellKind]] = {
    ColumnKind.TEXT: _TEXTS,
    ColumnKind.ID: frozenset({CellKind.WHOLE, CellKind.DIGITS, CellKind.TEXT}),
    ColumnKind.NUMBER: frozenset({CellKind.WHOLE, CellKind.DIGITS}),
    ColumnKind.ITEM: frozenset({CellKind.ITEM, CellKind.DIGITS}),
    ColumnKind.EMAIL: frozenset({CellKind.EMAIL}),
    ColumnKind.DATE: frozenset({CellKind.DATE}),
    ColumnKind.COUNT: frozenset({CellKind.WHOLE}),
    ColumnKind.MONEY: _MONEY,
    ColumnKind.RATE: _MONEY,
}
# By its content alone a column is taken only for these.
_TELLING = {
    ColumnKind.ITEM: CellKind.ITEM,
    ColumnKind.EMAIL: CellKind.EMAIL,
}
_CERTAIN, _USUAL, _LIKE, _WORD, _CONTENT = 1.0, 0.9, 0.8, 0.6, 0.5


class Guess(Struct, frozen=True):
    """A key's column by its name, and why that is not certain; ``""`` where it is."""

    key: str
    column: str
    doubt: str


class Proposal(Struct, frozen=True):
    """What the section ``[orders.columns]`` or ``[stock.columns]`` should say of a file.

    ``sure``: the file's kind is beyond doubt. ``missing``: the required keys without a column.
    ``contents`` says in words what stands in each column. ``separator``: to be set where
    ``"auto"`` would take another one. ``left`` are the keys without a column, ``unread`` the
    columns without a key that change what is sold, with what they hold; ``is_grid``: it is a list
    of orders without items.
    """

    what: What
    sure: bool
    guesses: tuple[Guess, ...]
    missing: tuple[str, ...]
    without_tax: tuple[str, ...]
    contents: tuple[str, ...]
    separator: str
    left: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    is_grid: bool = False

    def key_of(self, column: str) -> str:
        """The key that a column was taken for, or ``""``."""
        return next((guess.key for guess in self.guesses if guess.column == column), "")


def propose(sample: Sample, what: What | None = None) -> Proposal:
    """The proposal for a file of orders or of a stock, as ``what`` says, else as it looks."""
    kinds = [kind_of(values) for values in sample.columns]
    told, sure = (what, True) if what else _what(sample, kinds)
    guesses = tuple(_guesses(sample, kinds, told))
    columns = [guess.column for guess in guesses]
    return Proposal(
        what=told,
        sure=sure,
        guesses=guesses,
        missing=tuple(
            key
            for key, column in COLUMNS[told].items()
            if column.required and not {key, column.or_else} & {guess.key for guess in guesses}
        ),
        without_tax=tuple(n for n in sample.header if WITHOUT_TAX.search(plain_word(n)))
        if told == "orders" else (),
        left=left_keys({guess.key for guess in guesses}) if told == "orders" else (),
        unread=tuple(unread(sample.header, columns)) if told == "orders" else (),
        is_grid=told == "orders" and is_order_grid(sample.header),
        contents=tuple(in_words(*pair) for pair in zip(kinds, sample.columns, strict=True)),
        separator=_separator_to_set(sample, columns),
    )  # fmt: skip


def _what(sample: Sample, kinds: Sequence[CellKind]) -> tuple[What, bool]:
    """Orders have customers, dates and payments; a stock has levels."""
    of_orders, level = COLUMNS["orders"], COLUMNS["stock"]["quantity"]
    known = {
        fold(name)
        for column in of_orders.values()
        for name in (*column.names, *column.usual)
        if not column.of_line
    }
    names = [fold(name) for name in sample.header]
    orders = sum(name in known for name in names) + 3 * (CellKind.EMAIL in kinds)
    orders += sum(fold(n) in names for key in ("id", "unit_price") for n in of_orders[key].names)
    orders += 3 * any(map(NET.search, names))
    stock = 3 * any(fold(name) in names for name in level.names)
    stock += 2 * any(fold(name) in names for name in level.usual)
    if orders == stock:
        return ("orders" if CellKind.DATE in kinds else "stock"), False
    return ("orders" if orders > stock else "stock"), abs(orders - stock) > 1


def _guesses(sample: Sample, kinds: Sequence[CellKind], what: What) -> Iterator[Guess]:
    """The best pairs of key and column first; each is taken once. In the order of the keys."""
    twice = {fold(name) for name in sample.twice()}
    others = frozenset(map(plain_word, sample.header))
    pairs = []
    for place, (name, kind) in enumerate(zip(sample.header, kinds, strict=True)):
        if name and fold(name) not in twice:
            for rank, (key, column) in enumerate(COLUMNS[what].items()):
                score, doubt = _score(key, column, name, kind, others)
                if score:
                    pairs.append((-score, rank, place, Guess(key, name, doubt)))
    taken: dict[str, Guess] = {}
    for *_rank, guess in sorted(pairs, key=lambda pair: pair[:3]):
        if guess.key not in taken and guess.column not in {one.column for one in taken.values()}:
            taken[guess.key] = guess
    if {"quantity", "unit_price"} <= taken.keys() and _is_of_whole_lines(sample, taken):
        del taken["unit_price"]
    if "quantity" in taken and NET.search(fold(taken["quantity"].column)):
        taken.pop("quantity_refunded", None)
    yield from (taken[key] for key in COLUMNS[what] if key in taken)


def _is_of_whole_lines(sample: Sample, taken: Mapping[str, Guess]) -> bool:
    """Whether what looks like a price is the sum of its line: where several pieces were sold, it is
    the same as a column of totals."""
    price, pieces = taken["unit_price"].column, _column(sample, taken["quantity"].column)
    several = [row for row, cell in enumerate(pieces) if cell.strip().isdigit() and int(cell) > 1]
    said = [_column(sample, price)[row].strip() for row in several]
    totals = (name for name in sample.header if name != price and "total" in fold(name))
    return any(
        bool(said) and all(said) and said == [_column(sample, name)[row].strip() for row in several]
        for name in totals
    )


def _column(sample: Sample, name: str) -> Sequence[str]:
    return sample.columns[sample.header.index(name)]


def _score(
    key: str, column: KnownColumn, name: str, kind: CellKind, others: frozenset[str]
) -> tuple[float, str]:
    """How well what has this name and kind fits a column, 0 for not at all, and the doubt."""
    plain = plain_word(name)
    fits = kind in _HOLDS[column.kind] or (kind == CellKind.EMPTY and not column.required)
    for rank, one in enumerate(column.names):
        if plain_word(one) == plain:
            return _CERTAIN - rank / 1000, "" if fits else _wrong(kind)
    if not fits or (column.kind == ColumnKind.MONEY and WITHOUT_TAX.search(plain)):
        return 0, ""
    return _by_likeness(key, column, name, kind, others)


def _wrong(kind: CellKind) -> str:
    """What is odd about a column with a known name."""
    if kind == CellKind.EMPTY:
        return _("a known name, but the column is empty")
    if kind == CellKind.EATEN:
        return _("a known name, but a spreadsheet rounded the numbers: export the file again")
    return _("a known name, but it holds other things than it should")


def _by_likeness(
    key: str, column: KnownColumn, name: str, kind: CellKind, others: frozenset[str]
) -> tuple[float, str]:
    plain = plain_word(name)
    usual = [*map(plain_word, column.usual)]
    usual += [plain_word(one) for one, beside in column.beside if plain_word(beside) in others]
    if plain in usual:
        return _USUAL - usual.index(plain) / 1000, _("a guess: a usual name")
    names = (*column.names, *column.usual)
    like = max(names, key=lambda one: likeness(key, name, one))
    if best := likeness(key, name, like):
        return _LIKE * best, _('a guess: like "{name}"').format(name=like)
    if word := telling_word(name, column.words):
        return _WORD, _('a guess: by the word "{word}" and what stands in it').format(word=word)
    if _TELLING.get(column.kind) == kind:
        return _CONTENT, _("a guess: by what stands in it")
    return 0, ""


def _separator_to_set(sample: Sample, columns: Sequence[str]) -> str:
    """The separator, where the names that were found would make ``"auto"`` take another one."""
    by_itself = detect_separator(sample.header_line, columns)
    return "" if by_itself == sample.separator else sample.separator
