"""The French catalogue: whole, up to date, and with all that the program fills in."""

import ast
import io
import itertools
import json
import re
import string
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from passerelle.cli import click_words
from scripts import messages
from scripts.messages import FOR_PAGE, PO, in_python, missing

Pair = tuple[str, str]


french, marked, updated = map(cache, (messages.french, messages.messages, messages.updated))


def forms(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value),)


def told(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


@cache
def pairs() -> tuple[Pair, ...]:
    """Every form of every message with its French."""
    every = (zip(forms(m.id), forms(m.string), strict=True) for m in told(french()))
    return tuple(itertools.chain.from_iterable(every))


def wrong(is_wrong: Callable[[str, str], object]) -> list[Pair]:
    return [pair for pair in pairs() if is_wrong(*pair)]


def as_told(catalogue: Catalog) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {
        forms(m.id): (forms(m.string), *sorted(m.flags), *m.auto_comments, *files_of(m))
        for m in told(catalogue)
    }


def files_of(message: Message) -> list[str]:
    return sorted({file for file, _ in message.locations})


def test_the_po_file_is_what_the_code_marks_all_of_it_translated_for_certain() -> None:
    assert as_told(french()) == as_told(updated())
    assert missing(updated()) == []
    assert [message.id for message in told(french()) if message.fuzzy] == []
    # As any tool reads it: ours overlooks what is wrong.
    with PO.open("rb") as file:
        assert len(told(read_po(file, abort_invalid=True))) == len(told(marked()))
    assert json.loads(FOR_PAGE.read_bytes()) == json.loads(messages.for_page(french()))


def test_the_mo_file_is_the_po_file_compiled() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    assert compiled.plural_expr == french().plural_expr
    assert {forms(m.id): forms(m.string) for m in told(compiled)} == {
        forms(m.id): forms(m.string) for m in told(french())
    }


# --- what the program fills in ------------------------------------------------------------------


def placeholders(text: str) -> Counter[tuple[str | None, ...]]:
    """The names with their forms and conversions."""
    parts = string.Formatter().parse(text)
    return Counter((name, form, how) for _, name, form, how in parts if name is not None)


def commands(text: str) -> Counter[str]:
    return Counter(re.findall("`[^`]*`", text))


def blanks_around(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]


def stop(text: str) -> str:
    return text[-1] if text[-1] in ":;,.?!" else ""


DATES = {"{time:%Y-%m-%d %H:%M:%S}", "{time:%Y-%m-%d %H:%M}"}
# Cut short, which French shows by a stop.
WEEKDAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}


@pytest.mark.parametrize(
    ("what", "odd"),
    [
        pytest.param(placeholders, DATES, id="what is filled in"),
        pytest.param(commands, set(), id="commands"),
        pytest.param(lambda text: text.count("\n"), set(), id="line ends"),
        pytest.param(blanks_around, set(), id="blanks around it"),
        pytest.param(lambda text: text.startswith("!"), set(), id="its first sign"),
        pytest.param(stop, WEEKDAYS, id="its stop"),
    ],
)
def test_every_translation_has_the_same_as_its_message(
    what: Callable[[str], object], odd: set[str]
) -> None:
    assert {english for english, _ in wrong(lambda en, fr: what(en) != what(fr))} == odd


def broken_at(text: str) -> int:
    """The longest of the lines that the text itself ends."""
    return max(map(len, text.split("\n")[:-1]), default=0)


def test_every_translation_closes_its_commands_and_breaks_its_lines() -> None:
    assert wrong(lambda _, fr: fr.count("`") % 2) == []
    assert wrong(lambda en, fr: broken_at(fr) > max(80, broken_at(en))) == []
    assert dict(wrong(lambda en, _: en in DATES)) == dict.fromkeys(DATES, "{time:%d/%m/%Y à %H:%M}")


# --- the language -------------------------------------------------------------------------------

# The same word in both.
SAME = {
    "Console",
    "id",
    "dates",
    "Date",
    "EAN",
    "Note",
    "Total",
    "total",
    "{n} minute",
    "{n} minutes",
}


@pytest.mark.parametrize("codec", ["cp850", "cp1252"])
def test_every_translation_is_written_for_windows_consoles(codec: str) -> None:
    """As French ones are set: code page 850; what people edit is in 1252."""
    assert wrong(lambda _, fr: fr.encode(codec, "ignore").decode(codec) != fr) == []


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
    # Columns of --help are set with blanks.
    found = wrong(
        lambda english, fr: (
            english not in allowed
            and re.search(signs, re.sub("  +", " ", fr) if "   " in english else fr)
        )
    )
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
        ('x = f"{_(\'a\')}: {n_(\'b\', \'c\', 2)}"',
         [("_", ("a",), []), ("n_", ("b", "c", None), [])]),
        ("# Translators: what a is\nx = _('a')", [("_", ("a",), ["Translators: what a is"])]),
        ("# what a is\nx = _('a')", [("_", ("a",), [])]),
        *(("x = other('a')", []), ("x = _(a)", [("_", (None,), [])])),
    ],
)  # fmt: skip
def test_a_mark_is_found_wherever_it_stands(text: str, found: list[tuple[object, ...]]) -> None:
    assert extracted(text) == found


def test_a_place_is_told_last() -> None:
    """`customer erase` finds an order's XMLs by what these notes end with."""
    (french_note,) = [fr for english, fr in pairs() if english == "sent as {place}"]
    assert french_note.endswith(" {place}")


def test_marks_in_tables_are_found_as_well() -> None:
    known = {form for message in told(french()) for form in forms(message.id)}
    assert {"a quote is not closed or not doubled", "input should be a valid boolean"} <= known


def test_what_click_says_is_what_its_newest_release_says() -> None:
    said = set[object]()
    for file in Path(click.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        said |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    told = (*click_words.MESSAGES, *click_words.IN_OUR_WORDS)
    assert {form for words in told for form in forms(words)} <= said
