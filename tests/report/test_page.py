"""What the page shows, how it is built, and that nothing in it can do harm."""

import base64
import gettext
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from lxml import html

from passerelle.base import language
from passerelle.base.language import speak
from passerelle.config.model import Settings
from passerelle.health.report.page import write_report
from passerelle.health.report.strip import SlotLook
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.model.states import State
from tests import scale
from tests.report.ledgers import Ending, Year

EVIL = "<script>alert('é')</script><img src=x onerror=alert(1)>&amp;\"'"
# Elements and attributes by which a page reaches for something outside itself.
_REACHING = (
    "//link | //img | //iframe | //object | //embed | //base | //form | //*[@src] | //*[@href]"
    " | //script[@src] | //*[@style] | //*[@*[starts-with(name(), 'on')]]"
)

Page = html.HtmlElement


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    found = open_ledger(settings.folder)
    yield found
    found.close()


def page_of(settings: Settings, ledger: Ledger, now: datetime) -> Page:
    return html.fromstring(write_report(settings, ledger, now).read_bytes())


def texts(page: Page, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath(path)]


def tiles(page: Page) -> dict[str, str]:
    names, values = texts(page, "//dl//dt"), texts(page, "//dl//dd")
    return dict(zip(names, values, strict=True))


def test_before_the_first_run_it_says_how_to_begin(
    settings: Settings, ledger: Ledger, now: datetime
) -> None:
    page = page_of(settings, ledger, now)
    assert texts(page, "//h1") == ["!2 things need a person"]
    assert "passerelle run orders --dry-run" in texts(page, "//article//code")
    assert "No run has started in these days." in texts(page, "//p")
    assert "No orders in these days." in texts(page, "//p")
    assert not page.xpath("//table | //svg | //i[@title]")
    (written,) = page.xpath("//@data-written")
    assert datetime.fromisoformat(written) == now
    assert re.search(r"15:52:10 UTC[+-]\d\d:\d\d", page.text_content())


def test_a_day_that_went_well_needs_nobody(settings: Settings, now: datetime) -> None:
    ledger = Year(settings, now, days=3, orders_a_day=20).write()
    page = page_of(settings, ledger, now)
    ledger.close()
    assert texts(page, "//h1") == ["✓All is well: nothing needs a person"]
    assert not page.xpath("//article")
    assert len(page.xpath("//*[@class='today']")) == 2
    assert all(len(row.xpath(".//i")) == 48 for row in page.xpath("//*[@class='today']"))
    assert tiles(page)["Last run orders"].startswith("15:27")
    days = texts(page, "//table[@class='days']//tbody//th")
    assert [day.split()[1] for day in days] == ["25", "24", "23", "22"]
    assert "Nothing in these days." in texts(page, "//p")


def test_orders_and_revenue_are_those_of_their_days(settings: Settings, now: datetime) -> None:
    year = Year(settings, now, days=2, orders_a_day=10, states={0: (State.SKIPPED, "")})
    ledger = year.write()
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET total = '10.05'")
        connection.exec_driver_sql("UPDATE orders SET cancelled = 1 WHERE id = '20001'")
        connection.exec_driver_sql("UPDATE orders SET total = NULL WHERE id = '20002'")
    page = page_of(settings, ledger, now)
    ledger.close()
    (row,) = page.xpath("//table[@class='days']//tfoot/tr")
    assert [cell.text_content() for cell in row][1:3] == ["18", f"€{Decimal('10.05') * 17}"]
    assert "Amount not known for 1 order." in page.xpath("string(//section[.//svg])")


def test_each_run_has_its_sign_its_time_and_its_summary(settings: Settings, now: datetime) -> None:
    at = now.replace(minute=27, second=0)
    endings: dict[tuple[str, datetime], Ending | None] = {
        ("orders", at - timedelta(hours=1)): (4, "it is <gone>", {}),
        ("orders", at - timedelta(hours=2)): None,
        ("orders", at - timedelta(hours=3)): (None, "", {}),
        ("orders", at - timedelta(hours=4)): (6, "held", {}),
        ("orders", at - timedelta(hours=5)): (5, "one rejected", {"sent": 1}),
    }
    ledger = Year(settings, now, days=2, endings=endings).write()
    page = page_of(settings, ledger, now)
    ledger.close()
    today = page.xpath("//*[@class='today'][contains(@aria-label, 'run orders')]")[0]
    cells = today.xpath(".//i")
    assert [cells[2 * hour].get("class") for hour in range(10, 15)] == [
        SlotLook.REJECTED, SlotLook.HELD, SlotLook.KILLED, SlotLook.MISSED, SlotLook.FAILED
    ]  # fmt: skip
    assert cells[28].get("title") == "14:27 failed (exit code 4): it is <gone>"
    assert cells[26].get("title") == "13:27 missed"
    signs = {cell.get("class"): cell.text for cell in page.xpath("//ul//i")}
    assert len(set(signs.values())) == len(signs) == len(SlotLook) - 1, (
        "each look is told without its colour"
    )
    assert "1 missed" in today.get("aria-label", "")
    first = texts(page, "//table[@class='incidents']//tbody/tr")[0]
    assert "14:27" in first and "orders" in first and "it is <gone>" in first


