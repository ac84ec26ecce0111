"""What the page shows, how it is built, and that nothing in it can do harm."""

import base64
import gettext
import hashlib
import re
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import html

from passerelle.base import language
from passerelle.base.language import speak
from passerelle.config.model import Settings
from passerelle.health.report import matters
from passerelle.health.report.page import write_report
from passerelle.health.report.strip import SlotLook
from passerelle.ledger.ledger import open_ledger
from passerelle.model.states import State
from tests import scale
from tests.report.ledgers import Ending, Year

EVIL = "<script>alert('é')</script><img src=x onerror=alert(1)>&amp;\"'"
# Elements and attributes by which a page reaches for something outside itself.
_REACHING = (
    "//link | //img | //iframe | //object | //embed | //base | //form | //*[@src]"
    " | //*[@href[not(starts-with(., '#'))]]"
    " | //script[@src] | //*[@style] | //*[@*[starts-with(name(), 'on')]]"
)

Page = html.HtmlElement
Endings = dict[tuple[str, datetime], Ending | None]


@pytest.fixture
def written(settings: Settings, now: datetime) -> Callable[..., Path]:
    """Writes the page of a year, or of no run at all, once these changes stand in its ledger."""

    def write(*changes: tuple[str, tuple[str, ...]], empty: bool = False, **year: object) -> Path:
        made = Year(settings, now, **year)  # type: ignore[arg-type]
        ledger = open_ledger(settings.folder) if empty else made.write()
        with ledger.begin() as connection:
            for sql, values in changes:
                connection.exec_driver_sql(sql, values)
        try:
            return write_report(made.settings, ledger, now)
        finally:
            ledger.close()

    return write


def read(path: Path) -> Page:
    return html.fromstring(path.read_bytes())


def change(sql: str, *values: str) -> tuple[str, tuple[str, ...]]:
    return sql, values


def texts(page: Page, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath(path)]


def tiles(page: Page) -> dict[str, str]:
    return dict(zip(texts(page, "//dl//dt"), texts(page, "//dl//dd"), strict=True))


def test_before_the_first_run_it_says_how_to_begin(
    written: Callable[..., Path], now: datetime
) -> None:
    page = read(written(empty=True))
    assert texts(page, "//h1") == ["!2 things to do"]
    assert "passerelle run orders --dry-run" in texts(page, "//article//code")
    nothing = {"No run has started in these days.", "No orders in these days."}
    assert nothing <= set(texts(page, "//p"))
    assert not page.xpath("//table | //svg | //i[@title]")
    (at,) = page.xpath("//@data-written")
    assert datetime.fromisoformat(at) == now
    assert re.search(r"15:52:10 UTC[+-]\d\d:\d\d", page.text_content())


def test_days_that_went_well_need_nobody_and_add_up(written: Callable[..., Path]) -> None:
    page = read(
        written(
            change("UPDATE orders SET total = '10.05'"),
            change("UPDATE orders SET cancelled = 1 WHERE id = '20001'"),
            change("UPDATE orders SET total = NULL WHERE id = '20002'"),
            change("UPDATE orders SET date = NULL WHERE id = '20003'"),
            days=2,
            orders_a_day=10,
            states={0: (State.SKIPPED, "")},
        )
    )
    assert texts(page, "//h1") == ["✓All is well: nothing needs a person"]
    assert not page.xpath("//article")
    assert [len(row.xpath(".//i")) for row in page.xpath("//*[@class='today']")] == [48, 48]
    assert tiles(page)["Last run orders"].startswith("15:27")
    days = texts(page, "//table[@class='days']//tbody//th")
    assert [day.split()[1] for day in days] == ["25", "24", "23"]
    assert "Nothing in these days." in texts(page, "//p")
    (row,) = page.xpath("//table[@class='days']//tfoot/tr")
    assert [cell.text_content() for cell in row][1:3] == ["17", f"€{Decimal('10.05') * 16}"]
    told = page.xpath("string(//section[.//svg])")
    assert "Amount not known for 1 order." in told
    assert "Orders without a date are not counted here." in page.text_content()


