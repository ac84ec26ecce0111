"""What tills may sell: the items of the newest stock file that lies beside the ledger.

That is a copy of what was published last (``Last_ExportCSVmod.csv``, ``Last_NAME_FILE`` of a shop
that shares stock): whole, and of a layout that the config describes. A till never waits for it,
nor hears of its faults: what cannot be read leaves the last good list in force.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from passerelle.base.errors import PasserelleError
from passerelle.base.numbers import DecimalMark, parse_decimal, proved_mark
from passerelle.base.reading import find_column
from passerelle.base.words import gtin, is_eaten_by_spreadsheet, item_number, items_within
from passerelle.config.columns import COLUMNS
from passerelle.config.model import Settings
from passerelle.config.stock import Stock

# Prices that a customer pays; none without tax.
_PRICES = (
    *("PVTTC", "PV TTC", "P.V. TTC", "Prix TTC", "Prix de vente TTC", "Prix vente TTC"),
    *("Prix public TTC", "Prix public", "Prix de vente", "Prix final", "Price (tax incl.)"),
    *("Price tax included", "Retail price", "Sales price", "Final price", "PVP", "Precio"),
    *("Prezzo", "Prijs", "Preis", "Verkaufspreis", "Prix", "Price"),
)
_NAMES = ("Libellé", "Désignation", "Nom", "Name", "Description", "Libellé article", "Intitulé")

Item = dict[str, Any]


class Listed(NamedTuple):
    """The list as JSON, and a tag that is another one once it changes."""

    data: bytes
    tag: str


def stocks_of(settings: Settings) -> Mapping[str, Stock]:
    """How the copies are read, by the names that they have beside the ledger."""
    from passerelle.archive.folders import LAST_COPY  # it imports numpy

    return {LAST_COPY.format(name=name): stock for name, stock in settings.level_files()}


class ItemList:
    """Read anew when a file changes."""

    def __init__(self, folder: Path, stocks: Mapping[str, Stock] | None = None) -> None:
        self._folder, self._stocks = folder, stocks or {}
        self._lock = Lock()
        self._seen: dict[str, tuple[int, int]] = {}
        self._lists: dict[str, dict[str, Item]] = {}
        self._listed = _as_json({})

    def listed(self) -> Listed:
        with self._lock:
            seen = dict(self._look())
            if seen != self._seen:
                for name in [name for name in seen if seen[name] != self._seen.get(name)]:
                    if not self._has_read(name):
                        seen[name] = self._seen.get(name, (0, 0))
                self._seen = seen
                self._listed = _as_json(self._merged())
            return self._listed

    def _look(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for name in self._stocks:
            try:
                found = (self._folder / name).stat()
            except OSError:
                continue
            yield name, (found.st_mtime_ns, found.st_size)

    def _has_read(self, name: str) -> bool:
        """Whether a look at the file is over; of what cannot be read the last good list stays."""
        try:
            data = (self._folder / name).read_bytes()
            self._lists[name] = _items_in(data, self._stocks[name], name)
        except PasserelleError:
            return True
        except OSError:
            return False  # as while it is replaced: tried again
        return True

    def _merged(self) -> dict[str, Item]:
        """The newest list; what it does not say of an item, an older one may."""
        names = sorted(self._seen, key=self._seen.__getitem__, reverse=True)
        newest, *older = [self._lists[name] for name in names if name in self._lists] or [{}]
        merged = {}
        for key, item in newest.items():
            merged[key] = item
            for other in (known[key] for known in older if key in known):
                told = {field: value for field, value in other.items() if item[field] in (None, "")}
                merged[key] = item = item | told
        return merged


def _as_json(items: Mapping[str, Item]) -> Listed:
    data = json.dumps(list(items.values()), ensure_ascii=False, separators=(",", ":")).encode()
    return Listed(data, f'"{sha256(data).hexdigest()[:16]}"')


def _items_in(data: bytes, stock: Stock, file: str) -> dict[str, Item]:
    """A file's items by their :func:`gtin`; what it does not say legibly is ``None``, or no name.

    Of an item that stands in several lines the lowest level counts. Raises as
    :func:`read_layout` does.
    """
    from passerelle.stock_csv_fix.cells import Column
    from passerelle.stock_csv_fix.layout import Layout, read_layout
    from passerelle.stock_csv_fix.surroundings import tidied

    def column(layout: Layout, names: tuple[str, ...]) -> Column | None:
        try:
            index = find_column(layout.header, names)
        except LookupError:
            return None
        return None if index is None else Column(data, layout, index)

    data = tidied(data)
    layout = read_layout(data, stock, file)
    index = layout.column(stock.columns.ean13, "stock.columns.ean13", file)
    numbers, levels = Column(data, layout, index), column(layout, stock.columns.quantity)
    names, prices = (column(layout, usual) for usual in (_usual_names(), _usual_prices()))
    read = levels and levels.levels()
    amounts = [prices.text(row) if prices else "" for row in range(len(layout.starts))]
    marks = set(map(proved_mark, amounts)) - {""}
    mark = marks.pop() if len(marks) == 1 else ""
    items: dict[str, Item] = {}
    for row in range(len(layout.starts)):
        number = numbers.text(row)
        key = gtin(number)
        if not key or is_eaten_by_spreadsheet(number) or items_within(number):
            continue
        level = read.exact(row) if read and read.floats[row] == read.floats[row] else None
        item = {
            "ean13": item_number(number),
            "name": names.text(row).strip() if names else "",
            "price": _price(amounts[row], mark),
            "stock": None if level is None else int(level),
        }
        first = items.setdefault(key, item)
        if level is not None and (first["stock"] is None or level < first["stock"]):
            first["stock"] = int(level)
    return items


def _price(text: str, mark: DecimalMark) -> str | None:
    """With a point; ``None`` where nobody can tell what it costs."""
    with suppress(ValueError):
        price = parse_decimal(text, mark)
        return f"{price:f}" if price >= 0 else None
    return None


def _usual_names() -> tuple[str, ...]:
    known = COLUMNS["orders"]["product_name"]
    return (*known.names, *_NAMES, *known.usual, *(name for name, _beside in known.beside))


def _usual_prices() -> tuple[str, ...]:
    known = COLUMNS["orders"]["unit_price"]
    return (*known.names, *_PRICES, *known.usual)
