"""What tills are paid for reaches the ERP once, and is off the web until the ERP has it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from tests.till_books import Tills
from tests.world import Sale, World
from tests.zones import in_zone

A, B = "3700000000000", "3700000000001"
TILLS = "\n[tills]\n"


@pytest.fixture
def tills(world: World) -> Tills:
    world.configure(extra=TILLS, stock='missed_sales = "subtract"\n')
    world.shop_writes(Sale("1", {A: 1}, status="Annulé"))
    world.erp_writes_stock({A: 10, B: 10}, age=60)
    return Tills(world.data)


@pytest.fixture
def far_away() -> Iterator[None]:
    """The machine's clock is not UTC's, in which the tills' book has its times."""
    with in_zone("Pacific/Auckland"):
        yield


def xml_of(world: World) -> etree._Element:
    (path,) = world.xmls()
    return etree.fromstring(path.read_bytes())


def stock(world: World) -> dict[str, str]:
    world.run_well("run", "stock")
    return {item: level for item, level in world.shop_stock().items() if item in (A, B)}


def test_a_paid_order_becomes_one_xml(world: World, tills: Tills, far_away: None) -> None:
    tills.drafts("o1", {A: 2})
    tills.adds("o1", B, "1", price="12.50", vat_rate="20", reference="bottine")
    assert "0 orders to send" in world.run_well("run", "tills")
    receipt = tills.pays("o1", "cash", "card", "cash")
    assert "would" not in world.run_well("run", "tills", "--dry-run")
    assert world.xmls() == []
    text = world.run_well("run", "tills")
    assert f"to send: order o1 (receipt {receipt}) as ftp:import/commandes_" in text
    order = xml_of(world).find("order")
    assert order is not None
    assert [order.findtext(name) for name in ("id", "reference", "store", "payment")] == [
        *("o1", receipt, "008", "cash, card")
    ]
    with tills.book() as book:
        ((_seq, paid, _order),) = book.paid_after("store", 0)
    there = paid.astimezone(ZoneInfo("Pacific/Auckland"))
    assert order.findtext("date") == there.strftime("%Y-%m-%dT%H:%M:%S")
    lines = [[e.text for e in line] for line in order.iter("line")]
    assert lines == [
        [A, "Bottine", "2", "9.90", "19.80"],
        [B, "bottine", "Bottine", "1", "12.50", "20", "12.50"],
    ]
    for run in ("tills", "orders", "tills"):
        world.run_well("run", run)
    assert world.erp_takes() == ["o1"]
    world.run_well("run", "orders", "--all")
    world.run_well("run", "tills")
    assert world.erp_takes() == []
    assert world.states()["o1"] == "taken"


def test_what_cannot_go_is_told_and_held_back(world: World, tills: Tills) -> None:
    tills.sells("half", {A: "1.5"})
    tills.sells("good", {B: 1})
    tills.drafts("bare", {})
    tills.adds("bare", "", 1)
    tills.pays("bare")
    result = world.fails("run", "tills", code=5)
    assert "rejected: order half: B-000003:1: qty: no whole number of pieces" in result.text
    assert "bare: B-000009:1: ean13: neither an item number nor a reference" in result.text
    assert len(world.xmls()) == 1
    assert stock(world) == {A: "8", B: "9"}
    assert "still rejected: bare, half" in world.fails("run", "tills", code=5).text
    world.run_well("orders", "settle", "half", "bare")
    world.run_well("run", "tills")
    assert stock(world) == {A: "10", B: "9"}


def test_a_draft_holds_its_pieces_until_it_is_cancelled(world: World, tills: Tills) -> None:
    tills.drafts("o1", {A: 3, B: 2})
    assert stock(world) == {A: "7", B: "8"}
    told = world.run_well("stock", "why", A)
    assert "3 held by draft 1 (store)" in told
    assert "draft 1 (store)" in world.run_well("orders", "show", "o1")
    tills.drops("o1", B)
    assert stock(world) == {A: "7", B: "10"}
    tills.cancels("o1")
    assert stock(world) == {A: "10", B: "10"}
    world.edit(("[tills]", '[tills]\nhold = "paid"'))
    tills.drafts("o2", {A: 3})
    assert stock(world) == {A: "10", B: "10"}
    tills.pays("o2")
    assert stock(world) == {A: "7", B: "10"}


