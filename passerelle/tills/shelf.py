"""The till's own copy of what it may sell: there when the network is not."""

from typing import Any

from passerelle.base.exact_json import parse
from passerelle.base.words import fold, gtin
from passerelle.tills.agent_book import AgentBook


class ItemShelf:
    """The server's list of items, as it was told last."""

    def __init__(self, book: AgentBook) -> None:
        self._book = book
        self._items = _read(book.get("items", "[]"))

    @property
    def tag(self) -> str:
        """Tells this list from the next one."""
        return self._book.get("items_tag")

    def fill(self, data: bytes, tag: str) -> None:
        items = _read(data)
        with self._book.transaction:
            self._book.set(items=data.decode("utf-8"), items_tag=tag)
        self._items = items

    def found(self, text: str, most: int) -> list[Any]:
        """The items whose number begins so, or whose name holds each of the words."""
        words = fold(text).split()
        if not words:
            return []
        number = gtin(text)
        hits = (item for key, own, item in self._items if _fits(words, number, key, own))
        return [item for item, _one in zip(hits, range(most), strict=False)]


def _read(data: str | bytes) -> list[tuple[str, str, Any]]:
    return [(fold(str(item["name"])), gtin(str(item["ean13"])), item) for item in parse(data)]


def _fits(words: list[str], number: str, name: str, own: str) -> bool:
    """By its number, with or without leading zeros, whole or as far as it is typed; or by words."""
    return bool(number and own.startswith(number)) or all(word in name for word in words)
