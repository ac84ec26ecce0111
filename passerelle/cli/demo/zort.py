"""A ZORT of one's own: the part of its API V4 that the sync of stock speaks with.

Made after ZORT's public documentation and public clients, since nobody can try the real one. It
behaves as badly as they tell: errors come inside HTTP 200, levels are strings, parameters that it
does not know are ignored without a word, an unknown warehouse among them, and ``searchsku``
finds whatever contains the word.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import asdict

from passerelle.cli.demo.serving import FakeServer, HttpAnswer, HttpRequest

T = TypeVar("T")
_MOST = 500
_PRODUCT, _SERVICE = 0, 1


class ZortProduct(Struct):
    """An item as ZORT lists it, to be changed between two calls as one likes.

    Levels are what stands in the answer, so that a test may let ZORT say ``None``, ``""`` or
    ``"abc"``; ``absent`` names the keys that are left out. ``levels`` are those of warehouses by
    their codes; a warehouse that is not named there has none. Ids that are 0 are given.
    """

    sku: str | None
    stock: object = "0"
    levels: Mapping[str, object] = field(default_factory=dict)
    available: object = None
    name: str = ""
    barcode: str | None = ""
    service: bool = False
    active: bool = True
    variation: int = 0
    id: int = 0
    absent: frozenset[str] = frozenset()

    def row(self, warehouse: str | None) -> dict[str, object]:
        """What ZORT says of it; ``availablestock`` is the stock unless told otherwise."""
        stock = self.stock if warehouse is None else self.levels.get(warehouse, "0")
        available = stock if warehouse is not None or self.available is None else self.available
        row = {
            "id": self.id,
            "sku": self.sku,
            "name": self.name or self.sku,
            "barcode": self.barcode,
            "stock": stock,
            "availablestock": available,
            "producttype": _SERVICE if self.service else _PRODUCT,
            "active": self.active,
            "variationid": self.variation,
        }
        return {key: value for key, value in row.items() if key not in self.absent}


class ZortBundle(Struct, frozen=True):
    """Items that are sold together: it has no stock of its own."""

    sku: str
    name: str = ""
    id: int = 0


class FakeZort(FakeServer):
    """``with FakeZort([ZortProduct("A-1", "10")]) as zort``: answers at ``zort.url``.

    ``products``, ``warehouses`` (code and name) and ``bundles`` may be changed at any time.
    """

    def __init__(
        self,
        products: Iterable[ZortProduct] = (),
        warehouses: Mapping[str, str] | None = None,
        bundles: Iterable[ZortBundle] = (),
        *,
        storename: str = "shop@example.com",
        apikey: str = "zort-key",
        apisecret: str = "zort-secret",
    ) -> None:
        super().__init__()
        self.products, self.bundles = list(products), list(bundles)
        self.warehouses = dict(warehouses or {"W0001": "Main"})
        self.storename, self.apikey, self.apisecret = storename, apikey, apisecret

    @property
    def url(self) -> str:
        return f"{super().url}/v4"

    def answer(self, request: HttpRequest) -> HttpAnswer:
        given = tuple(request.headers.get(name) for name in ("storename", "apikey", "apisecret"))
        if given != (self.storename, self.apikey, self.apisecret):
            return refusal("Invalid storename, apikey or apisecret.")
        if request.method == "GET" and request.path == "/v4/Product/GetProducts":
            return self._products(request)
        if request.method == "GET" and request.path == "/v4/Warehouse/GetWarehouses":
            codes = list(self.warehouses)
            return listing(
                codes, request, lambda code: {"code": code, "name": self.warehouses[code]}
            )
        if request.method == "GET" and request.path == "/v4/Bundle/GetBundles":
            return listing(self.bundles, request, asdict)
        return HttpAnswer.html("Not Found", 404)

    def _products(self, request: HttpRequest) -> HttpAnswer:
        self._give_ids()
        code = request.params.get("warehousecode")
        warehouse = code if code in self.warehouses else None
        return listing(self._found(request), request, lambda product: product.row(warehouse))

    def _found(self, request: HttpRequest) -> list[ZortProduct]:
        """One condition after the other, since 200 pages of 100,000 items are asked for."""
        found = self.products
        skus = {sku.strip() for sku in request.headers.get("skulist", "").split(",")} - {""}
        if skus:
            found = [product for product in found if product.sku in skus]
        if word := request.params.get("searchsku", "").lower():
            found = [product for product in found if word in (product.sku or "").lower()]
        if request.params.get("activestatus") == "1":
            found = [product for product in found if product.active]
        return found

    def _give_ids(self) -> None:
        """As ZORT does when an item is entered: once, and never the same to two."""
        new = [product for product in self.products if not product.id]
        last = max((product.id for product in self.products), default=0) if new else 0
        for number, product in enumerate(new, last + 1):
            product.id = number


def listing(
    found: Sequence[T], request: HttpRequest, row: Callable[[T], Mapping[str, object]]
) -> HttpAnswer:
    """The page that was asked for, with the number of all that was found."""
    page = max(_number(request, "page", 1), 1)
    limit = min(max(_number(request, "limit", _MOST), 1), _MOST)
    rows = [row(item) for item in found[(page - 1) * limit : page * limit]]
    return HttpAnswer.of(
        {"res": {"resCode": "200", "resDesc": ""}, "list": rows, "count": len(found)}
    )


def refusal(why: str) -> HttpAnswer:
    """An error as ZORT tells it."""
    return HttpAnswer.of({"res": {"resCode": "100", "resDesc": why}})


def _number(request: HttpRequest, name: str, usual: int) -> int:
    text = request.params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else usual