def test_the_time_to_the_erp_leaves_out_what_was_sent_again_or_ordered_before(
    settings: Settings, now: datetime
) -> None:
    ledger = Year(settings, now, days=2, orders_a_day=0).write()
    taken = now - timedelta(hours=1)
    rows = [("1", 30, "taken"), ("2", 50, "taken"), ("3", 600, "taken"), ("4", 9_000, "taken"),
            ("5", 700, "waiting")]  # fmt: skip
    with ledger.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO dispatches (kind, target, number, server, path, archived, sha256, size,"
            " stage, prepared,"
            " staged, uploaded, sent, published, taken)"
            " VALUES ('orders','',1,'ftp','import/a.xml','a.xml','0',1,'taken',?,?,?,?,?,?)",
            (_utc(taken),) * 6,
        )
        for id, minutes, state in rows:
            date = _utc(taken - timedelta(minutes=minutes))
            connection.exec_driver_sql(
                "INSERT INTO orders (channel, id, reference, date, state, reason, fingerprint,"
                " cancelled, resend, due, dispatch, seen, changed)"
                " VALUES ('web',?,'',?,?,'','',0,0,0,1,?,?)",
                (id, date, state, date, date),
            )
            for _ in range(2 if id == "3" else 1):
                connection.exec_driver_sql(
                    "INSERT INTO events (channel, id, at, event, note)"
                    " VALUES ('web',?,?,'sent','')",
                    (id, date),
                )
    page = page_of(settings, ledger, now)
    ledger.close()
    told = tiles(page)["From the order to the ERP"].replace("\u00a0", " ")
    assert told == "40 minmedian; worst 50 min (order 2)"


def test_orders_that_need_a_person_come_with_their_reason(
    settings: Settings, now: datetime
) -> None:
    states = {n: (State.WITHHELD, f"gift card {n}") for n in range(25)}
    states |= {30: (State.REJECTED, 'quantity: "deux" is no number')}
    ledger = Year(settings, now, days=3, states=states).write()
    page = page_of(settings, ledger, now)
    ledger.close()
    rejected, withheld = page.xpath("//article")
    assert 'quantity: "deux" is no number' in rejected.text_content()
    assert len(withheld.xpath(".//tbody/tr")) == 20
    assert "and 5 more: passerelle orders list has all" in withheld.text_content()
    assert tiles(page)["Orders to see to"] == "2625 withheld, 1 rejected, 0 not sent"


def test_no_text_of_the_ledger_is_markup(settings: Settings, now: datetime) -> None:
    at = now.replace(minute=27, second=0)
    facts = {"not_sent": [EVIL], "sent": 1}
    ledger = Year(
        settings, now, days=2, endings={("orders", at): (5, EVIL, facts)},
        states={n: (state, EVIL) for n, state in enumerate(State)},
    ).write()  # fmt: skip
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET id = id || ?, reference = ?", (EVIL, EVIL))
        connection.exec_driver_sql("UPDATE dispatches SET path = 'import/' || ?", (EVIL,))
    currency = settings.report.model_copy(update={"currency": EVIL})
    path = write_report(settings.model_copy(update={"report": currency}), ledger, now)
    ledger.close()
    page = html.fromstring(path.read_bytes())
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
    settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.setattr(language, "_french", Brackets)
    speak("fr")
    at = now.replace(minute=27, second=0)
    endings: dict[tuple[str, datetime], Ending | None] = {
        ("orders", at - timedelta(hours=hours)): (code, "the told", {"sent": 1})
        for hours, code in enumerate((4, 5, 6, 1, None), start=1)
    }
    endings |= {("orders", at): (0, "the told", {}), ("orders", at - timedelta(hours=9)): None}
    states = {n: (state, "the told") for n, state in enumerate(State, start=1)}
    days = 0 if empty else 40
    year = Year(settings, now, days=days, orders_a_day=15, endings=endings, states=states)
    ledger = open_ledger(settings.folder) if empty else year.write()
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET summary = 'the told'")
        connection.exec_driver_sql("UPDATE orders SET total = NULL WHERE id = '20590'")
        connection.exec_driver_sql("UPDATE orders SET date = NULL WHERE id = '20001'")
    page = page_of(settings, ledger, now)
    ledger.close()
    for code in page.xpath("//code"):
        code.drop_tag()
    told = page.xpath("//body//text()[not(ancestor::script)] | //title/text()")
    told += page.xpath("//@title | //@aria-label | //@placeholder | //@data-text")
    bare = [_NAMES.sub("", re.sub("⟦[^⟦⟧]*⟧", "·", text)) for text in told]
    assert [text for text in bare if re.search(r"[^\W\d_]", text)] == []
    assert len(told) > (40 if empty else 1000)


