"""Stock from ZORT into Odoo: what a seller is promised, on a fake Odoo and on a real one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from passerelle.cli.demo.zort import FakeZort, ZortProduct
from tests.servers import connectors as faults
from tests.servers.connectors import OdooHandle, Proxy, only
from tests.servers.real_odoo import RealOdoo
from tests.syncs import SyncWorld, levels_of


@pytest.fixture
def world(tmp_path: Path, any_odoo: OdooHandle) -> Iterator[SyncWorld]:
    """Three products, of which Odoo has 0, 5 and 1."""
    with FakeZort(
        [ZortProduct("A-1", "10"), ZortProduct("B-2", "0"), ZortProduct("C-3", "2.5")]
    ) as zort:
        world = SyncWorld(tmp_path, zort, any_odoo)
        world.ids = [
            any_odoo.add_product(sku, level)
            for sku, level in (("A-1", None), ("B-2", 5.0), ("C-3", 1.0))
        ]
        world.write(max_drop=1.0, max_change=1.0)
        yield world


LEVELS = [10.0, 0.0, 2.5]


class TestAJob:
    def test_makes_odoos_levels_those_of_zort_once(self, world: SyncWorld) -> None:
        told = world.run("sync", "run").stdout
        assert "3 products synced, 3 stocks_updated, 0 unchanged" in told
        assert levels_of(world.odoo, world.ids) == LEVELS
        moves = [world.odoo.moves(product) for product in world.ids]
        assert moves == [[("passerelle 1/1", 10.0)], [("passerelle 1/1", -5.0)],
                         [("passerelle 1/1", 1.5)]]  # fmt: skip
        world.later(minutes=10)
        told = world.run("run", "sync").stdout
        assert "#2 stock_th done: 3 products synced, 0 stocks_updated, 3 unchanged" in told
        assert [world.odoo.moves(product) for product in world.ids] == moves
        assert world.states() == ["done", "done"]

    def test_that_is_rehearsed_changes_nothing(self, world: SyncWorld) -> None:
        told = world.run("sync", "run", "--dry-run").stdout
        assert "B-2: 5 -> 0" in told
        assert "3 levels would be written, 0 are right already" in told
        assert levels_of(world.odoo, world.ids) == [0.0, 5.0, 1.0]
        assert world.jobs() == []

    def test_of_some_skus_leaves_the_others_alone(self, world: SyncWorld) -> None:
        world.run("sync", "run", "stock_th", "--sku", "C-3")
        assert levels_of(world.odoo, world.ids) == [0.0, 5.0, 2.5]

    def test_speaks_json_rpc_with_older_odoos_too(self, world: SyncWorld) -> None:
        world.write(odoo={"protocol": "jsonrpc"}, max_drop=1.0)
        world.run("sync", "run")
        assert levels_of(world.odoo, world.ids) == LEVELS

    def test_is_explained_item_by_item(self, world: SyncWorld) -> None:
        world.zort.products.append(ZortProduct("N-4", None))
        world.run("sync", "run", expected=5)
        told = world.run("stock", "why", "C-3").stdout
        assert 'C-3, stock_th: the source said "2.5"' in told
        assert "Odoo had 1, 2.5 was written (job #1, passerelle 1/1); 2.5 was read back" in told
        assert "it was left out: no level" in world.run("stock", "why", "N-4").stdout
        assert "A-1: 0 -> 10  (passerelle 1/1)" in world.run("jobs", "show", "1").stdout

    def test_tells_where_more_is_reserved_than_left(self, world: SyncWorld) -> None:
        if not hasattr(world.odoo, "odoo"):
            pytest.skip("a real reservation takes a whole delivery: measured by hand")
        quants = world.odoo.odoo.data.tables["stock.quant"].values()
        next(q for q in quants if q.product_id == world.ids[1]).reserved_quantity = 4.0
        world.zort.products[1].stock = "2"
        told = world.run("sync", "run").stdout
        assert "! B-2: 4 are reserved, and 2 are left" in told
        assert levels_of(world.odoo, world.ids[1:2]) == [2.0]


@pytest.mark.parametrize("level", [None, "", "abc", "-3", "NaN"])
def test_what_is_no_level_leaves_odoos_as_it_is(world: SyncWorld, level: str | None) -> None:
    world.zort.products[1].stock = level
    told = world.run("sync", "run", expected=5).stdout
    assert levels_of(world.odoo, world.ids) == [10.0, 5.0, 2.5]
    assert "1 skipped (1 negative)" in told if level == "-3" else "(1 no level)" in told


def test_what_odoo_does_not_refuse_is_left_alone_and_told(world: SyncWorld) -> None:
    odoo = world.odoo
    skus = ("lot", "serial", "old", "twin", "box", "shelf", "count", "fine", "owner")
    lot, serial = (odoo.add_product(sku, 1.0, tracking=sku) for sku in ("lot", "serial"))
    old = odoo.add_product("old", 1.0, active=False)
    twins = [odoo.add_product("twin", 1.0) for _ in range(2)]
    box, shelf, count, fine, owner = (odoo.add_product(sku, 1.0) for sku in skus[4:])
    odoo.add_quant(box, 2.0, package_id="PACK1")
    odoo.add_quant(owner, 2.0, owner_id="Somebody")
    odoo.add_quant(shelf, 2.0, location=odoo.add_shelf("Shelf 1"))
    odoo.count(count, 7.0)
    world.zort.products = [ZortProduct(sku, "9") for sku in skus[:7]]
    world.zort.products += [
        ZortProduct("fine", "9.00001"), ZortProduct("owner", "9"), ZortProduct("", "9"),
        ZortProduct("nowhere", "9"), ZortProduct("A-1", "3"), ZortProduct("A-1", "4"),
        ZortProduct("work", "-712", service=True),
    ]  # fmt: skip
    told = world.run("sync", "run", expected=5).stdout
    for words in ("by lot: lot, serial", "archived: old", "several in Odoo: twin", "no SKU: id",
                  "in packages, of owners or on shelves below: box, shelf, owner", "doubled: A-1",
                  "being counted: count", "finer than the unit: fine", "not in Odoo: nowhere",
                  "services: work"):  # fmt: skip
        assert f"! {words}" in told
    untouched = [lot, serial, old, *twins, box, shelf, count, fine, owner, *world.ids]
    assert not any(odoo.moves(product) for product in untouched)
    assert "left_out" in world.run("sync", "map", "--json", expected=5).stdout


def test_what_lies_twice_at_one_place_is_joined_first(world: SyncWorld) -> None:
    world.odoo.add_quant(world.ids[2], 3.0)
    world.run("sync", "run")
    assert levels_of(world.odoo, world.ids) == LEVELS


def test_another_companys_location_and_products_are_not_written(world: SyncWorld) -> None:
    company, location = world.odoo.add_company("Third Company")
    names = world.odoo.call(
        "stock.location/search_read", domain=[["id", "=", location]], fields=["complete_name"]
    )
    world.write(location=names[0]["complete_name"], max_drop=1.0)
    world.login = "admin"
    told = world.run("sync", "run", expected=6).stderr
    assert "has no location of that name" in told
    theirs = world.odoo.add_product("D-4", company_id=company)
    world.write(max_drop=1.0)
    world.zort.products.append(ZortProduct("D-4", "8"))
    world.later(minutes=10)
    assert "! of another company: D-4" in world.run("sync", "run", expected=5).stdout
    assert world.odoo.moves(theirs) == []


def test_check_names_the_group_that_a_user_lacks(world: SyncWorld) -> None:
    world.login = "plain"
    world.write(max_drop=1.0)
    told = world.run("check", expected=4).stdout
    assert "give it the group Inventory / User in Odoo" in told
    assert world.run("sync", "run", expected=4)
    assert world.states() == ["failed"]
    assert levels_of(world.odoo, world.ids) == [0.0, 5.0, 1.0]


@pytest.mark.realodoo
def test_other_programs_read_what_was_written(tmp_path: Path, real_odoo: RealOdoo) -> None:
    """The two public clients of Odoo, as a second opinion."""
    import odoolib  # type: ignore[import-untyped]
    import odoorpc  # type: ignore[import-untyped]

    with FakeZort([ZortProduct("A-1", "10.25")]) as zort:
        world = SyncWorld(tmp_path, zort, real_odoo)
        product = real_odoo.add_product("A-1", 3.0)
        world.write()
        world.run("sync", "run")
    place = urlsplit(real_odoo.url)
    ask = {"hostname": place.hostname, "port": place.port, "database": real_odoo.database}
    key = real_odoo.keys["admin"]
    one = odoolib.get_connection(**ask, protocol="jsonrpc", login="admin", password=key)
    domain = [("product_id", "=", product), ("location_id", "=", real_odoo.stock)]
    rows = one.get_model("stock.quant").search_read(domain, ["quantity"])
    assert [row["quantity"] for row in rows] == [10.25]
    other = odoorpc.ODOO(place.hostname, port=place.port)
    other.login(real_odoo.database, "admin", key)
    moves = other.env["stock.move"]
    found = moves.search_read([("reference", "=", "passerelle 1/1")], ["quantity"])
    assert [row["quantity"] for row in found] == [7.25]


class TestAWriteWhoseAnswerIsLost:
    def test_is_looked_up_and_never_repeated(self, world: SyncWorld) -> None:
        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(faults.lose, on="create"))
            world.url = proxy.url
            world.write(max_drop=1.0)
            world.run("sync", "run")
            assert world.states() == ["done"]
        assert levels_of(world.odoo, world.ids) == LEVELS
        assert [len(world.odoo.moves(product)) for product in world.ids] == [1, 1, 1]

    def test_that_was_never_carried_out_counts_for_nothing(self, world: SyncWorld) -> None:
        """As where Odoo is at it until its limit, and then gives up."""
        with Proxy(world.odoo.url) as proxy:
            late = only(faults.cut, on="create")
            proxy.faults.append(lambda request, carry_out: _after(world, late, request, carry_out))
            world.url = proxy.url
            world.write(max_drop=1.0)
            told = world.run("sync", "run", expected=5).stdout
            assert "0 stocks_updated" in told
            assert "3 left to the next job" in told
            world.later(minutes=10)
            world.run("run", "sync")
        assert levels_of(world.odoo, world.ids) == LEVELS

    def test_that_somebody_changed_meanwhile_is_told(self, world: SyncWorld) -> None:
        def change(_request: Any, carry_out: Callable[[], Any]) -> None:
            carry_out()
            world.odoo.set_levels([(world.ids[0], 77)], mark="somebody")

        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(change, on="create"))
            world.url = proxy.url
            world.write(max_drop=1.0)
            told = world.run("sync", "run", expected=5).stdout
        assert "A-1: 10 was written, and 77 is there: somebody changed it" in told
        assert "2 stocks_updated" in told

    def test_is_looked_up_where_it_was_sent(self, world: SyncWorld) -> None:
        """Though config.toml names another location by now, or another Odoo."""
        world.odoo.add_shelf("Shelf")
        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(faults.lose, on="create"))
            proxy.faults.append(only(faults.page(503), on="stock.move/", times=7, after=1))
            world.url = proxy.url
            world.write(max_drop=1.0)
            world.run("sync", "run", expected=4)
            world.write(max_drop=1.0, max_change=1.0, location="WH/Stock/Shelf")
            world.later(minutes=1)
            assert "passerelle 1/1 was written" in world.run("run", "sync", expected=(0, 5)).stdout
            told = world.run("stock", "why", "A-1").stdout
            assert told.count("10 was read back") == 2, "there, and at the other location"
            proxy.faults.append(only(faults.cut, on="create"))
            world.zort.products[0].stock = "11"
            world.later(minutes=10)
            world.run("sync", "run", expected=(4, 5))
        world.url = world.odoo.url
        world.write(max_drop=1.0, max_change=1.0, location="WH/Stock/Shelf")
        world.later(minutes=10)
        world.run("sync", "run", expected=(0, 5))
        assert "it went to" in (world.folder / "Trace3.txt").read_text("utf-8")

    def test_is_not_found_by_the_mark_of_another_ledger(self, world: SyncWorld) -> None:
        """Such as that of a copy of this folder, a moment ago."""
        world.odoo.set_levels([(product, 3) for product in world.ids], mark="passerelle 1/1")
        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(faults.cut, on="create"))
            world.url = proxy.url
            world.write(max_drop=1.0)
            world.run("sync", "run", expected=4)
            assert world.states() == ["unsettled"]

    def test_that_was_refused_is_not_looked_up(self, world: SyncWorld) -> None:
        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(faults.page(403), on="create"))
            world.url = proxy.url
            world.write(max_drop=1.0)
            world.run("sync", "run", expected=4)
            world.run("jobs", "retry", "1")
            world.run("jobs", "run")
        assert levels_of(world.odoo, world.ids) == LEVELS

    def test_that_never_arrived_is_made_anew_after_odoos_limit(self, world: SyncWorld) -> None:
        with Proxy(world.odoo.url) as proxy:
            proxy.faults.append(only(faults.cut, on="create"))
            world.url = proxy.url
            world.write(max_drop=1.0)
            world.run("sync", "run", expected=4)
            assert world.states() == ["unsettled"]
            assert "the answer to passerelle 1/1 was lost" in world.run("status", expected=6).stdout
            world.run("run", "sync")
            assert world.states() == ["unsettled"], "its time has not come"
            world.later(seconds=16)
            world.zort.products[0].stock = "11"
            assert "passerelle 1/1 was not written" in world.run("run", "sync").stdout
        assert levels_of(world.odoo, world.ids) == [11.0, 0.0, 2.5]
        assert world.odoo.moves(world.ids[0]) == [("passerelle 1/2", 11.0)]


def _after(world: SyncWorld, fault: Any, request: Any, carry_out: Any) -> Any:
    if request.path.endswith("create"):
        world.later(seconds=20)
    return fault(request, carry_out)


# Where a job may be killed: before and after each of its deeds.
DEEDS = (
    "passerelle.ledger.outbox:DispatchBook.prepare_batch",
    "passerelle.connectors.odoo:OdooConnector.write_levels",
    "passerelle.connectors.odoo:OdooConnector.quants_at",
    "passerelle.ledger.outbox:DispatchBook.settle_batch",
)


class KilledError(BaseException):
    """The process just ends."""


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("is_after", [False, True])
def test_a_job_that_is_killed_is_settled_and_nothing_doubled_or_zeroed(
    world: SyncWorld, deed: str, is_after: bool
) -> None:
    with _killed_at(deed, is_after=is_after), pytest.raises(KilledError):
        world.run("sync", "run")
    before = levels_of(world.odoo, world.ids)
    assert before in ([0.0, 5.0, 1.0], LEVELS), "all of a batch, or nothing"
    for _ in range(2):
        world.later(seconds=16)
        world.run("run", "sync", expected=(0, 4))
    assert levels_of(world.odoo, world.ids) == LEVELS
    assert [len(world.odoo.moves(product)) for product in world.ids] == [1, 1, 1]
    assert world.states() == ["done"], world.jobs()[0]["error"]


def _killed_at(deed: str, *, is_after: bool) -> Any:
    module, _colon, path = deed.partition(":")
    name, _dot, method = path.partition(".")
    owner = getattr(__import__(module, fromlist=[name]), name)
    whole: Callable[..., Any] = getattr(owner, method)

    def dies(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_after:
            whole(self, *args, **kwargs)
        raise KilledError

    return patch.object(owner, method, dies)
