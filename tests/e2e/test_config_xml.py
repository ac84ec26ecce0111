"""``config xml``: what the previous system sent -> how ours is made like it, tried by `convert`."""

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

NAMES = {"orders": "ventes", "order": "vente", "lines": "lignes", "line": "ligne", "id": "numero",
         "last_name": "nomClient", "customer": "client", "ean13": "gencod", "quantity": "qte",
         "unit_price": "prixUnitaire", "payment": "reglement", "amount": "montant"}  # fmt: skip
FLAT = """<?xml version="1.0" encoding="ISO-8859-1"?>
<import version="2">
 <vente no="12" date="2026-11-20T10:00:00" magasin="008">
  <client nom="Lef\xe8vre" ville="Dax"/>
  <article gencod="3701234500100" qte="2" pu="12.50" depot="A" lot="17"/>
  <article gencod="3701234500110" qte="1" pu="10.00" depot="A" lot="18"/>
 </vente>
 <vente no="13" date="2026-11-20T11:00:00" magasin="008">
  <relais no="R1" nom="Tabac"/>
  <client nom="Ab" ville="Pau"/>
  <article gencod="3701234500110" qte="1" pu="10.00" depot="A" lot="19"/>
 </vente>
</import>
"""


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(Sale("1", {"3701234500100": 2, "3701234500110": 1}), Sale("2", {"370": 1}))
    (world.folder / "commandes.csv").write_bytes((world.server.root / "commandes.csv").read_bytes())
    return world


def converted(world: World) -> bytes:
    world.run_well("convert", "commandes.csv", "-o", "out.xml")
    text = (world.folder / "out.xml").read_text("utf-8")
    return re.sub("<generated>.*?</generated>", "", text).encode()


def test_other_names_are_found_and_make_the_same_file(world: World) -> None:
    old = converted(world).decode()
    for ours, theirs in NAMES.items():
        old = re.sub(rf"<(/?){ours}>", rf"<\g<1>{theirs}>", old)
    (world.folder / "old.xml").write_text(old, encoding="utf-8")
    told = world.fails("config", "xml", "old.xml", code=0).stdout
    assert dict(re.findall(r'(?m)^(\w+) = "(\w+)"$', told)) == NAMES
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + told, encoding="utf-8")
    assert converted(world).decode() == old


def test_another_layout_becomes_a_stylesheet_that_makes_one_like_it(world: World) -> None:
    (world.folder / "old.xml").write_bytes(FLAT.encode("iso-8859-1"))
    result = world.run("config", "xml", "old.xml", "-o", "ventes.xsl")
    unknown = ("article/@lot", "relais/@no", "relais/@nom")
    write = "to write values as there, set in config.toml: "
    told = f'{write}orders.xml.encoding = "ISO-8859-1"\n{write}orders.store = "008"\n'
    told += "".join(f"not known: /import/vente/{path}\n" for path in unknown)
    assert (result.exit_code, result.stderr) == (0, told)
    world.edit(('store = "008"', 'store = "008"\nxml.stylesheet = "ventes.xsl"'))
    root = etree.fromstring(converted(world))
    assert (root.tag, dict(root.attrib)) == ("import", {"version": "2"})
    first, second = root
    assert (first.get("no"), first.get("magasin")) == ("1", "008")
    assert [child.tag for child in first] == ["client", "article", "article", "relais"]
    assert dict(first[1].attrib) == {
        "gencod": "3701234500100", "qte": "2", "pu": "12.50", "depot": "A", "lot": "",
    }  # fmt: skip
    assert (first[0].get("nom"), second.get("no")) == ("Lefèvre", "2")


def test_what_ours_has_not_needs_a_stylesheet(world: World) -> None:
    old = converted(world).decode().replace("</ean13>", "</ean13><depot>A</depot>")
    (world.folder / "old.xml").write_text(old, encoding="utf-8")
    told = world.run_well("config", "xml", "old.xml")
    assert "<depot>A</depot>" in told and "[orders.xml.names]" not in told


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "this is no XML"),
        (b"ID;ean13\r\n", "this is no XML"),
        (b"<a><b>1</b></a>", "no lines of orders are found in it"),
        (b'<a xmlns="urn:x"><b/></a>', "its elements have namespaces"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "no lines of orders"),
    ],
)
def test_what_it_cannot_read_is_told(world: World, data: bytes, words: str) -> None:
    (world.folder / "old.xml").write_bytes(data)
    world.fails("config", "xml", "old.xml", code=5, words=words)


def test_dates_and_amounts_are_told_as_they_are_written_there(world: World) -> None:
    old = FLAT.replace("2026-11-20T1", "20/11/2026 1").replace("12.50", "12,50")
    (world.folder / "old.xml").write_bytes(old.encode("iso-8859-1"))
    told = world.run("config", "xml", "old.xml").stderr
    assert 'orders.xml.date_format = "%d/%m/%Y %H:%M:%S"' in told
    assert 'orders.xml.decimal = ","' in told


def test_lines_without_an_element_of_their_order_are_refused(world: World) -> None:
    line = "<ligne><commande>{}</commande><ean>3701234500100</ean><quantite>1</quantite></ligne>"
    (world.folder / "old.xml").write_text(f"<lignes>{line.format(1)}{line.format(2)}</lignes>")
    world.fails("config", "xml", "old.xml", code=5, words="stand in no element of their order")
