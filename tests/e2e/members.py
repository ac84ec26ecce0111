"""A pool that has been joined once, and is copied for every test that begins with members."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

from pytest import TempPathFactory

from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import Houses, NewServer

# The ERP of the French shop: it owns the levels, or takes the tills' orders.
ERP = """\
[orders]
from = "at_fr:fr-orders.csv"
to = "at_erp:import/commandes_{time}.xml"
[orders.columns]
unit_price = "Quantité de produits"

[stock]
from = "at_erp:ExportCSV.csv"
to = "at_erp:ExportCSVmod.csv"
"""


def join_once(factory: TempPathFactory, houses: Houses, *shops: str) -> PoolWorld:
    servers = [houses.new_server("folder") for _ in shops]
    world = make_pool(factory.mktemp("joined"), servers, shops)
    world.join_all()
    return world


def copy_of(joined: PoolWorld, tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """The same shops with the same past, on folders of their own."""
    shops = {}
    for name, shop in joined.shops.items():
        server = new_server("folder")
        copytree(shop.server.root, server.root, dirs_exist_ok=True)
        shops[name] = replace(shop, server=server, levels=dict(shop.levels), orders={}, texts={})
    folder = tmp_path / joined.folder.name
    copytree(joined.folder, folder)
    world = PoolWorld(folder, shops)
    world.configure()
    return world
