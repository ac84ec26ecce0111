"""Orders through the command line: gift cards, faults, waiting, steering."""

from pathlib import Path

import pytest

from tests.world import Sale, World, tree

SHOE = Sale("1", {"370": 1})
GIFT = Sale("2", {"371": 1}, payment="Carte bancaire, Bon Cadeau")
VOUCHER = Sale("3", {"372": 1}, payment="Commande gratuite", voucher="BIENVENUE, gc-20")
LEVELS = {"370": 5, "371": 5, "372": 5, "373": 5}


def test_withheld_orders_are_not_held_back_where_the_config_says_so(world: World) -> None:
    world.configure(stock="withheld_is_missed = false")
    world.shop_writes(GIFT)
    world.run_well("run", "orders")
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.shop_stock()["371"] == "5"


def test_an_order_that_changes_after_it_was_sent_is_told_once_and_not_sent_again(
    world: World,
) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.shop_writes(Sale("1", {"370": 3}))
    assert "order 1: changed in the shop after it was sent" in world.run_well("run", "orders")
    assert "changed" not in world.run_well("run", "orders")
    world.shop_writes(Sale("1", {"370": 3}, status="Remboursé"))
    assert "order 1: cancelled in the shop" in world.run_well("run", "orders")
    assert "cancelled" not in world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]


