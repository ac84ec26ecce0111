"""Encodings, separators, headers, numbers, dates and item numbers as the field writes them."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base.dates import (
    has_no_time,
    is_ambiguous,
    parse_date,
    proved_order,
    same_moment,
)
from passerelle.base.numbers import AmbiguousError, NumberColumn, parse_decimal, parse_whole
from passerelle.base.reading import (
    SEPARATORS,
    decode_file,
    detect_encoding,
    detect_separator,
    find_column,
    find_top,
    is_damaged_utf8,
    split_header,
)
from passerelle.base.wording import shorten
from passerelle.base.words import (
    BLANKS,
    bare_id,
    fold,
    gtin,
    is_eaten_by_spreadsheet,
    is_gtin,
    item_number,
    plain_word,
    visible,
)
from tests.fuzz import reading_again
from tests.unit import many
from tests.zones import in_zone

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


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (
            ["Annulé", "ANNULE", "Annul&eacute;", "AnnulÃ©", "Annul&amp;eacute;", " annulé\u200b"],
            "annule",
        ),
        (["on-hold", "on_hold", "On  hold"], "on hold"),
        (["Chèques-cadeaux", "Ch&egrave;ques cadeaux", "ChÃ¨ques cadeaux"], "cheques cadeaux"),
    ],
)
def test_words_of_state_compare_whatever_a_program_did_to_them(texts: list[str], word: str) -> None:
    assert {plain_word(text) for text in texts} == {word}


def test_what_cannot_be_seen_is_taken_off_and_what_stands_for_nothing_is_blank() -> None:
    assert visible("\ufeffa\u200bb\u00ad\u202ac") == "abc"
    assert visible("a\u00a0b\tc") == "a\u00a0b\tc"
    assert {"NULL", "\\N", "--", "-", "#N/A", "n/a", "None", "#NOM?", "(vide)"} <= BLANKS
    assert BLANKS.isdisjoint(("0", "nulle", "N", "NA"))


@pytest.mark.parametrize(
    ("texts", "id"),
    [
        (["51", "000051", "51.0", "51,00", "#51", "'51", '="51"', " 51 ", "51\u200b"], "51"),
        (["A-51", "#A-51"], "A-51"),
        (["a-51"], "a-51"),
        (["51.5"], "51.5"),
        (["0", "000"], "0"),
    ],
)
def test_an_id_is_one_whatever_a_spreadsheet_made_of_it(texts: list[str], id: str) -> None:
    assert {bare_id(text).lstrip("0") or "0" for text in texts} == {id}


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

    @pytest.mark.parametrize(
        ("lines", "line", "separator", "seems"),
        [
            (["ID;EAN;Nom"], 0, "", 0),
            (["sep=;", "", "Stock au 22/11", ";;", "\ufeffID;EAN;Nom"], 4, ";", 4),
            (['"sep=,"', "ID,EAN"], 1, ",", 1),
            # A row above the header is no title; a header that lacks a name is still the header.
            (["3701234500010;4", "ID;EAN"], 0, "", 1),
            (["1;x;y", "ID;EAN;Nom"], 0, "", 1),
            (["ID;Nom", "1;a", "ID;EAN;Nom"], 0, "", 2),
            (["ID;Nom", "1;a"], 0, "", None),
            (["", "a;b"], 1, "", None),
        ],
    )
    def test_stands_in_the_header_below_blank_lines_and_titles(
        self, lines: list[str], line: int, separator: str, seems: int | None
    ) -> None:
        fits = {"id", "ean"}.issubset
        top = find_top(lines, ["ID", "EAN", "Nom"], lambda names: fits(map(fold, names)))
        assert top == (line, separator, seems)

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
        thousands, mark = convention
        shown = written(number, thousands, mark)
        assert parse_decimal(dress.format(shown), mark) == number

    @many
    @given(st.text("0123456789.,  \u00a0+-€eE_'\n\t٣²x", max_size=12))
    def test_is_read_as_a_second_reader_does_or_not_at_all(self, text: str) -> None:
        with suppress(ValueError):
            assert reading_again.meanings(text) == {parse_decimal(text)}
        for mark in ".,":
            with suppress(ValueError):
                assert parse_decimal(text, mark) in reading_again.meanings(text)

    @pytest.mark.parametrize(
        "text",
        [
            *("", " ", "-", ".", ",", ".5", "5.", "1,", "€", "deux", "12 50", "1 23,00", "1.23,00"),
            *("1,2,3", "1.2,3", "1e3", "1E+3", "0x10", "1_000", "NaN"),
            *("Infinity", "١٢", "12²", "12%", "--1", "+-1", "-12-", "12,50 $", "1'23.50"),
            *("12\n500,00", "12\t500,00", "1234.567,00", "1 234 56,00"),
        ],
    )
    def test_is_not_guessed_from_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no number"):
            parse_decimal(text)

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            *(("1,234,567", "1234567"), ("1.234.567", "1234567"), ("1.234.567,89", "1234567.89")),
            *(("1’234.50", "1234.50"), ("1'234,5", "1234.5"), ("1\u2009234", "1234")),
            *(("3-", "-3"), ("12,50 -", "-12.50"), ("\u22123", "-3"), ("'5", "5"), ("'-5", "-5")),
            *(('="1,5"', "1.5"), ("12,50EUR", "12.50"), ("EUR 12,50", "12.50")),
            *(("1\u200b2", "12"), ("\ufeff5", "5"), ("1\u00ad2,5", "12.5")),
            # A mark that cannot part thousands needs no proof.
            *(("0.125", "0.125"), ("1234.567", "1234.567"), ("12,50000", "12.50000")),
        ],
    )
    def test_in_a_form_with_one_meaning_is_read(self, text: str, number: str) -> None:
        assert str(parse_decimal(text)) == number

    @pytest.mark.parametrize("text", ["1.000", "12,500", "-999.999", "1,250 €", "3.000-"])
    def test_that_may_be_two_is_read_where_its_decimal_mark_is_known(self, text: str) -> None:
        mark = "." if "." in text else ","
        with pytest.raises(AmbiguousError, match=r"may be .* no number of its column shows"):
            parse_decimal(text)
        assert parse_decimal(text, ".,".replace(mark, "")) == parse_decimal(text, mark) * 1000

    def test_that_is_none_is_told_on_one_short_line(self) -> None:
        with pytest.raises(ValueError, match=r'^"a b x{35}…" is no number$'):
            parse_decimal("a\nb " + "x" * 99)


class TestAColumnOfNumbers:
    @pytest.mark.parametrize(
        ("texts", "mark"),
        [
            (["12", "1.250"], ""),
            (["12", "1.250", "980,50"], ","),
            (["1,250", "980.5"], "."),
            *((["1.250", proof], ",") for proof in ("1.234.567", "1.234,50", "0,125", "1234,567")),
            (["1.250", "0.125"], "."),
            # Two marks are none; three alike, all round, are pieces with decimals.
            (["1.250", "12,5", "12.5"], ""),
            (["1.000", "2.000"], ""),
            (["1.000", "2.000", "12.000"], "."),
            (["1.000", "2.000", "12.500"], ""),
            (["7", "1.000", "2.000", "12.000"], ""),
        ],
    )
    def test_shows_its_decimal_mark_or_leaves_it_open(self, texts: list[str], mark: str) -> None:
        column = NumberColumn(parse_decimal)
        for text in texts:
            with suppress(ValueError):
                column[text]
        assert column.shown() == mark
        assert column.has_doubt == any(text in column_doubts(texts) for text in texts)


def column_doubts(texts: list[str]) -> set[str]:
    return {text for text in texts if len(reading_again.meanings(text)) > 1}


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
            *("1,5", "0.01", "2,0000001", "1 234,50", "2 $"),
            *("", "deux", "2e1", "٢", "9" * 5000),
        ],
    )
    def test_is_never_guessed_or_rounded(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no (whole )?number|digits|may be"):
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

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            *(("22/11/26", "2026-11-22 00:00:00"), ("22.11.2026 9:05", "2026-11-22 09:05:00")),
            *(("2026/11/22", "2026-11-22 00:00:00"), ("22-11-2026", "2026-11-22 00:00:00")),
            *(("11/25/2026", "2026-11-25 00:00:00"), ("25/11/2026", "2026-11-25 00:00:00")),
            *(
                ("11/25/26 12:30 AM", "2026-11-25 00:30:00"),
                ("5/6/26 3:07 p.m.", "2026-06-05 15:07:00"),
            ),
            *(
                ("22/11/2026, 10h27", "2026-11-22 10:27:00"),
                ("2026-11-22\u00a010:27", "2026-11-22 10:27:00"),
            ),
            *(
                ("2026-11-22 10:27:44.123", "2026-11-22 10:27:44"),
                ("\u200e22/11/2026", "2026-11-22 00:00:00"),
            ),
            # A spreadsheet's days since 1899, and parts of a day.
            *(("46348", "2026-11-22 00:00:00"), ("46348.5", "2026-11-22 12:00:00")),
            ("46348,4352314815", "2026-11-22 10:26:44"),
        ],
    )
    def test_may_be_written_as_spreadsheets_and_people_do(self, text: str, read: str) -> None:
        assert f"{parse_date(text):%Y-%m-%d %H:%M:%S}" == read

    @pytest.mark.parametrize("zone", ["Z", " UTC", "+00:00", "+0000", " -00:00"])
    def test_with_a_zone_is_taken_there(self, zone: str) -> None:
        noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
        assert parse_date(f"2026-11-22T12:00:00{zone}") == noon
        assert parse_date("2026-11-22 13:30:00+01:30") == noon

    @pytest.mark.parametrize(
        ("text", "order", "ambiguous"),
        [
            *(("25/11/2026", "dmy", False), ("11/25/2026 10:00", "mdy", False)),
            *(("03/04/2026", None, True), ("3-4-26", None, True), ("04/04/2026", None, False)),
            # With dots the day comes first everywhere; a year in front leaves no question.
            *(("03.04.2026", None, False), ("25.11.2026", None, False)),
            *(("2026-03-04", None, False), ("46348", None, False), ("31/31/2026", None, False)),
        ],
    )
    def test_proves_an_order_of_day_and_month_or_may_be_two(
        self, text: str, order: str | None, ambiguous: bool
    ) -> None:
        assert (proved_order(text), is_ambiguous(text)) == (order, ambiguous)

    def test_that_may_be_two_is_read_in_the_order_that_is_told(self) -> None:
        read = {order: f"{parse_date('03/04/2026', order):%d %B}" for order in ("dmy", "mdy")}
        assert read == {"dmy": "03 April", "mdy": "04 March"}
        assert f"{parse_date('03.04.2026', 'mdy'):%d %B}" == "03 April"

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            *(
                ("2026-11-22 10:00", "2026-11-22 10:00:44", True),
                ("22/11/2026", "2026-11-22 10:00:44", True),
            ),
            *(
                ("2026-11-22 10:01", "2026-11-22 10:00:44", False),
                ("23/11/2026", "2026-11-22 10:00", False),
            ),
            ("2026-11-22 00:01", "2026-11-22 10:00", False),
        ],
    )
    def test_is_the_same_where_a_spreadsheet_took_its_seconds_or_its_time(
        self, one: str, other: str, same: bool
    ) -> None:
        assert same_moment(parse_date(one), parse_date(other)) is same
        assert same_moment(parse_date(other), parse_date(one)) is same

    def test_may_name_its_day_only(self) -> None:
        texts = ("2026-11-22", "22/11/26", "2026-11-22 00:00", "46348")
        assert [has_no_time(text) for text in texts] == [True, True, False, False]

    @pytest.mark.parametrize(
        "text",
        [
            *("", "hier", "31/02/2026", "13/13/2026", "11.22.2026", "22/11/026", "2026-13-01"),
            *("0000-00-00 00:00:00", "2026-11-22 25:00:00", "1763802420", "２０２６-11-22"),
            *("22/11-2026", "22/11/2026 10", "22/11/2026 13:00 PM", "0:00", "12345", "80000"),
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
            (["N/A", "#n/a", "-", "--", "####", "NULL", "\\N", "Does not apply", "Néant"], ""),
            (["370\u200b123", "\ufeff370123", "370\u00ad123", "370123\u00a0"], "370123"),
            (["réf\x1b[2J"], r"ref\u001b[2j"),
        ],
        ids=[
            "digits",
            "of a spreadsheet",
            "a reference",
            "nothing",
            "what stands for none",
            "what is unseen",
            "what a console obeys",
        ],
    )
    def test_compares_by_its_digits_or_as_a_reference(self, texts: list[str], key: str) -> None:
        assert {gtin(text) for text in texts} == {key}

    def test_keeps_its_zeros_and_a_reference_its_blanks_for_the_erp(self) -> None:
        assert item_number("'0370123") == item_number('="0370123"') == "0370123"
        assert item_number(" AB-12 ") == " AB-12 "

    @pytest.mark.parametrize(
        ("text", "right"),
        [
            *(("3701234500010", True), ("0701234500013", True), ("701234500013", True)),
            *(("96385074", True), ('="3701234500010"', True), ("3701234500011", False)),
            *(("1234567", False), ("00000000", False), ("REF-1", False), ("", False)),
        ],
    )
    def test_has_a_check_digit(self, text: str, right: bool) -> None:
        assert is_gtin(text) is right

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


def test_a_date_is_taken_in_the_zone_that_the_machine_has_now() -> None:
    hours = []
    for zone in ("UTC", "Europe/Paris"):
        with in_zone(zone):
            hours.append(parse_date("2026-11-22 10:27:00").astimezone(UTC).hour)
    assert hours == [10, 9]


def test_a_mark_within_a_text_of_cp1252_is_no_part_of_an_id() -> None:
    """UTF-8 with a mark, put behind a file in cp1252."""
    data = "id;nom\r\n1;Noël\r\n".encode("cp1252") + b"\xef\xbb\xbf2;Ann\r\n"
    assert decode_file(data) == ("cp1252", "id;nom\r\n1;Noël\r\n2;Ann\r\n")


def test_a_letter_cut_by_the_pieces_of_a_look_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "aé€😀" * 5
    for size in range(1, 9):
        monkeypatch.setattr("passerelle.base.reading._PIECE", size)
        assert detect_encoding(text.encode()) == "utf-8"
        assert detect_encoding(text.encode()[:-1]) == "cp1252", "its last letter is cut"
