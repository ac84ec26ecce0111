"""The digest: once a day, never for a day that has not been, and with what a till has to know."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from pydantic import ValidationError

from passerelle.config.alerts import Alerts
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.health.alerts import digest
from passerelle.health.alerts.digest import FILE_NAME, compose_digest, send_digest
from passerelle.health.alerts.sending import Address, Message, Sending
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.runs.starting import start
from tests.servers import HOST
from tests.servers.fixtures import NewServer
from tests.world import Sale, World
from tests.zones import in_zone

URLS = (f"json://{HOST}:1/", f"json://{HOST}:2/")
ALERTS = f'\n[alerts]\nurls = {list(URLS)!r}\ndigest = "08:00"\n'
SHOE = Sale("1", {"370": 1}, more={"product_name": "Bottine Éléa", "first_name": "Canarine"})
GIFT = Sale(
    "2", {"371": 2}, payment="Bon cadeau", more={"product_name": "Sabot", "first_name": "Canarine"}
)


@dataclass
class Shop:
    """A shop whose messages are caught; ``problems`` are those of addresses that fail."""

    settings: Settings
    ledger: Ledger
    sent: list[tuple[int, Message]] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    warned: list[str] = field(default_factory=list)

    def deliver(self, messages: Mapping[Address, Message]) -> dict[Address, Sending]:
        told = {address: self.problems.get(address.number, "") for address in messages}
        self.sent += [(one.number, messages[one]) for one, why in told.items() if not why]
        return {address: Sending(address.key, why) for address, why in told.items()}

    def at(self, moment: datetime) -> list[int]:
        """The numbers of the addresses that a run at that time sends a digest."""
        self.sent.clear()
        send_digest(self.settings, self.ledger, moment, self.warned.append)
        return [number for number, _ in self.sent]


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = World(tmp_path, new_server("folder"))
    world.configure(extra=ALERTS)
    return world


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    settings = load_config(world.folder / "config.toml")
    settings.folder.mkdir(exist_ok=True)
    ledger = open_ledger(settings.folder)
    shop = Shop(settings, ledger)
    monkeypatch.setattr(digest, "deliver", shop.deliver)
    yield shop
    shop.ledger.close()


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute).astimezone()


def begin(shop: Shop, at: datetime) -> None:
    """The first run there ever was, which went well."""
    number = shop.ledger.runs.start("orders", at)
    shop.ledger.runs.end(number, at, 0, "done")


# --- when --------------------------------------------------------------------------------------


def test_the_first_run_after_its_hour_sends_it_once_a_day(shop: Shop) -> None:
    begin(shop, local(24, 10))
    assert shop.at(local(25, 7, 59)) == []
    assert shop.at(local(25, 8)) == [1, 2]
    assert shop.at(local(25, 8, 30)) == shop.at(local(25, 23, 59)) == []
    assert shop.at(local(26, 0, 27)) == [], "its hour has not come"
    assert shop.at(local(26, 19)) == [1, 2], "the machine was off until then"
    assert shop.at(local(29, 8, 27)) == [1, 2], "one for all days that it was off"
    assert shop.warned == []


def test_none_is_sent_before_the_first_day_is_over(shop: Shop) -> None:
    assert shop.at(local(24, 9)) == []
    begin(shop, local(24, 9))
    assert shop.at(local(24, 23)) == []
    assert shop.at(local(25, 8)) == [1, 2]


def test_without_its_hour_none_is_sent(shop: Shop) -> None:
    begin(shop, local(24, 9))
    alerts = shop.settings.alerts.model_copy(update={"digest": None})
    shop.settings = shop.settings.model_copy(update={"alerts": alerts})
    assert shop.at(local(25, 9)) == []


def test_an_address_that_fails_is_tried_again_and_the_others_are_not_told_twice(
    shop: Shop,
) -> None:
    begin(shop, local(23, 10))
    assert shop.at(local(24, 8)) == [1, 2]
    shop.problems[1] = "no answer in time"
    assert shop.at(local(25, 8)) == [2]
    assert shop.warned == [
        "alerts.urls[1]: the digest could not be sent: no answer in time; the next run tries again"
    ]
    shop.problems.clear()
    assert shop.at(local(25, 8, 30)) == [1]
    assert shop.at(local(25, 9)) == []


def test_a_ledger_that_is_put_back_sends_no_second_one(shop: Shop) -> None:
    begin(shop, local(23, 10))
    path = shop.settings.folder / "passerelle.db"
    shop.ledger.close()
    copyfile(path, path.with_suffix(".copy"))
    shop.ledger = open_ledger(shop.settings.folder)
    assert shop.at(local(25, 8)) == [1, 2]
    shop.ledger.close()
    copyfile(path.with_suffix(".copy"), path)
    shop.ledger = open_ledger(shop.settings.folder)
    assert shop.at(local(25, 9)) == []
    assert shop.at(local(26, 9)) == [1, 2]


def test_a_lost_file_beside_the_ledger_sends_no_second_one(shop: Shop) -> None:
    begin(shop, local(23, 10))
    assert shop.at(local(25, 8)) == [1, 2]
    (shop.settings.folder / FILE_NAME).write_bytes(b"\xff{")
    assert shop.at(local(25, 9)) == []
    (shop.settings.folder / FILE_NAME).unlink()
    assert shop.at(local(25, 9)) == []


def test_another_run_that_is_as_far_sends_no_second_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(shop, local(23, 10))
    real: Callable[..., Message] = compose_digest

    def meanwhile(settings: Settings, ledger: Ledger, now: datetime) -> Message:
        monkeypatch.setattr(digest, "compose_digest", real)
        send_digest(settings, ledger, now, shop.warned.append)
        return real(settings, ledger, now)

    monkeypatch.setattr(digest, "compose_digest", meanwhile)
    assert shop.at(local(25, 8)) == [1, 2]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("hour", ["00:00", "02:30", "08:00", "23:45"])
@pytest.mark.parametrize(("month", "day"), [(3, 29), (3, 8), (10, 25), (11, 1), (9, 27), (4, 5)])
def test_each_day_has_one_whatever_the_clocks_do(
    shop: Shop, zone: str, hour: str, month: int, day: int
) -> None:
    """The days on which some zone leaves or enters summer time, and those around them."""
    with in_zone(zone):
        told = days_told(shop, hour, datetime(2026, month, day, 12, tzinfo=UTC))
    assert told == list(dict.fromkeys(told)), "none twice"
    assert f"{month:02}-{day:02}" in told


def days_told(shop: Shop, hour: str, noon: datetime) -> list[str]:
    """The days of the digests, with a run each quarter of an hour, three days around."""
    alerts = Alerts.model_validate({"urls": [URLS[0]], "digest": hour})
    shop.settings = shop.settings.model_copy(update={"alerts": alerts})
    begin(shop, noon - timedelta(days=5))
    runs = [noon + n * timedelta(minutes=15) for n in range(-6 * 24, 6 * 24)]
    return [f"{moment.astimezone():%m-%d}" for moment in runs for _ in shop.at(moment)]


# --- what --------------------------------------------------------------------------------------


def test_it_has_the_goods_to_enter_what_happened_and_what_is_out_of_order(
    world: World, shop: Shop
) -> None:
    world.shop_writes(SHOE, GIFT, Sale("3", {"372": "deux"}))
    assert start(shop.settings, "orders", all=False).exit_code == 5
    (world.server.root / "commandes.csv").unlink()
    world.fails("run", "orders", code=4)
    tomorrow = datetime.now().astimezone() + timedelta(days=1)
    message = compose_digest(shop.settings, shop.ledger, tomorrow)
    body = message.body.replace("\u00a0", " ")
    assert re.match("Passerelle: 2 to enter at the till, [1-9] out of order", message.subject)
    assert not message.good
    entered, happened, grave = (
        body.index(heading)
        for heading in ("To be entered at the till:", "Yesterday, ", "Out of order:")
    )
    assert entered < happened < grave
    for words in (
        "- 1 order is withheld, to be entered at the till: 2",
        "  -> enter it at the till, then `passerelle orders settle 2",
        "  order 2, Sun 22 Nov 10:00\n    2 × Sabot, 371",
        "- 1 order is rejected (3)",
    ):
        assert words in body[entered:happened]
    for words in ("- 1 order was sent to the ERP", "- the stock was published 0 times",
                  "- run orders did not go well 1 time, at "):  # fmt: skip
        assert words in body[happened:grave]
    assert "- the orders no longer reach the ERP" in body[grave:]
    assert "Canarine" not in body and "Lefèvre" not in body


def test_all_is_well_is_told_too(world: World, shop: Shop) -> None:
    begin(shop, datetime.now().astimezone() - timedelta(minutes=5))
    message = compose_digest(shop.settings, shop.ledger, datetime.now().astimezone())
    assert "To be entered at the till:\n- nothing\n" in message.body


def test_many_orders_are_cut_and_counted(world: World, shop: Shop) -> None:
    gifts = [Sale(str(n), {"371": 1}, payment="Bon cadeau") for n in range(100, 130)]
    world.shop_writes(*gifts)
    assert start(shop.settings, "orders", all=False).exit_code == 0
    body = compose_digest(shop.settings, shop.ledger, datetime.now().astimezone()).body
    assert body.count("\n  order 1") == 20
    assert "and 10 more orders, see `passerelle export missed -o missed.xlsx`" in body


def test_it_can_be_seen_beforehand_and_is_sent_all_the_same(world: World, shop: Shop) -> None:
    begin(shop, local(24, 10))
    seen = world.run_well("alerts", "digest")
    assert seen.startswith("Passerelle: 0 to enter at the till, ") and "Yesterday, " in seen
    assert shop.at(local(25, 8)) == [1, 2]


def test_a_run_sends_it(world: World, shop: Shop) -> None:
    begin(shop, datetime.now().astimezone() - timedelta(days=2))
    alerts = shop.settings.alerts.model_copy(update={"urls": shop.settings.alerts.urls[:1]})
    anytime = alerts.model_copy(update={"digest": alerts.digest and alerts.digest.min})
    settings = shop.settings.model_copy(update={"alerts": anytime})
    world.shop_writes(SHOE)
    assert start(settings, "orders", dry_run=True, all=False).exit_code == 0
    assert shop.sent == []
    assert start(settings, "orders", all=False).exit_code == 0
    assert start(settings, "orders", all=False).exit_code == 0
    assert [message.subject for _, message in shop.sent if "to enter" in message.subject] == [
        shop.sent[-1][1].subject
    ]


@pytest.mark.parametrize("hour", ["8:00", "24:00", "08:60", "08:00:00", 8, True])
def test_what_is_no_hour_is_a_fault(hour: object) -> None:
    with pytest.raises(ValidationError, match="write an hour of the day"):
        Alerts.model_validate({"digest": hour})
