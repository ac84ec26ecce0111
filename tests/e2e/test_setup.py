"""From an empty folder to the first right dry run: `setup` asks, writes, checks and shows."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pty import Session, run_at_terminal
from tests.servers import HOST, PASSWORD, USER
from tests.servers.ftp import FtpServer
from tests.shell import Result, run_program
from tests.world import tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals like it")

ITEM = "3701234500058"
HEADER = "N° commande;Créée le;État;Règlement;Code barres;Désignation;Qté;PU TTC"
ORDER = f"1042;22/11/2026 10:12;Paiement accepté;Carte bancaire;{ITEM};Écharpe d’été;1;119,00"
CARD = f"1043;22/11/2026 10:20;Paiement accepté;Bon cadeau;{ITEM};Écharpe d’été;1;119,00"
Answers = list[tuple[str, str]]
NBSP = "\N{NO-BREAK SPACE}"


@dataclass
class Shop:
    """An empty folder beside an FTP server on which two exports lie."""

    folder: Path
    served: Path
    ftp: FtpServer

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def talk(self, answers: Answers, *, interrupt_at: str = "", language: str = "fr_FR") -> Session:
        # Of a terminal's width the longest question is one line.
        env = {"LANGUAGE": language, "COLUMNS": "200", "PYTHON_KEYRING_BACKEND": _NO_STORE}
        return run_at_terminal(
            "setup",
            cwd=self.folder,
            env=env,
            answers=answers,
            interrupt_at=interrupt_at,
            limit=20,
        )

    def server(self, host: str = "") -> Answers:
        host = host or f"{HOST}:{self.ftp.port}"
        return [("Genre de serveur", ""), ("Hôte", host), ("Utilisateur", USER),
                ("Dossier sur le serveur", ""), ("Mot de passe", PASSWORD)]  # fmt: skip


_NO_STORE = "keyring.backends.fail.Keyring"
ORDERS: Answers = [
    ("fichier de commandes de la boutique", ""),
    ("Clé à changer", ""),
    ("fichier XML des ventes", ""),
]
STOCK: Answers = [
    ("fichier de stock de l'ERP", ""),
    ("Clé à changer", ""),
    ("fichier de stock pour l'import", ""),
]
REST: Answers = [
    ("numéro du magasin", "008"),
    ("partir de quand", "1/11/2026"),
    ("cartes cadeaux", "1201, 1202"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    served, folder = tmp_path / "served", tmp_path / "Passerelle é"
    (served / "import").mkdir(parents=True)
    folder.mkdir()
    orders = "".join(f"{line}\r\n" for line in (HEADER, ORDER, CARD))
    (served / "commandes.csv").write_bytes(orders.encode("cp1252"))
    (served / "ExportCSV.csv").write_bytes(f"ID;Gencode;Dispo\r\n7;{ITEM};3\r\n".encode("cp1252"))
    with ExitStack() as stack:
        ftp = stack.enter_context(FtpServer(served, {USER: PASSWORD}))
        yield Shop(folder, served, ftp)


def test_one_command_leads_to_the_first_right_dry_run(shop: Shop) -> None:
    before = tree(shop.served)
    talk = [("Language", ""), *shop.server(), *ORDERS, *STOCK, *REST, ("L'écrire", "oui")]
    done = shop.talk(talk)
    assert done.exit_code == 0, done.text
    # What was seen before the yes: the columns with their values, not the password.
    assert "Code barres" in done.text and ITEM in done.text and "Écharpe" in done.text
    assert PASSWORD not in done.text
    # What it wrote.
    found = tomllib.loads(shop.config.read_text("utf-8"))
    assert found["language"] == "fr"
    assert found["servers"]["ftp"] == {
        "url": f"ftp://{USER}@{HOST}:{shop.ftp.port}/",
        "password": "env:PASSERELLE_FTP",
    }
    assert str(found["orders"]["start_from"]) == "2026-11-01 00:00:00"
    assert found["orders"]["store"] == "008"
    assert found["orders"]["columns"]["ean13"] == "Code barres"
    assert found["stock"]["columns"] == {"ean13": "Gencode", "quantity": "Dispo"}
    assert found["stock"]["gift_cards"]["ids"] == ["1201", "1202"]
    assert "# Commandes" in shop.config.read_text("utf-8")
    assert (shop.folder / "config.schema.json").is_file()
    # The dry run: right, and dry.
    assert "à envoyer : 1 commande (1042)" in done.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Bon cadeau" in done.text
    assert "l'horloge de ftp n'est pas connue" not in done.text
    assert tree(shop.served) == before


def test_a_wrong_host_is_told_and_asked_again(shop: Shop, free_port: int) -> None:
    talk = [("Language", ""), *shop.server(f"{HOST}:{free_port}"), *shop.server()]
    done = shop.talk([*talk, ("fichier de commandes", "-")], interrupt_at="fichier de commandes")
    assert "passerelle: connexion" in done.text
    assert "répondez encore une fois" in done.text
    assert "Sans lui, rien ne passe" in done.text.replace(NBSP, " ")
    assert done.exit_code == 130
    assert [*shop.folder.iterdir()] == []


@pytest.mark.parametrize("place", range(5))
def test_ctrl_c_leaves_nothing_at_any_question(shop: Shop, place: int) -> None:
    questions = [*shop.server(), *ORDERS, *STOCK, *REST]
    stop = (0, 4, 6, 9, 13)[place]
    talk = [("Language", ""), *questions[:stop]]
    end = questions[stop][0]
    done = shop.talk(talk, interrupt_at=end)
    assert done.exit_code == 130
    assert [*shop.folder.iterdir()] == []


def test_a_no_writes_nothing(shop: Shop) -> None:
    talk = [("Language", ""), *shop.server(), *ORDERS, *STOCK, *REST]
    done = shop.talk([*talk, ("L'écrire", "peut-être"), ("L'écrire", "n")])
    assert done.exit_code == 2
    assert "répondez par oui ou par non" in done.text
    assert [*shop.folder.iterdir()] == []


def test_a_column_can_be_given_another_key(shop: Shop) -> None:
    (shop.served / "ExportCSV.csv").write_bytes(
        f"N°;Gencod;Stock;Dispo\r\n7;{ITEM};9;3\r\n".encode("cp1252")
    )
    change = [("Clé à changer", "quantité"), ("Clé à changer", "quantity"),
              ("Sa colonne", "dispo"), ("Clé à changer", "")]  # fmt: skip
    stock = [STOCK[0], *change, STOCK[2]]
    rest = [*REST, ("La colonne du fichier de stock", "id"), ("La colonne", "n°"), ("L'écrire", "")]
    path = shop.served / "commandes.csv"
    path.write_bytes(path.read_bytes().replace("Règlement".encode("cp1252"), b"Paiement"))
    off = [("Clé à changer", "payment"), ("Sa colonne", "-"), ("Clé à changer", "")]
    path.write_bytes(
        path.read_bytes().replace(b"PU TTC", b"PU TTC;PU HT").replace(b"119,00", b"119,00;99,17")
    )
    net = [("Clé à changer", "unit_price"), ("Sa colonne", "PU HT")]
    back = [("Clé à changer", "unit_price"), ("Sa colonne", "PU TTC")]
    orders = [ORDERS[0], *net, *back, *off, ORDERS[2]]
    talk = [("Language", ""), *shop.server(), *orders, *stock, *rest]
    done = shop.talk(talk)
    assert done.exit_code == 0, done.text
    assert "cette clé n'existe pas" in done.text
    assert done.text.count("elle semble hors taxes") == 1, "as long as it is so"
    found = tomllib.loads(shop.config.read_text("utf-8"))
    assert found["stock"]["columns"] == {"quantity": "Dispo"}
    assert found["orders"]["columns"]["payment"] == [], "its usual name would find it again"
    assert found["stock"]["gift_cards"] == {"ids": ["1201", "1202"], "column": "N°"}


def test_what_people_wrote_stays(shop: Shop) -> None:
    mine = (
        "# À nous\n[servers.ftp]  # le serveur\n"
        f"url = 'ftp://{USER}@{HOST}:1/'\ntimeout = '9s'\npassword = '{PASSWORD}'\n"
    )
    shop.config.write_text(mine, encoding="utf-8")
    english = [
        *(("Language", "en"), ("Kind of server", ""), ("Host", f"{HOST}:{shop.ftp.port}")),
        *(("User", ""), ("Folder on", ""), ("Password", ""), ("order file", ""), ("Key to", "")),
        *(("sales XML", ""), ("stock file", "-"), ("store's number", "")),
        *(("from when on", "2026-11-01"), ("Write it?", "y")),
    ]
    done = shop.talk(english, language="en")
    assert done.exit_code == 0, done.text
    text = shop.config.read_text("utf-8")
    head = 'language = "en"\n# À nous\n[servers.ftp]  # le serveur\nurl = "ftp://'
    assert text.startswith(head)
    assert "timeout = '9s'\n" in text
    assert "[stock]" not in text


def test_enter_keeps_what_lies_on_another_server(shop: Shop, tmp_path: Path) -> None:
    """The shop's and the ERP's files on two servers: each is offered with its server."""
    erp = tmp_path / "erp"
    (erp / "import").mkdir(parents=True)
    (shop.served / "ExportCSV.csv").rename(erp / "ExportCSV.csv")
    first = (
        f"[servers.ftp]\nurl = 'ftp://{USER}@{HOST}:{shop.ftp.port}/'\npassword = '{PASSWORD}'\n"
        f"[servers.erp]\nurl = '{erp.as_posix()}'\n"
        '[orders]\nfrom = "ftp:commandes.csv"\nto = "erp:import/c_{time}.xml"\nstore = "7"\n'
        '[stock]\nfrom = "erp:ExportCSV.csv"\nto = "ftp:Mod.csv"\n'
    )
    shop.config.write_text(first, encoding="utf-8")
    before = tomllib.loads(first)
    keep: Answers = [(question, "") for question, _answer in (*ORDERS, *STOCK)]
    rest: Answers = [("numéro du magasin", "-"), ("partir de quand", "1/12/2062"),
                     ("dans l'avenir", "n"), ("partir de quand", "1/11/2026"),
                     ("cartes cadeaux", "carte 50, 51")]  # fmt: skip
    place = [(question, "") for question, _answer in shop.server()]
    done = shop.talk([("Language", "fr"), *place, *keep, *rest, ("L'écrire", "oui")])
    found = tomllib.loads(shop.config.read_text("utf-8"))
    for what in ("orders", "stock"):
        assert [found[what][key] for key in ("from", "to")] == [
            before[what][key] for key in ("from", "to")
        ], done.text
    assert found["orders"].get("store", "") == "", "a dash takes it back"
    assert found["stock"]["gift_cards"]["ids"] == ["carte 50", "51"]


def test_a_section_that_is_there_stays_until_it_is_deleted(shop: Shop) -> None:
    first = (
        f"[servers.ftp]\nurl = 'ftp://{USER}@{HOST}:{shop.ftp.port}/'\npassword = '{PASSWORD}'\n"
        '[orders]\nfrom = "ftp:commandes.csv"\nto = "ftp:import/c_{time}.xml"\n'
        '[stock]\nfrom = "ftp:ExportCSV.csv"\nto = "ftp:Mod.csv"\n'
    )
    shop.config.write_bytes(first.replace("\n", "\r\n").encode())
    keep = [(question, "") for question, _answer in (*shop.server(), *ORDERS)]
    rest = [("fichier de stock", "-"), ("numéro du magasin", "7"), ("partir de quand", "1/11/2026")]
    done = shop.talk(
        [("Language", "fr"), *keep, *rest, ("cartes cadeaux", ""), ("L'écrire", "oui")]
    )
    assert "[stock] reste tel quel dans config.toml" in done.text
    found = tomllib.loads(shop.config.read_bytes().decode().replace("\r\n", "\n"))
    assert (found["stock"]["to"], found["orders"]["store"]) == ("ftp:Mod.csv", "7")


def test_what_cannot_be_written_is_asked_again(shop: Shop) -> None:
    bad = [*ORDERS[:2], ("fichier XML des ventes", "import\\c.xml"),
           ("fichier XML des ventes", "commandes.csv"),
           ("fichier XML des ventes", "import/c_{day}.xml")]  # fmt: skip
    host = ("Hôte", f"ftp://{HOST}:{shop.ftp.port}")
    place = shop.server()
    talk = [("Language", ""), place[0], host, *place[1:], *bad, *STOCK, *REST]
    again: Answers = [(question, "") for question, _answer in (*place, *ORDERS[:2])]
    again += [ORDERS[2], *((q, "") for q, _a in STOCK), *((q, "") for q, _a in REST)]
    again[7] = ("fichier XML des ventes", "import/c_{time}.xml")
    done = shop.talk([*talk, *again, ("L'écrire", "oui")])
    text = done.text.replace(NBSP, " ")
    assert "seulement l'hôte" in text and "c'est le fichier qui est lu" in text
    assert "Cela ne peut pas être écrit ainsi" in text
    assert done.exit_code == 0, text
    assert (
        tomllib.loads(shop.config.read_text("utf-8"))["orders"]["to"] == "ftp:import/c_{time}.xml"
    )


def asked_without_terminal(folder: Path) -> Result:
    return run_program("setup", cwd=folder)


def test_without_a_terminal_it_names_the_keys_that_are_missing(tmp_path: Path) -> None:
    result = asked_without_terminal(tmp_path)
    assert (result.exit_code, result.stdout) == (3, "")
    keys = "servers.NAME.url, orders.from, orders.to, stock.from, stock.to"
    assert f"there is no terminal: {tmp_path / 'config.toml'}: missing: {keys};" in result.stderr
    assert [*tmp_path.iterdir()] == []
