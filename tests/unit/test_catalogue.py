"""The French catalogue: whole, up to date, and with all that the program fills in."""

import io
import re
import string
from collections import Counter
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from scripts.messages import PO, french, in_python, messages, missing, updated

Pair = tuple[str, str]


def forms(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value),)


def told(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def pairs() -> Iterator[Pair]:
    """Every form of every message with its French."""
    for message in told(french()):
        yield from zip(forms(message.id), forms(message.string), strict=True)


def wrong(differ: object) -> list[Pair]:
    assert callable(differ)
    return [pair for pair in pairs() if differ(*pair)]


def test_nothing_is_missing() -> None:
    assert missing(updated()) == []


def as_told(catalogue: Catalog) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {
        forms(m.id): (forms(m.string), *sorted(m.flags), *m.auto_comments, *files_of(m))
        for m in told(catalogue)
    }


def files_of(message: Message) -> list[str]:
    return sorted({file for file, _ in message.locations})


def test_the_po_file_is_what_the_code_marks() -> None:
    assert as_told(french()) == as_told(updated())


def test_the_mo_file_is_the_po_file_compiled() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    assert compiled.plural_expr == french().plural_expr
    assert {forms(m.id): forms(m.string) for m in told(compiled)} == {
        forms(m.id): forms(m.string) for m in told(french())
    }


def test_no_translation_is_uncertain() -> None:
    assert [message.id for message in told(french()) if message.fuzzy] == []


# --- what the program fills in ------------------------------------------------------------------


def placeholders(text: str) -> Counter[tuple[str | None, ...]]:
    """The names with their forms and conversions."""
    parts = string.Formatter().parse(text)
    return Counter((name, form, how) for _, name, form, how in parts if name is not None)


def test_every_translation_fills_in_what_its_message_does() -> None:
    odd = wrong(lambda english, fr: placeholders(english) != placeholders(fr))
    assert odd == [("{time:%Y-%m-%d %H:%M:%S}", "{time:%d/%m/%Y à %H:%M}")]


def test_every_translation_names_the_same_commands() -> None:
    assert wrong(lambda english, fr: quoted(english) != quoted(fr)) == []
    assert wrong(lambda _, fr: fr.count("`") % 2) == []


def quoted(text: str) -> Counter[str]:
    return Counter(re.findall("`[^`]*`", text))


def test_a_line_end_stands_where_one_stood() -> None:
    assert wrong(lambda english, fr: english.count("\n") != fr.count("\n")) == []
    assert wrong(lambda _, fr: any(len(line) > 80 for line in fr.split("\n")[:-1])) == []


def ends(text: str) -> tuple[str, str]:
    """The blanks around a text."""
    return text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]


def test_every_translation_keeps_its_blanks() -> None:
    assert wrong(lambda english, fr: ends(english) != ends(fr)) == []


def test_every_translation_begins_and_ends_like_its_message() -> None:
    assert wrong(lambda english, fr: english.startswith("!") != fr.startswith("!")) == []
    odd = wrong(lambda english, fr: stop(english) != stop(fr))
    assert {english for english, _ in odd} == WEEKDAYS


# Cut short, which French shows by a stop.
WEEKDAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}


def stop(text: str) -> str:
    return text[-1] if text[-1] in ":;,.?!" else ""


# --- the language -------------------------------------------------------------------------------

# The same word in both.
SAME = {"id", "dates", "Date", "{n} minute", "{n} minutes"}


def test_every_translation_is_written_for_windows_consoles() -> None:
    """As French ones are set: code page 850; what people edit is in 1252."""
    for encoding in ("cp850", "cp1252"):
        assert wrong(lambda _, fr, encoding=encoding: lacks(fr, encoding)) == []


def lacks(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False


@pytest.mark.parametrize(
    ("signs", "problem"),
    [
        (r" [:;!?»](?!\S)", "a blank that may break before a sign"),
        (r"« ", "a blank that may break after a quote"),
        (r"\w[!?;](?=\s|$)", "no blank before a sign"),
        (r"[‘’“”…–—œŒ]", "a letter that code page 850 lacks"),
        (r"\. \.|  ", "two blanks or stops"),
        (r"\bl' |\bd' |\bqu' ", "a blank after an elision"),
    ],
)
def test_every_translation_is_set_in_french(signs: str, problem: str) -> None:
    allowed = {"fields are separated by one of ; , | : or a tab"}
    found = wrong(lambda english, fr: english not in allowed and re.search(signs, fr))
    assert found == [], problem


def test_no_message_stays_english() -> None:
    words = re.compile(r"[A-Za-z]{2}")
    left = [en for en, fr in pairs() if en == fr and words.search(re.sub(r"{[^}]*}", "", en))]
    assert set(left) <= SAME


# --- the extraction -----------------------------------------------------------------------------


def extracted(text: str) -> list[tuple[object, ...]]:
    file = io.BytesIO(text.encode())
    return [found[1:] for found in in_python(file, ("_", "N_", "n_"), ("Translators:",), {})]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('x = _("a")', [("_", ("a",), [])]),
        ('x = f"{_(\'a\')}: {n_(\'b\', \'c\', 2)}"',
         [("_", ("a",), []), ("n_", ("b", "c", None), [])]),
        ("# Translators: what a is\nx = _('a')", [("_", ("a",), ["Translators: what a is"])]),
        ("# what a is\nx = _('a')", [("_", ("a",), [])]),
        ("x = other('a')", []),
        ("x = _(a)", [("_", (None,), [])]),
    ],
)  # fmt: skip
def test_a_mark_is_found_wherever_it_stands(text: str, found: list[tuple[object, ...]]) -> None:
    assert extracted(text) == found


def test_a_place_is_told_last() -> None:
    """`customer erase` finds an order's XMLs by what these notes end with."""
    (french_note,) = [fr for english, fr in pairs() if english == "sent as {place}"]
    assert french_note.endswith(" {place}")


def test_the_po_file_can_be_read_by_every_tool() -> None:
    with PO.open("rb") as file:
        assert len(told(read_po(file, abort_invalid=True))) == len(told(messages()))
