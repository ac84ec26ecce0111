"""The page in a real Chromium: the filter, the keyboard, a phone, paper, and no script at all."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from passerelle.config.load import load_config
from passerelle.health.report.page import write_report
from passerelle.model.states import State
from tests import scale
from tests.report.browser import CHROMIUM, DRIVER, SPACE, TAB, Browser, is_required
from tests.report.conftest import CONFIG
from tests.report.ledgers import Year

pytestmark = [
    scale.only("ci"),
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER) and not is_required(), reason="chromium is not installed"
    ),
]

WITHHELD = 7
_SHOWN = """
return [...document.querySelectorAll('#orders tbody tr')]
  .filter(row => row.checkVisibility())
  .map(row => row.cells[0].textContent)
"""
_OUTSIDE = """
return [...document.querySelectorAll('section *')]
  .filter(one => !one.closest('.box, svg, [hidden]') && one.getClientRects().length)
  .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
  .map(one => one.outerHTML.slice(0, 80))
"""
_HARM = """
const one = document.createElement('div');
one.innerHTML = '<img src=x onerror="window.harm = 1">';
document.body.append(one);
"""
CONTRASTS = """
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => {
  const [r, g, b] = numbers(color).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (one) => {
  for (; one; one = one.parentElement) {
    const color = getComputedStyle(one).backgroundColor, parts = numbers(color);
    if (parts.length < 4 || parts[3] > 0) return color;
  }
  return 'rgb(255, 255, 255)';
};
const poor = new Set();
for (const one of document.querySelectorAll('body *')) {
  const isText = [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!isText || one.closest('svg, script, [hidden]') || !one.getClientRects().length) continue;
  const [a, b] = [getComputedStyle(one).color, ground(one)].map(light).sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
}
return [...poor];
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bad day, as of now."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "config.toml").write_bytes(CONFIG.read_bytes())
    settings = load_config(folder / "config.toml")
    states = dict.fromkeys(range(WITHHELD), (State.WITHHELD, "paid with a chèque cadeau"))
    states |= {20: (State.REJECTED, 'quantity: "deux" is no number ' + "x" * 200)}
    now = datetime.now().astimezone()
    if now.hour == 0:  # when a day has nothing to show yet
        now -= timedelta(hours=1)
    ledger = Year(settings, now, days=31, states=states).write()
    path = write_report(settings, ledger, now)
    ledger.close()
    return path


def shown(browser: Browser, of: str = " of 500 shown") -> int:
    """How many orders are in sight, which is what the page says of itself."""
    number = len(browser.run(_SHOWN))
    if of:
        told = browser.run("return document.getElementById('matches').textContent")
        assert told == f"{number}{of}"
    return number


def test_words_and_states_filter_by_keyboard_alone(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert shown(browser, of="") == 0, "folded"
    browser.run("document.querySelector('#last-orders summary').focus()")
    browser.press(SPACE)
    assert shown(browser) == 50
    browser.type("#search", browser.run(_SHOWN)[0])
    assert shown(browser) == 1
    browser.run("document.getElementById('search').select()")
    browser.type("#search", "CADEAU cheque")
    assert shown(browser) == WITHHELD, "case, accents and order do not count"
    browser.type("#search", " nothing-like-it")
    assert shown(browser) == 0
    browser.open(page)
    browser.unfold()
    browser.run("document.getElementById('search').focus()")
    browser.press(TAB)
    assert browser.run("return document.activeElement.dataset.state") == "withheld"
    browser.press(SPACE)
    assert shown(browser) == WITHHELD
    assert browser.run("return document.activeElement.getAttribute('aria-pressed')") == "true"
    browser.press(TAB, SPACE)
    assert shown(browser) == WITHHELD + 1, "either state"
    browser.type("#search", "deux")
    assert shown(browser) == 1, "and the words"
    browser.open(page)
    browser.unfold()
    browser.click("#all")
    assert shown(browser) == 500
    assert browser.complaints() == []


def test_without_scripts_it_is_a_plain_table(browser: Browser, page: Path) -> None:
    browser.open(page, scripts=False)
    browser.unfold()
    assert shown(browser, of="") == 500
    hidden = "return ['filter', 'all', 'stale'].map(id => document.getElementById(id).offsetParent)"
    assert browser.run(hidden) == [None, None, None]


@pytest.mark.parametrize("width", [360, 768, 1200])
def test_nothing_sticks_out_sideways(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    browser.unfold()
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert browser.run(_OUTSIDE) == []
    browser.click(".today i[title]")
    told = browser.run("return document.querySelector('.told').textContent")
    assert "went well" in told or "nothing to do" in told


@pytest.mark.parametrize(("width", "sign"), [(390, "rect"), (1200, "i[title]")])
def test_a_day_is_a_bar_on_a_phone_and_a_strip_elsewhere(
    browser: Browser, page: Path, width: int, sign: str
) -> None:
    browser.open(page, width=width)
    browser.unfold()
    inside = "return [...document.querySelectorAll('.map b rect, .map b i[title]')]"
    seen = f"{inside}.filter(one => one.getClientRects().length).map(one => one.localName)"
    assert {*browser.run(seen)} == {sign.partition("[")[0]}
    wider = "one => one.scrollWidth > one.clientWidth"
    if width == 390:
        assert browser.run(f"return [...document.querySelectorAll('.map')].some({wider})") is False


def test_a_link_opens_what_is_folded_where_it_leads_to(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.run("return document.getElementById('runs-fold').open") is False
    browser.click("nav a[href='#runs']")
    assert browser.run("return document.getElementById('runs-fold').open") is True


def test_a_verdict_that_changes_is_said(browser: Browser, page: Path) -> None:
    browser.open(page)
    said = "return document.getElementById('announced').textContent"
    renewed = "document.dispatchEvent(new Event('renewed'))"
    browser.run(renewed)
    assert browser.run(said) == "", "nothing changed"
    browser.run(f"document.getElementById('verdict').textContent = 'All is well'; {renewed}")
    assert browser.run(said) == "All is well"
    assert browser.run("return document.getElementById('announced').ariaLive") == "polite"


def test_paper_has_all_that_is_folded(browser: Browser, page: Path) -> None:
    for scripts in (True, False):
        browser.open(page, scripts=scripts)
        browser.devtools("Emulation.setEmulatedMedia", media="print")
        if scripts:
            browser.run("dispatchEvent(new Event('beforeprint'))")
        assert (
            len(
                browser.run(
                    "return [...document.querySelectorAll('#days tbody tr')]"
                    ".filter(row => row.checkVisibility())"
                )
            )
            == 30
        )
        browser.run("dispatchEvent(new Event('afterprint'))")
        browser.devtools("Emulation.setEmulatedMedia", media="")
        assert browser.run("return document.getElementById('days').open") is False


def test_its_policy_lets_it_look_so_and_stops_a_foreign_script(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    today = "return getComputedStyle(document.querySelector('.today')).display"
    assert browser.run(today) == "grid"
    assert browser.complaints() == []
    browser.run(_HARM)
    assert browser.run("return window.harm") is None
    assert any("Content Security Policy" in text for text in browser.complaints())


def test_a_page_of_yesterday_says_so(browser: Browser, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    assert browser.run("return document.getElementById('stale').hidden") is True
    text, written = page.read_text("utf-8"), browser.run("return stale.dataset.written")
    before = datetime.fromisoformat(written) - timedelta(minutes=61)
    old = tmp_path / "old.html"
    old.write_text(text.replace(written, before.isoformat(timespec="seconds")), encoding="utf-8")
    browser.open(old)
    assert "passerelle report" in browser.run("return document.getElementById('stale').innerText")


def test_on_paper_it_is_a4_and_not_a_page_of_each_order(browser: Browser, page: Path) -> None:
    browser.open(page)
    pdf = browser.printed()
    assert pdf.startswith(b"%PDF")
    assert 3 <= pdf.count(b"/Type /Page\n") <= 9


def test_it_is_read_as_easily_in_the_dark(browser: Browser, page: Path) -> None:
    """Text and ground differ by 4.5 to 1 at least, as WCAG 2.2 asks for (1.4.3)."""
    for scheme in ("light", "dark"):
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.devtools("Emulation.setEmulatedMedia", features=preferred)
        browser.open(page)
        browser.unfold()
        for verdict in ("well", "to_do", "out_of_order"):
            browser.run("document.querySelector('header').className = arguments[0]", verdict)
            assert browser.run(CONTRASTS) == [], f"{scheme}, {verdict}"
    browser.devtools("Emulation.setEmulatedMedia", features=[])
