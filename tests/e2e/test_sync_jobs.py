"""When jobs are made, run, held and tried again; and what a bad reading of ZORT may not do."""

import json
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from passerelle.base.lock import hold_lock, locked
from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.serving import CarryOut, HttpAnswer, HttpRequest, ServerFault
from passerelle.cli.demo.zort import FakeZort, ZortProduct
from tests.servers import connectors as faults
from tests.servers.connectors import FakeOdooHandle, only
from tests.shell import run_program
from tests.syncs import SyncWorld, levels_of

SKUS = [f"S-{number:02}" for number in range(10)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SyncWorld]:
    """Ten products, of which Odoo has 5 each, and ZORT 6."""
    with FakeZort([ZortProduct(sku, "6") for sku in SKUS]) as zort, FakeOdoo() as odoo:
        world = SyncWorld(tmp_path, zort, FakeOdooHandle(odoo))
        world.ids = [world.odoo.add_product(sku, 5.0) for sku in SKUS]
        world.write()
        yield world


def is_untouched(world: SyncWorld) -> bool:
    return levels_of(world.odoo, world.ids) == [5.0] * 10


REFUSAL = HttpAnswer.of({"res": {"resCode": "100", "resDesc": "Invalid apikey zort-secret"}})


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        pytest.param(
            faults.say(REFUSAL), "waiting", "ZORT refuses (100", id="an error in HTTP 200"
        ),
        pytest.param(faults.page(), "waiting", "is no JSON", id="HTML"),
        pytest.param(faults.short_page(), "waiting", "goes on changing", id="a short page"),
        pytest.param(
            faults.changing_count(), "waiting", "goes on changing", id="a count that grows"
        ),
        pytest.param(faults.page(401), "failed", "the key is not accepted", id="401"),
        pytest.param(faults.page(503), "waiting", "out of order (503)", id="503"),
        pytest.param(
            faults.say(HttpAnswer(301, b"", {"Location": "https://example.com/"})),
            "waiting",
            "write the address that it leads to as the url",
            id="301",
        ),
        pytest.param(
            faults.change(lambda answer: answer.update(count="\u00b2")),
            "waiting",
            "no list of products",
            id="a count that is none",
        ),
    ],
)
def test_a_reading_that_is_not_whole_writes_nothing(
    world: SyncWorld, fault: ServerFault, state: str, words: str
) -> None:
    # Three pages, so that the list may change between them.
    world.zort.products += [ZortProduct(f"X-{number}", "1") for number in range(1000)]
    world.zort.faults.append(only(fault, times=1000))
    told = world.run("run", "sync", expected=4).text
    assert words in told
    assert world.states() == [state]
    assert is_untouched(world)
    assert "zort-secret" not in told


def test_an_empty_list_holds_the_job(world: SyncWorld) -> None:
    world.run("run", "sync")
    world.zort.products.clear()
    world.later(minutes=10)
    assert "the source has no product" in world.run("run", "sync", expected=6).stderr
    assert world.states() == ["held", "done"]


def test_a_list_that_changes_once_is_read_again(world: SyncWorld) -> None:
    world.zort.products += [ZortProduct(f"X-{number}", "1") for number in range(1000)]
    world.zort.faults.append(only(faults.short_page(), times=1, on="page"))
    world.run("run", "sync", expected=5)
    assert levels_of(world.odoo, world.ids) == [6.0] * 10


def test_a_pause_that_is_asked_for_is_made(world: SyncWorld) -> None:
    world.zort.faults.append(only(faults.too_many("7"), times=2))
    world.run("run", "sync")
    assert world.states() == ["done"]
    assert world.pauses.count(7.0) == 2


