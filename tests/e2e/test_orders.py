"""Orders through the command line: gift cards, faults, waiting, steering."""

from pathlib import Path

from tests.world import Sale, World

SHOE = Sale("1", {"370": 1})
GIFT = Sale("2", {"371": 1}, payment="Carte bancaire, Bon Cadeau")
LEVELS = {"370": 5, "371": 5, "372": 5, "373": 5}


def test_an_order_that_had_to_wait_is_not_lost_from_sight(world: World) -> None:
    world.configure(time_in_name=False)
    world.sends(SHOE)
    world.shop_writes(Sale("5", {"373": 1}))
    assert "to send: 1 order (5)" in world.run_well("run", "orders")
    assert "1 prepared" in world.run_well("history")
    world.shop_writes(Sale("6", {"372": 1}), Sale("7", {"371": "deux"}))
    for id in ("1", "5", "6"):
        assert world.erp_takes() == [id], "each in its turn, though the file has moved on"
        world.run("run", "orders")
    world.shop_writes(Sale("8", {"370": 1}))
    world.fails("run", "orders", code=5, words="1 order not sent, and no longer in the file: 7")
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.shop_stock()["371"] == "0"
    world.run_well("orders", "settle", "7")
    world.erp_takes()
    world.run_well("run", "orders")


def test_a_folder_that_is_not_there_proves_nothing(world: World) -> None:
    """A share that is not mounted must not make orders "taken"."""
    world.sends(SHOE)
    lying = world.server.root / "import"
    lying.rename(world.server.root / "elsewhere")
    words = "no such folder: import: nothing can be said of the files in it"
    world.fails("run", "orders", code=4, words=words)
    world.sends(SHOE, Sale("2", {"371": 1}), code=4)
    (world.server.root / "elsewhere").rename(lying)
    assert world.states() == {"1": "sent", "2": "prepared"}


def test_an_id_that_cannot_be_settled_leaves_the_others_untouched(world: World) -> None:
    world.sends(SHOE, Sale("2", {"371": 1}, payment="Carte bancaire, Bon Cadeau"))
    for id, words in (("4711", "no order 4711"), ("1", "order 1 is sent: there is nothing to")):
        world.fails("orders", "settle", "2", id, code=2, words=words)
    assert world.states()["2"] == "withheld"


def test_an_order_that_the_schema_refuses_is_rejected_alone(world: World) -> None:
    schema = Path(__file__).parents[2] / "docs" / "examples" / "sales.xsd"
    (world.folder / "sales.xsd").write_bytes(schema.read_bytes())
    world.configure(extra='[orders.xml]\nschema = "sales.xsd"\n')
    world.shop_writes(Sale("1", {"3701234500058": 1}), Sale("2", {"ABC": 1}))
    world.fails("run", "orders", code=5, words="order 2: orders.xml.schema:")
    assert world.erp_takes() == ["1"]


def test_a_server_that_left_the_config_too_early_is_told(world: World) -> None:
    world.sends(SHOE)
    away = (world.server.root.as_uri(), world.folder.as_uri())
    world.edit(("servers.ftp", "servers.new"), ("ftp:", "new:"), away)
    (world.folder / "commandes.csv").write_bytes((world.server.root / "commandes.csv").read_bytes())
    words = "keep [servers.ftp] until the ERP has taken it"
    world.fails("run", "orders", code=3, words=words)


def test_a_lost_ledger_is_not_taken_for_a_new_one(world: World) -> None:
    """It would send again what the ERP has."""
    world.sends(SHOE)
    world.erp_takes()
    for path in world.data.glob("passerelle.db*"):
        path.unlink()
    for args in (("run", "orders"), ("run", "orders", "--dry-run"), ("run", "stock")):
        world.fails(*args, code=6, words="the ledger does not know commandes_")
    assert world.xmls() == []

    world.run_well("orders", "adopt", "--yes")
    world.shop_writes(SHOE, Sale("2", {"371": 1}))
    world.run_well("run", "orders")
    assert world.erp_takes() == ["2"]


def test_an_older_copy_of_the_ledger_is_told(world: World) -> None:
    world.sends(SHOE)
    older = (world.data / "passerelle.db").read_bytes()
    world.shop_writes(SHOE, Sale("2", {"371": 1}))
    world.run_well("run", "orders")
    (world.data / "passerelle.db").write_bytes(older)
    world.fails("run", "orders", code=6, words="an older copy")
