"""The language spoken: how it is chosen, what it says of numbers, and who hears it."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic_core import PydanticKnownError

from passerelle.base import language
from passerelle.base.errors import ConfigError
from passerelle.base.language import N_, _, n_, speak, spoken, system_language
from passerelle.config.faults import KINDS
from passerelle.config.load import load_config
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.orders import Reading
from passerelle.model.records import Mark
from passerelle.model.states import Kind, State
from passerelle.rules.fate import judge
from tests.unit import orders_settings

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
SERVER = '[servers.ftp]\nurl = "ftp://user@host/"\n'
SENT_AS = "envoyée sous le nom de {place}"
FRENCH = {"a fault in the configuration": ("un défaut", "{n} défauts dans la configuration")}


class Stub:
    """A catalogue in which every message is its English between « »."""

    def gettext(self, message: str) -> str:
        if message == ": ":
            return message
        return SENT_AS if message == "sent as {place}" else f"«{message}»"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        forms = FRENCH.get(singular, (f"«{singular}»", f"«{plural}»"))
        return forms[number > 1]


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The French catalogue, as far as a test needs one; the true one is anybody's to improve."""
    monkeypatch.setattr(language, "_french", Stub)


def faults(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    return [str(error.value), *error.value.faults]


NOW = datetime(2026, 11, 25, 10, 27, tzinfo=UTC)


def send(ledger: Ledger, path: str, archived: str) -> None:
    """Order 7 leaves in an XML."""
    mark = Mark(Reading("7", "", None, "", None, ()), State.PREPARED)
    place = Location("ftp", path)
    book, promise = ledger.dispatches, Promise(Kind.ORDERS, place, "", 1, archived)
    dispatch = book.stage(book.prepare_orders(promise, NOW, "web", [mark]), NOW, None)
    book.send(dispatch, NOW, None)


class TestTheSystemsLanguage:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (("fr",), "fr"),
            (("", "fr_FR.UTF-8", "en"), "fr"),
            (("", "", "FR_be", "en"), "fr"),
            (("", "", "", "fr_FR"), "fr"),
            *(((other, "fr"), "en") for other in ("en_GB.UTF-8", "de", "C", "C.UTF-8")),
            (("fr:en",), "fr"),
            ((), "en"),
        ],
    )
    @pytest.mark.usefixtures("no_variables")
    def test_is_said_by_the_first_variable_that_has_a_value_or_is_english(
        self, monkeypatch: pytest.MonkeyPatch, values: tuple[str, ...], expected: str
    ) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        for name, value in zip(VARIABLES, values, strict=False):
            monkeypatch.setenv(name, value)
        assert system_language() == expected

    @pytest.mark.parametrize(
        ("identifier", "expected"), [(0x040C, "fr"), (0x0C0C, "fr"), (0x0409, "en"), (0x0407, "en")]
    )
    @pytest.mark.usefixtures("no_variables")
    def test_is_else_the_one_of_windows(
        self, monkeypatch: pytest.MonkeyPatch, identifier: int, expected: str
    ) -> None:
        kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: identifier)
        windows = SimpleNamespace(windll=SimpleNamespace(kernel32=kernel))
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setitem(sys.modules, "ctypes", windows)
        assert system_language() == expected


@pytest.mark.parametrize("system", ["fr", "en"])
@pytest.mark.parametrize("chosen", ["fr", "en", "auto", "", "de"])
def test_the_language_spoken_is_the_one_chosen_or_else_the_system_s(
    monkeypatch: pytest.MonkeyPatch, chosen: str, system: str
) -> None:
    monkeypatch.setenv("LANGUAGE", system)
    speak(chosen)
    assert spoken() == (chosen if chosen in ("fr", "en") else system)


def test_the_true_catalogue_counts_in_french_and_leaves_what_it_lacks_as_it_is() -> None:
    # What has no translation yet takes the English rule; gettext reads the French one.
    plural = language._french().plural  # type: ignore[attr-defined]
    assert [plural(number) for number in (0, 1, 2)] == [0, 0, 1]
    speak("fr")
    assert _("a message that nobody wrote") == N_("a message that nobody wrote")
    assert n_("{n} of {all}", "{n} of {all}s", 2, all="order") == "2 of orders"


