"""Header names of other languages and shops' export modules, by key: usual ones, none certain.

German, Spanish, Italian and Dutch back offices of PrestaShop; WooCommerce's "Advanced Order Export"
and "Customer/Order CSV Export"; Shopify. No price without tax stands here, and no name that means
another field in another language.
"""

from collections.abc import Mapping

ORDERS: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("Bestell-ID", "Bestellnummer", "Bestellnr.", "Auftragsnummer", "ID pedido"),
        *("ID de pedido", "Número de pedido", "Nº pedido", "ID ordine", "Numero ordine"),
        *("N. ordine", "Bestelling-ID", "Bestel-ID", "Bestelnummer", "Ordernummer"),
    ),
    "reference": (
        *("Bestellreferenz", "Referenz", "Referencia", "Referencia del pedido", "Riferimento"),
        *("Riferimento ordine", "Referentie", "Bestelreferentie", "order_number_formatted"),
    ),
    "date": (
        *("Bestelldatum", "Datum", "Hinzugefügt am", "Fecha del pedido", "Fecha", "Data ordine"),
        *("Data", "Besteldatum"),
    ),
    "status": (
        *("Bestellstatus", "Estado del pedido", "Estado", "Stato ordine", "Stato", "Bestelstatus"),
    ),
    "payment": (
        *("Zahlungsart", "Zahlungsweise", "Zahlungsmethode", "Zahlung", "Método de pago"),
        *("Forma de pago", "Pago", "Metodo di pagamento", "Pagamento", "Betaalmethode"),
        *("Betaalwijze", "Betaling", "payment_method", "Titel der Zahlungsmethode"),
        "Bezeichnung der Zahlungsmethode",
    ),
    "voucher": (
        *("Gutscheincode", "Gutschein", "Rabattcode", "Cupón", "Vale de descuento"),
        *("Código de descuento", "Codice sconto", "Buono", "Kortingscode", "Waardebon"),
        *("coupons", "coupon_items", "Coupons", "Buono sconto", "Buoni sconto", "Codice buono"),
        *("Codice promozionale", "Código promocional", "Código de cupón", "Cupones", "Gutscheine"),
        *("Rabattgutschein", "Aktionscode", "Gutscheincodes", "Kortingsbon", "Kortingscodes"),
        *("Couponcode", "Actiecode", "Bon d'achat", "Bons d'achat", "Codes de réduction"),
    ),
    "first_name": ("First Name (Billing)", "billing_first_name", "Vorname", "Voornaam",
                   "First Name (Shipping)", "shipping_first_name"),
    "last_name": (
        *("Last Name (Billing)", "billing_last_name", "Nachname", "Familienname", "Apellidos"),
        *("Apellido", "Cognome", "Achternaam", "Last Name (Shipping)", "shipping_last_name"),
    ),
    "company": (
        *("Company (Billing)", "billing_company", "Billing Company", "Firma", "Unternehmen"),
        *("Empresa", "Azienda", "Società", "Bedrijf", "Bedrijfsnaam", "Company (Shipping)"),
        *("shipping_company", "Shipping Company"),
    ),
    "vat_number": (
        *("USt-IdNr.", "Ust ID", "Umsatzsteuer-ID", "NIF/CIF", "Número de IVA", "Partita IVA"),
        *("P. IVA", "BTW-nummer"),
    ),
    "email": (
        *("Email (Billing)", "billing_email", "E-Mail-Adresse", "Correo electrónico"),
        *("Dirección de correo electrónico", "Indirizzo e-mail", "E-mailadres"),
    ),
    "phone": (
        *("Phone (Billing)", "billing_phone", "Billing Phone", "Telefon", "Telefonnummer"),
        *("Mobiltelefon", "Handy", "Teléfono", "Móvil", "Telefono", "Cellulare", "Telefoon"),
        *("Telefoonnummer", "Mobiel", "Phone (Shipping)", "shipping_phone", "Shipping Phone"),
    ),
    "address1": (
        *("Address 1 (Billing)", "Address 1&2 (Billing)", "billing_address_1", "Billing Address1"),
        *("Billing Street", "Straße", "Strasse", "Dirección", "Indirizzo", "Via", "Adres"),
        *("Straat", "Address 1 (Shipping)", "Address 1&2 (Shipping)", "shipping_address_1"),
        *("Shipping Address1", "Shipping Street"),
    ),
    "address2": (
        *("Address 2 (Billing)", "billing_address_2", "Billing Address2", "Adresszusatz"),
        *("Dirección (2)", "Dirección complementaria", "Indirizzo (2)", "Adres (2)"),
        *("Adresregel 2", "Address 2 (Shipping)", "shipping_address_2", "Shipping Address2"),
    ),
    "postcode": (
        *("Zip (Billing)", "Postcode (Billing)", "billing_postcode", "Billing Zip", "PLZ"),
        *("Postleitzahl", "Código postal", "CAP", "Codice postale", "Zip (Shipping)"),
        *("Postcode (Shipping)", "shipping_postcode", "Shipping Zip"),
    ),
    "city": (
        *("City (Billing)", "billing_city", "Billing City", "Stadt", "Ort", "Ciudad", "Población"),
        *("Città", "Plaats", "Woonplaats", "Stad", "City (Shipping)", "shipping_city"),
        "Shipping City",
    ),
    "country": (
        *("Country Code (Billing)", "Country Name (Billing)", "billing_country"),
        *("Billing Country", "Land", "País", "Paese", "Nazione", "Country Code (Shipping)"),
        *("Ländercode", "Ländercode (Rechnung)", "Codice paese", "Landcode"),
        *("Country Name (Shipping)", "shipping_country", "Shipping Country"),
    ),
    "carrier": (
        *("Versandart", "Versanddienst", "Transportista", "Corriere", "Vettore", "Vervoerder"),
        *("Verzendmethode", "shipping_method"),
    ),
    "shipping": ("Versandkosten", "Gastos de envío", "Spese di spedizione", "Verzendkosten"),
    "discount": (
        *("Discount Amount", "Rabatt", "Ermäßigung", "Descuento", "Descuentos", "Sconto"),
        *("Sconti", "Korting"),
    ),
    "total_paid": (
        *("Gesamtbetrag", "Gesamtsumme", "Gesamt", "Total pagado", "Totale pagato", "Totale"),
        *("Totaal betaald", "Totaal", "Gesamtpreis", "Gesamt (inkl. MwSt.)", "Importe total"),
        *("Total (impuestos incl.)", "Total del pedido", "Totale ordine", "Totale (tasse incl.)"),
        *("Totaal (incl. btw)", "Totaalbedrag"),
    ),
    "currency": ("order_currency", "Währung", "Moneda", "Divisa", "Valuta"),
    "ean13": ("GTIN/EAN", "Strichcode", "Código de barras", "Codice a barre", "Streepjescode"),
    "product_id": ("item_product_id", "Produkt-ID", "Artikel-ID", "ID producto", "ID prodotto"),
    "product_reference": (
        *("Artikelnummer", "Artikelnr.", "Art.-Nr.", "Referencia del producto"),
        *("Riferimento prodotto", "Codice prodotto", "Productreferentie"),
        *("Artikelcode", "Artikel-Nr.", "Codice articolo", "Código de artículo"),
    ),
    "product_name": (
        *("Item Name", "Artikelname", "Produktname", "Artikelbezeichnung", "Bezeichnung"),
        *("Produkt", "Nombre del producto", "Producto", "Nome prodotto", "Prodotto"),
        *("Productnaam", "Artikelnaam", "Artikelomschrijving", "Artikel", "Articolo", "Artículo"),
    ),
    "quantity": (
        *("Menge (- Rückerstattung)", "Quantité (- Remboursement)", "Cantidad (- Reembolso)"),
        *("Quantità (- Rimborso)", "Aantal (- Terugbetaling)"),
        *("Menge", "Anzahl", "Cantidad", "Quantità", "Aantal", "Hoeveelheid"),
    ),
    "quantity_refunded": (
        *("item_refunded_qty", "Erstattete Menge", "Cantidad reembolsada", "Quantità rimborsata"),
        "Terugbetaald aantal",
    ),
    "unit_price": (
        *("Lineitem price", "Einzelpreis", "Stückpreis", "Einzelpreis (brutto)"),
        *("Precio unitario", "Precio unitario (IVA incl.)", "Prezzo unitario"),
        *("Prezzo unitario (IVA incl.)", "Eenheidsprijs", "Stukprijs"),
        *("Eenheidsprijs (incl. btw)", "Stukprijs (incl. btw)", "Stückpreis (inkl. MwSt.)"),
        *("Einzelpreis (inkl. MwSt.)", "Artikelpreis (inkl. MwSt.)", "Artikelprijs (incl. btw)"),
    ),
    "vat_rate": (
        *("MwSt.-Satz", "MwSt. %", "Steuersatz", "Tipo de IVA", "Aliquota IVA", "IVA"),
        *("Btw-tarief", "Btw %"),
    ),
}  # fmt: skip
# A name that means it in the company of another one: "Nome" is a first name beside "Cognome".
BESIDE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "id": (("Name", "Lineitem quantity"),),
    "reference": (("order_number", "order_id"),),
    "first_name": (("Nome", "Cognome"), ("Nombre", "Apellidos"), ("Nombre", "Apellido")),
    "last_name": (("Name", "Vorname"), ("Naam", "Voornaam")),
    "product_name": (("Name", "Item Cost"),),
}
LEVELS = (
    *("Menge", "Bestand", "Lagerbestand", "Lagermenge", "Verfügbar", "Cantidad", "Existencias"),
    *("Quantità", "Giacenza", "Disponibilità", "Disponibile", "Aantal", "Voorraad", "Beschikbaar"),
)
