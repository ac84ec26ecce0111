"""The header names that the field's files use, per column key.

Sources: the label sets of PrestaShop's order export modules, French and English (labels are
editable there, which is why every list can be replaced), and the ERP's stock export.
"""

from passerelle.config.types import Names, Section


class OrderColumns(Section):
    """``[orders.columns]``: for each key the header names of which the first present counts."""

    id: Names = ("ID commande", "Order ID", "id_order")
    reference: Names = (
        "Référence la commande",
        "Référence de la commande",
        "Référence commande",
        "Order reference",
        "reference",
    )
    date: Names = (
        "Ajout de dates",
        "Date d'ajout",
        "Date de la commande",
        "Date commande",
        "Date added",
        "Order date",
        "date_add",
        "date",
    )
    status: Names = (
        "État de la commande/Dénomination",
        "État de la commande",
        "Statut de la commande",
        "Order state/Name",
        "Order state",
        "Order status",
        "status",
    )
    payment: Names = (
        "Méthode de paiement",
        "Moyen de paiement",
        "Mode de paiement",
        "Paiement",
        "Payment method",
        "payment",
    )
    voucher: Names = (
        "Bons de réduction",
        "Code de réduction",
        "Code du bon de réduction",
        "Codes promo",
        "Voucher code",
        "Voucher codes",
        "Vouchers",
        "voucher",
    )
    first_name: Names = (
        "Prénom",
        "Prénom du client",
        "Client/Prénom",
        "Customer first name",
        "First name",
        "firstname",
        "first_name",
    )
    last_name: Names = (
        "Nom de famille",
        "Nom du client",
        "Client/Nom",
        "Customer last name",
        "Last name",
        "lastname",
        "last_name",
    )
    company: Names = ("Société", "Entreprise", "Company", "company")
    vat_number: Names = (
        "Numéro de TVA",
        "N° TVA",
        "TVA intracommunautaire",
        "Numéro de TVA intracommunautaire",
        "VAT number",
        "vat_number",
    )
    email: Names = (
        "Adresse e-mail",
        "E-mail du client",
        "E-mail",
        "Email",
        "Customer email",
        "email",
    )
    phone: Names = (
        "Téléphone",
        "Téléphone mobile",
        "Téléphone portable",
        "Phone",
        "Mobile phone",
        "phone",
        "phone_mobile",
    )
    address1: Names = (
        "Adresse",
        "Adresse 1",
        "Adresse de livraison",
        "Address",
        "Address 1",
        "Delivery address",
        "address1",
    )
    address2: Names = (
        "Adresse (2)",
        "Adresse 2",
        "Complément d'adresse",
        "Address (2)",
        "Address 2",
        "address2",
    )
    postcode: Names = ("Code postal", "Postcode", "Zip code", "Zip/postal code", "postcode")
    city: Names = ("Ville", "City", "city")
    country: Names = ("Pays", "Country", "country")
    carrier: Names = ("Transporteur", "Transporteur/Nom", "Carrier", "Carrier name", "carrier")
    shipping: Names = (
        "Frais de port TTC",
        "Frais de port",
        "Total frais de port",
        "Frais d'expédition",
        "Total shipping (tax incl.)",
        "Total shipping",
        "Shipping cost",
        "total_shipping",
        "shipping",
    )
    discount: Names = (
        "Total des réductions TTC",
        "Total réductions",
        "Réductions",
        "Remise",
        "Total discounts (tax incl.)",
        "Total discounts",
        "Discount",
        "total_discounts",
        "discount",
    )
    total_paid: Names = (
        "Total payé",
        "Total payé TTC",
        "Total paid",
        "Total paid (tax incl.)",
        "total_paid",
    )
    ean13: Names = ("EAN 13 de produits", "Product EAN 13", "ean13", "Gencod")
    product_id: Names = ("ID de produits", "ID produit", "Product ID", "id_product", "product_id")
    product_reference: Names = (
        "Référence de produits",
        "Référence produit",
        "Product reference",
        "product_reference",
    )
    product_name: Names = (
        "Nom de produits",
        "Nom du produit",
        "Produit",
        "Product name",
        "product_name",
    )
    quantity: Names = (
        "Quantité de produits",
        "Quantité",
        "Product quantity",
        "Quantity",
        "product_quantity",
        "quantity",
    )
    unit_price: Names = (
        "Prix unitaire TTC de produits",
        "Prix unitaire TTC",
        "Prix unitaire",
        "Prix unitaire de produits",
        "Product unit price (tax incl.)",
        "Product unit price",
        "Unit price",
        "unit_price_tax_incl",
        "unit_price",
    )
    vat_rate: Names = (
        "Taux de TVA de produits",
        "Taux de TVA",
        "Product tax rate",
        "Tax rate",
        "VAT rate",
        "tax_rate",
        "vat_rate",
    )


class StockColumns(Section):
    """``[stock.columns]``: the ERP's names for the item number and its level."""

    ean13: Names = ("Gencod",)
    quantity: Names = ("Stock",)