def test_each_run_has_its_sign_its_time_and_its_summary(
    written: Callable[..., Path], now: datetime
) -> None:
    at = now.replace(minute=27, second=0)
    ends: list[Ending | None] = [
        (4, "it is <gone>", {}), None, (None, "", {}), (6, "held", {}), (5, "one rejected", {}),
    ]  # fmt: skip
    endings = {("orders", at - timedelta(hours=n)): end for n, end in enumerate(ends, 1)}
    page = read(written(days=2, endings=endings))
    today = page.xpath("//*[@class='today'][contains(@aria-label, 'run orders')]")[0]
    cells = today.xpath(".//i")
    assert [cells[2 * hour].get("class") for hour in range(14, 9, -1)] == [
        *(SlotLook.FAILED, SlotLook.MISSED, SlotLook.KILLED, SlotLook.HELD, SlotLook.REJECTED)
    ]
    assert cells[28].get("title") == "14:27 failed (exit code 4): it is <gone>"
    assert cells[26].get("title") == "13:27 missed"
    signs = {cell.get("class"): cell.text for cell in page.xpath("//ul//i")}
    # Each look is told without its colour.
    assert len(set(signs.values())) == len(signs) == len(SlotLook) - 1
    assert "1 missed" in today.get("aria-label", "")
    first = texts(page, "//table[@class='incidents']//tbody/tr")[0]
    assert all(text in first for text in ("14:27", "orders", "it is <gone>"))


def test_the_time_to_the_erp_leaves_out_what_was_sent_again_or_ordered_before(
    written: Callable[..., Path], now: datetime
) -> None:
    taken = now - timedelta(hours=1)

    def date(minutes: int) -> str:
        moment = (taken - timedelta(minutes=minutes)).astimezone(UTC)
        return moment.isoformat(timespec="microseconds")

    changes = [
        change("UPDATE dispatches SET taken = ? WHERE number > 0", date(0)),
        change("UPDATE orders SET date = ?", date(9_000)),
        *(
            change("UPDATE orders SET date = ? WHERE id = ?", date(minutes), id)
            for id, minutes in (("20001", 30), ("20002", 50), ("20003", 600))
        ),
        change("INSERT INTO events (channel, id, at, event, note)"
               " VALUES ('web', '20003', ?, 'sent', '')", date(0)),
    ]  # fmt: skip
    page = read(written(*changes, days=2, orders_a_day=4))
    told = tiles(page)["From the order to the ERP"].replace("\u00a0", " ")
    assert told == "40 minmedian; worst 50 min (order 20002)"


def test_what_is_out_of_order_comes_before_what_there_is_to_do(
    written: Callable[..., Path], now: datetime
) -> None:
    endings: Endings = {
        ("orders", now.replace(minute=27, second=0)): (4, "no route to the server", {})
    }
    states = {0: (State.WITHHELD, "gift card"), 1: (State.REJECTED, "no number")}
    page = read(written(days=2, endings=endings, states=states))
    assert texts(page, "//h1") == ["×Out of order: 1 problem"]
    assert texts(page, "//header/p")[1] == "and 2 things to do"
    assert page.findtext(".//title") == "Passerelle – Out of order: 1 problem"
    assert texts(page, "//nav/a[small]") == ["Out of order 1", "To do 2"]
    red, amber = page.xpath("//section[contains(@class, 'matters')]")
    assert "no route to the server" in red.text_content()
    assert len(red.xpath("./article")) == 1
    assert len(amber.xpath("./article")) == 2
    assert page.xpath("//section/@id")[:3] == ["today", "out_of_order", "to_do"]


def test_what_there_is_to_do_is_no_alarm_and_is_not_well(written: Callable[..., Path]) -> None:
    page = read(written(days=2, states={0: (State.WITHHELD, "gift card")}))
    assert texts(page, "//h1") == ["!1 thing to do"]
    assert page.xpath("//header/@class") == ["to_do"]
    assert len(page.xpath("//article/details[@open]")) == 1, "one order, and why"
    assert not page.xpath("//*[@id='out_of_order']")