def test_a_new_status_alone_is_no_change(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.shop_writes(Sale("1", {"370": 1}, status="Livré"))
    assert "changed" not in world.run_well("run", "orders")


def test_an_order_to_be_resent_that_left_the_file_is_asked_for(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.erp_takes()
    world.run_well("orders", "resend", "--yes", "1")
    world.shop_writes(GIFT)
    result = world.run("run", "orders")
    assert result.exit_code == 5
    assert "not sent, and no longer in the file: order 1 (to be sent again" in result.stdout
    world.run_well("orders", "forget", "--yes", "1")
    world.run_well("run", "orders")


def test_an_order_that_had_to_wait_is_not_lost_from_sight(world: World) -> None:
    world.configure(time_in_name=False)
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.shop_writes(Sale("5", {"373": 1}))
    assert "to send: 1 order (5)" in world.run_well("run", "orders")
    assert "1 prepared" in world.run_well("history")
    world.shop_writes(Sale("6", {"372": 1}), Sale("7", {"371": "deux"}))
    for id in ("1", "5", "6"):
        assert world.erp_takes() == [id], "each in its turn, though the file has moved on"
        world.run("run", "orders")
    world.shop_writes(Sale("8", {"370": 1}))
    result = world.run("run", "orders")
    assert result.exit_code == 5
    assert "1 order not sent, and no longer in the file: 7" in result.stderr

    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.shop_stock()["371"] == "0"
    world.run_well("orders", "settle", "7")
    world.erp_takes()
    world.run_well("run", "orders")


def test_a_column_that_keeps_orders_back_is_missed_when_it_is_not_there(world: World) -> None:
    world.configure(orders="# start_from\n")
    world.server.put("commandes.csv", b"id_order;ean13;quantity;unit_price\n1;370;1;5\n")
    text = world.run_well("run", "orders", "--all")
    assert "no column for status, so cancelled orders cannot be told" in text
    assert "no column for payment, so orders paid by gift card cannot be told" in text


def test_a_letter_cut_in_two_rejects_its_order_and_leaves_the_others_readable(
    world: World,
) -> None:
    head = "id_order;status;payment;lastname;ean13;quantity;unit_price\n"
    rows = "1;Annulé;x;Léa;370;1;5\n2;ok;chèque cadeau;Zoé;371;1;5\n3;ok;x;Chlo?;372;1;5\n"
    world.configure(orders='send_statuses = "ok" # start_from\n')
    world.server.put("commandes.csv", (head + rows).encode().replace(b"?", b"\xc3"))
    result = world.run("run", "orders", "--all")
    assert result.exit_code == 5
    assert "commandes.csv:4: last_name: holds a letter that was cut" in result.stderr
    assert world.states() == {"1": "waiting", "2": "withheld", "3": "rejected"}


def test_a_folder_that_is_not_there_proves_nothing(world: World) -> None:
    """A share that is not mounted must not make orders "taken"."""
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    lying = world.server.root / "import"
    lying.rename(world.server.root / "elsewhere")
    result = world.run("run", "orders")
    assert result.exit_code == 4
    assert "no such folder: import: nothing can be said of the files in it" in result.stderr
    (world.server.root / "elsewhere").rename(lying)
    assert world.states() == {"1": "sent"}


def test_a_missing_import_folder_is_named(world: World) -> None:
    (world.server.root / "import").rmdir()
    world.shop_writes(SHOE)
    result = world.run("run", "orders")
    assert result.exit_code == 4
    assert "no such folder: import: create it on the server" in result.stderr


def test_an_order_that_is_reinstated_is_told(world: World) -> None:
    for status in ("Paiement accepté", "Annulé"):
        world.shop_writes(Sale("1", {"370": 1}, status=status))
        world.run_well("run", "orders")
    world.shop_writes(SHOE)
    assert 'no longer cancelled in the shop ("Paiement accepté")' in world.run_well("run", "orders")
    assert "no longer" not in world.run_well("run", "orders")


@pytest.mark.parametrize("verb", ["settle", "resend", "forget", "show"])
def test_an_order_that_nobody_knows_is_wrong_usage(world: World, verb: str) -> None:
    result = world.run("orders", verb, "4711")
    assert result.exit_code == 2
    assert result.stderr == (
        "passerelle: no order 4711 is in the ledger: see `passerelle orders list`\n"
    )


def test_a_typing_error_in_one_id_leaves_the_others_untouched(world: World) -> None:
    world.shop_writes(GIFT)
    world.run_well("run", "orders")
    assert world.run("orders", "settle", "2", "4711").exit_code == 2
    assert world.states()["2"] == "withheld"


def test_a_sent_order_cannot_be_settled(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    result = world.run("orders", "settle", "1")
    assert result.exit_code == 2
    assert "order 1 is sent: there is nothing to settle" in result.stderr


def test_no_customer_is_in_ledger_trace_or_output(world: World) -> None:
    canary = "Zzyzx-Canary"
    world.shop_writes(
        Sale("1", {"370": 1}, last_name=canary), Sale("2", {"370": "?"}, last_name=canary)
    )
    text = world.run("run", "orders").text
    text += world.run("orders", "show", "1").text
    for name, data in tree(world.data).items():
        if "ArchiveExport" not in name:
            assert canary.encode() not in data, name
    assert canary not in text


def test_two_xmls_within_a_second_get_different_names(world: World) -> None:
    for number in range(4):
        world.shop_writes(*(Sale(str(n), {"370": 1}) for n in range(number + 1)))
        world.run_well("run", "orders")
    assert len(world.xmls()) == 4


def test_an_xml_that_is_not_ours_is_never_written_over(world: World) -> None:
    world.configure(time_in_name=False)
    foreign = world.server.put("import/commandes.xml", b"<ventes/>")
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    assert foreign.read_bytes() == b"<ventes/>"
    assert world.states() == {"1": "prepared"}


def test_an_order_that_the_schema_refuses_is_rejected_alone(world: World) -> None:
    schema = Path(__file__).parents[2] / "docs" / "examples" / "sales.xsd"
    (world.folder / "sales.xsd").write_bytes(schema.read_bytes())
    world.configure(extra='[orders.xml]\nschema = "sales.xsd"\n')
    world.shop_writes(Sale("1", {"3701234500058": 1}), Sale("2", {"ABC": 1}))
    result = world.run("run", "orders")
    assert result.exit_code == 5
    assert "order 2: orders.xml.schema:" in result.stderr
    assert world.erp_takes() == ["1"]


def test_a_server_that_left_the_config_too_early_is_told(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    config = world.folder / "config.toml"
    text = config.read_text("utf-8").replace("servers.ftp", "servers.new").replace("ftp:", "new:")
    config.write_text(text.replace(world.server.root.as_uri(), world.folder.as_uri()), "utf-8")
    (world.folder / "commandes.csv").write_bytes((world.server.root / "commandes.csv").read_bytes())
    result = world.run("run", "orders")
    assert result.exit_code == 3
    assert "keep [servers.ftp] until the ERP has taken it" in result.stderr


def test_a_lost_ledger_is_not_taken_for_a_new_one(world: World) -> None:
    """It would send again what the ERP has."""
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.erp_takes()
    for path in world.data.glob("passerelle.db*"):
        path.unlink()
    for args in (("run", "orders"), ("run", "orders", "--dry-run"), ("run", "stock")):
        result = world.run(*args)
        assert result.exit_code == 6
        assert "the ledger does not know commandes_" in result.stderr
    assert world.xmls() == []

    world.run_well("orders", "adopt", "--yes")
    world.shop_writes(SHOE, Sale("2", {"371": 1}))
    world.run_well("run", "orders")
    assert world.erp_takes() == ["2"]


def test_an_older_copy_of_the_ledger_is_told(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    older = (world.data / "passerelle.db").read_bytes()
    world.shop_writes(SHOE, Sale("2", {"371": 1}))
    world.run_well("run", "orders")
    (world.data / "passerelle.db").write_bytes(older)
    result = world.run("run", "orders")
    assert result.exit_code == 6
    assert "an older copy" in result.stderr
