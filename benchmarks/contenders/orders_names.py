"""What the other contenders share: which column goes into which element."""

ORDER = {
    "id": "ID commande",
    "reference": "Référence la commande",
    "date": "Ajout de dates",
    "status": "État de la commande/Dénomination",
}
CUSTOMER = {
    "first_name": "Prénom",
    "last_name": "Nom de famille",
    "email": "Adresse e-mail",
    "phone": "Téléphone",
    "address1": "Adresse",
    "postcode": "Code postal",
    "city": "Ville",
    "country": "Pays",
}
AFTER = {
    "payment": "Méthode de paiement",
    "shipping": "Frais de port TTC",
    "carrier": "Transporteur",
    "total_paid": "Total payé",
}
LINE = {
    "ean13": "EAN 13 de produits",
    "product_id": "ID de produits",
    "product_reference": "Référence de produits",
    "product_name": "Nom de produits",
    "quantity": "Quantité de produits",
    "unit_price": "Prix unitaire TTC de produits",
    "vat_rate": "Taux de TVA de produits",
}
MONEY = {"shipping", "total_paid", "unit_price", "vat_rate"}
GENERATED = "2026-11-25T10:27:00"


def text(key: str, cell: str) -> str:
    """A cell as the XML has it."""
    if key in MONEY:
        return cell.replace(",", ".")
    return cell.replace(" ", "T") if key == "date" else cell