def test_who_has_no_orders_is_told_of_none(
    written: Callable[..., Path], settings: Settings, now: datetime
) -> None:
    written(days=1)
    alone = settings.model_copy(update={"orders": None, "stock": None})
    with closing(open_ledger(settings.folder)) as ledger:
        page = read(write_report(alone, ledger, now))
    assert not page.xpath("//section[@id='today' or @id='figures' or @id='last-orders']")
    assert_built_for_every_reader(page)


def test_what_is_folded_is_still_there(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matters, "MATTERS_SHOWN", 1)
    states = {0: (State.WITHHELD, "gift card"), 1: (State.REJECTED, "no number")}
    (group,) = read(written(days=2, states=states)).xpath("//section[@id='to_do']")
    assert len(group.xpath("./article")) == len(group.xpath("./details//article")) == 1
    assert texts(group, "./details/summary") == ["and 1 more"]


def test_orders_that_need_a_person_come_with_their_reason(written: Callable[..., Path]) -> None:
    states = {n: (State.WITHHELD, f"gift card {n}") for n in range(25)}
    states |= {30: (State.REJECTED, 'quantity: "deux" is no number')}
    page = read(written(days=3, states=states))
    rejected, withheld = page.xpath("//article")
    assert 'quantity: "deux" is no number' in rejected.text_content()
    assert len(withheld.xpath("./details[not(@open)]//tbody/tr")) == 20
    assert "and 5 more: passerelle orders list has all" in withheld.text_content()
    assert tiles(page)["Orders to see to"] == "2625 withheld, 1 rejected, 0 not sent"
    assert_built_for_every_reader(page)


def assert_built_for_every_reader(page: Page) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.xpath("//nav/a/@href")} <= set(ids)
    for name in ("aria-labelledby", "aria-controls", "for"):
        assert set(page.xpath(f"//@{name}")) <= set(ids)
    assert len(page.xpath("//h1")) == len(page.xpath("//main")) == 1
    assert not page.xpath("//table[not(thead/tr/th/@scope)]")
    assert not page.xpath("//svg[not(ancestor-or-self::*[@role='img' and @aria-label])]")
    boxes = "//*[contains(concat(' ', @class, ' '), ' box ')]"
    assert not page.xpath(f"{boxes}[not(@tabindex='0' and @role='region' and @aria-label)]")
    assert {len(row) for row in page.xpath("//table[@id='orders']//tr")} <= {6}


def test_no_text_of_the_ledger_or_the_settings_is_markup(
    written: Callable[..., Path], settings: Settings, now: datetime
) -> None:
    endings = {("orders", now.replace(minute=27, second=0)): (5, EVIL, {"not_sent": [EVIL]})}
    report = settings.report.model_copy(update={"currency": EVIL})
    path = written(
        change("UPDATE orders SET id = id || ?, reference = ?", EVIL, EVIL),
        change("UPDATE dispatches SET path = 'import/' || ?", EVIL),
        days=2,
        endings=endings,
        states={n: (state, EVIL) for n, state in enumerate(State)},
    )
    ledger = open_ledger(settings.folder)
    write_report(settings.model_copy(update={"report": report}), ledger, now)
    ledger.close()
    page = read(path)
    assert len(page.xpath("//script")) == 1 and not page.xpath("//img")
    assert path.read_text("utf-8").count("<script>") == 1
    shown = page.text_content() + " ".join(page.xpath("//@title"))
    assert shown.count(EVIL) > 100


# What is the same in every language: names, states, units, what the ledger holds.
_NAMES = re.compile(
    r"\bpasserelle orders [a-z]+( \d+)+"
    r"|\b(Passerelle|XML|UTC|run|orders|stock|min|waiting|withheld|rejected|prepared|sent"
    r"|taken|skipped|settled|d|h|s)\b"
    r"|^·?\{shown\}.*|commandes_\w+\.xml|\b[A-Z]{9}\b|\bTrace\d\b|the told|\b\d+\.\d+\.\d+\w*"
)


