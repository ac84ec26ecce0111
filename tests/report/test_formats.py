"""Numbers, dates and spans as French and English readers write them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from passerelle.base import wording
from passerelle.base.language import speak


def plain(text: str) -> str:
    """With ordinary spaces; none of them may be one where a line may end."""
    assert " " not in text
    return text.replace("\u202f", "'").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("amount", "currency", "english", "french"),
    [
        ("1234.5", "€", "€1,234.50", "1'234,50 €"),
        ("1234567.895", "€", "€1,234,567.90", "1'234'567,90 €"),
        ("0.005", "€", "€0.01", "0,01 €"),
        ("-12", "€", "-€12.00", "-12,00 €"),
        ("999", "CHF", "CHF 999.00", "999,00 CHF"),
        ("0", "", "0.00", "0,00"),
    ],
)
def test_amounts(amount: str, currency: str, english: str, french: str) -> None:
    for language, text in (("en", english), ("fr", french)):
        speak(language)
        assert plain(wording.money(Decimal(amount), currency)) == text


@pytest.mark.usefixtures("paris")
def test_numbers_dates_and_times() -> None:
    moment, day = datetime(2026, 3, 1, 22, 5, 9, tzinfo=UTC), date(2026, 11, 25)
    assert (wording.number(1234567), wording.number(12)) == ("1,234,567", "12")
    assert (plain(wording.full_date(day)), wording.clock(moment)) == ("25 Nov 2026", "23:05")
    assert plain(wording.short_date(date(2026, 3, 1))) == "Sun 1 Mar"
    assert wording.with_offset(moment) == "1\u00a0Mar\u00a02026 23:05:09 UTC+01:00"
    speak("fr")
    assert plain(wording.number(1234567)) == "1'234'567"
    assert wording.full_date(day) == "25/11/2026"
    assert wording.date_and_time(moment) == "01/03/2026 23:05"
    assert wording.short_date(date(2026, 3, 1)).endswith("\u00a001/03")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"),
        (3900, "1 h 05 min"), (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (270_000, "3 d 3 h"),
    ],
)  # fmt: skip
def test_spans(seconds: float, text: str) -> None:
    assert plain(wording.span(timedelta(seconds=seconds))) == text
