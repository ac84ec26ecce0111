"""Encodings, separators, headers, numbers, dates and item numbers as the field writes them."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base.reading import (
    SEPARATORS,
    detect_encoding,
    detect_separator,
    find_column,
    fold,
    gtin,
    is_damaged_utf8,
    is_eaten_by_spreadsheet,
    item_number,
    parse_date,
    parse_decimal,
    parse_whole,
    split_header,
)
from passerelle.base.wording import shorten
from tests.fuzz import reading_again
from tests.unit import many

LETTERS = "Zoé et Chloé, Bât. É – 50 € à l’œuvre"
NAMES = ("ID commande", "Référence la commande", "État de la commande/Dénomination", "Prix (HT)")


@pytest.mark.parametrize(
    "written",
    [
        *("Référence la commande", "REFERENCE LA COMMANDE", "  référence  la\tcommande "),
        *("Re\u0301fe\u0301rence la commande", "Référence\u00a0la\u202fcommande"),
    ],
)
def test_names_compare_without_case_accents_and_surrounding_space(written: str) -> None:
    assert fold(written) == "reference la commande"


class TestTheEncoding:
    @pytest.mark.parametrize(
        ("codec", "configured", "found"),
        [
            *((codec, "auto", codec) for codec in ("utf-8", "utf-8-sig", "cp1252", "utf-16")),
            *(("utf-32", "auto", "utf-32"), ("utf-8", "cp850", "cp850")),
            # Its BOM is no letter, whatever is configured.
            *(("utf-8-sig", "utf-8", "utf-8-sig"), ("utf-8-sig", "cp1252", "utf-8-sig")),
        ],
    )
    def test_is_told_by_the_bytes_or_the_config(
        self, codec: str, configured: str, found: str
    ) -> None:
        assert detect_encoding("Élodie Lebœuf".encode(codec), configured) == found

    @pytest.mark.parametrize("text", [LETTERS, "où ça ? là-bas, en août", "Łódź, Žižka"])
    def test_is_damaged_utf_8_where_a_letter_was_cut_in_two(self, text: str) -> None:
        assert is_damaged_utf8(text.encode() + b"\xc3; reste")
        assert is_damaged_utf8(b"\xa9" + text.encode())

    @pytest.mark.parametrize("text", [LETTERS, "ÀÉÈÊÇÔÛ", "Ça «va»", "plain", "Ã"])
    def test_is_no_damaged_utf_8_where_it_is_cp1252(self, text: str) -> None:
        assert not is_damaged_utf8(text.encode("cp1252"))


class TestTheSeparator:
    @pytest.mark.parametrize("enclosed", [True, False])
    @pytest.mark.parametrize("separator", SEPARATORS)
    def test_is_found_whichever_it_is(self, separator: str, enclosed: bool) -> None:
        names = [f'"{name}"' if enclosed else name for name in NAMES]
        assert detect_separator(separator.join(names), NAMES) == separator

    def test_may_stand_inside_an_enclosed_name(self) -> None:
        header = '"Prix, TTC","Stock; réel; net","Gencod"'
        assert detect_separator(header, ["Gencod", "Prix, TTC"]) == ","

    def test_is_the_most_frequent_one_where_no_name_is_known(self) -> None:
        assert detect_separator("a|b|c;d", ["Gencod"]) == "|"

    def test_splits_the_header_into_names_without_quotes(self) -> None:
        assert split_header('"a;b";c;"d ""e"""', ";") == ["a;b", "c", 'd "e"']


class TestAColumn:
    @pytest.mark.parametrize(
        ("header", "names", "place"),
        [
            (["Code", "EAN", "Gencod"], ["ean13", "gencod", "ean"], 2),
            (["Code", "EAN"], ["Gencod"], None),
            (["ID", ""], ["", "ID"], 0),
            (["EAN", "EAN", "Gencod"], ["Gencod", "EAN"], 2),
        ],
    )
    def test_is_the_first_of_its_names_that_the_header_has(
        self, header: list[str], names: list[str], place: int | None
    ) -> None:
        assert find_column(header, names) == place

    def test_that_stands_twice_is_refused(self) -> None:
        with pytest.raises(LookupError, match="Gencod"):
            find_column(["GENCOD", "Gencod "], ["Gencod"])


