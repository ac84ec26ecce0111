"""`passerelle report` writes the page, whatever holds the old one, and shows it where it can."""

import os
import stat
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from lxml import html

from passerelle.base import durable
from passerelle.health.report import page as report
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

on_windows = sys.platform == "win32"


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    return make_world(tmp_path, new_server("folder"))


def page_in(world: World) -> str:
    return (world.data / "report.html").read_text("utf-8")


def test_it_prints_where_the_page_is_which_is_the_user_s_alone(world: World) -> None:
    os.umask(before := os.umask(0))
    assert world.run_well("report").splitlines() == [str(world.data / "report.html")]
    assert os.umask(before) == before
    assert "run orders has never started" in page_in(world)
    (path,) = world.data.iterdir()
    assert on_windows or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_tells_a_real_half_hour_in_the_language_of_the_configuration(world: World) -> None:
    withheld = Sale("42", {"371": 1}, payment="Bon cadeau")
    world.shop_writes(Sale("41", {"370": 1}), withheld, Sale("43", {"372": "deux"}))
    world.erp_writes_stock({"370": 5, "371": 5, "372": 5})
    assert world.run("run", "orders").exit_code == 5
    world.erp_takes()
    world.run_well("run", "stock")
    world.run_well("report")
    page = page_in(world)
    assert "1 order is withheld, to be entered at the till: 42" in page
    assert "<code>passerelle orders settle 42</code>" in page
    assert "quantity: &#34;deux&#34; is no number" in page
    assert "Lefèvre" not in page, "neither the ledger nor what is kept of goods has customers"
    (goods,) = html.fromstring(page).xpath("//tr[@class='goods']")
    (line, sums) = (" ".join(one.text_content().split()) for one in goods.xpath(".//li"))
    assert line == "1 × 371 €12.50 €12.50"
    assert sums == "goods €12.50"
    world.configure(top='language = "fr"')
    world.run_well("report")
    assert '<html lang="fr">' in page_in(world)


@pytest.mark.parametrize("has_browser", [True, False])
def test_a_browser_shows_it_if_there_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch, has_browser: bool
) -> None:
    if on_windows and not has_browser:
        pytest.skip("there is always a browser")
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return has_browser

    if on_windows:
        monkeypatch.setattr(os, "startfile", lambda path: shown.append(Path(path).as_uri()))
    else:
        monkeypatch.setattr(webbrowser, "open", show)
    result = world.run("report", "--open")
    assert shown == [(world.data / "report.html").as_uri()]
    assert (result.exit_code, result.stdout.strip()) == (0, str(world.data / "report.html"))
    alone = "no browser could be opened: open the file above by hand\n"
    assert result.stderr == ("" if has_browser else alone)


def test_a_page_that_somebody_holds_is_written_in_place_or_told_on_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    world.run_well("report")
    where = world.data / "report.html"
    where.write_text("old", encoding="utf-8")
    monkeypatch.setattr(durable, "move_durably", refused)
    world.run_well("report")
    assert page_in(world).endswith("</html>")
    assert [*world.data.iterdir()] == [where]
    monkeypatch.setattr(report, "write_privately", refused)
    result = world.run("report")
    assert result.exit_code == 4
    assert result.stderr == (
        f"passerelle: the report cannot be written: {where}: Permission denied: "
        "close the program that holds it open, or see to the folder's rights\n"
    )


def test_runs_do_not_pay_for_the_template_engine() -> None:
    modules = "passerelle.health.report.page, passerelle.cli.looking"
    code = f"import sys, {modules}; print('jinja2' in sys.modules)"
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert told.stdout.strip() == b"False"
