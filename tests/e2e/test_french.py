"""In French nothing stays English, on one screen of each command and in the documentation.

The catalogue of the first tests puts ⟦brackets⟧ around the words of each message, but not around
what is filled into it. What then stands outside of brackets and is no name, state or number would
be English on a French screen.
"""

import gettext
import importlib
import io
import re
import string
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import keyring
import pytest

from passerelle.base import language
from tests.e2e.conftest import make_world
from tests.e2e.test_fulfil import FULFIL
from tests.remotes.test_passwords import MemoryKeyring
from tests.servers.fixtures import NewServer
from tests.shell import run_program
from tests.world import Sale, World

FRENCH = 'language = "fr"\n'
# What is the same in every language: the program's name before an error, files, places on servers,
# keys of config.toml, states, values of the shop's file, and how `check` rates what it finds.
NAMES = (
    r"^( +·\d: )?passerelle: ",
    r"\bpasserelle orders [a-z]+( \d+)+`?",
    r"^(ok|warning|fault) +",
    r"\b(servers|orders|stock|fulfil)(\.\w+)+\b",
    r"\bftp\b(:[\w./{}-]*)?",
    r"[\w.{}/-]+\.(csv|xml|txt|toml|tmp|xsd|xsl|db|part)\b(:\d+)*",
    r"^(folder|alerts): ",
    r"\bArchive(Export|Trace|Withheld)\b",
    r"\b(Carte bancaire|invoice|receipt|REF\d)\b",
    r"\b(Annulé|En attente|Paiement accepté|Bon cadeau|GC-[\w-]+)( du paiement par chèque)?",
    r'(?<=: )"(deux|[?!]|-1)',
    r"(?<=: ·)[a-z0-9_]+(, [a-z0-9_]+)+(?=·)",
    # Values of facts, and the events' own names.
    r"^·: +\w+$",
    r"^  [-\d: ]+  \w+(: (invoice|receipt)?)?",
)
CHECKED = r"\((orders·stock|stock|orders)\)|(?<=·)(orders|stock)`$"
SCREENS: Sequence[tuple[str, str]] = (
    ("init .", "x^"),
    ("run orders --dry-run", "x^"),
    ("run orders", "x^"),
    ("run stock --dry-run", "x^"),
    ("run stock", "x^"),
    ("run all --accept-drop", r"--accept-drop|\brun stock\b"),
    ("orders settle 2", "x^"),
    ("orders resend 1 --yes", "x^"),
    ("orders forget 99 --yes", "x^"),
    ("orders retry 8", "x^"),
    ("orders show 1", r"^product\treference\t.*$"),
    ("orders show 8", r"^product\treference\t.*$"),
    ("orders list --state wanted", r"^id\treference\t.*$|\bREF\d|\twanted\t"),
    ("orders adopt", "x^"),
    ("stock why 370", "x^"),
    ("status", r"^run (orders|stock) +|(?<=·)(orders|stock)(?=·)|\bTrace\d"),
    ("alerts digest", r"(?<=·)(orders|stock)(?=·)|\bTrace\d|, ·vm, |\bvm\b"),
    ("export missed -o missed.csv", "x^"),
    ("compare ExportCSV.csv ExportCSV.csv", "x^"),
    ("schedule show", r"^run\tof every hour\tnext start$|^(orders|stock)\t"),
    ("convert commandes.csv -o out.xml", "x^"),
    ("fix ExportCSV.csv -o none/out.csv", "No such file or directory"),
    ("fix ExportCSV.csv --orders commandes.csv -o out.csv", "x^"),
    ("customer erase ann@x.fr --dry-run", "x^"),
    ("customer erase ann@x.fr", "x^"),
    ("customer erase ann", r"\bann@example.org\b"),
    ("archive rotate", "x^"),
    ("archive prune", "x^"),
    ("secret set ftp", "x^"),
    ("secret delete none", "·none"),
    ("history", r"^started\trun\texit code\ttook\tsummary$|\t(orders|stock|adopt)\t|\d s\b"),
    ("check", CHECKED),
    ("config edit", "x^"),
    ("desktop add", "x^"),
)
TRANSLATED = re.compile(r"⟦[^⟦⟧]*⟧")
WORDS = re.compile(r"[^\W\d_]")


class Brackets(gettext.NullTranslations):
    """A catalogue in which everything has a translation, which shows where it begins and ends."""

    def gettext(self, message: str) -> str:
        return "".join(self._parts(message))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number < 2 else plural)

    def _parts(self, message: str) -> Iterator[str]:
        for text, name, form, _ in string.Formatter().parse(message):
            yield f"⟦{text}⟧" if WORDS.search(text) else text
            if name is not None:
                yield "{" + name + (f":{form}" if form else "") + "}"


def english_in(text: str, *names: str) -> list[str]:
    """The lines with words that did not come from the catalogue, as they stand there."""
    found = []
    for line in TRANSLATED.sub("·", text).splitlines():
        left = line
        for name in (*names, *NAMES):
            left = re.sub(name, "", left)
        if WORDS.search(left):
            found.append(line)
    return found


