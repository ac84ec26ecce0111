"""Pure: the header names that certain modules and systems are known to write."""

from collections.abc import Mapping

from passerelle.base.reading import fold
from passerelle.config.columns import OrderColumns, StockColumns

_ITEM = (
    *("EAN", "EAN 13", "EAN-13", "Code EAN", "Code EAN13", "Code barre", "Code barres"),
    *("Code-barres", "Code à barres", "Barcode", "GTIN", "Gencode", "Gencod", "UPC"),
)
# Usual names, not certain ones: "Nom" may be a customer's or a product's.
USUAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "orders": {
        "id": (
            *("N° commande", "N° de commande", "Numéro de commande", "No commande", "Commande"),
            *("Order number", "Order no", "Order #", "id_commande", "Order"),
        ),
        "reference": ("Référence", "Réf. commande", "Order ref", "Ref"),
        "date": ("Date", "Date de création", "Créée le", "Created at", "Date de l'achat"),
        "status": ("Statut", "État", "State", "État actuel"),
        "payment": ("Règlement", "Mode de règlement", "Moyen de règlement", "Payment type"),
        "voucher": ("Code promo", "Coupon", "Bon de réduction", "Code avantage", "Cart rule"),
        "first_name": ("Prénom client", "Prénom de livraison"),
        "last_name": ("Nom", "Nom client", "Nom de livraison", "Surname"),
        "email": ("Courriel", "Mail", "Adresse mail", "Adresse électronique", "E-mail client"),
        "phone": ("Tél.", "Tel", "Mobile", "Portable", "Telephone"),
        "address1": ("Rue", "Adresse ligne 1", "Street", "Address line 1"),
        "address2": ("Adresse ligne 2", "Complément", "Address line 2"),
        "postcode": ("CP", "Code post.", "ZIP"),
        "city": ("Commune", "Town"),
        "country": ("Pays de livraison", "Country code"),
        "carrier": ("Livraison", "Mode de livraison", "Shipping method"),
        "shipping": ("Port", "Port TTC", "Frais de livraison", "Livraison TTC"),
        "discount": ("Remises", "Total remises", "Réduction"),
        "total_paid": ("Total", "Total TTC", "Montant payé", "Montant TTC", "Total commande TTC"),
        "ean13": _ITEM,
        "product_id": ("ID article", "Article ID"),
        "product_reference": ("SKU", "Réf. produit", "Référence article", "Code article"),
        "product_name": ("Article", "Désignation", "Libellé", "Product"),
        "quantity": ("Qté", "Qté commandée", "Quantité commandée", "Qty", "Ordered quantity"),
        "unit_price": ("PU TTC", "Prix TTC", "Prix de vente TTC", "Prix", "Price"),
        "vat_rate": ("TVA", "Taux TVA", "% TVA", "VAT", "TVA %"),
    },
    "stock": {
        "ean13": _ITEM,
        "quantity": (
            *("Qté", "Quantité", "Qté stock", "Quantité en stock", "Qté en stock", "Disponible"),
            *("Stock disponible", "Stock dispo", "Stock réel", "Stock magasin", "Stock total"),
            *("Quantity", "Qty", "Stock quantity", "Quantity in stock", "On hand", "Available"),
        ),
    },
}
# Words that say enough together with what stands in the column.
TELLING_WORDS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "orders": {
        "id": frozenset({"commande", "order"}),
        "quantity": frozenset({"qte", "quantite", "qty", "quantity"}),
        "unit_price": frozenset({"prix", "price", "pu"}),
    },
    "stock": {
        "quantity": frozenset(
            {"stock", "qte", "quantite", "qty", "quantity", "dispo", "disponible", "level"}
        ),
    },
}
_MODELS = {"orders": OrderColumns, "stock": StockColumns}


def certain_names(what: str) -> dict[str, tuple[str, ...]]:
    """The names that config.toml knows by default, per key of ``orders`` or ``stock``."""
    columns = _MODELS[what]()
    return {key: getattr(columns, key) for key in type(columns).model_fields}


def _all_folded() -> frozenset[str]:
    tables = [*USUAL.values(), *map(certain_names, _MODELS)]
    return frozenset(fold(n) for table in tables for names in table.values() for n in names)


# All of them, as names compare.
KNOWN = _all_folded()
