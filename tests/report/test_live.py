"""The page where it is served: files beside it, buttons, and the same things to see."""

from datetime import datetime

from lxml import html

from passerelle.config.model import Settings
from passerelle.health.concerns import Concern
from passerelle.health.report.live import Button, Live
from passerelle.health.report.page import render
from passerelle.model.states import State
from tests.report.ledgers import Year

COMMAND = "passerelle run orders"
RUN = Button("Send <now>", "do", {"command": COMMAND}, COMMAND, asking=False)


def _settling(concern: Concern) -> tuple[Button, ...]:
    values = {"command": f"passerelle orders settle {concern.orders[0]}"}
    return (Button("Entered", "do", values, values["command"], asking=True),)


def test_a_page_that_is_served_has_buttons_and_nothing_in_line(
    settings: Settings, now: datetime
) -> None:
    ledger = Year(settings, now, days=2, states={0: (State.WITHHELD, "gift card")}).write()
    live = Live(["report.css"], ["report.js"], [RUN], _settling, lambda *_: None)
    page = html.fromstring(render(settings, ledger, now, live))
    ledger.close()
    assert page.xpath("//link[@rel='stylesheet']/@href") == ["report.css"]
    assert page.xpath("//script/@src") == ["report.js"]
    assert not page.xpath("//style | //script[not(@src)] | //*[@style]")
    above, beside = page.xpath("//form[@method='post'][@action='actions/do']")
    assert above.getparent().get("class") == "toolbar"
    assert above.findtext("button") == "Send <now>"
    assert above.xpath("input[@type='hidden']/@value") == [COMMAND]
    assert beside.xpath("ancestor::article//p[@class='mend']"), "what it mends is told"
    assert beside.findtext("button") == "Entered…", "it asks before it does it"


def test_a_page_on_disk_has_no_buttons(settings: Settings, now: datetime) -> None:
    ledger = Year(settings, now, days=1).write()
    assert "<form" not in render(settings, ledger, now)
    ledger.close()