@pytest.mark.parametrize("asked", ["600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_long_pause_is_the_next_trys(world: SyncWorld, asked: str) -> None:
    world.zort.faults.append(only(faults.too_many(asked)))
    world.run("run", "sync", expected=4)
    world.later(minutes=9)
    assert "the next try is at" in world.run("run", "sync").stdout
    assert world.pauses == []


def test_warehouses_are_summed_and_an_unknown_one_holds(world: SyncWorld) -> None:
    world.zort.warehouses = {"W0001": "Main", "W0002": "Second"}
    for product in world.zort.products:
        product.levels = {"W0001": "2", "W0002": "1.5"}
    world.write(warehouses=["W0001", "W0002"])
    world.run("run", "sync")
    assert levels_of(world.odoo, world.ids) == [3.5] * 10
    world.write(warehouses=["W9"])
    world.later(minutes=10)
    assert "ZORT has no warehouse W9" in world.run("run", "sync", expected=6).stderr
    assert "ZORT has no warehouse W9" in world.run("check", expected=6).stdout
    told = world.run("status", expected=6).stdout
    assert told.count("warehouses there: W0001, W0002") == 1
    for words in (("sync", "status"), ("jobs", "list"), ("jobs", "show", "2")):
        assert world.run(*words).stdout.count("warehouses there: W0001, W0002") == 1
    assert "--accept-drop" not in told, "that lets no such job pass"


class TestTheGuards:
    def test_hold_what_empties_too_much_until_a_person_looked(self, world: SyncWorld) -> None:
        for product in world.zort.products[:4]:
            product.stock = "0"
        told = world.run("run", "sync", expected=6).stderr
        assert "4 of 10 items in stock would go to 0, more than max_drop = 30%" in told
        assert is_untouched(world)
        told = world.run("status", expected=6).stdout
        assert "job #1 of stock_th is held: 4 of 10" in told
        assert "`passerelle sync run stock_th --accept-drop` lets it pass" in told
        world.run("sync", "run", "stock_th", "--accept-drop")
        assert levels_of(world.odoo, world.ids) == [0.0] * 4 + [6.0] * 6
        assert "is held" not in world.run("status").stdout

    def test_hold_all_levels_at_0_and_a_source_that_shrank(self, world: SyncWorld) -> None:
        world.run("run", "sync")
        for product in world.zort.products:
            product.stock = "0"
        world.later(minutes=10)
        assert "all levels of the source are 0" in world.run("run", "sync", expected=6).stderr
        del world.zort.products[6:]
        for product in world.zort.products:
            product.stock = "6"
        world.later(minutes=10)
        told = world.run("run", "sync", expected=6).stderr
        assert "the source has 6 products, and had 10" in told

    def test_hold_many_changes_from_the_second_job_on(self, world: SyncWorld) -> None:
        world.run("run", "sync")
        for product in world.zort.products[:6]:
            product.stock = "7"
        world.later(minutes=10)
        told = world.run("run", "sync", expected=6).stderr
        assert "6 of 10 levels would change, more than max_change = 50%" in told

    def test_a_reading_that_grew_old_writes_no_more(self, world: SyncWorld) -> None:
        world.write(batch=5)
        world.zort.faults.append(lambda _request, carry_out: carry_out())
        odoo = world.odoo.odoo  # type: ignore[attr-defined]
        odoo.faults.append(lambda request, carry_out: _late(world, request.path, carry_out))
        told = world.run("run", "sync", expected=5).stdout
        assert "5 stocks_updated" in told
        assert "5 left to the next job" in told
        assert levels_of(world.odoo, world.ids) == [6.0] * 5 + [5.0] * 5

    def test_are_passed_once_by_what_a_person_saw(self, world: SyncWorld) -> None:
        world.zort.faults.append(only(faults.page(503), times=99))
        world.run("sync", "run", "stock_th", "--accept-drop", expected=4)
        world.zort.faults.clear()
        for product in world.zort.products:
            product.stock = "0"
        world.later(minutes=2)
        world.run("run", "sync", expected=6)
        assert is_untouched(world)

    def test_let_a_first_load_go_on(self, world: SyncWorld) -> None:
        """What a reading left, or a trial of one SKU, is no first job."""
        world.run("sync", "run", "stock_th", "--sku", "S-00")
        world.later(minutes=10)
        world.run("run", "sync")
        assert levels_of(world.odoo, world.ids) == [6.0] * 10


def _late(world: SyncWorld, path: str, carry_out: CarryOut) -> HttpAnswer | None:
    if path.endswith("stock.quant/create"):
        world.later(minutes=11)
    return carry_out()


def test_an_item_that_is_asked_for_and_is_not_there_is_told(world: SyncWorld) -> None:
    told = world.run("sync", "run", "stock_th", "--sku", "S-00", "--sku", "NOPE", expected=5).stdout
    assert "! not in the source: NOPE" in told
    world.run("sync", "run", "stock_th", "--sku", "A,B", expected=2)
    # The whole job is not held for it, and no mend lets one pass: nothing was to be let pass.
    told = world.run("sync", "run", "stock_th", "--sku", "NOPE", expected=5).stderr
    assert told.endswith("`passerelle sync map stock_th` names what is left out\n")
    assert world.states() == ["partly", "partly"]
    assert '"6" (' in world.run("stock", "why", "S-00").stdout, "no whole reading was needed"


def test_some_skus_take_no_job_from_the_others(world: SyncWorld) -> None:
    world.zort.faults.append(only(faults.page(503), times=5))
    world.run("run", "sync", expected=4)
    world.run("sync", "run", "stock_th", "--sku", "S-01")
    assert levels_of(world.odoo, world.ids) == [6.0] * 10


def test_blanks_around_an_sku_are_told_by_any_job(world: SyncWorld) -> None:
    """A job of some SKUs would find the one without them alone."""
    world.zort.products += [ZortProduct("S-00 ", "9"), ZortProduct("S\n9", "9")]
    told = world.run("sync", "run", expected=5).stdout
    assert "! blanks around the SKU: 'S-00 '" in told
    assert "! not in Odoo: 'S\\n9'" in told
    world.run("sync", "run", "stock_th", "--sku", "S-00")
    assert levels_of(world.odoo, world.ids) == [6.0] * 10


def test_what_a_person_begins_to_count_while_a_job_writes_is_left_alone(world: SyncWorld) -> None:
    world.write(batch=4)
    counted = list[int]()

    def count(request: HttpRequest, carry_out: CarryOut) -> HttpAnswer | None:
        answer = carry_out()
        if not counted and request.path.endswith("stock.quant/create"):
            counted.append(world.ids[5])
            world.odoo.count(world.ids[5], 99.0)
            world.odoo.set_levels([(world.ids[6], 6)], mark="somebody")
        return answer

    world.odoo.odoo.faults.append(count)  # type: ignore[attr-defined]
    result = world.run("run", "sync", expected=5)
    assert "8 stocks_updated, 1 unchanged, 1 skipped (1 being counted)" in result.stdout
    assert "`passerelle jobs show 1` names what was not written" in result.stderr
    assert "! being counted: S-05" in world.run("jobs", "show", "1").stdout
    assert world.odoo.quants(world.ids[5], "inventory_quantity") == [99.0]
    assert world.odoo.moves(world.ids[6]) == [("somebody", 1.0)]


@pytest.mark.parametrize("level", ["1e-999999999", "1_000", "\u0663"])
def test_an_odd_level_leaves_its_own_item_out(world: SyncWorld, level: str) -> None:
    world.zort.products[0].stock = level
    assert "! no level: S-00" in world.run("run", "sync", expected=5).stdout
    assert levels_of(world.odoo, world.ids) == [5.0] + [6.0] * 9


def test_a_fault_of_our_own_fails_the_job(world: SyncWorld) -> None:
    world.odoo.odoo.faults.append(only(faults.say(HttpAnswer.of(None)), times=99))  # type: ignore[attr-defined]
    world.run("run", "sync", expected=1)
    assert world.states() == ["failed"]


class TestTheClock:
    def test_makes_one_job_while_another_runs(self, world: SyncWorld) -> None:
        world.run("run", "sync")

        def busy() -> Exception:
            raise AssertionError

        with locked(world.folder, "passerelle.lock.sync.stock_th", busy):  # type: ignore[arg-type]
            for _ in range(5):
                world.later(minutes=10)
                assert "a job of stock_th is running" in world.run("run", "sync").stdout
            assert world.states() == ["pending", "done"]
            world.run("sync", "run", "stock_th", expected=7)
        world.run("jobs", "run")
        assert world.states() == ["done", "done"]

    def test_keeps_no_other_run_waiting(self, world: SyncWorld) -> None:
        free = list[str]()

        def look(_request: object, carry_out: object) -> object:
            with hold_lock(world.folder, "run orders", datetime.now().astimezone()):
                free.append("the folder's lock")
            return carry_out()  # type: ignore[operator]

        world.odoo.odoo.faults.append(look)  # type: ignore[attr-defined]
        world.run("run", "sync")
        assert free

    def test_starts_it_beside_the_other_runs_of_the_loop(self, world: SyncWorld) -> None:
        with (
            patch("passerelle.schedule.loop.Loop.go_on", lambda self: self._run("sync")),
            patch("passerelle.cli.schedule.subprocess.Popen") as started,
        ):
            world.run("schedule", "run")
        assert started.call_args.args[0][-3:] == [str(world.folder / "config.toml"), "run", "sync"]
        assert world.jobs() == []

    def test_goes_on_where_it_was_set_back(self, world: SyncWorld) -> None:
        world.zort.faults.append(only(faults.page(503), times=5))
        world.later(days=2)
        world.run("run", "sync", expected=4)
        world.later(days=-2)
        assert "#1 stock_th done" in world.run("run", "sync").stdout

    def test_tells_of_a_sync_of_which_no_job_comes_to_anything(self, world: SyncWorld) -> None:
        """Killed each time, or slower than it may be."""
        dies = patch("passerelle.runs.sync_job.SyncJob.carry_out", side_effect=KeyboardInterrupt)
        with dies:
            for _ in range(4):
                world.run("run", "sync", expected=130)
                world.later(minutes=10)
        told = world.run("status", expected=6).stdout
        assert "the levels of stock_th are no longer written" in told
        world.zort.faults.append(
            lambda _r, carry_out: _late(world, "stock.quant/create", carry_out)
        )
        told = world.run("run", "sync", expected=5).stderr
        assert "reading takes longer than `every` of [sync.stock_th]: make it longer" in told
        assert "make it longer" in world.run("status", expected=6).stdout
        assert is_untouched(world)

    def test_makes_none_before_its_time(self, world: SyncWorld) -> None:
        world.run("run", "sync")
        world.later(minutes=9)
        assert "no job is due" in world.run("run", "sync").stdout
        assert len(world.jobs()) == 1

    def test_makes_none_of_a_sync_that_is_switched_off(self, world: SyncWorld) -> None:
        world.write(enabled=False)
        assert "switched off (enabled = false)" in world.run("run", "sync").stdout
        assert "switched off" in world.run("sync", "status").stdout
        assert world.jobs() == []

    @pytest.mark.parametrize(("every", "minutes"), [(10, [0, 10, 20, 30, 40, 50]), (90, [0, 30])])
    def test_ticks_as_often_as_jobs_may_be_due(
        self, world: SyncWorld, every: int, minutes: list[int]
    ) -> None:
        world.write(every=every)
        plan = json.loads(world.run("schedule", "show", "--json").output)
        assert plan == [{"run": "sync", "minutes": minutes, "next_start": plan[0]["next_start"]}]
        task = world.run("schedule", "export", "sync").stdout
        assert f"<Interval>PT{minutes[1]}M</Interval>" in task
        assert "<ExecutionTimeLimit>PT361M</ExecutionTimeLimit>" in task


def test_a_job_that_died_with_a_sync_that_is_gone_is_told_and_cancelled(world: SyncWorld) -> None:
    dies = patch("passerelle.runs.sync_job.SyncJob.carry_out", side_effect=KeyboardInterrupt)
    with dies:
        world.run("run", "sync", expected=130)
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace("stock_th", "other"), "utf-8")
    world.run("jobs", "cancel", "1", expected=2)
    world.later(hours=2)
    told = world.run("status", expected=6).stdout
    assert "job #1 of stock_th is called running, and nothing was heard of it" in told
    world.run("jobs", "cancel", "1")
    assert world.states() == ["cancelled"]


class TestAPerson:
    def test_tries_a_job_again_or_cancels_it(self, world: SyncWorld) -> None:
        world.zort.faults.append(only(faults.page(401), times=1))
        world.run("run", "sync", expected=4)
        told = world.run("status", expected=6).stdout
        assert "`passerelle jobs retry 1`" in told
        world.run("jobs", "retry", "1")
        world.run("jobs", "cancel", "1")
        world.run("jobs", "cancel", "1", expected=2)
        world.run("jobs", "retry", "1")
        world.run("jobs", "retry", "1", expected=2)
        world.run("jobs", "cancel", "1")
        world.write(enabled=False)
        told = world.run("jobs", "retry", "1", expected=2).stderr
        assert "write [sync.stock_th] with enabled = true first" in told
        world.write()
        world.run("jobs", "retry", "1")
        world.run("jobs", "run")
        assert world.states() == ["done"]
        world.run("jobs", "show", "7", expected=2)

    def test_reads_no_key_anywhere(self, world: SyncWorld) -> None:
        world.zort.faults.append(only(faults.say(REFUSAL), times=1))
        world.run("run", "sync", expected=4)
        world.run("jobs", "run")
        world.later(minutes=2)
        world.run("jobs", "run")
        odoo = world.odoo.keys["stock"]
        kept = [path.read_bytes() for path in world.folder.iterdir() if path.name != "config.toml"]
        for secret in ("zort-key", "zort-secret", odoo):
            assert not any(secret.encode() in data for data in kept)
        shown = world.run("config", "show").stdout
        assert "zort-key" not in shown
        assert odoo not in shown

    def test_sees_it_on_the_page_and_in_french(self, world: SyncWorld) -> None:
        world.run("run", "sync")
        world.run("report")
        page = (world.folder / "report.html").read_text("utf-8")
        assert "10 products synced, 10 stocks_updated" in page
        config = world.folder / "config.toml"
        config.write_text(f'language = "fr"\n{config.read_text("utf-8")}', "utf-8")
        assert "10 produits synchronisés" in world.run("sync", "run").stdout

    def test_keeps_both_ends_where_they_are_named(self, world: SyncWorld) -> None:
        config = world.folder / "config.toml"
        config.write_text(config.read_text("utf-8").replace('to = "odoo"', 'to = "zort"'), "utf-8")
        told = world.run("sync", "run", expected=3).stderr
        assert 'no connector of kind "odoo" is named "zort" (there are: odoo)' in told
        tomllib.loads(config.read_text("utf-8"))


def test_the_calls_are_counted(world: SyncWorld) -> None:
    """So many pages, and one write and one reading back for each batch that changes something."""
    world.zort.products += [ZortProduct(f"X-{number}", "1") for number in range(1490)]
    for number in range(1490):
        world.odoo.add_product(f"X-{number}", 1.0)
    odoo = world.odoo.odoo  # type: ignore[attr-defined]
    # A question is asked again where its answer was lost; a page is as big as it was asked to be.
    odoo.faults.append(only(faults.lose, on="product.product/search_read"))
    with patch("passerelle.connectors.odoo.PAGE", 1000):
        world.run("run", "sync")
    asked = [request.path.rpartition("/")[2] for request in odoo.requests]
    assert asked.count("create") == 1
    assert len([one for one in world.zort.requests if "GetProducts" in one.path]) == 3
    quants = [one for one in odoo.requests if one.path.endswith("stock.quant/search_read")]
    assert len(quants) == 3, "the whole in two pages, and what was written"
    assert len([one for one in odoo.requests if "product/search_read" in one.path]) == 3


def test_the_demo_plays_three_jobs_without_an_account(tmp_path: Path) -> None:
    result = run_program("demo", "--sync", "demo", cwd=tmp_path)
    assert result.exit_code == 0, result.text
    assert "8 products synced, 4 stocks_updated, 1 unchanged, 3 skipped" in result.stdout
    assert "3 of 4 items in stock would go to 0, more than max_drop = 30%" in result.stdout
    again = run_program("stock", "why", "TEE-S", cwd=tmp_path / "demo")
    assert "Odoo had 12, 10 was written (job #2, passerelle 2/1); 10 was read back" in again.stdout
    (tmp_path / "demo" / ".passerelle-demo").unlink()
    assert run_program("demo", "--sync", "demo", cwd=tmp_path).exit_code == 2