class TestAFaultOfTheConfiguration:
    TEXT = 'language = "fr"\n' + SERVER + 'passive = 1\npasive = true\ntimeout = "2"\n'

    @pytest.mark.usefixtures("stub")
    def test_is_told_in_the_language_that_the_file_names(self, tmp_path: Path) -> None:
        assert faults(tmp_path / "config.toml", self.TEXT) == [
            f"3 défauts dans la configuration: {tmp_path / 'config.toml'}",
            "config.toml:4: servers.ftp.passive: «input should be a valid boolean»",
            "config.toml:5: servers.ftp.pasive: «unknown key; did you mean passive?»",
            'config.toml:6: servers.ftp.timeout: «a duration is a number with its unit, like "20s",'
            ' "2m", "12h" or "365d"»',
        ]

    @pytest.mark.parametrize("system", ["fr", "en"])
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('language = "en"\ntime_limit = 2\n', "en"),
            ('language = "auto"\ntime_limit = 2\n', ""),
            ('language = "de"\ntime_limit = 2\n', ""),
            ("time_limit = 2\n", ""),
            ('folder = .\n[x]\nlanguage = "fr"\n', ""),
        ],
        ids=["English", "auto", "neither", "none", "of a table"],
    )
    @pytest.mark.usefixtures("stub")
    def test_is_else_told_in_the_system_s(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, text: str, said: str
    ) -> None:
        monkeypatch.setenv("LANGUAGE", system)
        told = faults(tmp_path / "config.toml", text)
        assert ("«" in told[-1]) == ((said or system) == "fr")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("folder = .\n", '«a text stands between quotes: write folder = "."»'),
            ("[trace\n", "«brackets do not match: write [trace]»"),
            ("a = 1\na = 2\n", '«"a" stands on line 3 already: keep one»'),
            (f"a = {'[' * 3000}\n", "«brackets within brackets, too deep»"),
        ],
    )
    @pytest.mark.usefixtures("stub")
    def test_of_the_form_is_told_in_it_as_well(self, tmp_path: Path, text: str, words: str) -> None:
        told = faults(tmp_path / "config.toml", f"# ours\n  language = 'fr' # nôtre\n{text}")
        assert told[1].endswith(words)

    def test_leaves_its_language_to_the_command(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_text('"language" = "fr"\n', encoding="utf-8")
        load_config(path)
        assert spoken() == "fr"

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_in_english_what_pydantic_says(self, kind: str) -> None:
        limits = dict.fromkeys(("gt", "ge", "lt", "le"), 3)
        context = {"expected": "'a' or 'b'"} | limits
        said = PydanticKnownError(kind, context).message()  # type: ignore[arg-type]
        assert KINDS[kind].format(**context).lower() == said.lower()


class TestAMessage:
    @pytest.mark.usefixtures("stub")
    def test_of_an_order_is_in_the_language_of_now(self) -> None:
        settings = orders_settings()
        data = b"ID commande;ean13;quantity;unit_price\n7;370;deux;1\n8;370;1;1;1\n"
        told = {}
        for chosen in ("en", "fr"):
            speak(chosen)
            readings = read_orders(data, settings, "o.csv").readings
            told[chosen] = [judge(reading, settings).reason for reading in readings]
        assert told["en"] == [
            'o.csv:2: quantity: "deux" is no number',
            "o.csv:3: line: another number of fields than the header (5 instead of 4)",
        ]
        assert told["fr"] == [
            'o.csv:2: «quantity»: «"deux" is no number»',
            "o.csv:3: «line»: «another number of fields than the header (5 instead of 4)»",
        ]

    @pytest.mark.parametrize("chosen", ["en", "fr"])
    @pytest.mark.usefixtures("stub")
    def test_of_an_order_sent_twice_names_both_xmls_in_any_language(
        self, tmp_path: Path, chosen: str
    ) -> None:
        speak(chosen)
        ledger = open_ledger(tmp_path)
        send(ledger, "in/a b.xml", "a b.xml")
        (known,) = ledger.orders.find("7")
        ledger.orders.resend(known, NOW)
        send(ledger, "in/b.xml", "b.xml")
        speak("en")
        assert ledger.erasure.archived() == {"a b.xml": {("web", "7")}, "b.xml": {("web", "7")}}
        ledger.close()
