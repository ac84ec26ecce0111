"""Who is on the other side: another server, an older copy, a second Passerelle, an ERP."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from passerelle.model.servers import MARK_NAME
from tests import scale
from tests.e2e.conftest import NewFtp
from tests.e2e.test_after_sending import concerns
from tests.servers import RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import Quirks
from tests.shell import Result
from tests.world import COLUMNS, Sale, World

SHOE, BOOT = Sale("1", {"370": 1}), Sale("2", {"371": 1}, date="2026-11-22 10:05:00")
HAT = Sale("3", {"372": 1}, date="2026-11-22 10:10:00")
UNPAID, UNDATED = "En attente de virement bancaire", "\n[orders.columns]\ndate = []\n"
ACCEPT, UNTIL_MARK = "passerelle servers accept ftp", "passerelle orders adopt --until-mark"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path, "here", tmp_path / "server")


def new_world(folder: Path, name: str, root: Path) -> World:
    (folder / name).mkdir()
    root.mkdir(exist_ok=True)
    world = World(folder / name, RunningServer("folder", root.as_uri(), "", root))
    world.configure()
    return world


def held(result: Result, words: str, code: int = 6) -> None:
    assert result.exit_code == code, result
    assert words in result.stderr, result


def marks(world: World) -> list[Path]:
    return sorted(world.server.root.glob(f"{MARK_NAME}*"))


def move_server(world: World, root: Path) -> None:
    """The url leads elsewhere from now on."""
    root.mkdir(exist_ok=True)
    world.server = RunningServer("folder", root.as_uri(), "", root)
    world.configure()


def test_a_run_leaves_one_mark_which_no_run_minds(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    assert len(marks(world)) == 1
    world.shop_writes(SHOE, BOOT)
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1", "2"]
    assert len(marks(world)) == 1


class TestAnotherServer:
    @pytest.fixture(autouse=True)
    def sent(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")

    def test_holds_and_nothing_counts_as_taken(self, world: World, tmp_path: Path) -> None:
        move_server(world, tmp_path / "new server")
        world.shop_writes(SHOE, BOOT)
        held(world.run("run", "orders"), ACCEPT)
        assert world.states() == {"1": "sent", "2": "prepared"}
        assert world.xmls() == []
        world.erp_writes_stock({"370": 5})
        held(world.run("run", "stock"), "our mark is not there")

    def test_once_accepted_leaves_what_was_open_in_doubt(
        self, world: World, tmp_path: Path
    ) -> None:
        move_server(world, tmp_path / "new server")
        world.shop_writes(SHOE, BOOT)
        held(world.run("run", "orders"), ACCEPT)
        assert world.run("servers", "accept", "ftp").exit_code == 2
        assert "orders settle 1" in world.run_well("servers", "accept", "ftp", "--yes")
        held(world.run("run", "orders"), "orders resend 1")
        assert world.erp_takes() == ["2"]
        world.run_well("orders", "settle", "1")
        world.run_well("run", "orders")
        assert world.states() == {"1": "settled", "2": "taken"}

    def test_with_our_mark_is_the_same_one_moved(self, world: World, tmp_path: Path) -> None:
        shutil.copytree(world.server.root, tmp_path / "new server")
        move_server(world, tmp_path / "new server")
        world.shop_writes(SHOE, BOOT)
        assert "ftp moved" in world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2"]

    def test_under_another_name_is_the_same_one(self, world: World) -> None:
        config = world.folder / "config.toml"
        text = config.read_text("utf-8").replace("ftp:", "shop:").replace("rs.ftp", "rs.shop")
        config.write_text(text, "utf-8")
        world.erp_takes()
        assert 'server "ftp" is called "shop" now' in world.run_well("run", "orders")
        assert world.states() == {"1": "taken"}

    def test_under_a_second_name_counts_once_or_is_told(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(world.server.root)
        here, link = world.server.root.as_uri(), (tmp_path / "link").as_uri()
        world.configure(extra=f'\n[servers.b]\nurl = "{link}"\n')
        world.edit(('"ftp:ExportCSVmod', '"b:ExportCSVmod'))
        world.erp_writes_stock({"370": 5})
        held(world.run("run", "stock"), "give [servers.b] url and password of [servers.ftp]")
        assert world.run("orders", "adopt", "--until-mark", "--yes").exit_code == 2
        world.edit((link, here))
        for sales in ((SHOE, BOOT), (SHOE, BOOT, HAT)):
            world.run_well("run", "stock")
            world.sends(*sales)
        world.edit((f'[servers.b]\nurl = "{here}', f'[servers.b]\nurl = "{link}'))
        held(world.run("run", "stock"), 'the server "ftp" under another name')

    @pytest.mark.parametrize(
        "edit", scale.first("names swapped", "one url for both", "one server left")
    )
    def test_of_two_is_told_from_the_other(self, world: World, tmp_path: Path, edit: str) -> None:
        erp = new_world(tmp_path, "erp", tmp_path / "erp root")
        here, there = world.server.root.as_uri(), erp.server.root.as_uri()
        section = f'\n[servers.b]\nurl = "{there}"\nsettle = "0s"\n'
        world.erp_takes()
        world.configure(extra=section)
        world.edit(('"ftp:import', '"b:import'))
        world.sends(SHOE, BOOT)
        world.erp_writes_stock({"370": 5, "371": 5})
        world.run_well("run", "stock")
        match edit:
            case "names swapped":
                world.edit(('"ftp:', '"x:'), ('"b:', '"ftp:'), ('"x:', '"b:'))
                world.edit((here, "HERE"), (there, here), ("HERE", there))
            case "one url for both":
                world.edit((there, here))
            case _:
                world.edit((here, there), (section, ""), ('"b:', '"ftp:'))
                (erp.server.root / "ExportCSV.csv").touch()
        shop = erp if edit == "one server left" else world
        shop.shop_writes(SHOE, BOOT, HAT)
        result = world.run("run", "orders")
        assert result.exit_code == (0 if edit == "names swapped" else 6), result
        shop.erp_writes_stock({"370": 5, "371": 5, "372": 5})
        world.run("run", "stock")
        assert world.states()["2"] == "sent"
        assert edit == "one server left" or world.shop_takes_stock()["371"] == "0"
        if edit == "one server left":
            world.run_well("servers", "accept", "ftp", "--yes")
            world.run_well("run", "orders")
        erp.erp_takes()
        world.run("run", "orders")  # where both had one name, the second one went now
        erp.erp_takes()
        assert sorted(erp.booked) == (["2"] if edit == "one url for both" else ["2", "3"])

    def test_a_share_that_is_not_mounted_proves_nothing(self, world: World, tmp_path: Path) -> None:
        root = world.server.root
        root.rename(tmp_path / "away")
        root.mkdir()
        (root / "import").mkdir()
        world.shop_writes(SHOE, BOOT)
        held(world.run("run", "orders"), "our mark is not there")
        shutil.rmtree(root)
        (tmp_path / "away").rename(root)
        world.shop_writes(SHOE, BOOT, HAT)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2", "3"]


class TestAnotherImportFolder:
    """Our mark is where it was: it lies beside that folder."""

    @pytest.fixture(autouse=True)
    def replaced(self, world: World) -> Path:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        return world.server.root / "import"

    def test_proves_nothing_until_it_is_the_old_one_again(
        self, world: World, replaced: Path
    ) -> None:
        away = replaced.rename(replaced.with_name("away"))
        replaced.mkdir()
        world.shop_writes(SHOE, BOOT)
        held(world.run("run", "orders"), "this folder is another one")
        assert world.states() == {"1": "sent", "2": "prepared"}
        world.erp_writes_stock({"370": 5, "371": 5})
        world.run_well("run", "stock")
        assert world.shop_takes_stock()["370"] == "0"
        replaced.rename(replaced.with_name("empty"))
        away.rename(replaced)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2"]

    def test_once_accepted_leaves_what_was_open_in_doubt(
        self, world: World, replaced: Path
    ) -> None:
        replaced.rename(replaced.with_name("away"))
        replaced.mkdir()
        held(world.run("run", "orders"), ACCEPT)
        world.run_well("servers", "accept", "ftp", "--yes")
        held(world.run("run", "orders"), "orders settle 1")
        world.run_well("orders", "settle", "1")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["2"]

    @pytest.mark.parametrize("server", scale.first("here", "another"))
    def test_that_the_config_names_gets_what_nobody_saw_yet(
        self, world: World, replaced: Path, tmp_path: Path, server: str
    ) -> None:
        """And what a person moved along is looked after where it lies."""
        replaced.rename(world.server.root / "new")
        world.sends(BOOT, code=4)
        to = '"ftp:new/'
        if server == "another":
            root = tmp_path / "another"
            root.mkdir()
            (world.server.root / "new").rename(root / "new")
            world.configure(extra=f'\n[servers.b]\nurl = "{root.as_uri()}"\nsettle = "0s"\n')
            to = '"b:new/'
        world.edit(('"ftp:import/', to))
        world.sends(HAT)
        world.erp_writes_stock({"370": 5, "371": 5, "372": 5})
        world.run_well("run", "stock")
        assert {*world.shop_takes_stock().values()} == {"0", "999"}
        # The third may have the first one's name: it then goes once that is taken.
        assert "taken" not in world.states().values()
        new = (root if server == "another" else world.server.root) / "new"
        for _time in range(2):
            new.rename(replaced)
            world.erp_takes()
            replaced.rename(new)
            world.run_well("run", "orders")
        assert world.booked == {"1": 1, "2": 1, "3": 1}

    def test_is_no_matter_where_nothing_of_ours_is_missing(
        self, world: World, replaced: Path
    ) -> None:
        world.erp_takes()
        world.run_well("run", "orders")
        replaced.rename(replaced.with_name("away"))
        replaced.mkdir()
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        shutil.copytree(replaced, replaced.with_name("copy"))
        replaced.rename(replaced.with_name("old"))
        replaced.with_name("copy").rename(replaced)
        world.shop_writes(SHOE, BOOT, HAT)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["2", "3"]


class TestAnOlderCopyOfTheFolder:
    def test_is_held_until_it_follows_the_mark(self, world: World, tmp_path: Path) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        shutil.copytree(world.data, tmp_path / "backup")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2"]
        shutil.rmtree(world.data)
        shutil.copytree(tmp_path / "backup", world.data)
        world.shop_writes(SHOE, BOOT, HAT)
        held(world.run("run", "orders"), UNTIL_MARK)
        assert world.erp_takes() == []
        told = world.run_well("orders", "adopt", "--until-mark", "--yes")
        assert "1 order adopted, up to order 2" in told
        world.run_well("run", "orders")
        assert world.erp_takes() == ["3"]
        old = Sale("0", {"370": 1}, date="2026-11-20 10:00:00")
        world.shop_writes(old, SHOE, BOOT, HAT)
        world.run("run", "orders")
        assert world.erp_takes() == [], "what is older than the mark's newest is not sent again"

    @pytest.mark.parametrize("dated", scale.first(True, False))
    def test_adopts_what_the_mark_says_was_sent_and_tells_the_rest(
        self, world: World, tmp_path: Path, dated: bool
    ) -> None:
        """Orders that waited when the backup was made; one met since; one with an older date."""
        world.configure(orders="" if dated else "# start_from\n", extra="" if dated else UNDATED)
        late, paid, met = (replace(SHOE, id=id, status=UNPAID) for id in ("5", "6", "7"))
        older = replace(SHOE, id="0", date="2026-11-22 09:00:00")
        world.shop_writes(SHOE, late, paid)
        world.run_well("run", "orders", "--all")
        shutil.copytree(world.data, tmp_path / "backup")
        hat = replace(HAT, id="8")
        world.shop_writes(SHOE, late, replace(paid, status=SHOE.status), met, hat)
        world.run_well("run", "orders")
        assert sorted(world.erp_takes()) == ["1", "6", "8"]
        shutil.rmtree(world.data)
        shutil.copytree(tmp_path / "backup", world.data)
        newer = replace(SHOE, id="9", date="2026-11-22 10:15:00")
        world.shop_writes(*(replace(o, status=SHOE.status) for o in (older, SHOE, late, paid, met)),
                          hat, newer)  # fmt: skip
        held(world.run("run", "orders"), UNTIL_MARK)
        told = world.run_well("orders", "adopt", "--until-mark", "--yes")
        assert "2 orders adopted" in told and "6, 8" in told
        for _again in "again":
            assert concerns(world) == {"older": ("0", "5", "7")}
            world.run_well("run", "orders")
        assert world.erp_takes() == ["9"]
        world.run_well("orders", "resend", "0", "5", "7", "--yes")
        world.run_well("run", "orders")
        assert sorted(world.erp_takes()) == ["0", "5", "7"]

    def test_sends_what_waited_for_its_turn_and_was_not_sent(
        self, world: World, tmp_path: Path
    ) -> None:
        world.configure(time_in_name=False)
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        shutil.copytree(world.data, tmp_path / "backup")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        world.erp_writes_stock({"370": 5})
        world.run_well("run", "stock")
        shutil.rmtree(world.data)
        shutil.copytree(tmp_path / "backup", world.data)
        assert "0 orders adopted" in world.run_well("orders", "adopt", "--until-mark", "--yes")
        assert world.erp_takes() == ["1"]
        world.run_well("run", "orders")
        assert world.erp_takes() == ["2"]

    @pytest.mark.parametrize("way", scale.first(("--until-mark",), ()))
    def test_holds_back_what_lies_there_unread(
        self, world: World, tmp_path: Path, way: tuple[str, ...]
    ) -> None:
        world.sends(SHOE)
        shutil.copytree(world.data, tmp_path / "backup")
        world.sends(SHOE, BOOT, HAT)
        for path in world.data.glob("passerelle.db*"):
            path.unlink()
        if way:
            shutil.copytree(tmp_path / "backup", world.data, dirs_exist_ok=True)
        world.shop_writes(HAT)
        told = world.run_well("orders", "adopt", *way, "--yes")
        assert "held back until the ERP has taken it: 2, 3" in told
        for level in ("0", "5"):
            world.erp_writes_stock({"371": 5, "372": 5})
            world.run_well("run", "stock")
            assert [*world.shop_takes_stock().values()][:2] == [level, level]
            assert world.erp_takes() == (["1", "2", "3"] if level == "0" else [])

    def test_whose_mark_is_gone_sends_nothing_of_before_unasked(
        self, world: World, tmp_path: Path
    ) -> None:
        late = replace(SHOE, id="4", status=UNPAID)
        world.sends(SHOE, late)
        shutil.copytree(world.data, tmp_path / "backup")
        world.sends(SHOE, BOOT, late)
        assert sorted(world.erp_takes()) == ["1", "2"]
        for mark in marks(world):
            mark.unlink()
        shutil.rmtree(world.data)
        shutil.copytree(tmp_path / "backup", world.data)
        world.shop_writes(SHOE, BOOT)
        held(world.run("run", "orders"), "with --restored")
        world.run_well("servers", "accept", "ftp", "--restored", "--yes")
        world.shop_writes(SHOE, BOOT, HAT, replace(late, status=SHOE.status),
                          replace(HAT, id="5", date="2099-01-01 10:00:00"))  # fmt: skip
        world.fails("run", "orders", code=6, words="orders resend 2")
        assert concerns(world)["older"] == ("3", "4")
        assert world.erp_takes() == ["5"]

    def test_is_held_where_the_mark_has_another_folder_since(
        self, world: World, tmp_path: Path
    ) -> None:
        world.sends(SHOE)
        shutil.copytree(world.folder, tmp_path / "old pc")
        old = World(tmp_path / "old pc", world.server)
        world.configure(server='marks = "m"')
        (world.server.root / "m").mkdir()
        world.sends(SHOE, BOOT)
        world.sends(SHOE, BOOT, HAT)
        held(old.run("run", "orders"), UNTIL_MARK)
        old.run_well("orders", "adopt", "--until-mark", "--yes")
        old.sends(SHOE, BOOT, HAT, replace(HAT, id="4", date="2026-11-22 10:15:00"))
        assert sorted(world.erp_takes()) == ["1", "2", "3", "4"]
        held(world.run("run", "orders"), "a copy of this folder")

    def test_that_runs_beside_us_stops_one_of_both(self, world: World, tmp_path: Path) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        shutil.copytree(world.folder, tmp_path / "old pc")
        old = World(tmp_path / "old pc", world.server)
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        held(old.run("run", "orders"), "a copy of this folder")
        assert sorted(world.erp_takes()) == ["1", "2"]


class TestASecondPasserelle:
    def test_with_the_same_names_is_refused_with_the_mend(
        self, world: World, tmp_path: Path
    ) -> None:
        other = new_world(tmp_path, "there", world.server.root)
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        held(other.run("run", "orders"), "{channel}", 3)
        assert world.erp_takes() == ["1"]
        assert other.states() == {"1": "prepared"}

    def test_with_the_channel_in_its_names_feeds_the_same_folder(
        self, world: World, tmp_path: Path
    ) -> None:
        other = new_world(tmp_path, "there", world.server.root)
        for channel, one in {"fr": world, "be": other}.items():
            text = (one.folder / "config.toml").read_text("utf-8")
            text = text.replace("commandes_{time}", "commandes_{channel}_{time}")
            text = text.replace('"ftp:commandes.csv"', f'"ftp:{channel}.csv"')
            text = text.replace('"ftp:ExportCSVmod.csv"', f'"ftp:mod_{channel}.csv"')
            text = text.replace('store = "008"', f'store = "008"\nchannel = "{channel}"')
            (one.folder / "config.toml").write_text(text, "utf-8")
            one.shop_writes(SHOE)
            (one.server.root / "commandes.csv").rename(one.server.root / f"{channel}.csv")
        world.run_well("run", "orders")
        other.run_well("run", "orders")
        assert [path.name[:13] for path in world.xmls()] == ["commandes_be_", "commandes_fr_"]
        world.run_well("run", "orders")


class TestAPasserelleWhoseMarkLiesElsewhere:
    """Its base folder is above or below ours; the folder that the ERP imports from is one."""

    @pytest.fixture
    def other(self, world: World, tmp_path: Path) -> World:
        other = new_world(tmp_path, "there", tmp_path)
        self.send_to(other, "import", "server/import")
        return other

    def send_to(self, other: World, old: str, new: str, name: str = "") -> None:
        config = other.folder / "config.toml"
        text = config.read_text("utf-8").replace(f'"ftp:{old}/', f'"ftp:{new}/')
        config.write_text(text.replace("commandes_{time}", name or "commandes_{time}"), "utf-8")

    @pytest.mark.parametrize("name", scale.first("", "Commandes_{time}"))
    def test_is_noticed_by_what_lies_there(self, world: World, other: World, name: str) -> None:
        for one, folder in ((world, "import"), (other, "server/import")):
            self.send_to(one, folder, folder, name)
            one.shop_writes(SHOE)
        world.run_well("run", "orders")
        for mark in marks(world):
            mark.unlink()
        held(other.run("run", "orders"), "this file is not ours")
        assert other.states() == {"1": "prepared"}
        assert world.erp_takes() == ["1"]
        other.shop_writes(SHOE, BOOT)
        held(other.run("run", "orders"), ACCEPT)
        assert "orders settle 1" in other.run_well("servers", "accept", "ftp", "--yes")
        other.run_well("orders", "settle", "1")
        other.run_well("orders", "resend", "2", "--yes")
        other.run_well("run", "orders")
        assert world.erp_takes() == ["2"]

    def test_is_noticed_by_its_mark_on_the_way(self, world: World, other: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        world.erp_takes()
        other.shop_writes(SHOE)
        held(other.run("run", "orders"), UNTIL_MARK, 3)
        other.run_well("orders", "adopt", "--until-mark", "--yes")
        other.shop_writes(SHOE, BOOT)
        other.run_well("run", "orders")
        assert world.erp_takes() == ["2"]
        assert world.run("run", "orders").exit_code == 6, "its mark is gone: the other took over"

    def test_is_noticed_by_its_upload(self, world: World) -> None:
        world.shop_writes(SHOE)
        upload = world.server.root / "import" / "commandes_20261122_102700.xml.0a1b2c3d.tmp"
        upload.touch()
        held(world.run("run", "orders"), ACCEPT)
        assert world.erp_takes() == []

    def test_with_another_name_is_welcome(self, world: World, other: World) -> None:
        self.send_to(other, "server/import", "server/import", "commandes_be_{time}")
        for name in ("commandes.xml", "commandes_20261122_102700.csv", "vente_1.xml"):
            (world.server.root / "import" / name).touch()
        for one in (world, other, world):
            one.shop_writes(SHOE)
            one.run_well("run", "orders")


class TestAnErpThatErrs:
    def test_takes_the_tmp_and_the_order_is_in_doubt(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.server.root.joinpath("import").rename(world.server.root / "away")
        result = world.run("run", "orders")
        assert result.exit_code == 4, result
        assert world.states() == {"1": "prepared"}


def test_orders_of_an_outage_are_sent_though_the_file_has_moved_on(world: World) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    imports = world.server.root / "import"
    imports.rename(world.server.root / "away")
    world.shop_writes(BOOT)
    assert world.run("run", "orders").exit_code == 4
    (world.server.root / "away").rename(imports)
    world.shop_writes(HAT)
    world.run_well("run", "orders")
    assert sorted(world.erp_takes()) == ["1", "2", "3"]


class TestTheFirstRun:
    @pytest.fixture(autouse=True)
    def without_a_date(self, world: World) -> None:
        world.configure(orders="# start_from\n")
        world.shop_writes(SHOE)

    def test_notes_and_holds(self, world: World) -> None:
        for _time in range(2):
            held(world.run("run", "orders"), "run orders --all")
        assert world.states() == {"1": "waiting"}
        assert world.xmls() == []

    def test_goes_on_when_all_is_to_be_sent(self, world: World) -> None:
        held(world.run("run", "orders"), "orders.start_from")
        world.run_well("run", "orders", "--all")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        assert sorted(world.erp_takes()) == ["1", "2"]

    def test_goes_on_from_the_date_that_is_named(self, world: World) -> None:
        held(world.run("run", "orders"), "orders.start_from")
        world.configure(orders="start_from = 2026-11-22T10:02:00\n")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        assert (world.states(), concerns(world)) == ({"1": "skipped", "2": "sent"}, {})

    def test_goes_on_from_what_is_adopted(self, world: World) -> None:
        held(world.run("run", "orders"), "orders adopt")
        world.run_well("orders", "adopt", "--yes")
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["2"]


@pytest.mark.parametrize(
    "way_on", scale.first(("orders", "adopt", "--yes"), ("run", "orders", "--all"))
)
def test_another_channel_is_noticed_each_time(world: World, way_on: tuple[str, ...]) -> None:
    start = "start_from = 2026-11-22T10:02:00\n"
    world.configure(orders=start)
    world.shop_writes(SHOE, BOOT)
    world.run_well("run", "orders")
    for channel in ("web2", "web"):
        world.configure(orders=f'{start}channel = "{channel}"\n')
        for _again in "again":
            held(world.run("run", "orders"), f'of channel "{channel}"')
        world.run_well(*way_on)
        world.run_well("run", "orders")
    world.shop_writes(SHOE, BOOT, HAT)
    world.run_well("run", "orders")
    world.configure(orders=f'{start}channel = "web2"\n')
    held(world.run("run", "orders"), 'of channel "web2"')
    world.configure(orders=start)
    world.run_well("run", "orders")


@pytest.mark.parametrize("reason", scale.first("unpaid", "erp away"))
def test_an_order_that_waits_is_told_where_start_from_is_moved_past_it(
    world: World, reason: str
) -> None:
    imports = world.server.root / "import"
    if reason == "erp away":
        imports.rename(world.server.root / "away")
    world.shop_writes(replace(SHOE, status=UNPAID if reason == "unpaid" else SHOE.status))
    world.run("run", "orders")
    world.configure(orders="start_from = 2026-11-22T10:02:00\n")
    world.run("run", "orders")
    if reason == "erp away":
        (world.server.root / "away").rename(imports)
    world.erp_writes_stock({"370": 5})
    world.shop_writes(SHOE, replace(SHOE, id="0"), BOOT)
    for _again in "again":
        world.run_well("run", "stock")
        assert world.shop_takes_stock()["370"] == "0"
        world.run_well("run", "orders")
        assert concerns(world) == {"older": ("1",)}
    assert world.states() == {"0": "skipped", "1": "waiting", "2": "sent"}
    world.run_well("orders", "resend", "1", "--yes")
    world.run_well("run", "orders")
    assert sorted(world.erp_takes()) == ["1", "2"]


@pytest.mark.parametrize(
    "runs", scale.first(("orders",), ("stock",), ("orders", "stock")), ids="-".join
)
@pytest.mark.parametrize("column", ["status", "ean13"])
def test_a_column_that_decides_and_is_gone_holds(
    world: World, column: str, runs: tuple[str, ...]
) -> None:
    world.shop_writes(SHOE)
    world.erp_writes_stock({"370": 5})
    world.run_well("run", runs[0])
    world.shop_writes(SHOE, BOOT)
    path, header = world.server.root / "commandes.csv", COLUMNS[column].encode("cp1252")
    path.write_bytes(path.read_bytes().replace(header, b"product_reference"))
    held(world.run("run", runs[-1]), f"no column for {column}")
    assert not (world.server.root / "ExportCSVmod.csv").exists()


@pytest.mark.parametrize("before", scale.first("id", "reference"))
def test_ids_from_another_column_hold(world: World, before: str) -> None:
    """Whatever the ids were: all that was sent would be new."""
    columns = "\n[orders.columns]\nid = {id}\nreference = {reference}\n"
    names = {key: json.dumps(COLUMNS[key], ensure_ascii=False) for key in ("id", "reference")}
    ways = [columns.format_map(names),
            columns.format(id=names["reference"], reference=names["id"])]  # fmt: skip
    ways = ways if before == "id" else ways[::-1]
    world.configure(extra=ways[0])
    world.sends(SHOE)
    known = world.erp_takes()
    world.configure(extra=ways[1])
    world.shop_writes(SHOE, BOOT)
    world.erp_writes_stock({"370": 5, "371": 5})
    world.run_well("run", "stock")
    for _again in "again":
        held(world.run("run", "orders"), "name that column in orders.columns.id")
    world.configure(extra=ways[0])
    world.run_well("run", "orders")
    assert world.erp_takes() == [known[0].replace("1", "2")]
    assert len(world.states()) == 2


def test_xmls_of_one_name_go_one_after_another_and_none_over_another(world: World) -> None:
    world.configure(time_in_name=False)
    for sales in ((SHOE,), (SHOE, BOOT), (SHOE, BOOT, HAT)):
        world.shop_writes(*sales)
        world.run_well("run", "orders")
    for id in ("1", "2", "3"):
        assert world.erp_takes() == [id]
        world.run_well("run", "orders")
    assert set(world.states().values()) == {"taken"}


def test_a_server_that_was_put_back_holds_and_nothing_counts_as_taken(
    world: World, tmp_path: Path
) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    world.erp_takes()
    shutil.copytree(world.server.root, tmp_path / "yesterday")
    world.shop_writes(SHOE, BOOT)
    world.run_well("run", "orders")
    shutil.rmtree(world.server.root)
    shutil.copytree(tmp_path / "yesterday", world.server.root)
    held(world.run("run", "orders"), ACCEPT)
    assert world.states()["2"] == "sent"


def test_an_upload_that_vanished_after_its_rename_was_refused_is_in_doubt(new_ftp: NewFtp) -> None:
    """Somebody tidied up, or the ERP took it under its temporary name: no run can tell."""
    world, ftp = new_ftp(Quirks(refused=frozenset({"RNFR"})))
    world.sends(SHOE, code=4)
    (tmp,) = world.xmls()
    tmp.unlink()
    ftp.quirks = Quirks()
    for _again in "again":
        held(world.run("run", "orders"), "orders resend 1")
    world.erp_writes_stock({"370": 5})
    world.run_well("run", "stock")
    assert (world.xmls(), world.shop_takes_stock()["370"]) == ([], "0")
    assert concerns(world) == {"doubtful": ("1",)}


def test_a_name_that_is_taken_unseen_is_told_as_that(new_ftp: NewFtp) -> None:
    world, ftp = new_ftp(Quirks(replies={"RNTO": "550 Impossible : le fichier existe déjà."}))
    said = world.sends(SHOE, code=4)
    assert "the name is taken" in said
    assert "right to rename" not in said
    ftp.quirks = Quirks()
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]


def test_a_direct_upload_for_which_there_was_no_room_is_done_again(new_ftp: NewFtp) -> None:
    world, ftp = new_ftp(Quirks(disk_room=0))
    world.configure(server='publish = "direct"\n')
    world.sends(SHOE, code=4)
    ftp.quirks = Quirks()
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]


@pytest.mark.parametrize("kind", scale.first("folder", "ftp", "sftp"))
def test_a_direct_upload_that_was_refused_before_a_byte_is_done_again(
    tmp_path: Path, new_server: NewServer, kind: str
) -> None:
    world = World(tmp_path, new_server(kind))
    world.configure(server='publish = "direct"\n')
    imports = world.server.root / "import"
    imports.rename(imports.with_name("away"))
    world.sends(SHOE, code=4)
    imports.with_name("away").rename(imports)
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]


@pytest.mark.parametrize("spoil", [lambda data: data[:50], lambda data: data.swapcase()])
def test_an_upload_that_was_cut_or_changed_before_its_rename_is_uploaded_again(
    new_ftp: NewFtp, spoil: Callable[[bytes], bytes]
) -> None:
    world, ftp = new_ftp(Quirks(refused=frozenset({"RNFR"})))
    world.sends(SHOE, code=4)
    (tmp,) = world.xmls()
    data = tmp.read_bytes()
    tmp.write_bytes(spoil(data))
    ftp.quirks = Quirks()
    world.run_well("run", "orders")
    assert [path.read_bytes() for path in world.xmls()] == [data]


class TestADoubt:
    def test_ends_where_the_file_plainly_lies_there(self, world: World) -> None:
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        for mark in marks(world):
            mark.unlink()
        world.run_well("servers", "accept", "ftp", "--yes")
        world.run_well("run", "orders")
        assert set(world.states().values()) == {"sent"}

    def test_names_only_the_orders_that_nobody_has_settled(
        self, world: World, tmp_path: Path
    ) -> None:
        world.shop_writes(SHOE, BOOT)
        world.run_well("run", "orders")
        move_server(world, tmp_path / "new server")
        world.run_well("servers", "accept", "ftp", "--yes")
        world.shop_writes(SHOE, BOOT)
        world.run_well("orders", "settle", "2")
        result = world.run("run", "orders")
        assert "orders settle 1`" in result.stderr and "resend 1`" in result.stderr

    def test_is_asked_for_again_with_what_lies_there_named_and_told(self, world: World) -> None:
        world.sends(SHOE)
        (xml,) = world.xmls()
        world.run_well("servers", "accept", "ftp", "--yes")
        world.fails("orders", "forget", "1", "--yes", code=2, words=xml.name)
        for _again in "again":
            assert xml.name in world.run_well("orders", "resend", "1", "--yes")
            assert concerns(world) == {"twice": ("1",)}
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "1"]
        world.run_well("run", "orders")
        world.fails("orders", "forget", "1", "--yes", code=2, words="settle 1`")
        assert concerns(world) == {"twice": ("1",)}

    def test_says_where_nobody_could_look(self, world: World) -> None:
        world.sends(SHOE)
        world.run_well("servers", "accept", "ftp", "--yes")
        (world.server.root / "import").rename(world.server.root / "away")
        assert "no such folder" in world.run_well("orders", "resend", "1", "--yes")
        assert concerns(world) == {"twice": ("1",)}

    @pytest.mark.parametrize(
        "words", scale.first("orders settle 1", "orders resend 1 --yes", "run orders")
    )
    def test_leaves_no_upload(self, new_ftp: NewFtp, words: str) -> None:
        world, ftp = new_ftp(Quirks(refused=frozenset({"RNFR"})))
        world.sends(SHOE, code=4)
        ftp.quirks = Quirks()
        world.run_well("servers", "accept", "ftp", "--yes")
        world.run(*words.split())
        assert world.xmls() == []


def test_an_order_that_only_a_run_of_stock_has_met_is_not_lost_from_sight(world: World) -> None:
    world.shop_writes(SHOE)
    world.erp_writes_stock({"370": 5, "371": 5})
    world.run_well("run", "stock")
    assert world.shop_takes_stock()["370"] == "0"
    world.shop_writes(BOOT)
    result = world.run("run", "orders")
    assert result.exit_code == 5 and "1 order not sent, and no longer in the file: 1" in result.text
    world.erp_writes_stock({"370": 5, "371": 5})
    world.run("run", "stock")
    assert world.shop_takes_stock()["370"] == "0"
    world.shop_writes(SHOE, BOOT)
    world.run_well("run", "orders")
    assert sorted(world.erp_takes()) == ["1", "2"]


def test_a_column_that_is_gone_for_good_holds_no_longer_once_the_config_says_so(
    world: World,
) -> None:
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    path = world.server.root / "commandes.csv"
    path.write_bytes(path.read_bytes().replace("Méthode de paiement".encode("cp1252"), b"Other"))
    held(world.run("run", "orders"), "orders.columns.payment = []")
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8") + "\n[orders.columns]\npayment = []\n", "utf-8")
    world.run_well("run", "orders")


def test_what_is_no_longer_paid_before_it_could_go_is_not_sent(world: World) -> None:
    world.configure(orders='send_statuses = ["Paiement accepté"]\n')
    imports = world.server.root / "import"
    imports.rename(world.server.root / "away")
    world.shop_writes(SHOE, BOOT)
    assert world.run("run", "orders").exit_code == 4
    world.shop_writes(replace(SHOE, status="Erreur de paiement"), BOOT)
    (world.server.root / "away").rename(imports)
    world.run_well("run", "orders")
    assert world.erp_takes() == ["2"]