class Brackets(gettext.NullTranslations):
    """A catalogue that puts brackets around the words of each message, not what fills them."""

    def gettext(self, message: str) -> str:
        return "⟦" + re.sub(r"(\{[^}]*\})", r"⟧\1⟦", message) + "⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number < 2 else plural)


@pytest.mark.parametrize("empty", [False, True])
def test_in_french_no_word_stays_english(
    written: Callable[..., Path], now: datetime, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setattr(language, "_french", Brackets)
    speak("fr")
    at = now.replace(minute=27, second=0)
    endings: Endings = {
        ("orders", at - timedelta(hours=hours)): (code, "the told", {"sent": 1})
        for hours, code in enumerate((0, 4, 5, 6, 1, None))
    }
    endings["orders", at - timedelta(hours=9)] = None
    states = {n: (state, "the told") for n, state in enumerate(State, start=1)}
    changes = (
        change("UPDATE runs SET summary = 'the told'"),
        change("UPDATE orders SET total = NULL WHERE id = '20590'"),
        change("UPDATE orders SET date = NULL WHERE id = '20001'"),
    )
    year = {"days": 40, "orders_a_day": 15, "endings": endings, "states": states}
    page = read(written(*changes, empty=empty, **year))
    for code in page.xpath("//code"):
        code.drop_tag()
    told = page.xpath("//body//text()[not(ancestor::script)] | //title/text()")
    told += page.xpath("//@title | //@aria-label | //@placeholder | //@data-text")
    bare = [_NAMES.sub("", re.sub("⟦[^⟦⟧]*⟧", "·", text)) for text in told]
    assert [text for text in bare if re.search(r"[^\W\d_]", text)] == []
    assert len(told) > (40 if empty else 1000)


def test_it_needs_nothing_but_itself(written: Callable[..., Path]) -> None:
    path = written(days=1, orders_a_day=5)
    text, page = path.read_text("utf-8"), read(path)
    assert page.xpath(_REACHING) == []
    reaching = ("url(", "@import", "http")
    assert not any(word in text.replace("http-equiv", "") for word in reaching)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for kind in ("style", "script"):
        (found,) = page.xpath(f"//{kind}")
        digest = base64.b64encode(hashlib.sha256((found.text or "").encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert len(page.xpath("//meta[@name='viewport']")) == 1


def test_a_ledger_of_many_orders_makes_no_big_page(
    written: Callable[..., Path],
    settings: Settings,
    now: datetime,
    record_property: Callable[[str, object], None],
) -> None:
    path = written(days=scale.pick(60, 365, 365), orders_a_day=scale.pick(20, 274, 274))
    took = []
    for _ in range(scale.pick(1, 3, 3)):
        ledger, began = open_ledger(settings.folder), time.process_time()
        write_report(settings, ledger, now)
        took.append(time.process_time() - began)
        ledger.close()
    size = path.stat().st_size
    assert size < 1_000_000
    assert len(read(path).xpath("//table[@id='orders']/tbody/tr")) == 500
    figure = f"report.html, 100,000 orders in a year: {size / 1000:.0f} kB in {min(took):.2f} s"
    record_property("figure", figure)


def test_the_worst_month_makes_no_big_page(written: Callable[..., Path]) -> None:
    """Every run failed with a long message, every order waits with a long reason."""
    long, row = "the server's answer was « accès refusé » " * 10, "R" * 40
    path = written(
        change("UPDATE runs SET exit_code = 4, summary = ?", long),
        change("UPDATE orders SET state = 'withheld', reason = ?, reference = ?", long, row),
        days=31,
    )
    assert path.stat().st_size < 1_000_000


def test_templates_are_compiled_once_where_python_keeps_what_it_compiles(
    written: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr("sys.pycache_prefix", str(tmp_path / "cache"))
    first = written(empty=True).read_text("utf-8")
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    monkeypatch.setattr("jinja2.Environment.compile", None)  # a second time would fail
    assert len(written(empty=True).read_text("utf-8")) == pytest.approx(len(first), rel=0.01)
    monkeypatch.undo()
    for path in kept:
        path.write_bytes(b"of another time")
    assert written(empty=True).is_file(), "what is no such file is made anew"
