"""How values stand in the ledger's columns: as texts that every database keeps alike."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine

# PostgreSQL keeps no NUL in a text. Its picture stands for it there, which no shop writes.
_NUL = "\N{SYMBOL FOR NULL}"


class Text(TypeDecorator[str]):
    """Text that sorts and compares by its characters' numbers, whatever a database's locale is."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(collation=collation))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value and dialect.name == "postgresql" and "\0" in value:
            return value.replace("\0", _NUL)
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value and dialect.name == "postgresql" and _NUL in value:
            return value.replace(_NUL, "\0")
        return value


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored as ISO 8601 text in UTC: sorts as text, reads the same anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Money(TypeDecorator[Decimal]):
    """An amount in the shop's currency, stored as text: exact on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Word(TypeDecorator[StrEnum]):
    """One of a few words, stored as text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)
