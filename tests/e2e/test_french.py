"""In French nothing stays English: every word that people read comes from the catalogue.

The catalogue of these tests puts ⟦brackets⟧ around the words of each message, but not around what
is filled into it. What then stands outside of brackets and is no name, state or number would be
English on a French screen.
"""

import gettext
import importlib
import io
import re
import shutil
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from passerelle.base import language
from tests.e2e.conftest import make_world
from tests.remotes.test_passwords import MemoryKeyring
from tests.servers.fixtures import NewServer
from tests.shell import Result, run_program
from tests.world import Sale, World

FRENCH = 'language = "fr"\n'
SHOE = Sale("1", {"370": 1})
# What is the same in every language: the program's name before an error, files, places on servers,
# keys of config.toml, states, values of the shop's file, and how `check` rates what it finds.
NAMES = (
    r"^( +·\d: )?passerelle: ",
    r"\bpasserelle orders [a-z]+( \d+)+",
    r"^(ok|warning|fault) +",
    r"\b(servers|orders|stock)(\.\w+)+\b",
    r"\bftp\b(:[\w./{}-]*)?",
    r"[\w.{}/-]+\.(csv|xml|txt|toml|tmp|xsd|xsl|db|part)\b(:\d+)*",
    r"^(folder|alerts): ",
    r"\bArchive(Export|Trace)\b",
    r"(^|(?<=·))(waiting|withheld|skipped|rejected|prepared|sent|taken|settled)(?=·|\)|$)",
    r"\bCarte bancaire\b",
    r"\b(Annulé|En attente|Paiement accepté|Bon cadeau|GC-[\w-]+)( du paiement par chèque)?",
    r'(?<=: )quantity: "(deux|[?!])',
)
# What `check` says of the configuration besides.
CHECKED = r"\((orders·stock|stock|orders)\)|(?<=·)(orders|stock)`$"
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


def is_french(result: Result, *names: str) -> bool:
    """Whether something was told, and all of it in French; ``names`` are patterns besides."""
    assert "⟦" in result.text, result
    english = english_in(result.text, *names)
    assert not english, "\n".join(english)
    return True


@pytest.fixture(autouse=True)
def brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """French is what stands in brackets, and spoken by files that say so and by the system."""
    monkeypatch.setattr(language, "_french", Brackets)
    paths = re.escape(str(tmp_path)) + r"(/Passerelle é)?[\w./{}-]*"
    monkeypatch.setattr(sys.modules[__name__], "NAMES", (paths, *NAMES))
    monkeypatch.setenv("LANGUAGE", "fr")
    yield
    language.speak("en")


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    return ready(make_world(tmp_path, new_server("folder"), top=FRENCH))


def ready(world: World) -> World:
    """Both sources are there."""
    world.shop_writes(SHOE)
    world.erp_writes_stock({"370": 3})
    return world


# --- the test itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "filled"),
    [
        ("moved to {path}", "⟦moved to ⟧x y"),
        ("{path}", "x y"),
        ("{path:>5} is there", "  x y⟦ is there⟧"),
    ],
)
def test_brackets_are_around_words_but_not_around_what_is_filled_in(
    message: str, filled: str
) -> None:
    language.speak("fr")
    assert language._(message).format(path="x y") == filled


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("⟦moved to ⟧commandes.csv:17: 3", []),
        ("⟦moved to ⟧us", ["·us"]),
        ("⟦moved ⟧(⟦far⟧ away), ⟦then⟧", ["·(· away), ·"]),
        ("passerelle: ⟦no⟧", []),
        ("no passerelle: ⟦no⟧", ["no passerelle: ·"]),
        ("⟦two\nlines⟧", []),
        ("⟦two⟧\nlines", ["lines"]),
    ],
)
def test_what_stands_outside_of_brackets_is_found(text: str, found: list[str]) -> None:
    assert english_in(text) == found


# --- first steps -------------------------------------------------------------------------------


def test_init(tmp_path: Path) -> None:
    written = run_program("init", str(tmp_path))
    assert written.exit_code == 0
    assert is_french(written)
    assert is_french(run_program("init", str(tmp_path)))


def test_demo(tmp_path: Path) -> None:
    played = run_program("demo", str(tmp_path / "demo"))
    assert played.exit_code == 0
    commands = r"passerelle run (orders|stock)$", r'^  \S+ --config "\S+" (orders|run|stock) .*'
    assert is_french(played, *commands, r"Trace1.txt, Trace2.txt")


