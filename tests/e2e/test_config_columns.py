"""`config columns` reads a real export and prints what can be pasted into config.toml."""

import tomllib
from pathlib import Path

import pytest

from passerelle.cli.demo import sample
from tests.shell import Result, run_program
from tests.world import World

ITEM = "3701234500058"


def columns(folder: Path, data: bytes | str, *options: str) -> Result:
    path = folder / "export.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return run_program("config", "columns", str(path), *options)


def test_an_order_file_is_told_and_its_mapping_printed(tmp_path: Path) -> None:
    result = columns(tmp_path, sample("orders_french.csv"))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "# export.csv: an order file",
        '# encoding cp1252, separator ";", 32 lines below the header',
    ]
    assert " ".join(lines[4].split()) == "# ID commande whole numbers id"
    assert tomllib.loads(result.stdout)["orders"]["columns"]["ean13"] == "EAN 13 de produits"


def test_no_value_of_a_customer_is_shown(tmp_path: Path) -> None:
    for name in ("orders_french.csv", "orders_english.csv"):
        data = sample(name)
        text = data.decode("utf-8-sig" if "english" in name else "cp1252")
        header, _, body = text.partition("\n")
        out = columns(tmp_path, data).text
        values = {cell.strip('"\r') for row in body.split("\n") for cell in row.split('"')}
        for value in values:
            assert len(value) < 5 or value in header or value not in out, value


def test_what_is_not_certain_is_said_beside_it(tmp_path: Path) -> None:
    result = columns(tmp_path, f"Article;Zone;Dispo\nBotte;{ITEM};2\n")
    assert result.exit_code == 0
    assert "# export.csv: a stock file (a guess; if not, say --orders)\n" in result.stdout
    assert 'ean13 = "Zone"                   # a guess: by what stands in it\n' in result.stdout
    assert "1 line below the header" in result.stdout


def test_what_is_required_and_not_there_is_the_exit_code(tmp_path: Path) -> None:
    result = columns(tmp_path, f"Order ID;Email;EAN;PU HT\n1;a@b.fr;{ITEM};10,00\n")
    assert result.exit_code == 5
    assert '# quantity = "…"                 # required, and not found' in result.stdout
    assert '# not taken, since it looks like prices without tax: "PU HT"\n' in result.stdout
    assert result.stderr == (
        "passerelle: no column is found for quantity, unit_price: export.csv:1: "
        "name it in [orders.columns]\n"
    )
    assert tomllib.loads(result.stdout)["orders"]["columns"]["id"] == "Order ID"


@pytest.mark.parametrize(("option", "section"), [("--orders", "orders"), ("--stock", "stock")])
def test_a_person_says_which_file_it_is(tmp_path: Path, option: str, section: str) -> None:
    result = columns(tmp_path, f"ID;Gencod;Stock\n1;{ITEM};2\n", option)
    assert list(tomllib.loads(result.stdout)) == [section]
    assert "a guess; if not" not in result.stdout


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", 4, "the file is empty: export.csv"),
        (b"PK\x03\x04", 5, "the file is no CSV but binary (Excel, ZIP): export.csv"),
        (b"Stock\n1\n", 5, "the first line has one column only: export.csv:1"),
    ],
)
def test_what_is_no_csv_is_refused_on_one_line(
    tmp_path: Path, data: bytes, code: int, words: str
) -> None:
    result = columns(tmp_path, data)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"passerelle: {words}")
    assert result.stderr.count("\n") == 1


def test_what_is_printed_can_be_pasted_and_used(tmp_path: Path) -> None:
    data = sample("orders_french.csv").decode("cp1252")
    for old, new in (("ID commande", "N° commande"), ("Quantité de produits", "Qté"),
                     ("Prix unitaire TTC de produits", "PU TTC")):  # fmt: skip
        data = data.replace(old, new, 1)
    config = tmp_path / "config.toml"
    config.write_bytes(sample("config.toml"))
    plain = run_program("convert", str(tmp_path / "export.csv"), cwd=tmp_path)
    assert plain.exit_code == 2
    pasted = columns(tmp_path, data.encode("cp1252")).stdout
    assert run_program("convert", "export.csv", cwd=tmp_path).exit_code == 3
    with config.open("a", encoding="utf-8") as file:
        file.write(pasted)
    result = run_program("convert", "export.csv", cwd=tmp_path)
    assert result.exit_code in (0, 5)
    assert "<vente>" in result.stdout


# --- from a server, and into config.toml --------------------------------------------------------


def test_a_server_s_file_is_read_by_its_name_in_config_toml(world: World) -> None:
    (world.server.root / "o.csv").write_bytes(sample("orders_french.csv"))
    result = world.fails("config", "columns", "ftp:o.csv", code=0)
    assert result.stdout.startswith("# o.csv: an order file\n")
    away = world.fails("config", "columns", "fpt:o.csv", code=2)
    assert 'no server is named "fpt" (servers: ftp): fpt:o.csv' in away.stderr
    world.fails("config", "columns", "ftp:away.csv", code=4, words="no such file")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_it_finds_goes_into_config_toml_and_all_else_stays(
    world: World, end: str, encoding: str
) -> None:
    path, renamed = world.folder / "config.toml", sample("orders_french.csv").decode("cp1252")
    text = path.read_text("utf-8") + "# Ours: été\n[archive]\nkeep_traces = '9d' # short\n"
    path.write_bytes(text.replace("\n", end).encode(encoding))
    for old, new in (("ID commande", "N° commande"), ("Quantité de produits", "Qté")):
        renamed = renamed.replace(old, new, 1)
    (world.server.root / "o.csv").write_bytes(renamed.encode("cp1252"))
    result = world.fails("config", "columns", "ftp:o.csv", "--write", "--yes", code=0)
    assert '+ id = "N° commande"\n' in result.stdout
    added = '\n[orders.columns]\nid = "N° commande"\nquantity = "Qté"\n'
    assert path.read_bytes() == (text + added).replace("\n", end).encode(encoding)
    again = world.fails("config", "columns", "ftp:o.csv", "--write", code=0)
    assert again.stdout.endswith(f"{path} says so already\n")


def test_without_a_yes_and_without_a_section_nothing_is_written(world: World) -> None:
    path = world.folder / "config.toml"
    (world.server.root / "s.csv").write_bytes(f"Gencod;Dispo\r\n{ITEM};2\r\n".encode())
    before = path.read_bytes()
    asked = ("config", "columns", "ftp:s.csv", "--stock", "--write")
    world.fails(*asked, code=2, words="there is no terminal on which to ask")
    assert path.read_bytes() == before
    path.write_bytes(before.partition(b"[stock]")[0])
    world.fails(*asked, "--yes", code=3, words="there is no [stock]")
    assert path.read_bytes() == before.partition(b"[stock]")[0]
