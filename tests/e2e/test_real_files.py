"""What spreadsheets and shops do to a file between two runs."""

import pytest

from tests.world import World

HEADER = "id_order;reference;date_add;status;payment;ean13;quantity;unit_price\r\n"
A, B = "3701234500010", "3701234500027"


def writes(world: World, *rows: str) -> None:
    world.server.put("commandes.csv", (HEADER + "".join(f"{row}\r\n" for row in rows)).encode())


def row(id: str, date: str = "2026-11-22 10:00:44", reference: str = "ABC", item: str = A) -> str:
    return f"{id};{reference};{date};Paiement accepté;CB;{item};1;12,00"


@pytest.fixture
def sent(world: World) -> World:
    """One order was sent, and the ERP has taken it."""
    writes(world, row("000051"))
    world.run_well("run", "orders")
    world.erp_takes()
    world.run_well("run", "orders")
    return world


def test_a_spreadsheet_makes_no_new_order_of_one_that_was_sent(sent: World) -> None:
    for id, date in (
        ("000051", "22/11/2026 10:00"),
        ("51", "2026-11-22 10:00:44"),
        ("51.0", "22/11/2026"),
        ("#51", "46348"),
        (" 0051\u200b", "11/22/26 10:00 AM"),
    ):
        writes(sent, row(id, date))
        said = sent.run_well("run", "orders")
        assert (sent.xmls(), sent.states()) == ([], {"000051": "taken"})
        assert not [one for one in sent.concerns().values() if one["orders"]]
        assert ("is written" in said) == (id != "000051")


BARE = HEADER.replace("reference;", "")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (f"{BARE}000051;{{0}}", [f"{BARE}51;{{1}}", f"{BARE}#51;{{0}}\r\n000051;{{0}}"]),
        (f"{BARE}#1001;{{0}}", [f"{BARE}1001;{{0}}", f"{BARE}N° 1001;{{1}}"]),
        (f"{BARE}1234;{{0}}", [f"{BARE}1,234;{{0}}", f"{BARE}1.234;{{1}}"]),
        (f"{HEADER}000051;000777;{{0}}", [f"{HEADER}51;777;{{1}}", f"{HEADER}000051;777;{{0}}"]),
        (f"{HEADER}000051;000777;{{0}}", [f"{BARE}51;{{1}}"]),
        (f"{BARE}000051;{{0}}\r\n51;{{0}}", [f"{BARE}51;{{1}}", f"{BARE}000051;{{0}}"]),
    ],
)
def test_what_is_left_of_an_id_and_its_date_tells_which_order_it_is(
    world: World, first: str, then: list[str]
) -> None:
    more = f";Paiement accepté;CB;{A};1;12,00"
    dates = (f"2026-11-22 10:00:44{more}", f"22/11/2026 10:00{more}")
    for text in (first, *then):
        world.server.put("commandes.csv", (text.format(*dates) + "\r\n").encode())
        world.run_well("run", "orders")
        assert (len(world.xmls()), len(world.states())) == (text == first, 1)
        world.erp_takes()
    assert not [one for one in world.concerns().values() if one["orders"]]


def test_spellings_that_may_be_one_order_or_two_are_not_sent(world: World) -> None:
    rounded, other = row("1,23E+05"), row("1,23E+05", item=B)
    writes(world, rounded, other, row("052", reference=""), row("52", reference="", item=B))
    said = world.fails("run", "orders", code=5).text
    assert '"1,23E+05" lost its digits' in said
    assert "orders 052 and 52 look like one, but differ" in said
    assert (world.xmls(), set(world.states().values())) == ([], {"rejected"})


def test_another_order_stays_another_one(sent: World) -> None:
    others = (row("51", reference="XYZ"), row("0051", "2026-11-23 10:00:44"), row("52"))
    writes(sent, row("000051"), *others)
    sent.run_well("run", "orders")
    assert sent.states().keys() == {"000051", "51", "0051", "52"}


def test_what_a_file_proved_of_its_dates_counts_for_the_next_one(world: World) -> None:
    writes(world, row("1", "11/25/2026 10:00"), row("2", "12/01/2026 10:00"))
    world.run_well("run", "orders")
    writes(world, row("2", "12/01/2026 10:00"), row("3", "12/02/2026 10:00"))
    assert "03/04" not in world.run_well("run", "orders")
    assert "2026-12-02T10:00:00" in world.xmls()[-1].read_text("utf-8")


def test_dates_that_may_be_two_are_told_once_and_skip_nothing_for_good(world: World) -> None:
    world.configure(orders="start_from = 2026-04-01T00:00:00\n")
    writes(world, row("1", "03/04/2026 10:00"))
    assert "03/04 was taken for 3 April" in world.run_well("run", "orders")
    assert "03/04 was taken" not in world.run_well("run", "orders")
    assert world.states() == {"1": "waiting"}
    world.configure(orders='start_from = 2026-04-01T00:00:00\ndate_order = "dmy"\n')
    world.run_well("run", "orders")
    assert world.states() == {"1": "sent"}


def test_an_order_whose_sums_do_not_agree_is_told_until_it_is_settled(world: World) -> None:
    header = HEADER.replace("unit_price", "unit_price;total_shipping;total_discounts;total_paid")
    line = f"7;R;2026-11-22 10:00:00;Paiement accepté;CB;{A};1;10,00;0;0;12,00\r\n"
    world.server.put("commandes.csv", (header + line).encode())
    world.fails("run", "orders", code=5, words="make 10.00, but 12.00 were paid")
    assert [one for one in world.concerns().values() if "7" in one["orders"]]
    world.run_well("orders", "settle", "7")
    assert world.states() == {"7": "settled"}
    world.run_well("run", "orders")
