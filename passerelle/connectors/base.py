"""What a system with an HTTP API must do for a sync: levels read whole, written, looked up.

All may raise :class:`TransientError` (try again), :class:`PermanentError` (the answer will not
change) and :class:`AccessDeniedError` (its key, or the rights of its user).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from passerelle.model.sync import Quant, SourceLevels, TargetPlace, TargetStock, Write


class LevelSource(Protocol):
    """A system whose levels count."""

    def read_levels(
        self, warehouses: Sequence[str], skus: Sequence[str], level: str
    ) -> SourceLevels:
        """All its items, each with its level, summed over the warehouses; or those of ``skus``.

        Whole, or not at all: raises :class:`TransientError` where the data goes on changing while
        it is read, :class:`HeldError` for a warehouse that it does not know.
        """
        ...

    def check_warehouses(self, warehouses: Sequence[str]) -> None:
        """Raises :class:`HeldError` for one that it does not know."""
        ...

    def describe(self) -> Iterator[str]:
        """What it is, in words, to show that it answers: for ``passerelle check``."""
        ...

    def close(self) -> None: ...


class LevelTarget(Protocol):
    """A system that gets levels."""

    def find_place(self, company: str, location: str) -> TargetPlace:
        """Where the levels are written. Raises :class:`HeldError` where that must not be."""
        ...

    def read_stock(self, place: TargetPlace, match: str, skus: Collection[str]) -> TargetStock:
        """All its products, or those of ``skus``, and what lies there of them."""
        ...

    def write_levels(self, place: TargetPlace, writes: Sequence[Write], mark: str) -> None:
        """Makes these the levels, all or none; ``mark`` stands in the moves.

        Raises :class:`LostAnswerError` where nobody knows whether it was done, and
        :class:`RefusedError` where it was not, because of what one of them is.
        """
        ...

    def newest_move(self) -> int:
        """The id of the newest move there is: what is written from now on has greater ones."""
        ...

    def find_mark(self, mark: str, products: Collection[int], after: int) -> bool:
        """Whether a write of that mark was done, by a move whose id is greater than ``after``."""
        ...

    def quants_at(self, place: TargetPlace, products: Collection[int]) -> Sequence[Quant]:
        """What lies there of these products now, and below."""
        ...

    def join_doubled(self, place: TargetPlace) -> None:
        """Has what lies twice at one place made one."""
        ...

    def describe(self) -> Iterator[str]: ...

    def lacks_group(self) -> str | None:
        """The group that its user needs to write levels, by its name there; else ``None``."""
        ...

    def close(self) -> None: ...
