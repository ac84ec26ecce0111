"""The statuses that shops ship with, by what they mean for an order.

Of PrestaShop those of its installer (install-dev/langs/*/data/order_state.xml) in French, English,
German, Spanish, Italian and Dutch; of WooCommerce and Shopify the English and French ones.
"""

PAID = (
    *("Paiement accepté", "Paiement à distance accepté", "En cours de préparation"),
    *("Expédié", "Livré", "En attente de réapprovisionnement (payé)"),
    *("Payment accepted", "Remote payment accepted", "Processing in progress"),
    *("Shipped", "Delivered", "On backorder (paid)"),
    *("Zahlung eingegangen", "Zahlung ausserhalb von PrestaShop eingegangen"),
    *("Bestellung in Bearbeitung", "Bestellung versandt", "Bestellung ausgeliefert"),
    *("Versandt", "Ausgeliefert", "Artikel nicht auf Lager (bezahlt)"),
    *("Pago aceptado", "Pago a distancia aceptado", "Preparación en proceso"),
    *("Preparación en curso", "Enviado", "Entregado"),
    *("Pagamento accettato", "Pagamento a distanza accettato", "Preparazione in corso"),
    *("Consegna in corso", "Spedito", "Consegnato"),
    *("Betaling aanvaard", "Betaling op afstand aanvaard", "Wordt momenteel voorbereid"),
    *("Verzonden", "Afgeleverd", "Momenteel in backorder (betaald)"),
    *("Processing", "Completed", "En cours", "Terminée", "Paid", "Payé", "Payée", "Fulfilled"),
)
CANCELLED = (
    *("Annulé", "Annulée", "Remboursé", "Remboursée", "Remboursement"),
    *("Canceled", "Cancelled", "Refunded", "Voided"),
    *("Bestellung storniert", "Storniert", "Zahlung erstattet", "Erstattet"),
    *("Cancelado", "Reembolso", "Reembolsado"),
    *("Annullato", "Rimborsato", "Geannuleerd", "Terugbetaling", "Terugbetaald"),
)
# Not paid yet; a payment error is no cancellation: the customer may pay again.
UNPAID = (
    *("En attente de paiement par chèque", "En attente du paiement par chèque"),
    "En attente de virement bancaire",
    *("En attente de paiement", "En attente de paiement PayPal"),
    "En attente de paiement à la livraison",
    *("En attente de réapprovisionnement (non payé)", "Erreur de paiement", "En attente"),
    *("Awaiting check payment", "Awaiting bank wire payment", "Awaiting PayPal payment"),
    *("Awaiting Cash On Delivery validation", "On backorder (not paid)", "Payment error"),
    *("Warten auf Zahlungseingang von Bank", "Warten auf Zahlungseingang von PayPal"),
    *("Artikel nicht auf Lager", "Fehler bei der Bezahlung"),
    *("Pago mediante cheque pendiente", "Pago por transferencia bancaria pendiente"),
    *("Pago mediante PayPal pendiente", "Pedido en espera", "Error en el pago"),
    *("In attesa di pagamento con assegno", "In attesa di pagamento con bonifico bancario"),
    *("In attesa di pagamento con PayPal", "In attesa di rifornimento", "Errore di pagamento"),
    *("In afwachting van betaling per cheque", "In afwachting van bankoverschrijving"),
    *("In afwachting van betaling via PayPal", "Momenteel in backorder (niet betaald)"),
    *("Wachten op bevestiging (rembours)", "Betalingsfout"),
    *("Pending payment", "On hold", "Failed", "Pending", "Unpaid"),
)