@pytest.fixture(autouse=True)
def french(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGUAGE", "fr")
    yield
    language.speak("en")


@pytest.fixture
def brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """French is what stands in brackets; returns what is no English: the test's paths."""
    monkeypatch.setattr(language, "_french", Brackets)
    return re.escape(str(tmp_path)) + r"(/Passerelle é)?[\w./{}-]*"


def test_one_screen_of_each_command(
    brackets: str, tmp_path: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path, new_server("folder"))
    fill(world)
    monkeypatch.setattr(keyring, "set_password", MemoryKeyring().set_password)
    monkeypatch.setattr("click.edit", lambda **_: None)
    keeping = importlib.import_module("passerelle.cli.keeping")
    monkeypatch.setattr(keeping, "_first_line", io.BytesIO(b"s3same\n").readline)
    for line, names in SCREENS:
        told = world.run(*line.split()).text
        assert "⟦" in told, line
        assert english_in(told, names, brackets) == [], line


def fill(world: World) -> None:
    """Orders and stock lines of every kind; the files lie beside config.toml, too."""
    world.configure(top=FRENCH, orders="start_from = 2026-11-01T00:00:00\n", extra=FULFIL)
    world.server.put_folder("ventes")
    many = [Sale(str(n), {"371": 1}, date="2026-10-01 10:00:00") for n in range(100, 130)]
    ann = {"email": "ann@x.fr"}
    world.shop_writes(
        Sale("1", {"370": 1}, more=ann),
        Sale("2", {"370": 1}, payment="Bon cadeau"),
        Sale("3", {"370": 1}, status="Annulé"),
        Sale("4", {"370": "deux"}, more=ann),
        Sale("5", {"370": -1}),
        Sale("7", {"370": 1}, voucher="GC-1"),
        Sale("8", {"370": 9}),
        Sale("9", {"999": 1}, status="En attente"),
        *many,
    )
    world.erp_writes_stock({"370": 3, "371": 50, "372": "?", "373": "!"})
    for name in ("commandes.csv", "ExportCSV.csv"):
        (world.folder / name).write_bytes((world.server.root / name).read_bytes())


def test_the_frame_of_help(world: World) -> None:
    told = [world.run(command, "--help").text for command in ("run", "orders")]
    for words in ("Usage", "Options"):
        assert all(f"{words}\N{NO-BREAK SPACE}:" in text for text in told)
    assert "Commandes\N{NO-BREAK SPACE}:" in told[1]


def test_what_cannot_be_read_or_is_typed_wrong(brackets: str, world: World) -> None:
    for data in (b"", b"ID;ean13\r\n1;2\r\n", b"\xff\xfe", b"ID commande;ean13"):
        world.server.put("commandes.csv", data)
        world.configure(top=FRENCH)
        keys = r"\b(id|ean13|quantity|unit_price|date|utf-16|ID)\b"
        assert english_in(world.run("run", "orders").text, keys, brackets) == []
    world.configure(top=FRENCH + "time_limit = 2\nfoldr = 1\n", server="passive = 3\n")
    found = r"^passerelle: config.toml:\d+: \w+: |\b(folder|time_limit)\b|\"\d+\w\""
    assert english_in(world.fails("check", code=3).text, found, brackets) == []
    for args in (("run", "nothing"), ("runn",), ("history", "-n", "x"), ("run", "orders", "--no")):
        what, _, mend = world.fails(*args, code=2).stderr.rpartition(": ")
        assert english_in(what, r"'[^']+'", args[-1]) == []
        assert re.fullmatch(r"⟦see `⟧passerelle[ a-z]*( --help`|⟦ --help`⟧)", mend.strip())


def test_what_programs_read_stays_english(brackets: str, world: World) -> None:
    world.configure(top=FRENCH)
    (world.server.root / "import").rmdir()
    for command in ("check", "status"):
        told = world.run(command, "--json").stdout
        assert "⟦" not in told and "commandes.csv" in told


# --- the screens in the documentation, and on an old console -----------------------------------

ROOT = Path(__file__).parents[2]
# What the documentation writes for what is different each time.
VARIABLE = {
    r"\d\d/\d\d/\d{4} à \d\d:\d\d": "DATE",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "DATE",
    r"\d{8}_\d{6}": "TIME",
    r"(depuis|prochain à) \d\d:\d\d": r"\1 TIME",
    r"\d+ (seconde|minute|heure|jour)s?": "SPAN",
    r"\u00a0": " ",
}
SHOWN: Mapping[str, Sequence[tuple[str, ...]]] = {
    "README.fr.md": ((),),
    "docs/fr/tous-les-jours.md": (
        ("status",),
        ("orders", "show", "1006"),
        ("stock", "why", "3701234500614"),
    ),
    "docs/fr/installer.md": (("check",),),
}


def same_each_time(text: str) -> str:
    for pattern, instead in VARIABLE.items():
        text = re.sub(pattern, instead, text)
    return text


def screens(document: str) -> list[str]:
    """The lines of the screens in a document, without those that stand for others."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```text\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in textwrap.dedent(block).splitlines()]
    return [same_each_time(line) for line in lines if line not in ("", "…")]


def test_the_demo_is_seen_as_the_documentation_shows_it(tmp_path: Path) -> None:
    played = run_program("demo", str(tmp_path / "demo")).text
    config = ("--config", str(tmp_path / "demo" / "config.toml"))
    for document, calls in SHOWN.items():
        told = [run_program(*config, *args).text if args else played for args in calls]
        seen = {line for text in told for line in same_each_time(text).splitlines()}
        shown = screens(document)
        assert len(shown) > 5
        assert [line for line in shown if line not in seen] == []


def test_an_old_console_lacks_no_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.shell._stream", old_console)
    demo = tmp_path / "demo"
    screens = [run_program("demo", str(demo)).output.decode("cp850")]
    config = ("--config", str(demo / "config.toml"))
    for args in (("status",), ("orders", "show", "1006"), ("check",)):
        screens.append(run_program(*config, *args).output.decode("cp850"))
    assert "à saisir à la caisse\u00a0: commande 1006" in screens[0]
    assert [text for text in screens if not text or "?" in text] == []


def old_console() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="cp850", newline="\n", write_through=True)
