"""The columns of the field's files: each with its key, its header names, and what it holds.

Sources: the label sets of PrestaShop's order export modules, French and English (labels are
editable there, which is why every list can be replaced), and the ERP's stock export.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace
from pydantic import field_validator

from passerelle.base.words import decoded
from passerelle.config import usual
from passerelle.config.values import Names, Section

What = Literal["orders", "stock"]


class ColumnKind(Enum):
    """How the values of a column are read. ``NUMBER`` is one that nobody counts with."""

    TEXT = auto()
    ID = auto()
    NUMBER = auto()
    ITEM = auto()
    EMAIL = auto()
    DATE = auto()
    COUNT = auto()
    MONEY = auto()
    RATE = auto()


class KnownColumn(Struct, frozen=True):
    """What is known of a column; ``names`` are those that config.toml has by default.

    ``required``: without it, or the one that may stand in for it, ``or_else``, the file is not
    read. ``of_line``: it belongs to a line of an order, not to the whole order. ``usual`` names
    are not certain ones: "Nom" may be a customer's or a product's. ``words`` in a name say enough
    together with what stands in the column. ``beside``: what means it where another name stands
    beside it.
    """

    kind: ColumnKind = ColumnKind.TEXT
    required: bool = False
    or_else: str = ""
    of_line: bool = False
    usual: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


class Columns(Section):
    """For each key the header names of which the first one present counts."""

    @field_validator("*")
    @classmethod
    def _as_headers_are_read(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(decoded, names))


_ITEM = (
    *("EAN", "EAN 13", "EAN-13", "Code EAN", "Code EAN13", "Code barre", "Code barres"),
    *("Code-barres", "Code à barres", "Barcode", "GTIN", "Gencode", "Gencod", "UPC"),
)


# fmt: off
class OrderColumns(Columns):
    """``[orders.columns]``: for each key the header names of which the first present counts."""

    id: Annotated[Names, KnownColumn(
        ColumnKind.ID, required=True, words=("commande", "order"),
        usual=(
            "N° commande", "N° de commande", "Numéro de commande", "No commande", "Commande",
            "Order number", "Order no", "Order #", "id_commande", "Order",
        ),
    )] = ("ID commande", "Order ID", "id_order", "order_id")
    """The order's id, by which it is known; required."""
    reference: Annotated[Names, KnownColumn(
        usual=("Référence", "Réf. commande", "Order ref", "Ref"),
    )] = (
        "Référence la commande", "Référence de la commande", "Référence commande",
        "Order reference", "reference",
    )
    """The order's reference, which people read."""
    date: Annotated[Names, KnownColumn(
        ColumnKind.DATE, words=("date", "datum", "fecha", "data", "created"),
        usual=("Date", "Date de création", "Créée le", "Created at", "Date de l'achat"),
    )] = (
        "Ajout de dates", "Date d'ajout", "Date de la commande", "Date commande", "Date added",
        "Order date", "date_add", "order_date", "date",
    )
    """When the order was placed."""
    status: Annotated[
        Names, KnownColumn(usual=("Statut", "État", "State", "État actuel", "current_state"))
    ] = (
        "État de la commande/Dénomination", "État de la commande", "Statut de la commande",
        "Order state/Name", "Order state", "Order status", "Financial Status", "status",
    )
    """The order's status in the shop."""
    payment: Annotated[Names, KnownColumn(
        usual=("Règlement", "Mode de règlement", "Moyen de règlement", "Payment type"),
    )] = (
        "Méthode de paiement", "Moyen de paiement", "Mode de paiement", "Paiement",
        "Payment Method Title", "payment_method_title", "Payment method", "payment",
    )
    """How it was paid: `withhold.payments` looks here."""
    voucher: Annotated[Names, KnownColumn(
        usual=("Code promo", "Coupon", "Bon de réduction", "Code avantage", "Cart rule"),
    )] = (
        "Bons de réduction", "Code de réduction", "Code du bon de réduction", "Codes promo",
        "Voucher code", "Voucher codes", "Vouchers", "Coupon Code", "Discount Code", "voucher",
    )
    """Voucher codes: `withhold.vouchers` looks here."""
    first_name: Annotated[Names, KnownColumn(usual=("Prénom client", "Prénom de livraison"))] = (
        "Prénom", "Prénom du client", "Client/Prénom", "Customer first name", "First name",
        "firstname", "first_name",
    )
    """The customer's first name."""
    last_name: Annotated[Names, KnownColumn(
        usual=("Nom", "Nom client", "Nom de livraison", "Surname"),
    )] = (
        "Nom de famille", "Nom du client", "Client/Nom", "Customer last name", "Last name",
        "lastname", "last_name",
    )
    """The customer's last name."""
    company: Names = ("Société", "Entreprise", "Company", "company")
    """The customer's company."""
    vat_number: Names = (
        "Numéro de TVA", "N° TVA", "TVA intracommunautaire", "Numéro de TVA intracommunautaire",
        "VAT number", "vat_number",
    )
    """The customer's VAT number: it stands in sales only, see fulfil.document."""
    email: Annotated[Names, KnownColumn(
        ColumnKind.EMAIL,
        usual=("Courriel", "Mail", "Adresse mail", "Adresse électronique", "E-mail client"),
    )] = ("Adresse e-mail", "E-mail du client", "E-mail", "Email", "Customer email", "email")
    """The customer's e-mail address."""
    phone: Annotated[Names, KnownColumn(
        usual=("Tél.", "Tel", "Mobile", "Portable", "Telephone"),
    )] = (
        "Téléphone", "Téléphone mobile", "Téléphone portable", "Phone", "Mobile phone", "phone",
        "phone_mobile",
    )
    """The customer's phone number."""
    address1: Annotated[Names, KnownColumn(
        usual=("Rue", "Adresse ligne 1", "Street", "Address line 1"),
    )] = (
        "Adresse", "Adresse 1", "Adresse de livraison", "Address", "Address 1",
        "Delivery address", "address1",
    )
    """The first line of the address."""
    address2: Annotated[Names, KnownColumn(
        usual=("Adresse ligne 2", "Complément", "Address line 2"),
    )] = (
        "Adresse (2)", "Adresse 2", "Complément d'adresse", "Address (2)", "Address 2",
        "address2",
    )
    """The second line of the address."""
    postcode: Annotated[Names, KnownColumn(usual=("CP", "Code post.", "ZIP"))] = (
        "Code postal", "Postcode", "Zip code", "Zip/postal code", "postcode",
    )
    """The postcode."""
    city: Annotated[Names, KnownColumn(usual=("Commune", "Town"))] = ("Ville", "City", "city")
    """The city."""
    country: Annotated[Names, KnownColumn(usual=("Pays de livraison", "Country code"))] = (
        "Pays", "Country", "country",
    )
    """The country."""
    carrier: Annotated[Names, KnownColumn(
        usual=("Mode de livraison", "Shipping method"),
    )] = (
        "Transporteur", "Transporteur/Nom", "Carrier", "Carrier name", "Shipping Method Title",
        "carrier",
    )
    """The carrier's name."""
    shipping: Annotated[Names, KnownColumn(
        ColumnKind.MONEY,
        usual=("Port", "Port TTC", "Frais de livraison", "Livraison TTC"),
    )] = (
        "Frais de port TTC", "Frais de port", "Total frais de port", "Frais d'expédition",
        "Total shipping (tax incl.)", "Total shipping", "Shipping cost", "total_shipping",
        "shipping",
    )
    """The order's shipping costs, tax included."""
    discount: Annotated[Names, KnownColumn(
        ColumnKind.MONEY,
        usual=("Remises", "Total remises", "Réduction"),
    )] = (
        "Total des réductions TTC", "Total réductions", "Réductions", "Remise",
        "Total discounts (tax incl.)", "Total discounts", "Discount", "total_discounts",
        "discount",
    )
    """The order's discounts, tax included."""
    total_paid: Annotated[Names, KnownColumn(
        ColumnKind.MONEY,
        usual=("Total", "Total TTC", "Montant payé", "Montant TTC", "Total commande TTC"),
    )] = (
        "Total payé", "Total payé TTC", "Total paid", "Total paid (tax incl.)",
        "Order Total Amount", "order_total", "total_paid",
    )
    """What was paid for the order, tax included."""
    currency: Annotated[Names, KnownColumn(usual=("Order currency", "ISO currency"))] = (
        "Devise", "Code devise", "Currency", "Currency code", "currency",
    )
    """The currency of its amounts, as in "EUR"."""
    ean13: Annotated[Names, KnownColumn(
        ColumnKind.ITEM, required=True, of_line=True, or_else="product_reference", usual=_ITEM,
    )] = ("EAN 13 de produits", "Product EAN 13", "ean13", "Gencod")
    """The product's item number; this or product_reference is required."""
    product_id: Annotated[Names, KnownColumn(
        ColumnKind.NUMBER, of_line=True,
        usual=("ID article", "Article ID"),
    )] = ("ID de produits", "ID produit", "Product ID", "id_product", "product_id")
    """The product's id in the shop."""
    product_reference: Annotated[Names, KnownColumn(
        of_line=True,
        usual=("SKU", "Réf. produit", "Référence article", "Code article"),
    )] = (
        "Référence de produits", "Référence produit", "Product reference", "Lineitem sku",
        "item_sku", "product_reference",
    )
    """The product's reference; this or ean13 is required."""
    product_name: Annotated[Names, KnownColumn(
        of_line=True,
        usual=("Article", "Désignation", "Libellé", "Product"),
    )] = (
        "Nom de produits", "Nom du produit", "Produit", "Product name", "Lineitem name",
        "item_name", "product_name",
    )
    """The product's name."""
    quantity: Annotated[Names, KnownColumn(
        ColumnKind.COUNT, required=True, of_line=True, words=("qte", "qty", "quantite", "quantity"),
        usual=("Qté", "Qté commandée", "Quantité commandée", "Qty", "Ordered quantity"),
    )] = (
        "Quantity (- Refund)", "Quantité de produits", "Quantité", "Product quantity", "Quantity",
        "Lineitem quantity", "item_quantity", "product_quantity", "quantity",
    )
    """How many were sold; required."""
    quantity_refunded: Annotated[Names, KnownColumn(
        ColumnKind.COUNT, of_line=True,
        usual=("Qté remboursée", "Qty refunded", "Refunded quantity", "Quantité retournée"),
    )] = (
        "Quantité remboursée de produits", "Quantité remboursée", "Product quantity refunded",
        "Quantity refunded", "product_quantity_refunded", "quantity_refunded",
    )
    """How many of them were refunded since: they are taken off."""
    unit_price: Annotated[Names, KnownColumn(
        ColumnKind.MONEY, required=True, of_line=True, words=("price", "prix", "pu"),
        usual=("PU TTC", "Prix TTC", "Prix de vente TTC", "Prix", "Price"),
    )] = (
        "Prix unitaire TTC de produits", "Prix unitaire TTC", "Prix unitaire",
        "Prix unitaire de produits", "Product unit price (tax incl.)", "Product unit price",
        "Unit price", "unit_price_tax_incl", "unit_price",
    )
    """The price of one, tax included; required."""
    vat_rate: Annotated[Names, KnownColumn(
        ColumnKind.RATE, of_line=True,
        usual=("TVA", "Taux TVA", "% TVA", "VAT", "TVA %"),
    )] = (
        "Taux de TVA de produits", "Taux de TVA", "Product tax rate", "Tax rate", "VAT rate",
        "tax_rate", "vat_rate",
    )
    """The rate of VAT in percent."""