def test_a_sale_is_missed_until_the_erp_has_it(world: World, tills: Tills) -> None:
    tills.sells("o1", {A: 3})
    assert stock(world)[A] == "7"
    world.run_well("run", "tills")
    assert stock(world)[A] == "7"
    assert "The run of stock holds this back" in world.run_well("orders", "show", "o1")
    world.erp_takes()
    world.run_well("run", "tills")
    assert stock(world)[A] == "7"
    world.erp_writes_stock({A: 7, B: 10})
    assert stock(world)[A] == "7"


def test_a_refund_goes_as_well_and_gives_the_pieces_back(world: World, tills: Tills) -> None:
    tills.drafts("back", {A: -2}, refund_of="o0")
    assert stock(world)[A] == "10"
    tills.pays("back")
    assert stock(world)[A] == "12"
    world.run_well("run", "tills")
    assert [line.findtext("quantity") for line in xml_of(world).iter("line")] == ["-2"]
    assert stock(world)[A] == "12"


def test_an_order_is_sent_again_from_the_book(world: World, tills: Tills) -> None:
    tills.sells("o1", {A: 1})
    world.run_well("run", "tills")
    world.erp_takes()
    world.run_well("run", "tills")
    world.run_well("orders", "resend", "o1", "--yes")
    world.sends(Sale("1", {A: 1}, status="Annulé"))
    assert "o1" not in world.run_well("run", "orders")
    world.run_well("run", "tills")
    assert world.erp_takes() == ["o1"]
    world.run_well("run", "orders")
    world.run_well("orders", "forget", "o1", "--yes")
    world.run_well("run", "tills")
    assert world.erp_takes() == ["o1"]


@pytest.mark.parametrize("by", ["copy", "epoch", "gone"])
def test_a_book_that_was_put_back_holds(world: World, tills: Tills, by: str) -> None:
    tills.sells("o1", {A: 1})
    before = (world.data / "tills.db").read_bytes()
    tills.sells("o2", {A: 1})
    world.run_well("run", "tills")
    (world.data / "tills.db").write_bytes(before)
    if by == "gone":
        (world.data / "tills.db").unlink()
    if by == "epoch":
        tills.begin_anew()
    for run in ("tills", "stock"):
        world.fails("run", run, code=6, words="run tills --accept")
    world.run_well("run", "tills", "--accept")
    world.run_well("run", "stock")
    assert sorted(world.erp_takes()) == ["o1", "o2"]
    if by != "gone":
        tills.sells("o3", {A: 1})
        world.run_well("run", "tills")
        assert world.erp_takes() == ["o3"]


def test_web_orders_are_asked_about_all_the_same(world: World, tills: Tills) -> None:
    """What the tills sent says nothing of which orders the shop's previous system had."""
    world.edit(("start_from = 2000-01-01T00:00:00\n", ""))
    tills.sells("o1", {A: 1})
    world.run_well("run", "tills")
    world.shop_writes(Sale("1", {A: 1}))
    world.fails("run", "orders", code=6, words="this is the first run")
    world.run_well("run", "orders", "--all")
    tills.sells("o2", {A: 1})
    world.run_well("run", "tills")
    assert "are handled" not in world.sends(Sale("2", {A: 1}))


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("[orders]", "[orders_off]"), 3, "orders_off"),
        ((TILLS, ""), 3, "[tills] is missing"),
    ],
)
def test_what_is_missing_is_named(
    world: World, tills: Tills, change: tuple[str, str], code: int, words: str
) -> None:
    world.edit(change)
    world.fails("run", "tills", code=code, words=words)


