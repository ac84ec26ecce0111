"""Numbers and dates as French and English readers write them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from passerelle.base import wording as formats
from passerelle.base.language import speak


def plain(text: str) -> str:
    """With ordinary spaces; none of them may be one where a line may end."""
    assert " " not in text
    return text.replace("\u202f", "'").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("amount", "currency", "french", "english"),
    [
        ("1234.5", "€", "1'234,50 €", "€1,234.50"),
        ("1234567.895", "€", "1'234'567,90 €", "€1,234,567.90"),
        ("0.005", "€", "0,01 €", "€0.01"),
        ("-12", "€", "-12,00 €", "-€12.00"),
        ("999", "CHF", "999,00 CHF", "CHF 999.00"),
        ("0", "", "0,00", "0.00"),
    ],
)
def test_amounts(amount: str, currency: str, french: str, english: str) -> None:
    assert plain(formats.money(Decimal(amount), currency)) == english
    speak("fr")
    assert plain(formats.money(Decimal(amount), currency)) == french


def test_numbers() -> None:
    assert formats.number(1234567) == "1,234,567" and formats.number(12) == "12"
    speak("fr")
    assert formats.number(1234567) == "1\u202f234\u202f567"


@pytest.mark.usefixtures("paris")
def test_dates_and_times() -> None:
    moment = datetime(2026, 3, 1, 22, 5, 9, tzinfo=UTC)
    assert plain(formats.full_date(date(2026, 11, 25))) == "25 Nov 2026"
    assert plain(formats.short_date(date(2026, 3, 1))) == "Sun 1 Mar"
    assert formats.with_offset(moment) == "1\u00a0Mar\u00a02026 23:05:09 UTC+01:00"
    assert formats.clock(moment) == "23:05"
    speak("fr")
    assert formats.full_date(date(2026, 11, 25)) == "25/11/2026"
    assert formats.date_and_time(moment) == "01/03/2026 23:05"
    assert formats.short_date(date(2026, 3, 1)).endswith("\u00a001/03")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"),
        (3900, "1 h 05 min"), (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (270_000, "3 d 3 h"),
    ],
)  # fmt: skip
def test_spans(seconds: float, text: str) -> None:
    assert plain(formats.span(timedelta(seconds=seconds))) == text
