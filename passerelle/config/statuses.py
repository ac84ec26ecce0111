"""The statuses that shops ship with, by what they mean for an order; and the words of gift cards.

Of PrestaShop those of its installer (install-dev/langs/*/data/order_state.xml), old versions too;
of WooCommerce, Shopify and Magento those of their back offices and exports. In French, English,
German, Spanish, Italian and Dutch. A word that means two things stands nowhere, so that it waits
and is told: "In behandeling" and "In attesa di rifornimento" may be paid or not, and pieces may
have come back of what is partly refunded.
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
    *("Payment remotely accepted", "Preparation in progress"),
    *("Processing", "Completed", "En cours", "Terminée", "Paid", "Payé", "Payée", "Fulfilled"),
    *("Complete", "In Bearbeitung", "Verarbeitung", "Abgeschlossen", "Fertiggestellt", "Erledigt"),
    *("Procesando", "En proceso", "Completado", "Elaborazione", "In lavorazione", "Completato"),
    *("Préparation en cours", "Expédiée", "Livrée", "Réglé", "Réglée", "Encaissé", "Encaissée"),
    *("Zahlung akzeptiert", "Geliefert", "Zugestellt", "Betaling geaccepteerd", "Geleverd"),
    *("Verwerken", "Voltooid", "Afgerond", "Bezahlt", "Pagado", "Pagato", "Betaald"),
)
CANCELLED = (
    *("Annulé", "Annulée", "Remboursé", "Remboursée", "Remboursement"),
    *("Canceled", "Cancelled", "Refunded", "Voided"),
    *("Bestellung storniert", "Storniert", "Zahlung erstattet", "Erstattet"),
    *("Cancelado", "Reembolso", "Reembolsado"),
    *("Annullato", "Rimborsato", "Geannuleerd", "Terugbetaling", "Terugbetaald"),
    *("Refund", "Restocked", "Abgebrochen", "Rückerstattet", "Rückerstattung", "Refundiert"),
    *("Anulado", "Gerestitueerd", "Commande annulée", "Order canceled", "Order cancelled"),
    *("Pedido cancelado", "Ordine annullato", "Bestelling geannuleerd"),
    "Closed",  # Magento's, of an order that was refunded in full
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
    *("In attesa di pagamento con PayPal", "Errore di pagamento"),
    *("In afwachting van betaling per cheque", "In afwachting van bankoverschrijving"),
    *("In afwachting van betaling via PayPal", "Momenteel in backorder (niet betaald)"),
    *("Wachten op bevestiging (rembours)", "Betalingsfout"),
    *("Awaiting cheque payment", "Awaiting cod validation", "Waiting for payment"),
    *("Authorized. To be captured by merchant", "Partial payment", "Paiement partiel"),
    *("Pending payment", "On hold", "Failed", "Pending", "Unpaid", "Authentication required"),
    *("Draft", "Checkout draft", "Authorized", "Partially paid", "Expired", "Holded"),
    *("Payment review", "Pending PayPal", "Fraud", "Suspected fraud"),
    *("Attente paiement", "Attente de paiement", "Échouée", "Brouillon", "Autorisé"),
    *("Authentification requise", "Partiellement payé"),
    *("Zahlung ausstehend", "Ausstehende Zahlung", "In Wartestellung", "Angehalten"),
    *("Fehlgeschlagen", "Entwurf", "Authentifizierung erforderlich", "Autorisiert", "Unbezahlt"),
    "Teilweise bezahlt",
    *("Pendiente de pago", "Pago pendiente", "En espera", "Fallido", "Borrador", "Autorizado"),
    "Parcialmente pagado",
    *("Pagamento in sospeso", "In attesa di pagamento", "In attesa", "Sospeso", "Non riuscito"),
    *("Fallito", "Bozza", "Autorizzato", "Pagato parzialmente"),
    *("In afwachting van betaling", "Wachtend op betaling", "In wachtrij", "In de wacht"),
    *("Mislukt", "Concept", "Verificatie vereist", "Geautoriseerd", "Gedeeltelijk betaald"),
)
# "Gutschein", "bon d'achat" and the like alone are promotions as often. Two words also stand for
# their one, and for either with a hyphen.
GIFT_CARDS = (
    *("bon cadeau", "carte cadeau", "chèque cadeau", "bon kado", "carte kado", "chèque kado"),
    *("bon kdo", "carte kdo", "chèque kdo", "carte de cadeau", "bon à offrir", "e-carte cadeau"),
    *("gift card", "gift certificate", "gift voucher", "gift cheque", "gift coupon", "gift code"),
    *("gift token", "gift up", "e-gift", "e-gift card"),
    *("Geschenk Karte", "Geschenk Karten", "Geschenk Gutschein", "Geschenk Gutscheine"),
    *("Gutschein Karte", "Gutschein Karten", "Wert Gutschein", "Wert Gutscheine"),
    *("Geschenk Coupon", "Geschenk Code", "Geschenk Scheck"),
    *("tarjeta regalo", "tarjeta de regalo", "cheque regalo", "cheque de regalo", "vale regalo"),
    *("vale de regalo", "bono regalo", "bono de regalo", "certificado de regalo", "cupón regalo"),
    *("cupón de regalo", "buono regalo", "buoni regalo", "carta regalo", "carte regalo"),
    *("card regalo", "tessera regalo", "voucher regalo", "assegno regalo"),
    *("cadeau bon", "cadeau bonnen", "cadeau kaart", "cadeau kaarten", "cadeau cheque"),
    *("cadeau card", "kado bon", "kado bonnen", "kado kaart", "kado kaarten", "kado card"),
    *("geschenk bon", "geschenk bonnen", "geschenk kaart", "geschenk kaarten"),
)
