"""What a :class:`FakeOdoo` knows: records as Odoo's models have them, and how they are looked for.

A field is named as in Odoo, so that it is read and searched by its name. A many2one holds the id of
the other record, or ``None``; it is read as ``[id, name]`` or ``false``. Texts that are not there
are ``None``, and read as ``false`` too. Quantities are floats, as in Odoo's answers.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import fields


class Record(Protocol):
    """Any of the classes below."""

    id: int


T = TypeVar("T", bound=Record)
# What lies on the other side of each adjustment.
LOSS = 11


class OdooCompany(Struct):
    id: int
    name: str


class OdooUser(Struct):
    """``groups`` by their external ids; who has none may read, but not adjust."""

    id: int
    login: str
    key: str
    groups: frozenset[str] = frozenset()
    company_ids: tuple[int, ...] = (1,)

    @property
    def name(self) -> str:
        return self.login


class OdooLocation(Struct):
    """``location_id`` is the one it lies in."""

    id: int
    complete_name: str
    usage: str = "internal"
    company_id: int | None = 1
    location_id: int | None = None
    active: bool = True

    @property
    def name(self) -> str:
        return self.complete_name


class OdooUom(Struct):
    """On 19 the rounding is that of the whole database, up to 18 each unit's own."""

    id: int
    name: str
    rounding: float = 0.01


class OdooProduct(Struct):
    id: int
    default_code: str | None
    name: str = ""
    barcode: str | None = None
    active: bool = True
    is_storable: bool = True
    type: str = "consu"
    tracking: str = "none"
    uom_id: int = 1
    company_id: int | None = None

    @property
    def detailed_type(self) -> str:
        """What told before 18 whether stock is kept, and ``type`` with it."""
        return "product" if self.is_storable else self.type

    @property
    def display_name(self) -> str:
        return f"[{self.default_code}] {self.name}" if self.default_code else self.name


class OdooQuant(Struct):
    """``inventory_diff_quantity`` is kept from when the count was set: it tells a conflict."""

    id: int
    product_id: int
    location_id: int
    quantity: float = 0.0
    reserved_quantity: float = 0.0
    lot_id: int | None = None
    package_id: int | None = None
    owner_id: int | None = None
    inventory_quantity: float = 0.0
    inventory_quantity_set: bool = False
    inventory_diff_quantity: float = 0.0
    user_id: int | None = None
    company_id: int | None = 1

    @property
    def place(self) -> tuple[int, int, int | None, int | None, int | None]:
        """What two quants must not have in common, and yet may."""
        return self.product_id, self.location_id, self.lot_id, self.package_id, self.owner_id


class OdooMove(Struct):
    id: int
    product_id: int
    reference: str
    quantity: float
    date: str
    location_id: int
    location_dest_id: int
    company_id: int | None = 1
    state: str = "done"
    is_inventory: bool = True


# What a many2one leads to.
MODELS = {
    "company_id": "res.company",
    "location_id": "stock.location",
    "location_dest_id": "stock.location",
    "product_id": "product.product",
    "uom_id": "uom.uom",
    "user_id": "res.users",
    "lot_id": "stock.lot",
    "package_id": "stock.package",
    "owner_id": "res.partner",
}


class OdooData(Struct):
    """All records by model and id. ``names`` has those of lots, packages and owners."""

    version: int = 19

    tables: dict[str, dict[int, Any]] = field(
        default_factory=lambda: {
            "res.company": {1: OdooCompany(1, "My Company")},
            "res.users": {},
            "stock.location": {
                2: OdooLocation(2, "Customers", "customer", None),
                4: OdooLocation(4, "WH", "view"),
                5: OdooLocation(5, "WH/Stock", location_id=4),
                LOSS: OdooLocation(LOSS, "Inventory adjustment", "inventory"),
            },
            "uom.uom": {1: OdooUom(1, "Units")},
            "product.product": {},
            "stock.quant": {},
            "stock.move": {},
        }
    )
    names: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, model: str, record: T) -> T:
        """Gives the record an id above all others of ``model``."""
        table = self.tables[model]
        record.id = next(reversed(table), 0) + 1
        table[record.id] = record
        return record

    def field_types(self, model: str) -> dict[str, str]:
        """Names and Odoo's types of the fields that this version has."""
        types = dict(_TYPES[model])
        if model == "product.product" and self.version < 18:
            types |= {"detailed_type": "selection", "is_storable": ""}
        return {name: kind for name, kind in types.items() if kind}

    def read(self, record: object, names: Iterable[str]) -> dict[str, object]:
        kinds = {"type": "detailed_type"} if self.version < 18 else {}
        return {name: self._read(name, getattr(record, kinds.get(name, name))) for name in names}

    def _read(self, name: str, value: object) -> object:
        if value is None:
            return False
        if name not in MODELS or not isinstance(value, int):
            return value
        other = self.tables.get(MODELS[name], {}).get(value)
        named = getattr(other, "display_name", getattr(other, "name", None))
        return [value, named or self.names.get((MODELS[name], value), f"{MODELS[name]},{value}")]


_CLASSES: Mapping[str, type[Any]] = {
    "res.company": OdooCompany,
    "res.users": OdooUser,
    "stock.location": OdooLocation,
    "uom.uom": OdooUom,
    "product.product": OdooProduct,
    "stock.quant": OdooQuant,
    "stock.move": OdooMove,
}


_SELECTIONS = {"type", "tracking", "usage", "state"}
_PLAIN = {int: "integer", float: "float", bool: "boolean"}


def _types(made: type[Any]) -> dict[str, str]:
    """Odoo's types of the fields of a class; what Odoo does not show has none."""
    found = {}
    for one in fields(made):
        kind = "many2one" if one.name in MODELS else "selection"
        if one.name not in MODELS and one.name not in _SELECTIONS:
            kind = _PLAIN.get(cast(Any, one.type), "char")
        found[one.name] = "" if one.name in ("key", "groups", "company_ids") else kind
    return found


_TYPES: Mapping[str, Mapping[str, str]] = {model: _types(made) for model, made in _CLASSES.items()}
