"""ZORT's API V4, whole: products with their levels, by warehouse.

Source: its public documentation and public clients; docs/connectors.md says what was never run.
Levels are texts. Errors stand in answers of HTTP 200, and unknown parameters are passed over in
silence, so the shape of each answer is looked at, never its status alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from sys import intern
from typing import Any

from passerelle.base.errors import HeldError, PermanentError, TransientError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.sync import ZORT_URL, Connector
from passerelle.connectors.web import Web
from passerelle.model.sync import ItemKind, SourceItem, SourceLevels, level_of

PAGE = 500
_TRIES = 3
# SKUs in one request: they stand in a header.
_CHUNK = 50
_KINDS = {"0": ItemKind.PRODUCT, "1": ItemKind.SERVICE}


class ZortConnector:
    """A ZORT store, to read levels from."""

    def __init__(self, name: str, connector: Connector, secrets: Mapping[str, str]) -> None:
        headers = {"storename": connector.storename, **secrets}
        url, seconds = connector.url or ZORT_URL, connector.timeout.total_seconds()
        self._web = Web(name, url, headers, secrets.values(), seconds, connector.rate)

    def read_levels(
        self, warehouses: Sequence[str], skus: Sequence[str], level: str
    ) -> SourceLevels:
        at = datetime.now(UTC)
        if warehouses:
            self.check_warehouses(warehouses)
        readings = [self._whole(code, skus, level) for code in warehouses or ("",)]
        return SourceLevels(tuple(_summed(readings)), at)

    def describe(self) -> Iterator[str]:
        codes = [f"{one.get('code')} ({one.get('name')})" for one in self._warehouses()]
        yield _("warehouses: {names}").format(names=", ".join(codes) or _("none"))

    def close(self) -> None:
        self._web.close()

    def check_warehouses(self, warehouses: Sequence[str]) -> None:
        """An unknown code would be passed over, and the levels of all be taken for its own."""
        known = [str(one.get("code")) for one in self._warehouses()]
        if unknown := [code for code in warehouses if code not in known]:
            raise HeldError(
                _("ZORT has no warehouse {codes}").format(codes=", ".join(unknown)),
                f"connectors.{self._web.name}",
                _("warehouses there: {names}").format(names=", ".join(known) or _("none")),
            )

    def _warehouses(self) -> list[dict[str, Any]]:
        return self._list("/Warehouse/GetWarehouses", {}, {})[0]

    def _whole(self, warehouse: str, skus: Sequence[str], level: str) -> dict[str, SourceItem]:
        """All items by their ids, as one warehouse has them."""
        params = {"activestatus": "1"} | ({"warehousecode": warehouse} if warehouse else {})
        found: dict[str, SourceItem] = {}
        for chunk in [skus[n : n + _CHUNK] for n in range(0, len(skus), _CHUNK)] or [()]:
            headers = {"skulist": ",".join(chunk).encode()} if chunk else {}
            found |= self._settled(params, headers, level)
        return found

    def _settled(
        self, params: Mapping[str, str], headers: Mapping[str, bytes], level: str
    ) -> dict[str, SourceItem]:
        """Read again where the list changed while it was read."""
        for _try in range(_TRIES):
            if (items := self._pages(params, headers, level)) is not None:
                return items
        raise TransientError(
            _("the list of products goes on changing while it is read"),
            self._web.url,
            _("the next try reads it anew"),
        )

    def _pages(
        self, params: Mapping[str, str], headers: Mapping[str, bytes], level: str
    ) -> dict[str, SourceItem] | None:
        """All pages; ``None`` unless each item came once, as many as first and last page say."""
        items: dict[str, SourceItem] = {}
        number, first = 1, None
        with step(_("reading the products of {name}").format(name=self._web.name)):
            while True:
                page = {**params, "page": str(number), "limit": str(PAGE)}
                rows, count = self._list("/Product/GetProducts", page, headers)
                first = count if first is None else first
                items |= {one.id: one for one in (_item(row, level) for row in rows)}
                if number * PAGE >= count or not rows:
                    return items if first == count == len(items) else None
                if len(rows) < PAGE:
                    return None
                number += 1

    def _list(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, bytes]
    ) -> tuple[list[dict[str, Any]], int]:
        """The rows of an answer, and how many there are in all."""
        answer = self._web.json(self._web.ask("GET", path, params=params, headers=headers))
        head = answer.get("res") if isinstance(answer, dict) else None
        told = head if isinstance(head, dict) else answer if isinstance(answer, dict) else {}
        code = str(told.get("resCode", "200"))
        if code != "200":
            self._fail(code, str(told.get("resDesc") or ""))
        rows, count = answer.get("list") if isinstance(answer, dict) else None, None
        if isinstance(answer, dict):
            count = answer.get("count", len(rows) if isinstance(rows, list) else None)
        if not isinstance(rows, list) or not str(count).isdecimal():
            raise TransientError(
                _("the answer has no list of products"),
                self._web.url,
                _("the next try reads it anew"),
            )
        return [row for row in rows if isinstance(row, dict)], int(str(count))

    def _fail(self, code: str, words: str) -> None:
        raise PermanentError(
            _("ZORT refuses ({code}: {reason})").format(code=code, reason=self._web.heard(words)),
            self._web.url,
            _("look at storename, apikey and apisecret of connectors.{name}").format(
                name=self._web.name
            ),
        )


def _item(row: Mapping[str, Any], level: str) -> SourceItem:
    said = row.get(level)
    kind = _KINDS.get(str(row.get("producttype", "0")), ItemKind.BUNDLE)
    sku = row.get("sku")
    text = None if said is None else intern(str(said))
    return SourceItem(str(row.get("id")), "" if sku is None else intern(str(sku)), text, kind)


def _summed(readings: Sequence[Mapping[str, SourceItem]]) -> Iterator[SourceItem]:
    """Each item once; its level is the sum where every warehouse says one."""
    if len(readings) == 1:
        yield from readings[0].values()
        return
    for id in dict.fromkeys(id for reading in readings for id in reading):
        found = [reading.get(id) for reading in readings]
        one = next(item for item in found if item)
        yield SourceItem(
            id, one.sku, _sum([item.level if item else None for item in found]), one.kind
        )


def _sum(levels: Sequence[str | None]) -> str | None:
    numbers = [level_of(level) for level in levels]
    known = [number for number in numbers if number is not None]
    return format(sum(known, Decimal(0)), "f") if len(known) == len(numbers) else None
