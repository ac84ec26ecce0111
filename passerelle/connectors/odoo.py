"""Odoo: products, what lies at a location, and absolute levels written by inventory adjustments.

What was observed on a real Odoo 19, and decides how this is written (docs/connectors.md):

- ``action_apply_inventory`` on a quant without a count makes its quantity 0, so it is never used.
  ``create`` with ``inventory_quantity_auto_apply`` is one transaction, and safe to repeat.
- It writes without ``inventory_mode`` too, and then changes nothing, in silence.
- After a client's time-out Odoo goes on and commits: a lost answer is looked up by its mark.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from sys import intern
from typing import Any

from passerelle.base.errors import HeldError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.sync import Connector
from passerelle.connectors.odoo_calls import JSON2, Calls, open_calls, version_of
from passerelle.connectors.web import Web
from passerelle.model.sync import (
    Product,
    Quant,
    SourceItem,
    SourceLevels,
    TargetPlace,
    TargetStock,
    Write,
)

PAGE = 5000
# What a write needs beyond Odoo's own limit, to hear that it was ended by it. In seconds.
_GRACE = 10
# Any product's unit rounds to that where Odoo says nothing else.
_CENT = Decimal("0.01")
# From Odoo 19 on a user may write levels; before, an administrator of the inventory.
GROUPS = {
    "stock.group_stock_user": "Inventory / User",
    "stock.group_stock_manager": "Inventory / Administrator",
}
_ALL = {"active_test": False}


class OdooConnector:
    """An Odoo database, to write levels to and to read them from."""

    def __init__(self, name: str, connector: Connector, secrets: Mapping[str, str]) -> None:
        self._connector, self._key = connector, secrets["apikey"]
        seconds = connector.timeout.total_seconds()
        self._web = Web(name, connector.url, {}, secrets.values(), seconds)

    @cached_property
    def _calls(self) -> Calls:
        return open_calls(self._web, self._connector, self._key)

    # --- where ---------------------------------------------------------------------------------

    def find_place(self, company: str, location: str) -> TargetPlace:
        companies = [*self._read("res.company", [["name", "=", company]], ["name"])]
        if len(companies) != 1:
            self._hold(_("the company is not there, or its user may not see it"), company)
        id = companies[0]["id"]
        domain = [["complete_name", "=", location], ["company_id", "=", id]]
        found = [*self._read("stock.location", domain, ["usage", "company_id"], company=id)]
        if len(found) != 1:
            what = _("{company} has no location of that name").format(company=company)
            self._hold(what, location)
        if found[0]["usage"] != "internal":
            self._hold(_("the location is not an internal one"), location)
        return TargetPlace(found[0]["id"], id, location)

    def _hold(self, what: str, where: str) -> None:
        mend = _("set company and location of the sync; `passerelle check` tries them")
        raise HeldError(what, where, mend)

    # --- reading -------------------------------------------------------------------------------

    def read_stock(self, place: TargetPlace, match: str, skus: Collection[str]) -> TargetStock:
        with step(_("reading the stock of {name}").format(name=self._web.name)):
            domain = [[match, "in", [*skus]]] if skus else [[match, "!=", False]]
            fields = [match, "active", "company_id", "tracking", "uom_id", self._storable]
            # Of all companies that its user is in: another one's product is told as that.
            rows = self._read("product.product", domain, fields)
            units = self._roundings()
            products = tuple(self._product(row, match, units) for row in rows)
            ids = [one.id for one in products] if skus else None
            return TargetStock(products, tuple(self._quants(place, ids)))

    def quants_at(self, place: TargetPlace, products: Collection[int]) -> Sequence[Quant]:
        return tuple(self._quants(place, products))

    @cached_property
    def _storable(self) -> str:
        """The field that says whether a product has a stock; each version has another."""
        names = ("is_storable", "detailed_type", "type")
        known = self._calls.call("product.product", "fields_get", attributes=["type"])
        return next(name for name in names if name in known)

    def _product(self, row: Mapping[str, Any], match: str, units: Mapping[int, Decimal]) -> Product:
        unit = row["uom_id"][0] if row["uom_id"] else 0
        return Product(
            row["id"],
            intern(row[match] or ""),
            bool(row["active"]),
            row[self._storable] in (True, "product"),
            row["tracking"] in ("lot", "serial"),
            row["company_id"][0] if row["company_id"] else None,
            units.get(unit, _CENT),
        )

    def _roundings(self) -> dict[int, Decimal]:
        rows = self._read("uom.uom", [], ["rounding"])
        return {row["id"]: _exact(row["rounding"]) or _CENT for row in rows}

    def _quants(self, place: TargetPlace, products: Collection[int] | None) -> Iterator[Quant]:
        domain: list[list[Any]] = [["location_id", "child_of", place.location]]
        if products is not None:
            domain.append(["product_id", "in", [*products]])
        fields = ["product_id", "location_id", "lot_id", "package_id", "owner_id", "quantity",
            "reserved_quantity",
                  "inventory_quantity_set"]  # fmt: skip
        for row in self._read("stock.quant", domain, fields, company=place.company):
            is_here = row["location_id"][0] == place.location
            is_bare = not (row["lot_id"] or row["package_id"] or row["owner_id"])
            yield Quant(
                row["id"],
                row["product_id"][0],
                _exact(row["quantity"]),
                is_here and is_bare,
                bool(row["inventory_quantity_set"]),
                _exact(row["reserved_quantity"]),
            )

    def _read(
        self,
        model: str,
        domain: Sequence[Sequence[Any]],
        fields: Sequence[str],
        *,
        company: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """All records of a domain, by their ids: pages that begin after the last one met."""
        context = _ALL | ({} if company is None else {"allowed_company_ids": [company]})
        last, page = 0, list[dict[str, Any]]()
        while not last or len(page) == PAGE:
            page = self._calls.call(
                model,
                "search_read",
                domain=[*domain, ["id", ">", last]],
                fields=[*fields],
                limit=PAGE,
                order="id",
                context=context,
            )
            yield from page
            last = page[-1]["id"] if page else -1

    def read_levels(
        self, warehouses: Sequence[str], skus: Sequence[str], level: str
    ) -> SourceLevels:
        """The items of locations, by their complete names: barcodes, else the products' codes.

        ``level`` is what is on hand, or with ``availablestock`` what nobody has reserved.
        """
        at = datetime.now(UTC)
        fields = ["barcode", "default_code", self._storable]
        rows = self._read("product.product", [["active", "=", True]], fields)
        codes = {
            row["id"]: row["barcode"] or row["default_code"] or ""
            for row in rows
            if row[self._storable] in (True, "product")
        }
        levels: dict[int, Decimal] = dict.fromkeys(codes, Decimal(0))
        for place in map(self._place, warehouses):
            for quant in self._quants(place, None):
                if quant.product in levels:
                    reserved = quant.reserved if level == "availablestock" else Decimal(0)
                    levels[quant.product] += quant.quantity - reserved
        items = (
            SourceItem(str(id), codes[id], format(number.normalize(), "f"))
            for id, number in levels.items()
            if codes[id] and (not skus or codes[id] in skus)
        )
        return SourceLevels(tuple(items), at)

    def check_warehouses(self, warehouses: Sequence[str]) -> None:
        for location in warehouses:
            self._place(location)

    def _place(self, location: str) -> TargetPlace:
        domain = [["complete_name", "=", location]]
        found = [*self._read("stock.location", domain, ["usage", "company_id"])]
        if len(found) != 1 or found[0]["usage"] != "internal" or not found[0]["company_id"]:
            what = _("there is no internal location of that name, or several")
            raise HeldError(what, location, _('write stock.from as in "odoo:WH/Stock"'))
        return TargetPlace(found[0]["id"], found[0]["company_id"][0], location)

    # --- writing -------------------------------------------------------------------------------

    def write_levels(self, place: TargetPlace, writes: Sequence[Write], mark: str) -> None:
        lines = [
            {
                "product_id": one.product,
                "location_id": place.location,
                "inventory_quantity_auto_apply": float(one.level),
            }
            for one in writes
        ]
        context = {
            "inventory_mode": True,
            "inventory_name": mark,
            "allowed_company_ids": [place.company],
        }
        limit = self._connector.request_limit + _GRACE
        self._calls.call("stock.quant", "create", within=limit, vals_list=lines, context=context)

    def newest_move(self) -> int:
        found = self._calls.call(
            "stock.move", "search_read", domain=[], fields=["id"], limit=1, order="id desc"
        )
        return int(found[0]["id"]) if found else 0

    def find_mark(self, mark: str, products: Collection[int], after: int) -> bool:
        # Odoo 17 may write the user's name behind it. Another ledger may have used it before.
        domain: list[list[Any]] = [["reference", "=like", f"{mark}%"]]
        domain += [["product_id", "in", [*products]], ["id", ">", after]]
        rows = self._read("stock.move", domain, ["reference"])
        return any(f"{row['reference']} ".startswith(f"{mark} ") for row in rows)

    def join_doubled(self, place: TargetPlace) -> None:
        context = {"allowed_company_ids": [place.company]}
        limit = self._connector.request_limit + _GRACE
        self._calls.call("stock.quant", "action_view_inventory", within=limit, context=context)

    # --- what it is ----------------------------------------------------------------------------

    def describe(self) -> Iterator[str]:
        context = self._calls.call("res.users", "context_get")
        yield _("user {id}, language {language}").format(
            id=context.get("uid", "?"), language=context.get("lang", "?")
        )

    def lacks_group(self) -> str | None:
        """The group that its user needs to write levels, by the name people know; else ``None``."""
        user = self._calls.call("res.users", "context_get").get("uid")
        newest = version_of(self._web) >= JSON2
        needed = f"stock.group_stock_{'user' if newest else 'manager'}"
        has = self._calls.call("res.users", "has_group", [user], group_ext_id=needed)
        return None if has else GROUPS[needed]

    def close(self) -> None:
        self._web.close()


@lru_cache(maxsize=10_000)
def _exact(number: float) -> Decimal:
    """JSON's number as the digits that stand in it."""
    return Decimal(str(number))
