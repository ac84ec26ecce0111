"""What left the file or changed after it was sent is told and held back until it is settled."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests import scale
from tests.shell import Result
from tests.world import Sale, World

FIRST = Sale("1", {"370": 1})
LEVELS = {"370": 10, "371": 10, "372": 10}


@dataclass(frozen=True)
class Change:
    """What the shop says after the ERP took order 1; its concern; the items then held back."""

    now: tuple[Sale, ...]
    kind: str
    held: frozenset[str] = frozenset()


CHANGES = {
    "a line added": Change((Sale("1", {"370": 1, "371": 2}),), "changed", frozenset({"371"})),
    "a quantity raised": Change((Sale("1", {"370": 3}),), "changed", frozenset({"370"})),
    "a quantity lowered to 0": Change((Sale("1", {"370": 0}),), "changed", frozenset({"370"})),
    "a quantity below 0": Change((Sale("1", {"370": -1}),), "changed", frozenset({"370"})),
    "another price": Change((replace(FIRST, last_name="Durand"),), "changed"),
    "cancelled": Change((replace(FIRST, status="Annulé"),), "cancelled"),
    "its id used again": Change(
        (Sale("1", {"371": 1}, date="2026-11-24 09:00:00"),), "id_reused", frozenset({"371"})
    ),
}


def taken(world: World, *sales: Sale) -> None:
    """The ERP has these orders, and its stock includes them."""
    world.shop_writes(*sales)
    world.run("run", "orders")
    world.erp_takes()
    world.run("run", "orders")


def held(world: World) -> set[str]:
    """The items that the shop must not sell."""
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    levels = world.shop_takes_stock()
    return {item for item in LEVELS if levels.get(item) == "0"}


def concerns(world: World) -> dict[str, tuple[str, ...]]:
    """What `status` tells of orders: the orders of each kind of concern."""
    health = json.loads(world.run("status", "--json").stdout)
    return {one["kind"]: tuple(one["orders"]) for one in health["concerns"] if one["orders"]}


def cases() -> list[ParameterSet]:
    """One of each kind of concern in every run of the tests, all at the scale of CI."""
    usual = ("a line added", "a quantity below 0", "cancelled", "its id used again")
    marks = {name: () if name in usual else scale.only("ci") for name in CHANGES}
    return [pytest.param(change, id=name, marks=marks[name]) for name, change in CHANGES.items()]


@pytest.mark.parametrize("change", cases())
class TestAnOrderThatChangesAfterItWasSent:
    def test_is_held_back_before_and_after_a_run_of_orders_and_explained(
        self, world: World, change: Change
    ) -> None:
        taken(world, FIRST)
        assert held(world) == set()
        world.shop_writes(*change.now)
        assert held(world) == change.held
        world.run("run", "orders")
        assert held(world) == change.held
        assert world.xmls() == []
        assert "passerelle orders settle 1" in world.run_well("orders", "show", "1")
        for item in change.held:
            assert "passerelle orders show 1" in world.run_well("stock", "why", item)

    def test_is_told_and_held_back_until_it_is_settled(self, world: World, change: Change) -> None:
        taken(world, FIRST)
        world.shop_writes(*change.now)
        world.run("run", "orders")
        world.shop_writes(Sale("9", {"372": 1}))
        taken(world, Sale("9", {"372": 1}))
        assert concerns(world) == {change.kind: ("1",)}
        assert held(world) == change.held

        world.run_well("orders", "settle", "1")
        assert concerns(world) == {}
        assert held(world) == set()
        world.shop_writes(*change.now)
        world.run("run", "orders")
        assert (concerns(world), held(world)) == ({}, set())

        world.run_well("orders", "unsettle", "1")
        assert concerns(world) == {change.kind: ("1",)}
        assert held(world) == change.held


class TestAnIdThatIsUsedAgainBeforeTheFirstOrderIsDoneWith:
    """The first keeps its state, its concern and its goods; the others are told beside it."""

    OTHER = Sale("1", {"371": 1}, date="2026-11-24 09:00:00")
    THIRD = Sale("1", {"372": 1}, date="2026-11-25 09:00:00")

    @pytest.fixture(
        params=[
            *("withheld", "left", "doubtful"),
            *(pytest.param(kind, marks=scale.only("ci")) for kind in ("rejected", "changed")),
        ]
    )
    def kind(self, request: pytest.FixtureRequest, world: World) -> str:
        kind: str = request.param
        first = {
            "withheld": replace(FIRST, payment="bon cadeau"),
            "left": replace(FIRST, status="En attente de virement bancaire"),
            "rejected": replace(FIRST, items={"370": "deux"}),
        }
        world.shop_writes(first.get(kind, FIRST))
        world.run("run", "orders")
        if kind == "changed":
            world.erp_takes()
            world.shop_writes(replace(FIRST, items={"370": 2}))
        elif kind == "doubtful":
            world.xmls()[0].write_bytes(b"cut")
            world.run("run", "orders")
            world.xmls()[0].unlink()
        world.run("run", "orders")
        return kind

    def test_none_of_them_is_lost(self, world: World, kind: str) -> None:
        world.shop_writes(self.OTHER)
        assert held(world) == {"370", "371"}
        world.shop_writes(self.THIRD)
        world.run("run", "orders")
        assert held(world) == {"370", "371", "372"}
        world.shop_writes(Sale("9", {"373": 1}))
        world.run("run", "orders")
        # What is rejected and has left the file is told once: that it was not sent.
        told = "not_sent" if kind == "rejected" else kind
        assert {told, "id_reused"} <= concerns(world).keys()
        assert "forget" not in world.run("status").stdout
        assert held(world) == {"370", "371", "372"}

        world.run_well("orders", "settle", "1")
        assert (concerns(world), held(world)) == ({"id_reused": ("1",)}, {"371", "372"})
        world.run_well("orders", "forget", "1", "--yes")
        world.run("run", "orders")
        assert concerns(world) == {"id_reused": ("1",), "not_sent": ("1",)}
        assert held(world) == {"371", "372"}
        world.shop_writes(self.THIRD)
        world.run_well("run", "orders")
        assert "1" in world.erp_takes()
        world.run_well("run", "orders")
        world.run_well("orders", "settle", "1")
        assert (concerns(world), "371" in held(world)) == ({}, False)
        world.run_well("orders", "unsettle", "1")
        assert (concerns(world), "371" in held(world)) == ({"id_reused": ("1",)}, True)

    def test_an_adoption_takes_none_for_the_other(self, world: World) -> None:
        world.shop_writes(replace(FIRST, status="En attente de virement bancaire"))
        world.run_well("run", "orders")
        world.shop_writes(self.OTHER)
        world.run_well("orders", "adopt", "--withheld", "--yes")
        world.run_well("run", "orders")
        assert concerns(world) == {"left": ("1",), "id_reused": ("1",)}
        assert held(world) == {"370", "371"}


def test_what_was_settled_is_what_the_erp_has(world: World) -> None:
    """Of what the shop changes later, only the rest is lacking."""
    taken(world, FIRST)
    world.shop_writes(Sale("1", {"370": 3}))
    world.run("run", "orders")
    world.run_well("orders", "settle", "1")
    world.shop_writes(Sale("1", {"370": 2}))
    world.run("run", "orders")
    assert (concerns(world), held(world)) == ({"changed": ("1",)}, set())
    world.run_well("orders", "settle", "1")
    world.shop_writes(Sale("1", {"370": 3}))
    assert held(world) == {"370"}


class TestAnUnpaidOrderThatLeavesTheFile:
    UNPAID = Sale("1", {"370": 1}, status="En attente de virement bancaire")
    OTHER = Sale("2", {"372": 1})

    @pytest.fixture
    def left(self, world: World) -> World:
        world.shop_writes(self.UNPAID)
        world.run_well("run", "orders")
        taken(world, self.OTHER)
        return world

    def test_is_told_and_held_back_until_it_is_settled(self, left: World) -> None:
        assert (concerns(left), held(left)) == ({"left": ("1",)}, {"370"})
        left.run_well("orders", "settle", "1")
        assert (concerns(left), held(left)) == ({}, set())

    def test_paid_later_and_exported_again_it_is_sent(self, left: World) -> None:
        left.shop_writes(replace(self.UNPAID, status="Paiement accepté"), self.OTHER)
        left.run_well("run", "orders")
        assert concerns(left) == {}
        assert left.erp_takes() == ["1"]

    def test_unpaid_and_exported_again_it_waits(self, left: World) -> None:
        left.shop_writes(self.UNPAID, self.OTHER)
        left.run_well("run", "orders")
        assert (concerns(left), held(left)) == ({}, {"370"})

    @pytest.mark.parametrize("file", scale.first((), (UNPAID,)), ids=["gone", "still there"])
    def test_is_told_and_held_back_once_where_the_channel_is_another_now(
        self, world: World, file: tuple[Sale, ...]
    ) -> None:
        world.shop_writes(self.UNPAID)
        world.run_well("run", "orders")
        world.configure(orders='channel = "b2c"')
        world.shop_writes(*file, self.OTHER)
        assert held(world) == {"370", "372"}
        world.run_well("run", "orders", "--all")
        assert concerns(world) == ({} if file else {"left": ("1",)})
        assert held(world) == {"370", "372"}

    def test_is_let_go_of_after_waiting_for(self, left: World) -> None:
        left.configure(orders='waiting_for = "1h"')
        left.run_well("run", "orders")
        assert (concerns(left), held(left)) == ({}, set())


class TestAnXmlThatTheErpRefuses:
    @pytest.fixture
    def refused(self, world: World) -> World:
        world.server.put_folder("refused")
        world.configure(orders='refused = "ftp:refused"')
        world.shop_writes(FIRST)
        world.run_well("run", "orders")
        (xml,) = world.xmls()
        xml.rename(world.server.root / "refused" / xml.name)
        return world

    @pytest.mark.parametrize("run", scale.first("orders", "stock"))
    def test_is_told_and_its_goods_stay_held_back(self, refused: World, run: str) -> None:
        refused.erp_writes_stock(LEVELS)
        assert "the ERP refused" in refused.run_well("run", run)
        assert (concerns(refused), held(refused)) == ({"refused": ("1",)}, {"370"})

    def test_is_told_no_more_once_it_is_settled(self, refused: World) -> None:
        refused.run_well("run", "orders")
        refused.run_well("orders", "settle", "1")
        refused.run_well("run", "orders")
        assert (concerns(refused), held(refused)) == ({}, set())

    def test_is_sent_again_when_a_person_says_so(self, refused: World) -> None:
        refused.run_well("run", "orders")
        assert "(the ERP refused import/" in refused.run_well("orders", "resend", "1", "--yes")
        refused.run_well("run", "orders")
        assert (concerns(refused), refused.erp_takes()) == ({}, ["1"])

    def test_where_the_folder_is_missing_that_is_told_and_stops_nothing(
        self, refused: World
    ) -> None:
        (refused.server.root / "refused").rename(refused.server.root / "elsewhere")
        refused.shop_writes(FIRST, Sale("2", {"371": 1}))
        assert refused.run("run", "orders").exit_code == 4
        assert refused.erp_takes() == ["2"]
        refused.erp_writes_stock(LEVELS)
        refused.run_well("run", "stock")
        assert "may have refused it" in refused.run_well("orders", "show", "1")
        assert refused.shop_takes_stock()["370"] == "0", "nobody knows whether the ERP has it"
        refused.server.put_folder("refused")
        refused.erp_writes_stock(LEVELS)
        refused.run_well("run", "stock")
        assert refused.shop_takes_stock()["370"] == "10"

    @pytest.mark.parametrize(
        ("template", "name"),
        [
            ("commandes_{time}.xml", "ERR_{}_20261122.err"),
            ("commandes_{time}.xml", "rejet 17.xml"),
            ("commandes.xml", "{}.1"),
        ],
    )
    def test_is_found_under_the_name_that_the_erp_gave_it(
        self, refused: World, template: str, name: str
    ) -> None:
        config = refused.folder / "config.toml"
        text = config.read_text("utf-8").replace("commandes_{time}.xml", template)
        config.write_text(text, "utf-8")
        refused.shop_writes(FIRST, Sale("2", {"371": 1}))
        refused.run_well("run", "orders")
        (xml,) = refused.xmls()
        xml.rename(refused.server.root / "refused" / name.format(xml.name))
        refused.run_well("run", "orders")
        assert concerns(refused) == {"refused": ("1", "2")}


def test_the_folder_of_refusals_is_not_the_one_that_the_erp_imports(world: World) -> None:
    world.configure(orders='refused = "ftp:import"')
    assert world.run("run", "orders").exit_code == 3


class TestAnOrderThatChangesBeforeItsXmlWasUploaded:
    """The ERP's folder is away; the XML has another order, which may leave the shop's file."""

    OTHER = Sale("2", {"371": 1})

    @pytest.fixture
    def promised(self, world: World) -> World:
        (world.server.root / "import").rename(world.server.root / "away")
        world.shop_writes(FIRST, self.OTHER)
        assert world.run("run", "orders").exit_code == 4
        return world

    def back(self, world: World, *sales: Sale) -> Result:
        (world.server.root / "away").rename(world.server.root / "import")
        world.shop_writes(*sales)
        return world.run("run", "orders")

    @pytest.mark.parametrize("others", scale.first((OTHER,), ()), ids=["beside", "without"])
    @pytest.mark.parametrize("now", [{"status": "Annulé"}, {"items": {"370": 3}}])
    def test_does_not_go_as_it_was_and_the_other_goes(
        self, promised: World, now: dict[str, Any], others: tuple[Sale, ...]
    ) -> None:
        first = replace(FIRST, **now)
        assert self.back(promised, first, *others).exit_code == 0
        sent = b"".join(path.read_bytes() for path in promised.xmls())
        assert sent.count(b"<quantity>3<") == ("items" in now)
        assert sorted(promised.erp_takes()) == ["1", "2"][first.status == "Annulé" :]
        promised.run_well("run", "orders")
        assert (concerns(promised), held(promised)) == ({}, set())

    def test_is_told_with_the_other_where_it_cannot_be_taken_out(self, promised: World) -> None:
        promised.configure(extra='[orders.xml.names]\norder = "bon"\n')
        result = self.back(promised, replace(FIRST, status="Annulé"))
        assert "1 order not sent, and no longer in the file: 2" in result.stderr.replace("\n", " ")
        assert (promised.erp_takes(), held(promised)) == ([], {"371"})
        assert concerns(promised) == {"not_sent": ("2",)}

    def test_nor_does_another_order_under_its_id_take_its_place(self, promised: World) -> None:
        another = Sale("1", {"372": 1}, date="2026-11-24 09:00:00")
        assert self.back(promised, another).exit_code == 0
        assert promised.erp_takes() == ["1", "2"]
        assert (concerns(promised), held(promised)) == ({"id_reused": ("1",)}, {"372"})

    def test_is_told_where_it_is_uploaded_and_has_no_name_yet(self, world: World) -> None:
        world.configure(time_in_name=False)
        foreign = world.server.put("import/commandes.xml", b"<ventes/>")
        world.shop_writes(FIRST)
        world.run_well("run", "orders")
        world.shop_writes(replace(FIRST, status="Annulé"))
        world.run_well("run", "orders")
        foreign.unlink()
        world.shop_writes()
        world.run_well("run", "orders")
        assert (world.erp_takes(), concerns(world)) == (["1"], {"cancelled": ("1",)})


class TestAnXmlThatLiesThere:
    @pytest.fixture
    def sent(self, world: World) -> World:
        world.shop_writes(FIRST)
        world.run_well("run", "orders")
        return world

    @pytest.mark.parametrize(("old", "new"), [(b"</orders>\n", b""), (b">370<", b">371<")])
    def test_is_in_doubt_once_it_was_cut_or_changed(
        self, sent: World, old: bytes, new: bytes
    ) -> None:
        (xml,) = sent.xmls()
        whole = xml.read_bytes()
        xml.write_bytes(whole.replace(old, new))
        sent.shop_writes(FIRST, replace(FIRST, id="9", items={"379": 1}))
        result = sent.run("run", "orders")
        assert (result.exit_code, "not what was sent" in result.stderr) == (6, True)
        assert [path.suffix for path in sent.xmls()] == [".xml", ".tmp"], "it may hold the next one"
        assert "not what was sent" in sent.run("run", "orders").stderr, "as long as it lies there"
        sent.erp_takes() if new else xml.unlink()
        assert sent.run("run", "orders").exit_code == 6
        assert (concerns(sent), held(sent)) == ({"doubtful": ("1",)}, {"370"})
        sent.run_well("orders", "settle", "1")
        sent.run_well("run", "orders")
        assert (concerns(sent), held(sent)) == ({}, set())

    def test_is_not_in_the_file_that_the_erp_wrote_meanwhile(self, sent: World) -> None:
        sent.erp_writes_stock(LEVELS, age=0)
        sent.run_well("run", "stock")
        sent.erp_takes()
        sent.run_well("run", "stock")
        assert sent.shop_takes_stock()["370"] == "0"
        assert held(sent) == set(), "but in the next one"
