"""Two names for one place are the same file, whatever server, case, form or link divides them."""

import os
from pathlib import Path

import pytest

from passerelle.base.errors import ConfigError
from passerelle.config.load import load_config
from passerelle.config.servers import address_of

URLS = {
    "a": "ftp://boutique@ftp.example.com/base",
    "b": "ftps://boutique@FTP.Example.com.:21//base/./import",
    "c": "sftp://ftp.example.com/~/base",
    "d": "sftp://ftp.example.com/base/",
    "e": "ftp://autre@ftp.example.com/base",
    "f": "ftp://127.0.0.1:2121/x",
    "g": "ftp://anonymous@localhost:2121//x",
    "h": "file://localhost/D:/x",
    "i": "file:///D:/./y/../x",
}
REMOTE = "".join(f'servers.{name}.url = "{url}"\n' for name, url in URLS.items())
FOLDERS = 'servers.a.url = "exchange"\nservers.b.url = "by link"\n'
PAIR = '[stock]\nfrom = "{source}"\nto = "{to}"\n'


def faults(folder: Path, text: str) -> list[str]:
    config = folder / "config.toml"
    config.write_text(text, encoding="utf-8")
    try:
        load_config(config)
    except ConfigError as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("a:x.csv", "a:/x.csv"),
        ("a:import/x.csv", "b:x.csv"),
        ("a:Été.csv", "a:été.CSV"),
        ("a:\N{LATIN SMALL LETTER E WITH ACUTE}.csv", "a:e\N{COMBINING ACUTE ACCENT}.csv"),
        ("a:import/Straße.csv", "b:STRASSE.csv"),
        ("a:x.csv", "a:x.csv."),
        ("c:x.csv", "d:x.csv"),
        ("f:x.csv", "g:X.csv"),
        ("h:{y}.csv", "i:{y}.csv"),
    ],
)
def test_from_is_never_to_in_a_disguise(tmp_path: Path, source: str, to: str) -> None:
    (fault,) = faults(tmp_path, REMOTE + PAIR.format(source=source, to=to))
    assert fault.startswith("config.toml:12: stock.to: this and stock.from are the same file (")


@pytest.mark.parametrize("to", ["e:x.csv", "d:x.csv", "a:x2.csv", "a:{y}.csv", "b:x.csv"])
def test_other_places_are_others(tmp_path: Path, to: str) -> None:
    """Another account may have a folder of its own, as may another protocol."""
    assert faults(tmp_path, REMOTE + PAIR.format(source="a:x.csv", to=to)) == []


@pytest.mark.parametrize(
    ("orders", "stock", "fulfil"),
    [
        ("a:import/v_{time}.xml", "a:s.csv", "b:V_{time}.xml"),
        ("a:v_{time}.xml", "a:V_20260102_030405.xml", "a:w_{time}.xml"),
        ("a:v1_{time}.xml", "a:s.csv", "a:v{id}_{time}.xml"),
    ],
)
def test_no_two_write_the_same_file(tmp_path: Path, orders: str, stock: str, fulfil: str) -> None:
    text = f'[orders]\nfrom = "a:o.csv"\nto = "{orders}"\n' + PAIR.format(source="a:e", to=stock)
    (fault,) = faults(tmp_path, REMOTE + text + f'[fulfil]\nto = "{fulfil}"\n')
    assert ": this and orders.to are the same file (" in fault


def test_every_pair_is_told_at_its_own_line(tmp_path: Path) -> None:
    text = '[orders]\nfrom = "a:o.csv"\nto = "a:O.csv"\n' + PAIR.format(source="a:e", to="a:E")
    found = [fault.split(": this")[0] for fault in faults(tmp_path, REMOTE + text)]
    assert found == ["config.toml:12: orders.to", "config.toml:15: stock.to"]


def test_a_shop_of_the_pool_reads_the_orders_file_by_the_same_name(tmp_path: Path) -> None:
    shop = '[pool.shops.fr]\nstock_from = "a:l"\nstock_to = "a:m"\norders_from = "{}"\n'
    text = REMOTE + '[orders]\nfrom = "a:import/o.csv"\nto = "a:x.xml"\n'
    assert faults(tmp_path, text + shop.format("a:import/o.csv")) == []
    (fault,) = faults(tmp_path, text + shop.format("b:o.csv"))
    assert 'orders_from: this is the file of orders.from: write it as there, "a:import/o' in fault


def test_the_folder_of_refused_sales_is_another_one(tmp_path: Path) -> None:
    text = REMOTE + '[fulfil]\nto = "a:import/{time}.xml"\nrefused = "a:Import"\n'
    (fault,) = faults(tmp_path, text)
    assert fault.startswith("config.toml:12: fulfil.refused: refused is the folder of to")


@pytest.fixture
def exchange(tmp_path: Path) -> Path:
    folder = tmp_path / "exchange"
    folder.mkdir()
    (folder / "stock.csv").write_bytes(b"kept")
    try:
        (tmp_path / "by link").symlink_to("exchange", target_is_directory=True)
        (folder / "soft.csv").symlink_to("stock.csv")
        os.link(folder / "stock.csv", folder / "hard.csv")
    except OSError:
        pytest.skip("no right to make links here")
    return folder


@pytest.mark.parametrize("to", ["b:stock.csv", "b:STOCK.csv", "a:soft.csv", "b:soft.csv",
                                "a:hard.csv", "b:hard.csv"])  # fmt: skip
def test_a_link_makes_no_other_file(tmp_path: Path, exchange: Path, to: str) -> None:
    (fault,) = faults(tmp_path, FOLDERS + PAIR.format(source="a:stock.csv", to=to))
    assert fault.startswith("config.toml:5: stock.to: this and stock.from are the same file (")
    assert (exchange / "stock.csv").read_bytes() == b"kept"


def test_a_file_to_come_has_a_name_of_its_own(tmp_path: Path, exchange: Path) -> None:
    assert faults(tmp_path, FOLDERS + PAIR.format(source="a:stock.csv", to="b:new.csv")) == []
    exchange.joinpath("hard.csv").unlink()
    assert faults(tmp_path, FOLDERS + PAIR.format(source="a:stock.csv", to="a:hard.csv")) == []


@pytest.mark.parametrize("url", ["ftp://h/a#b", "ftp://h/a?b", "sftp://h/?", "file:///D:/a#b",
                                 "ftp://us#er@h/"])  # fmt: skip
def test_signs_with_two_meanings_are_refused_in_urls(tmp_path: Path, url: str) -> None:
    (fault,) = faults(tmp_path, f'[servers.a]\nurl = "{url}"\n')
    assert fault == 'config.toml:2: servers.a.url: in a URL, write "#" as %23 and "?" as %3F'


def test_written_with_percent_or_in_a_plain_folder_they_mean_themselves(tmp_path: Path) -> None:
    for url in ("ftp://h/a%23b%3Fc", "file:///a%23b%3Fc"):
        assert faults(tmp_path, f'[servers.a]\nurl = "{url}"\n') == []
        assert address_of(url).endswith("/a#b?c")
    config = tmp_path / "config.toml"
    config.write_text('[servers.a]\nurl = "a#b?c"\n', encoding="utf-8")
    url = load_config(config).servers["a"].url
    assert url.endswith("/a%23b%3Fc")