def test_no_configuration(tmp_path: Path) -> None:
    result = run_program("run", "orders", cwd=tmp_path)
    assert result.exit_code == 3
    assert is_french(result)


def test_a_faulty_configuration(world: World) -> None:
    world.configure(top=FRENCH + "time_limit = 2\nfoldr = 1\n", server="passive = 3\n")
    result = world.run("check")
    assert result.exit_code == 3
    assert is_french(result, r"^passerelle: config.toml:\d+: \w+: ",
                     r"\bfolder\b", r"\btime_limit\b", r'"\d+\w"')  # fmt: skip


def test_the_mend_of_a_wrong_command_line(world: World) -> None:
    for args in (("run", "nothing"), ("runn",), ("run", "orders", "--no")):
        result = world.run(*args)
        assert result.exit_code == 2
        what, _, mend = result.stderr.removeprefix("passerelle: ").rpartition(": ")
        assert "⟦" not in what
        assert re.fullmatch(r"⟦see `⟧passerelle[ a-z]*( --help`|⟦ --help`⟧)", mend.strip())


# --- runs of orders ----------------------------------------------------------------------------


def test_orders_of_every_kind(world: World) -> None:
    world.configure(top=FRENCH, orders="start_from = 2026-11-01T00:00:00\n")
    many = [Sale(str(n), {"370": 1}, date="2026-10-01 10:00:00") for n in range(100, 130)]
    sales = (
        SHOE,
        Sale("2", {"370": 1}, payment="Bon cadeau"),
        Sale("3", {"370": 1}, status="Annulé"),
        Sale("4", {"370": "deux"}),
        Sale("5", {"370": -1}),
        Sale("6", {"370": 1}, date="2026-10-01 10:00:00"),
        Sale("7", {"370": 1}, voucher="GC-1"),
    )
    world.shop_writes(*sales)
    for args in (("--dry-run",), (), ()):
        result = world.run("run", "orders", *args)
        assert result.exit_code == 5
        assert is_french(result, r': quantity: "-1')
    world.shop_writes(*sales, *many)
    assert is_french(world.run("run", "orders"), r': quantity: "-1')


def test_an_order_file_that_cannot_be_read(world: World) -> None:
    for data in (b"", b"ID;ean13\r\n1;2\r\n", b"\xff\xfe", b"ID commande;ean13"):
        world.server.put("commandes.csv", data)
        result = world.run("run", "orders")
        assert result.exit_code in (3, 4)
        assert is_french(result, r"\b(id|ean13|quantity|unit_price|date|utf-16|ID)\b")


# --- runs of stock -----------------------------------------------------------------------------


def test_stock(world: World) -> None:
    world.shop_writes(
        SHOE, Sale("2", {"999": 1}), *(Sale(str(n), {"371": 1}) for n in range(9, 40))
    )
    world.erp_writes_stock({"370": 3, "371": 50, "372": "?", "373": "!"})
    for missed, args in (("zero", ["--dry-run"]), ("remove", ["--dry-run"]), ("subtract", [])):
        world.configure(top=FRENCH, stock=f"missed_sales = '{missed}'\n")
        result = world.run("run", "stock", *args)
        assert result.exit_code == 5
        assert is_french(result)


def test_stock_that_is_held_and_withdrawn(world: World) -> None:
    world.run_well("run", "stock")
    world.erp_writes_stock({"370": 0})
    assert is_french(world.run("run", "stock", "--dry-run"), r"\bmax_drop\b")
    result = world.run("run", "all")
    assert result.exit_code == 6
    assert is_french(result, r"\b(max_drop|min_lines)\b")
    assert is_french(world.run("run", "orders", "--accept-drop"), "--accept-drop", "run stock")


# --- what a person may do ----------------------------------------------------------------------


def test_orders_that_a_person_steers(world: World) -> None:
    world.shop_writes(SHOE, Sale("2", {"370": 1}, payment="Bon cadeau"))
    world.run_well("run", "orders")
    for args in (
        ("settle", "2"),
        ("settle", "1"),
        ("resend", "1"),
        ("resend", "2"),
        ("forget", "2"),
        ("forget", "3"),
        ("adopt",),
    ):
        assert is_french(world.run("orders", *args)), args


