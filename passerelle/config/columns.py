"""The header names that the field's files use, per column key.

Sources: the label sets of PrestaShop's order export modules, French and English (labels are
editable there, which is why every list can be replaced), and the ERP's stock export.
"""

from passerelle.config.types import Names, Section


class Columns(Section):
    """For each key the header names of which the first one present counts."""


class OrderColumns(Columns):
    """``[orders.columns]``: for each key the header names of which the first present counts."""

    id: Names = ("ID commande", "Order ID", "id_order")
    """The order's id, by which it is known; required."""
    reference: Names = (
        "Référence la commande",
        "Référence de la commande",
        "Référence commande",
        "Order reference",
        "reference",
    )
    """The order's reference, which people read."""
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
    """When the order was placed."""
    status: Names = (
        "État de la commande/Dénomination",
        "État de la commande",
        "Statut de la commande",
        "Order state/Name",
        "Order state",
        "Order status",
        "status",
    )
    """The order's status in the shop."""
    payment: Names = (
        "Méthode de paiement",
        "Moyen de paiement",
        "Mode de paiement",
        "Paiement",
        "Payment method",
        "payment",
    )
    """How it was paid: `withhold.payments` looks here."""
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
    """Voucher codes: `withhold.vouchers` looks here."""
    first_name: Names = (
        "Prénom",
        "Prénom du client",
        "Client/Prénom",
        "Customer first name",
        "First name",
        "firstname",
        "first_name",
    )
    """The customer's first name."""
    last_name: Names = (
        "Nom de famille",
        "Nom du client",
        "Client/Nom",
        "Customer last name",
        "Last name",
        "lastname",
        "last_name",
    )
    """The customer's last name."""
    company: Names = ("Société", "Entreprise", "Company", "company")
    """The customer's company."""
    vat_number: Names = (
        "Numéro de TVA",
        "N° TVA",
        "TVA intracommunautaire",
        "Numéro de TVA intracommunautaire",
        "VAT number",
        "vat_number",
    )
    """The customer's VAT number: it stands in sales only, see fulfil.document."""
    email: Names = (
        "Adresse e-mail",
        "E-mail du client",
        "E-mail",
        "Email",
        "Customer email",
        "email",
    )
    """The customer's e-mail address."""
    phone: Names = (
        "Téléphone",
        "Téléphone mobile",
        "Téléphone portable",
        "Phone",
        "Mobile phone",
        "phone",
        "phone_mobile",
    )
    """The customer's phone number."""
    address1: Names = (
        "Adresse",
        "Adresse 1",
        "Adresse de livraison",
        "Address",
        "Address 1",
        "Delivery address",
        "address1",
    )
    """The first line of the address."""
    address2: Names = (
        "Adresse (2)",
        "Adresse 2",
        "Complément d'adresse",
        "Address (2)",
        "Address 2",
        "address2",
    )
    """The second line of the address."""
    postcode: Names = ("Code postal", "Postcode", "Zip code", "Zip/postal code", "postcode")
    """The postcode."""
    city: Names = ("Ville", "City", "city")
    """The city."""
    country: Names = ("Pays", "Country", "country")
    """The country."""
    carrier: Names = ("Transporteur", "Transporteur/Nom", "Carrier", "Carrier name", "carrier")
    """The carrier's name."""
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
    """The order's shipping costs, tax included."""
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
    """The order's discounts, tax included."""
    total_paid: Names = (
        "Total payé",
        "Total payé TTC",
        "Total paid",
        "Total paid (tax incl.)",
        "total_paid",
    )
    """What was paid for the order, tax included."""
    ean13: Names = ("EAN 13 de produits", "Product EAN 13", "ean13", "Gencod")
    """The product's item number; this or product_reference is required."""
    product_id: Names = ("ID de produits", "ID produit", "Product ID", "id_product", "product_id")
    """The product's id in the shop."""
    product_reference: Names = (
        "Référence de produits",
        "Référence produit",
        "Product reference",
        "product_reference",
    )
    """The product's reference; this or ean13 is required."""
    product_name: Names = (
        "Nom de produits",
        "Nom du produit",
        "Produit",
        "Product name",
        "product_name",
    )
    """The product's name."""
    quantity: Names = (
        "Quantité de produits",
        "Quantité",
        "Product quantity",
        "Quantity",
        "product_quantity",
        "quantity",
    )
    """How many were sold; required."""
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
    """The price of one, tax included; required."""
    vat_rate: Names = (
        "Taux de TVA de produits",
        "Taux de TVA",
        "Product tax rate",
        "Tax rate",
        "VAT rate",
        "tax_rate",
        "vat_rate",
    )
    """The rate of VAT in percent."""


class StockColumns(Columns):
    """``[stock.columns]``: the ERP's names for the item number and its level."""

    ean13: Names = ("Gencod",)
    """The item number; required."""
    quantity: Names = ("Stock",)
    """The level; required."""