def test_status_tells_who_holds_what_and_what_needs_a_person(world: World, tills: Tills) -> None:
    tills.drafts("o1", {A: 1})
    tills.do("o1", {"op": "claim"})
    with tills.book() as book, book.transaction:
        now = datetime.now(UTC)
        book.add_surplus(now, "store", "B", "o1", "B-000009", [], "the order is paid")
        book.flag(now, "store", "B", "receipt_gap", "B-000009")
    tills.sells("half", {A: "0.5"})
    world.fails("run", "tills", code=5)
    text = world.run("status").text
    assert "tills: store: session 1 open since" in text
    assert "  draft 1 (store): held by B\n" in text
    concerns = world.concerns()
    told = {key: one["text"] for key, one in concerns.items() if "tills" in key}
    assert told == {
        "rejected:tills": "1 order of the tills is paid and cannot go to the ERP: half",
        "surplus:tills 1": "B took money (B-000009) that no order could take: the order is paid",
        "flagged:tills receipt_gap B-000009": "receipts of B are missing before B-000009",
    }
    assert "till settle B-000009" in concerns["surplus:tills 1"]["mend"]
    world.run_well("report")
    page = (world.data / "report.html").read_text("utf-8")
    assert "held by B" in page


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ("", 0, "it opens; 4 changes so far"),
        ('listen = "127.0.0.1:8469"\ntls = "off"\n', 0, "it opens"),
        ('tls = "off"\n', 3, "read along on 0.0.0.0"),
    ],
)
def test_check_looks_at_the_tills(
    world: World, tills: Tills, more: str, code: int, words: str
) -> None:
    world.edit((TILLS, TILLS + more))
    tills.sells("o1", {A: 1, B: 1})
    world.fails("check", code=code, words=words)


def test_a_group_that_left_config_toml_is_told(world: World, tills: Tills) -> None:
    tills.sells("o1", {A: 1})
    world.edit((TILLS, TILLS + "[tills.groups.market]\n"))
    for what in ("check", "run tills", "run stock", "till serve --listen 127.0.0.1:0"):
        world.fails(*what.split(), code=3, words="write [tills.groups.store] there")
    world.fails("till", "status", code=6, words="write [tills.groups.store] there")
    world.edit(("[tills.groups.market]", "[tills.groups.store]"))
    assert "1 order to send" in world.run_well("run", "tills")


def test_a_damaged_book_is_told(world: World, tills: Tills) -> None:
    tills.sells("o1", {A: 1})
    (world.data / "tills.db").write_bytes(b"no book" * 1000)
    for what in ("check", "run tills", "run stock"):
        world.fails(*what.split(), code=4, words="the tills' book is damaged")
    assert "unreachable:tills" in world.concerns()


BOOK, REMOTE = "passerelle.ledger.outbox:DispatchBook", "passerelle.remotes:RetryingRemote"


@pytest.mark.parametrize(
    "step",
    [
        ("before", BOOK, "prepare_orders"),
        ("after", BOOK, "prepare_orders"),
        ("after", REMOTE, "store"),
        ("after", REMOTE, "rename"),
        ("before", "passerelle.ledger.runs:RunBook", "end"),
    ],
)
def test_a_run_that_is_killed_sends_each_once(
    world: World, tills: Tills, step: tuple[str, ...]
) -> None:
    tills.sells("o1", {A: 1})
    tills.sells("o2", {B: 1})
    world.dies(step, "run", "tills")
    for run in ("stock", "tills", "tills"):
        world.run_well("run", run)
    assert sorted(world.erp_takes()) == ["o1", "o2"]
    assert stock(world) == {A: "9", B: "9"}


def test_a_sale_asked_for_again_that_the_book_lost_is_told(world: World, tills: Tills) -> None:
    tills.sells("o1", {A: 1})
    world.run_well("run", "tills")
    world.erp_takes()
    world.run_well("run", "tills")
    world.run_well("orders", "resend", "o1", "--yes")
    with tills.book() as book, book.transaction:
        book._db.execute("DELETE FROM orders")
    result = world.fails("run", "tills", code=5)
    assert "to be sent again, and not in the tills' book: order o1" in result.text
    assert world.concerns()["not_sent:orders"]["orders"] == ["o1"]


def test_the_schedule_starts_it_where_there_are_tills(world: World, tills: Tills) -> None:
    assert "4,14,24,34,44,54 * * * * " in world.run_well("schedule", "export", "--cron")
    assert "what the tills are paid for" in world.run_well("schedule", "export", "tills")
    world.edit((TILLS, ""))
    assert "run tills" not in world.run_well("schedule", "export", "--cron")


def test_a_book_that_was_there_once_is_missed(world: World, tills: Tills) -> None:
    assert "no till server has written a book yet" in world.run_well("till", "status")
    tills.sells("o1", {A: 1})
    world.run_well("till", "status")
    (world.data / "tills.db").unlink()
    (world.data / "tills.last").touch()
    world.fails("till", "status", code=6, words="look at what the tills did")
    assert "the tills' book is gone" in world.run("status").stdout
