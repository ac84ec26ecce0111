"""How Odoo's levels change: what ``stock.quant`` does in a :class:`FakeOdoo`, traps and all.

Measured on Odoo 19. What it does not refuse is done here too: negative levels, archived products,
products by lot without a lot, locations that are not internal or belong to another company; and a
level of ``None`` is 0.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec.structs import replace

from passerelle.cli.demo.odoo_data import LOSS, OdooData, OdooMove, OdooQuant, OdooUser

STOCK_USER, STOCK_MANAGER = "stock.group_stock_user", "stock.group_stock_manager"
_COUNTS = ("inventory_quantity_auto_apply", "inventory_quantity")
_WRITABLE = {*_COUNTS, "product_id", "location_id", "lot_id", "package_id", "owner_id", "user_id"}


class FakeOdooError(Exception):
    """``kind`` is the name of Odoo's class, which decides the status of the answer."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Quants:
    """One request's work on the quants: written into the data at its end, whole or not at all."""

    def __init__(
        self,
        data: OdooData,
        user: OdooUser,
        context: Mapping[str, Any],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.data, self.user, self.context, self.now = data, user, context, now
        self._changed: dict[int, OdooQuant] = {}
        self._moves: list[tuple[OdooQuant, float]] = []
        self._by_place: dict[object, list[OdooQuant]] = defaultdict(list)
        self._last = max(self.data.tables["stock.quant"], default=0)
        for quant in self.data.tables["stock.quant"].values():
            self._by_place[quant.place].append(quant)

    @property
    def counts(self) -> bool:
        """Odoo's "inventory mode"; without it a count is taken and forgotten."""
        return bool(self.context.get("inventory_mode")) and STOCK_USER in self.user.groups

    def create(self, vals_list: Sequence[Mapping[str, Any]]) -> list[int]:
        """Gives the quants' ids in the order of the lines, each once."""
        self._may("create")
        ids = [self._create(vals) for vals in vals_list]
        self._commit()
        return list(dict.fromkeys(ids))

    def apply(self, ids: Iterable[int]) -> dict[str, Any] | None:
        """Makes counts levels. **A quant without a count becomes 0.**

        Where a quantity changed since it was counted, nothing is applied, and the answer names
        the quants.
        """
        self._may("modify")
        quants = [self._mine(self._known("stock.quant", number)) for number in ids]
        outdated = [quant.id for quant in quants if _is_outdated(quant)]
        if outdated:
            return {
                "name": "Conflict in Inventory Adjustment",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "views": [[False, "form"]],
                "res_model": "stock.inventory.conflict",
                "target": "new",
                "context": {
                    **self.context,
                    "default_quant_ids": [quant.id for quant in quants],
                    "default_quant_to_fix_ids": outdated,
                },
            }
        for quant in quants:
            self._set(quant, quant.inventory_quantity)
        self._commit()
        return None

    def merge(self) -> None:
        """Doubled quants become one, and empty ones go, as when a person opens the inventory."""
        table = self.data.tables["stock.quant"]
        for several in self._by_place.values():
            first, *more = sorted(several, key=lambda quant: quant.id)
            for quant in more:
                first.quantity += quant.quantity
                first.reserved_quantity += quant.reserved_quantity
                first.inventory_quantity += quant.inventory_quantity
                del table[quant.id]
        for quant in list(table.values()):
            holds = quant.quantity or quant.reserved_quantity or quant.inventory_quantity
            if not holds and quant.user_id is None:
                del table[quant.id]

    def _create(self, vals: Mapping[str, Any]) -> int:
        self._check(vals)
        quant = self._find(vals) if self.counts and any(name in vals for name in _COUNTS) else None
        if quant is None:
            quant = self._new(vals)
        if not self.counts:
            if "inventory_quantity" in vals:
                self._count(quant, vals["inventory_quantity"])
            return quant.id
        if "inventory_quantity_auto_apply" in vals:
            target = self._rounded(quant, float(vals["inventory_quantity_auto_apply"] or 0))
            if target != quant.quantity:
                self._set(quant, target)
        elif "inventory_quantity" in vals:
            self._count(quant, vals["inventory_quantity"])
            quant.user_id = self.user.id
        return quant.id

    def _check(self, vals: Mapping[str, Any]) -> None:
        if self.counts and vals.keys() - _WRITABLE:
            raise FakeOdooError(
                "UserError", "Quant's creation is restricted, you can't do this operation."
            )
        if not self.counts and _COUNTS[0] in vals and STOCK_MANAGER not in self.user.groups:
            raise FakeOdooError(
                "AccessError",
                f'You do not have enough rights to access the field "{_COUNTS[0]}" on Quants'
                " (stock.quant). Please contact your system administrator.",
            )
        product = self._known("product.product", vals["product_id"])
        location = self._known("stock.location", vals["location_id"])
        if not product.is_storable:
            raise FakeOdooError(
                "ValidationError", "Quants cannot be created for consumables or services."
            )
        if location.usage == "view":
            raise FakeOdooError(
                "ValidationError",
                "You cannot take products from or deliver products to a location of type"
                f' "view" ({location.name}).',
            )
        if location.company_id and product.company_id not in (None, location.company_id):
            raise FakeOdooError(
                "UserError",
                "Uh-oh! You’ve got some company inconsistencies here:\n"
                "To avoid a mess, no company crossover is allowed!",
            )

    def _may(self, verb: str) -> None:
        needed = STOCK_USER if self.data.version >= 19 else STOCK_MANAGER
        if needed not in self.user.groups:
            raise FakeOdooError(
                "AccessError",
                f"You are not allowed to {verb} 'Quants' (stock.quant) records.\n\n"
                f"This operation is allowed for the following groups:\n\t- {needed}",
            )

    def _known(self, model: str, number: int) -> Any:
        found = self.data.tables[model].get(number)
        if found is None:
            why = "Record does not exist or has been deleted.\n"
            where = f"(Record: {model}({number},), User: {self.user.id})"
            raise FakeOdooError("MissingError", why + where)
        return found

    def _find(self, vals: Mapping[str, Any]) -> OdooQuant | None:
        others = (vals.get(name) or None for name in ("lot_id", "package_id", "owner_id"))
        found = self._by_place.get((vals["product_id"], vals["location_id"], *others))
        return self._mine(found[0]) if found else None

    def _new(self, vals: Mapping[str, Any]) -> OdooQuant:
        self._last += 1
        location = self.data.tables["stock.location"][vals["location_id"]]
        quant = OdooQuant(
            self._last, vals["product_id"], location.id, company_id=location.company_id
        )
        for name in ("lot_id", "package_id", "owner_id"):
            setattr(quant, name, vals.get(name) or None)
        self._changed[quant.id] = quant
        self._by_place[quant.place].append(quant)
        return quant

    def _mine(self, quant: OdooQuant) -> OdooQuant:
        """A copy to work on, the same whenever this request comes to that quant."""
        return self._changed.setdefault(quant.id, replace(quant))

    def _count(self, quant: OdooQuant, counted: float) -> None:
        quant.inventory_quantity = self._rounded(quant, counted)
        quant.inventory_quantity_set = True
        quant.inventory_diff_quantity = quant.inventory_quantity - quant.quantity

    def _set(self, quant: OdooQuant, target: float) -> None:
        """A move, even one of nothing; and whatever was counted is forgotten."""
        change = round(target - quant.quantity, 6)
        self._moves.append((quant, change))
        quant.quantity = target
        # Odoo takes back reservations that the goods no longer suffice for.
        quant.reserved_quantity = min(quant.reserved_quantity, max(target, 0.0))
        quant.inventory_quantity, quant.inventory_diff_quantity = 0.0, 0.0
        quant.inventory_quantity_set, quant.user_id = False, None
        # What is there too much is missing elsewhere, in a quant that people do not look for.
        lost = {"product_id": quant.product_id, "location_id": self._loss(quant)}
        other = self._find(lost) or self._new(lost)
        other.quantity = round(other.quantity - change, 6)

    def _loss(self, quant: OdooQuant) -> int:
        locations = self.data.tables["stock.location"].values()
        return next(
            (at.id for at in locations
             if at.usage == "inventory" and at.company_id == quant.company_id), LOSS
        )  # fmt: skip

    def _rounded(self, quant: OdooQuant, quantity: float) -> float:
        product = self.data.tables["product.product"][quant.product_id]
        step = Decimal(str(self.data.tables["uom.uom"][product.uom_id].rounding))
        steps = (Decimal(str(quantity)) / step).quantize(Decimal(1), ROUND_HALF_UP)
        return float(steps * step)

    def _commit(self) -> None:
        self.data.tables["stock.quant"].update(self._changed)
        at = f"{self.now():%Y-%m-%d %H:%M:%S}"
        for quant, change in self._moves:
            loss = self._loss(quant)
            ways = (loss, quant.location_id) if change > 0 else (quant.location_id, loss)
            move = OdooMove(0, quant.product_id, self._reference(change), abs(change), at, *ways)
            move.company_id = quant.company_id
            self.data.add("stock.move", move)

    def _reference(self, change: float) -> str:
        """The mark that the request came with: 18 loses it, 17 adds who it was."""
        mark: str = self.context.get("inventory_name") or ""
        if not mark or self.data.version == 18:
            told = "Product Quantity Updated" if change else "Product Quantity Confirmed"
            return f"{told} ({self.user.name})"
        return f"{mark} ({self.user.name})" if self.data.version == 17 else mark


def _is_outdated(quant: OdooQuant) -> bool:
    counted_upon = quant.inventory_quantity - quant.inventory_diff_quantity
    return quant.inventory_quantity_set and round(counted_upon - quant.quantity, 6) != 0
