"""What ledgers know an order by must never change: all that were sent would have changed."""

from datetime import datetime
from decimal import Decimal

from passerelle.model.orders import Customer, Line, Order

ORDER = Order(
    id="1001",
    reference="ABCDEF",
    date=datetime.fromisoformat("2026-11-25T10:27:00+01:00"),
    status="Payé",
    payment="Carte",
    voucher="GC-1",
    customer=Customer(
        first_name="Zoé",
        last_name="Martin",
        company="ACME",
        email="zoe@example.org",
        phone="0600000000",
        address1="1 rue de la Paix",
        postcode="75002",
        city="Paris",
        country="France",
        vat_number="FR123",
    ),
    carrier="Colissimo",
    shipping=Decimal("4.90"),
    discount=Decimal(0),
    total_paid=Decimal("109.70"),
    lines=(
        Line("3701234500010", "12", "REF-1", "Bottine élégante", 2, Decimal("49.90"), Decimal(20)),
        Line("", "13", "REF-2", "Carte", 1, Decimal("5.00"), None),
    ),
    currency="EUR",
)


def test_is_what_it_was_in_every_version() -> None:
    known = "7a3135c300cfb775c25216a22f726393b5c1bef08cf580d84130299c9974f4e2"
    assert ORDER.fingerprint() == known