# For each convention: what parts thousands, and the decimal mark.
_BLANKS = (" ", "\u00a0", "\u202f")
CONVENTIONS = [("", "."), ("", ","), *((blank, ",") for blank in _BLANKS), (".", ","), (",", ".")]


def written(number: Decimal, thousands: str, mark: str) -> str:
    whole, _, decimals = f"{number:,f}".partition(".")
    return whole.replace(",", thousands) + (mark + decimals if decimals else "")


class TestADecimalNumber:
    @many
    @given(
        st.decimals(-(10**12), 10**12, places=2) | st.decimals(-999, 999, places=6),
        st.sampled_from(CONVENTIONS),
        st.sampled_from(["{}", "{} €", "€ {}", "{}\u00a0€", "  {} "]),
    )
    def test_is_read_right_in_every_convention(
        self, number: Decimal, convention: tuple[str, str], dress: str
    ) -> None:
        assert parse_decimal(dress.format(written(number, *convention))) == number

    @many
    @given(st.text("0123456789.,  \u00a0+-€eE_'\n\t٣²x", max_size=12))
    def test_is_read_as_a_second_reader_does_or_not_at_all(self, text: str) -> None:
        with suppress(ValueError):
            assert parse_decimal(text) == reading_again.number(text)

    @pytest.mark.parametrize(
        "text",
        [
            *("", " ", "-", ".", ",", ".5", "5.", "1,", "€", "deux", "12 50", "1 23,00", "1.23,00"),
            *("1,234,567", "1.234.567", "1,2,3", "1.2,3", "1e3", "1E+3", "0x10", "1_000", "NaN"),
            *("Infinity", "١٢", "12²", "12%", "--1", "+-1", "12-", "12,50 $", "1'234.50"),
            *("12\n500,00", "12\t500,00", "1234.567,00", "1 234 56,00"),
        ],
    )
    def test_is_not_guessed_from_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no number"):
            parse_decimal(text)

    def test_keeps_its_decimals_before_which_a_lone_mark_stands(self) -> None:
        assert str(parse_decimal("12,500")) == "12.500"
        assert parse_decimal("1.234") == parse_decimal("1,234") == Decimal("1.234")

    def test_that_is_none_is_told_on_one_short_line(self) -> None:
        with pytest.raises(ValueError, match=r'^"a b x{35}…" is no number$'):
            parse_decimal("a\nb " + "x" * 99)


class TestAWholeNumber:
    @many
    @given(st.integers(-(10**9), 10**9), st.sampled_from([0, 1, 2, 4, 5, 6]), st.sampled_from(".,"))
    def test_may_be_written_with_zeros_behind_the_mark(
        self, number: int, zeros: int, mark: str
    ) -> None:
        assert parse_whole(f" {number}{mark + '0' * zeros if zeros else ''} ") == number

    @pytest.mark.parametrize(
        "text",
        [
            # Two, or two thousand?
            *("2.000", "2,000", "12,000"),
            *("1,5", "0.01", "2,0000001", "1 234", "1 234,00", "2 €"),
            *("", "deux", "2e1", "٢", "9" * 5000),
        ],
    )
    def test_is_never_guessed_or_rounded(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no (whole )?number|digits"):
            parse_whole(text)


# Clocks skip an hour at night, in spring, in most places.
DAYTIME = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(hour=4 + moment.hour % 20, microsecond=0)
)