def test_convert(world: World) -> None:
    world.shop_writes(SHOE, Sale("2", {"370": 1}, payment="Bon cadeau"), Sale("3", {"370": "deux"}))
    source, out = str(world.server.root / "commandes.csv"), str(world.folder / "out.xml")
    result = world.run("convert", source, "-o", out)
    assert result.exit_code == 5
    assert is_french(result)
    unwritable = str(world.folder / "none" / "out.xml")
    assert is_french(world.run("convert", source, "-o", unwritable),
                     r"No such file or directory")  # fmt: skip


def test_fix(world: World) -> None:
    stock, orders = (str(world.server.root / n) for n in ("ExportCSV.csv", "commandes.csv"))
    out = str(world.folder / "out.csv")
    assert is_french(world.run("fix", stock, "--orders", orders, "-o", out))
    (world.server.root / "ExportCSV.csv").write_bytes(b"EAN;Stock\r\n1;1\r\n")
    assert is_french(world.run("fix", stock, "-o", out), r"\b(Gencod|EAN, Stock)\b")


def test_archives(world: World) -> None:
    world.run_well("run", "orders")
    assert is_french(world.run("archive", "rotate"))
    assert is_french(world.run("archive", "rotate"))
    assert is_french(world.run("archive", "prune"))


def test_customer(world: World) -> None:
    world.shop_writes(Sale("1", {"370": "ann@x.fr"}, more={"email": "ann@x.fr"}),
                      Sale("2", {"371": 1}, more={"email": "ann@x.fr"}))  # fmt: skip
    world.run("run", "orders")
    for args in (("--dry-run",), (), ()):
        assert is_french(world.run("customer", "erase", "ann@x.fr", *args))
    assert is_french(world.run("customer", "erase", "ann"), r"\bann@example.org\b")
    (world.data / "ArchiveExport" / "odd.xml").write_bytes(b"<no xml")
    assert is_french(world.run("customer", "erase", "ann@x.fr"))


class ForgetfulKeyring(MemoryKeyring):
    """One from which passwords can be removed."""

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


def test_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ForgetfulKeyring()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(store, name))
    secret = importlib.import_module("passerelle.cli.keeping")
    for data in (b"", b"\xff\n"):
        monkeypatch.setattr(secret, "_first_line", io.BytesIO(data).readline)
        assert is_french(world.run("secret", "set", "ftp"))
    monkeypatch.setattr(secret, "_is_console", lambda: True)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda text: sys.stderr.write(text))
    stored = world.run("secret", "set", "ftp")
    assert "⟦Password of ⟧ftp: " in stored.stderr
    assert is_french(stored)
    assert is_french(world.run("secret", "delete", "ftp"))
    assert is_french(world.run("secret", "delete", "none"), "·none")
    monkeypatch.setattr(keyring, "delete_password", MemoryKeyring().delete_password)
    assert is_french(world.run("secret", "delete", "ftp"))


# --- history: for people on a terminal, for programs in a pipe and as JSON ------------------------


def test_history_on_a_terminal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_french(world.run("history"))
    world.run_well("run", "orders")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("tests.shell._stream", terminal)
    shown = world.run("history")
    assert "⟦started⟧" in shown.stdout
    assert is_french(shown, r"\borders\b", r"\d s\b", r"\x1b\[\d*m")


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def terminal() -> Terminal:
    return Terminal(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)


def test_history_in_a_pipe_names_its_columns_in_english(world: World) -> None:
    world.run_well("run", "orders")
    header, row = world.run("history").stdout.splitlines()
    assert header == "started\trun\texit code\ttook\tsummary"
    assert "⟦" in row


def test_json_of_check_is_english(world: World) -> None:
    (world.server.root / "commandes.csv").unlink()
    shutil.rmtree(world.server.root / "import")
    result = world.run("check", "--json")
    assert result.exit_code == 4
    assert "⟦" not in result.stdout
    assert "the shop or the ERP" in result.stdout
    assert is_french(Result(result.exit_code, b"", result.stderr))


# --- check -------------------------------------------------------------------------------------


def test_check(world: World) -> None:
    assert is_french(world.run("check"), CHECKED)
    world.run_well("run", "orders")
    assert is_french(world.run("check"), CHECKED)
    (world.server.root / "ExportCSV.csv").unlink()
    world.configure(top=FRENCH, server="publish = 'direct'\n")
    assert is_french(world.run("check"), CHECKED)
