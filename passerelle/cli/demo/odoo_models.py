"""The methods that can be called on a :class:`FakeOdoo`'s models, and who may call them."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import Any

from msgspec import Struct

from passerelle.cli.demo.odoo_data import MODELS, OdooData, OdooUser
from passerelle.cli.demo.odoo_quants import STOCK_USER, FakeOdooError, Quants

_OF_ALL = {"search_read", "search_count", "fields_get"}
_OWN = {
    "res.users": {"context_get", "has_group"},
    "stock.quant": {"create", "action_apply_inventory", "action_view_inventory"},
}
# Called on the records that ``ids`` names; the others are the model's own, and refuse ids.
_OF_RECORDS = {"has_group", "action_apply_inventory"}


class OdooCall(Struct):
    """One request. Methods without an underline, and their arguments, are named as in Odoo."""

    data: OdooData
    user: OdooUser
    model: str
    ids: list[int]
    context: Mapping[str, Any]

    def named(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """As JSON-2 calls."""
        self._check(method, partial(FakeOdooError, "NotFound"))
        if self.ids and method not in _OF_RECORDS:
            why = f"cannot call {self.model}.{method} with ids"
            raise FakeOdooError("UnprocessableEntity", why)
        try:
            inspect.signature(getattr(self, method)).bind(**arguments)
        except TypeError as error:
            # What search_read does not know it hands on, to a function that fails.
            if method == "search_read":
                raise
            raise FakeOdooError("UnprocessableEntity", str(error)) from error
        return getattr(self, method)(**arguments)

    def positional(self, method: str, args: list[Any], named: Mapping[str, Any]) -> Any:
        """As JSON-RPC calls: the ids are the first argument where there are any."""
        self._check(method, AttributeError)
        if method in _OF_RECORDS and not (method == "has_group" and self.data.version < 18):
            self.ids, args = args[0], args[1:]
        if method == "create" and not args:
            raise IndexError("list index out of range")
        return getattr(self, method)(*args, **named)

    def _check(self, method: str, unknown: Callable[[str], Exception]) -> None:
        if method.startswith("_"):
            why = f"Private methods (such as '{self.model}.{method}') cannot be called remotely."
            raise FakeOdooError("AccessError", why)
        if method not in _OF_ALL | _OWN.get(self.model, set()):
            raise unknown(f"The method '{self.model}.{method}' does not exist")
        if not set(self._companies()) <= set(self.user.company_ids):
            raise FakeOdooError("AccessError", "Access to unauthorized or invalid companies.")
        if self.model == "stock.move" and STOCK_USER not in self.user.groups:
            why = "You are not allowed to access 'Stock Move' (stock.move) records."
            raise FakeOdooError("AccessError", why)

    def _companies(self) -> Iterable[int]:
        return self.context.get("allowed_company_ids") or self.user.company_ids

    def search_read(
        self,
        domain: Any = None,
        fields: Any = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
    ) -> list[dict[str, object]]:
        known = self.data.field_types(self.model)
        names = list(dict.fromkeys(["id", *(fields or known)]))
        self._check_fields(names, known)
        found = self._search(domain)
        if order == "id desc":
            found.reverse()
        elif order not in (None, "id", "id asc"):
            raise FakeOdooError("ValueError", f"FakeOdoo orders by id alone, not by {order!r}")
        return [self.data.read(one, names) for one in found[offset:][: limit or None]]

    def _check_fields(self, names: Iterable[str], known: Iterable[str]) -> None:
        managers_own = "inventory_quantity_auto_apply"
        for name in set(names) - set(known):
            if self.model == "stock.quant" and name == managers_own:
                why = f'You do not have enough rights to access the field "{name}"'
                raise FakeOdooError("AccessError", f"{why} on Quants (stock.quant).")
            raise FakeOdooError("ValueError", f"Invalid field {name!r} on {self.model!r}")

    def search_count(self, domain: Any, limit: int | None = None) -> int:
        return len(self._search(domain)[: limit or None])

    def _search(self, domain: Any) -> list[Any]:
        active_test = self.context.get("active_test", True) is not False
        found = search(self.data, self.model, domain or [], active_test)
        allowed = {None, *self._companies()}
        name = "id" if self.model == "res.company" else "company_id"
        return [one for one in found if getattr(one, name, None) in allowed]

    def fields_get(self, allfields: Any = None, attributes: Any = None) -> dict[str, object]:
        types = self.data.field_types(self.model)
        return {
            name: {"type": kind} if attributes is None or "type" in attributes else {}
            for name, kind in types.items()
            if not allfields or name in allfields
        }

    def context_get(self) -> dict[str, object]:
        return {"lang": "en_US", "tz": False, "uid": self.user.id}

    def has_group(self, group_ext_id: str) -> bool:
        """Up to 17 whoever asks; from 18 on the one user that ``ids`` names."""
        if self.data.version < 18:
            return group_ext_id in self.user.groups
        if len(self.ids) != 1:
            raise FakeOdooError(
                "ValueError", f"Expected singleton: res.users({', '.join(map(str, self.ids))})"
            )
        asked: OdooUser = self.data.tables["res.users"][self.ids[0]]
        return group_ext_id in asked.groups

    def create(self, vals_list: Any) -> Any:
        several = [vals_list] if isinstance(vals_list, dict) else vals_list
        return Quants(self.data, self.user, self.context).create(several)

    def action_apply_inventory(self, date: str | None = None) -> dict[str, Any] | None:
        return Quants(self.data, self.user, self.context).apply(self.ids)

    def action_view_inventory(self) -> dict[str, Any]:
        if STOCK_USER in self.user.groups:
            Quants(self.data, self.user, self.context).merge()
        return {
            "name": "Physical Inventory",
            "type": "ir.actions.act_window",
            "res_model": "stock.quant",
            "view_mode": "list",
        }


def search(
    data: OdooData, model: str, domain: Sequence[Any], active_test: bool = True
) -> list[Any]:
    """All conditions must hold. Raises :class:`FakeOdooError` for a field that is none."""
    found = list(data.tables[model].values())
    asks = any(condition[0] == "active" for condition in domain)
    if active_test and not asks and "active" in data.field_types(model):
        found = [record for record in found if record.active]
    for condition in domain:
        if isinstance(condition, str):
            raise FakeOdooError(
                "ValueError", f"FakeOdoo joins conditions by AND alone, not by {condition!r}"
            )
        name, operator, value = condition
        holds, get = _condition(data, operator, value), _getter(data, model, name)
        found = [record for record in found if holds(get(record))]
    return sorted(found, key=lambda record: int(record.id))


def _getter(data: OdooData, model: str, name: str) -> Callable[[Any], Any]:
    """Reads a field, or with dots one of the record that it leads to."""
    first, _, rest = name.partition(".")
    if first not in data.field_types(model):
        raise FakeOdooError("ValueError", f"Invalid field {model}.{first} in condition on {name!r}")
    read = attrgetter(first)
    if not rest:
        return read
    table, further = data.tables[MODELS[first]], _getter(data, MODELS[first], rest)
    return lambda record: None if read(record) is None else further(table[read(record)])


def _condition(data: OdooData, operator: str, value: Any) -> Callable[[Any], bool]:
    if operator in ("=", "!="):
        # A boolean that is false is stored as such, a text or an id that is missing as None.
        return lambda got: ((got or None) == (value or None)) == (operator == "=")
    if operator in ("in", "not in"):
        several = {one or None for one in value}
        return lambda got: ((got or None) in several) == (operator == "in")
    if operator in _ORDERINGS:
        return lambda got: got is not None and _ORDERINGS[operator](got, value)
    if operator == "=like":
        # An underline stands for any character, as in SQL.
        pattern = re.compile(re.escape(value).replace("%", ".*").replace("_", "."), re.DOTALL)
        return lambda got: got is not None and pattern.fullmatch(got) is not None
    if operator == "child_of":
        return _below(data, value if isinstance(value, list) else [value]).__contains__
    raise FakeOdooError("ValueError", f"FakeOdoo knows no operator {operator!r}")


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


def _below(data: OdooData, ids: Iterable[int]) -> set[int]:
    """These locations and all that lie in them."""
    found, locations = set(ids), data.tables["stock.location"].values()
    while more := {at.id for at in locations if at.location_id in found} - found:
        found |= more
    return found