class TestADate:
    @many
    @given(DAYTIME)
    def test_reads_the_same_in_both_forms(self, moment: datetime) -> None:
        iso = parse_date(f"{moment:%Y-%m-%d %H:%M:%S}")
        french = parse_date(f"{moment:%d/%m/%Y %H:%M:%S}")
        assert iso == french == moment.astimezone()

    @pytest.mark.parametrize(
        ("text", "time"),
        [
            *(("2026-11-22T10:27:00", "10:27:00"), ("2026-11-22 10:27", "10:27:00")),
            *((" 22/11/2026 10:27 ", "10:27:00"), ("2026-11-22 10:27:00", "10:27:00")),
            *(("22/11/2026", "00:00:00"), ("2026-11-22", "00:00:00")),
        ],
    )
    def test_may_lack_its_seconds_or_its_time_or_have_a_t(self, text: str, time: str) -> None:
        assert f"{parse_date(text):%Y-%m-%d %H:%M:%S}" == f"2026-11-22 {time}"
        assert parse_date(text).tzinfo is not None

    def test_has_its_day_before_its_month(self) -> None:
        assert f"{parse_date('03/04/2026'):%d %B}" == "03 April"

    @pytest.mark.parametrize(
        "text",
        [
            *("", "hier", "31/02/2026", "11/22/2026", "22.11.2026", "22/11/26", "2026-13-01"),
            *("0000-00-00 00:00:00", "2026-11-22 25:00:00", "1763802420", "２０２６-11-22"),
            "2026-11-22 10:27:00 22/11/2026",
        ],
    )
    def test_is_not_guessed_from_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no date"):
            parse_date(text)


class TestAnItemNumber:
    @pytest.mark.parametrize(
        ("texts", "key"),
        [
            (["370123", "0370123", "00000370123", " 370123 ", "370 123", "370-123"], "370123"),
            (["'370123", '="370123"'], "370123"),
            ([" ab-12É ", "AB-12e"], "ab-12e"),
            (["", " ", "0", "0000000000000", "'0"], ""),
            (["réf\x1b[2J"], r"ref\u001b[2j"),
        ],
        ids=["digits", "of a spreadsheet", "a reference", "nothing", "what a console obeys"],
    )
    def test_compares_by_its_digits_or_as_a_reference(self, texts: list[str], key: str) -> None:
        assert {gtin(text) for text in texts} == {key}

    def test_keeps_its_zeros_and_a_reference_its_blanks_for_the_erp(self) -> None:
        assert item_number("'0370123") == item_number('="0370123"') == "0370123"
        assert item_number(" AB-12 ") == " AB-12 "

    @many
    @given(st.text("0123456789", min_size=1, max_size=14), st.integers(0, 5))
    def test_means_the_same_item_with_or_without_leading_zeros(
        self, digits: str, zeros: int
    ) -> None:
        assert gtin("0" * zeros + digits) == gtin(digits) == digits.lstrip("0")

    @pytest.mark.parametrize(
        ("text", "is_eaten"),
        [
            *((t, True) for t in ("3,70012E+12", "3.70012E+12", "3E12", "3e+12", "12.0", "12,000")),
            *((t, False) for t in ("", "AB-12", "12.5", "E12", "0", "12", "37012000000000")),
        ],
    )
    def test_that_a_spreadsheet_made_a_number_is_recognised(
        self, text: str, is_eaten: bool
    ) -> None:
        assert is_eaten_by_spreadsheet(text) == is_eaten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n b\tc", "a b c"),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 40, "x" * 40),
        ("a\x1b[2J\tb\ufeff", r"a\u001b[2J b\ufeff"),
    ],
)
def test_a_text_in_a_message_is_one_short_line_that_no_console_obeys(text: str, shown: str) -> None:
    assert shorten(text) == shown


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone is the machine's on Windows")
def test_a_date_is_taken_in_the_zone_that_the_machine_has_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = []
    for zone in ("UTC", "Europe/Paris"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        hours.append(parse_date("2026-11-22 10:27:00").astimezone(UTC).hour)
    monkeypatch.undo()
    time.tzset()
    assert hours == [10, 9]