class StockColumns(Columns):
    """``[stock.columns]``: the ERP's names for the item number and its level."""

    ean13: Annotated[Names, KnownColumn(ColumnKind.ITEM, required=True, usual=_ITEM)] = ("Gencod",)
    """The item number; required."""
    quantity: Annotated[Names, KnownColumn(
        ColumnKind.COUNT, required=True,
        words=("stock", "qte", "quantite", "qty", "quantity", "dispo", "disponible", "level"),
        usual=(
            "Qté", "Quantité", "Qté stock", "Quantité en stock", "Qté en stock", "Disponible",
            "Stock disponible", "Stock dispo", "Stock réel", "Stock magasin", "Stock total",
            "Quantity", "Qty", "Stock quantity", "Quantity in stock", "On hand", "Available",
        ),
    )] = ("Stock",)
    """The level; required."""


# fmt: on
def _columns(
    model: type[Columns], other_names: Mapping[str, tuple[str, ...]]
) -> dict[str, KnownColumn]:
    """By their keys."""
    columns = {}
    for key, field in model.model_fields.items():
        found = (one for one in field.metadata if isinstance(one, KnownColumn))
        known = next(found, KnownColumn())
        columns[key] = replace(
            known,
            names=field.default,
            usual=(*known.usual, *other_names.get(key, ())),
            beside=usual.BESIDE.get(key, ()) if model is OrderColumns else (),
        )
    return columns


COLUMNS: Mapping[What, Mapping[str, KnownColumn]] = {
    "orders": _columns(OrderColumns, usual.ORDERS),
    "stock": _columns(StockColumns, {"quantity": usual.LEVELS}),
}