@pytest.mark.parametrize("spoken", ["en", "fr"])
def test_it_needs_nothing_but_itself(settings: Settings, now: datetime, spoken: str) -> None:
    speak(spoken)
    ledger = Year(settings, now, days=1, orders_a_day=5).write()
    path = write_report(settings, ledger, now)
    ledger.close()
    text = path.read_text("utf-8")
    page = html.fromstring(path.read_bytes())
    assert page.get("lang") == spoken
    assert page.xpath(_REACHING) == []
    assert (
        "url(" not in text
        and "@import" not in text
        and "http" not in text.replace("http-equiv", "")
    )
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for kind in ("style", "script"):
        (found,) = page.xpath(f"//{kind}")
        digest = base64.b64encode(hashlib.sha256((found.text or "").encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert len(page.xpath("//meta[@name='viewport']")) == 1


def test_it_is_built_for_every_reader(settings: Settings, now: datetime) -> None:
    states = {3: (State.WITHHELD, "gift card")}
    ledger = Year(settings, now, days=3, states=states).write()
    page = page_of(settings, ledger, now)
    ledger.close()
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-controls", "for"):
        assert set(page.xpath(f"//@{name}")) <= set(ids)
    assert len(page.xpath("//h1")) == 1 and len(page.xpath("//main")) == 1
    assert not page.xpath("//table[not(thead/tr/th/@scope)]")
    assert not page.xpath("//svg[not(@role='img' and @aria-label)]")
    assert not page.xpath("//*[contains(concat(' ', @class, ' '), ' box ')]"
                          "[not(@tabindex='0' and @role='region' and @aria-label)]")  # fmt: skip
    widths = {len(row) for row in page.xpath("//table[@id='orders']//tr")}
    assert widths == {6}


def test_orders_without_a_date_are_told_and_sections_without_settings_are_left_out(
    settings: Settings, now: datetime
) -> None:
    ledger = Year(settings, now, days=1, orders_a_day=5).write()
    assert "without a date" not in page_of(settings, ledger, now).text_content()
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET date = NULL WHERE id = '20001'")
    page = page_of(settings.model_copy(update={"stock": None}), ledger, now)
    ledger.close()
    assert "Orders without a date are not counted here." in page.text_content()
    assert len(page.xpath("//*[@class='today']")) == 1


def test_a_ledger_of_many_orders_makes_no_big_page(
    settings: Settings, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    ledger = Year(
        settings, now, days=scale.pick(60, 365, 365), orders_a_day=scale.pick(20, 274, 274)
    ).write()
    took = []
    for _ in range(scale.pick(1, 3, 3)):
        began = time.process_time()
        path = write_report(settings, ledger, now)
        took.append(time.process_time() - began)
    ledger.close()
    size = path.stat().st_size
    assert size < 1_000_000
    assert len(html.fromstring(path.read_bytes()).xpath("//table[@id='orders']/tbody/tr")) == 500
    figure = f"report.html, 100,000 orders in a year: {size / 1000:.0f} kB in {min(took):.2f} s"
    record_property("figure", figure)


def test_the_worst_month_makes_no_big_page(settings: Settings, now: datetime) -> None:
    """Every run failed with a long message, every order waits with a long reason."""
    ledger = Year(settings, now, days=31, orders_a_day=40).write()
    long, row = "the server's answer was « accès refusé » " * 10, "R" * 40
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET exit_code = 4, summary = ?", (long,))
        query = "UPDATE orders SET state = 'withheld', reason = ?, reference = ?"
        connection.exec_driver_sql(query, (long, row))
    path = write_report(settings, ledger, now)
    ledger.close()
    assert path.stat().st_size < 1_000_000


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
