"""People are told by mail: once when it begins, then daily, and when it is over."""

import gettext
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from threading import Thread

import pytest
from pydantic import SecretStr

from passerelle.base import language
from passerelle.base.errors import UnreachableError
from passerelle.health.alerts import sending, telling
from passerelle.health.alerts.sending import Address, Message
from passerelle.ledger.ledger import open_ledger
from tests.e2e.test_status import Day
from tests.servers import HOST, PASSWORD, USER
from tests.servers.ftp import FtpServer
from tests.servers.mail import Postbox, json_endpoint, text_of
from tests.shell import Result, run_child
from tests.world import Sale, World

WORD = "Mot2passe-Zzyzx"
SHOE = Sale("1", {"370": 1})
CUSTOMER = {
    "first_name": "Canarine",
    "email": "canari@example.com",
    "phone": "0612345678",
    "address1": "3 rue du Canari",
}


def unused_port() -> int:
    with socket.socket() as held:
        held.bind((HOST, 0))
        port: int = held.getsockname()[1]
    return port


@dataclass(frozen=True)
class Played:
    """The folder of a half hour that went well, and how far its server's clock was ahead."""

    folder: Path
    ahead: float


class Chain(Day):
    """A day on which people are told by mail. Its first half hour is copied, not played."""

    postbox: Postbox
    played: Played

    def half_hour(self) -> None:
        own = ignore_patterns("config.toml")
        copytree(self.played.folder, self.world.server.root, dirs_exist_ok=True, ignore=own)
        self._age_files(self._server.quirks.clock_ahead - self.played.ahead)
        self.at("10:52")

    def tell(self, *urls: str, top: str = "", server: str = "") -> None:
        """Configures whom to tell."""
        extra = f"\n[alerts]\nurls = {list(urls)!r}\n"
        self.world.configure(extra=extra, top=top, server=server)

    def run(self, what: str, code: int = 0) -> Result:
        result = self.world.run("run", what)
        assert result.exit_code == code, result
        return result

    def hear(self) -> list[str]:
        return [text_of(mail) for mail in self.postbox.take()]

    def lose_orders(self) -> None:
        (self.world.server.root / "commandes.csv").unlink()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played")
    with (
        FtpServer(folder, {USER: PASSWORD}) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        day = Day(server, folder, patch)
        # Somebody is there to be told, so that what is told later begins here.
        day.world.configure(extra=f"\n[alerts]\nurls = ['json://{HOST}:1/']\n")
        day.half_hour()
        return Played(folder, server.quirks.clock_ahead)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: Played) -> Iterator[Chain]:
    with (
        FtpServer(tmp_path, {USER: PASSWORD}) as server,
        Postbox(unused_port(), WORD) as postbox,
    ):
        chain = Chain(server, tmp_path, monkeypatch)
        chain.postbox, chain.played = postbox, played
        chain.tell(postbox.url(WORD))
        yield chain


# --- when --------------------------------------------------------------------------------------


def test_a_half_hour_that_goes_well_is_told_to_nobody(chain: Chain) -> None:
    Day.half_hour(chain)
    assert chain.hear() == []


def test_a_failing_run_is_told_once_then_daily_then_its_end(chain: Chain) -> None:
    chain.half_hour()
    chain.at("10:57")
    chain.lose_orders()
    chain.run("orders", 4)
    (text,) = chain.hear()
    assert text.startswith("Passerelle: run orders failed: no such file")
    assert "(since 10:57)" in text and "`passerelle check` finds what is wrong" in text
    assert str(chain.world.data) in text
    chain.at("11:27")
    chain.run("orders", 4)
    assert not [text for text in chain.hear() if "failed" in text]
    chain.at("11:27", days=1)
    chain.run("orders", 4)
    (text,) = chain.hear()
    still = text.partition("This still needs a person:")[2]
    assert "- run orders failed" in still and "(since 2026-11-25 10:57)" in still
    chain.at("11:57", days=1)
    chain.shop_writes(SHOE)
    chain.run("orders")
    (text,) = chain.hear()
    over = text.partition("This is over:")[2]
    assert "- run orders failed: no such file" in over
    assert "from 2026-11-25 10:57 to 11:57" in over
    chain.at("12:27", days=1)
    chain.run("orders")
    assert not [text for text in chain.hear() if "failed" in text]


def test_all_there_is_to_tell_goes_into_one_message(chain: Chain) -> None:
    chain.half_hour()
    chain.at("11:27")
    chain.lose_orders()
    chain.run("orders", 4)
    (text,) = chain.hear()
    subject = text.splitlines()[0]
    assert subject.startswith("Passerelle: run orders failed") and subject.endswith(", and 2 more")
    needed, _, over = text.partition("This is over:")
    assert "run stock did not start when it was due" in needed
    assert "run orders did not start at 10:57; it runs again" in over


def test_a_held_run_is_told_and_its_end(chain: Chain) -> None:
    chain.half_hour()
    chain.at("11:19")
    chain.run("stock", 6)
    assert re.search("run stock is held for safety: the file is 3[89] minutes old", chain.hear()[0])
    chain.at("11:40")
    chain.erp_writes()
    chain.at("11:49")
    chain.run("stock")
    (text,) = chain.hear()
    assert "- run stock is held for safety" in text.partition("This is over:")[2]


def test_rejected_orders_are_told_and_those_that_join_them(chain: Chain) -> None:
    chain.half_hour()
    bad = Sale("2", {"371": "deux"}, more=CUSTOMER)
    worse = Sale("3", {"371": "trois"}, more=CUSTOMER)
    mails = []
    for clock, code, sales in (
        ("10:57", 5, [SHOE, bad]),
        ("11:27", 5, [SHOE, bad, worse]),
        ("11:57", 5, [SHOE, bad, worse]),
        ("12:27", 0, [SHOE, Sale("2", {"371": 2}), Sale("3", {"371": 3})]),
    ):
        chain.at(clock)
        chain.shop_writes(*sales)
        chain.run("orders", code)
        mails.append("".join(text for text in chain.hear() if " rejected" in text))
    assert "- 1 order is rejected (2)" in mails[0]
    assert "also: 3; now 2 orders are rejected" in mails[1]
    assert "1 order is rejected" in mails[3].partition("This is over:")[2]
    assert mails[2] == ""


def test_orders_that_are_withheld_are_daily_business(chain: Chain) -> None:
    chain.half_hour()
    chain.at("10:57")
    chain.shop_writes(SHOE, Sale("2", {"371": 1}, payment="Bon cadeau"))
    chain.run("orders")
    assert "withheld:orders" in chain.concerns()
    assert chain.hear() == []


def test_a_missed_run_is_told_by_the_other_and_its_end_is_one_story(chain: Chain) -> None:
    chain.half_hour()
    chain.at("11:10")
    chain.erp_writes()
    chain.at("11:19")
    chain.run("stock")
    (text,) = chain.hear()
    assert "run orders did not start when it was due, 1 time by now (since 10:57)" in text
    chain.at("11:57")
    chain.run("orders")
    (text,) = chain.hear()
    over = text.partition("This is over:")[2]
    assert "- run orders did not start 2 times between 10:57 and 11:27; it runs again" in over
    assert text.count("run orders did not start") == 1, "one story"
    chain.at("12:27")
    chain.run("orders")
    assert not [text for text in chain.hear() if "did not start" in text and "orders" in text]


def test_a_gap_is_told_although_sending_failed_at_first(chain: Chain) -> None:
    chain.half_hour()
    chain.at("12:27")
    chain.postbox.refusal = "451 not now"
    chain.run("orders")
    chain.postbox.refusal = ""
    chain.at("12:57")
    chain.run("orders")
    (text,) = chain.hear()
    assert "run orders did not start 3 times between 10:57 and 11:57; it runs again" in text


def test_a_killed_run_is_found_by_the_other_and_ends_with_the_next(chain: Chain) -> None:
    chain.half_hour()
    ledger = open_ledger(chain.world.data)
    chain.at("10:57")
    ledger.runs.start("orders", chain.moment)
    ledger.close()
    chain.at("11:10")
    chain.erp_writes()
    chain.at("11:19")
    chain.run("stock")
    assert "run orders was killed, or the machine stopped (since 10:57)" in chain.hear()[0]
    chain.at("11:27")
    chain.run("orders")
    (text,) = chain.hear()
    assert "was killed at 10:57, or the machine stopped; it runs again" in text
    assert "(from" not in text, "one story"


def test_a_killed_run_is_found_by_the_next_of_its_own(chain: Chain) -> None:
    chain.half_hour()
    ledger = open_ledger(chain.world.data)
    chain.at("10:57")
    ledger.runs.start("orders", chain.moment)
    ledger.close()
    chain.at("11:27")
    chain.run("orders")
    over = chain.hear()[0].partition("This is over:")[2]
    assert "- run orders was killed at 10:57, or the machine stopped; it runs again" in over


def test_files_that_erp_and_shop_leave_are_told_once_however_many_come(chain: Chain) -> None:
    chain.half_hour()
    mails = []
    for clock, id in (("10:57", "2"), ("11:27", "3"), ("11:57", "4"), ("12:27", "5")):
        chain.at(clock)
        chain.shop_writes(Sale(id, {"370": 1}))
        chain.run("orders")
        mails.append("".join(text for text in chain.hear() if "has not taken" in text))
    assert "the ERP has not taken commandes_20261125_105700.xml" in mails[1]
    assert [bool(text) for text in mails] == [False, True, False, False]
    chain.world.erp_takes()
    chain.at("12:57")
    chain.run("orders")
    (text,) = chain.hear()
    assert "the ERP has not taken" in text.partition("This is over:")[2]


def test_a_stock_file_that_the_shop_leaves_is_told(chain: Chain) -> None:
    chain.half_hour()
    for clock, erp in (("11:19", "11:10"), ("11:49", "11:40")):
        chain.at(erp)
        chain.erp_writes()
        chain.at(clock)
        chain.run("stock")
    assert "the shop has not taken ExportCSVmod.csv (since 11:19)" in chain.hear()[-1]


def test_orders_gone_from_the_file_before_they_were_sent_are_told(chain: Chain) -> None:
    chain.half_hour()
    for clock, sale in (("10:57", Sale("2", {"371": "deux"})), ("11:27", SHOE)):
        chain.at(clock)
        chain.shop_writes(sale)
        chain.run("orders", 5)
    text = chain.hear()[-1]
    assert "1 order was not sent, and is no longer in the shop's file: 2" in text
    chain.world.run_well("orders", "settle", "2")
    chain.at("11:57")
    chain.run("orders")
    over = chain.hear()[-1].partition("This is over:")[2]
    assert "was not sent" in over and "is rejected" in over


def test_an_order_that_may_have_reached_the_erp_is_told(chain: Chain) -> None:
    chain.half_hour()
    chain.tell(chain.postbox.url(WORD), server='publish = "direct"\n')
    with closing(sqlite3.connect(chain.world.data / "passerelle.db")) as ledger:
        ledger.execute("update dispatches set stage = 'staged'")
        ledger.execute("update orders set state = 'prepared'")
        ledger.commit()
    chain.at("10:57")
    chain.run("orders", 6)
    (text,) = chain.hear()
    assert text.startswith("Passerelle: run orders is held for safety: the file is gone")
    assert "- 1 order may or may not have reached the ERP: 1" in text


def test_an_order_file_that_grows_old_is_told(chain: Chain) -> None:
    chain.half_hour()
    chain.at("11:27", days=3)
    chain.run("orders")
    assert "commandes.csv is old: the shop may have stopped exporting" in chain.hear()[0]


def test_a_dry_run_and_adopting_tell_nobody(chain: Chain) -> None:
    chain.half_hour()
    chain.at("10:57")
    chain.lose_orders()
    assert chain.world.run("run", "orders", "--dry-run").exit_code == 4
    assert chain.world.run("orders", "adopt", "--yes").exit_code == 4
    assert chain.hear() == []


# --- sending that fails ------------------------------------------------------------------------


def snapshot(chain: Chain) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(chain.world.data / "passerelle.db")) as ledger:
        return ledger.execute("select * from alerts order by key").fetchall()


def secrets(chain: Chain) -> list[str]:
    """The files that hold the mail's password, or words of a customer."""
    words = (WORD, "Zzyzx", *CUSTOMER.values(), SHOE.last_name)
    files = [chain.world.data / name for name in ("Trace1.txt", "Trace2.txt", "passerelle.db")]
    data = {path.name: path.read_bytes() for path in files if path.exists()}
    return [f"{name}: {w}" for name, found in data.items() for w in words if w.encode() in found]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("refused", "the connection was refused"),
        ("password", "user name or password was refused"),
        ("answer", "the server answered 554"),
        ("misspelt", "the address is not understood"),
    ],
)
def test_what_could_not_be_sent_is_warned_of_and_sent_by_the_next_run(
    chain: Chain, trouble: str, words: str
) -> None:
    chain.half_hour()
    before = snapshot(chain)
    bad = {
        "refused": chain.postbox.url(WORD).replace(f":{chain.postbox.port}", f":{unused_port()}"),
        "password": chain.postbox.url("wrong-" + WORD),
        "misspelt": chain.postbox.url(WORD).replace("mailto", "mialto"),
        "answer": chain.postbox.url(WORD),
    }[trouble]
    chain.postbox.refusal = f"554 no {WORD}" if trouble == "answer" else ""
    chain.tell(bad)
    chain.at("10:57")
    chain.lose_orders()
    result = chain.run("orders", 4)
    (line,) = (line for line in chain.world.trace(1).splitlines() if "alerts.urls" in line)
    assert "! alerts.urls[1]" in line
    assert line.endswith(f"people could not be told: {words}; the next run tries again")
    assert len(result.stderr.splitlines()) == 1, "the run's own error"
    assert WORD not in result.text and secrets(chain) == []
    assert snapshot(chain) == before
    chain.postbox.refusal = ""
    chain.tell(chain.postbox.url(WORD))
    chain.at("11:27")
    chain.run("orders", 4)
    assert "run orders failed" in chain.hear()[0]


def test_one_address_that_fails_neither_silences_nor_repeats_what_the_others_hear(
    chain: Chain,
) -> None:
    chain.half_hour()
    port = unused_port()
    chain.tell(chain.postbox.url(WORD), f"json://{HOST}:{port}/")
    chain.at("10:57")
    chain.lose_orders()
    result = chain.run("orders", 4)
    assert f"alerts.urls[2] (json://{HOST}): people could not be told" in result.stdout
    assert "the connection was refused" in result.stdout
    chain.at("11:19")
    with json_endpoint(port) as posted:
        chain.run("orders", 4)
    assert [("failed" in text) for text in chain.hear()] == [True]
    (message,) = posted
    assert message["title"].startswith("Passerelle: run orders failed")
    assert message["type"] == "warning" and "This needs a person:" in message["message"]


def silent_server(held: socket.socket, drip: bytes) -> None:
    """Lets clients in and never finishes a line."""
    while True:
        try:
            client, _ = held.accept()
            while drip:
                client.sendall(drip)
                time.sleep(0.05)
        except OSError:
            if held.fileno() < 0:
                return


def test_a_mail_server_that_does_not_answer_costs_little_time(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.half_hour()
    monkeypatch.setattr(sending, "_WAIT", 0.5)
    chain.at("10:57")
    chain.lose_orders()
    with socket.create_server((HOST, 0)) as server:
        url = chain.postbox.url(WORD).replace(
            f":{chain.postbox.port}", f":{server.getsockname()[1]}"
        )
        chain.tell(url)
        result = chain.run("orders", 4)
    assert "people could not be told: no answer in time" in result.stdout


def test_one_that_answers_for_ever_is_left_after_the_limit() -> None:
    with socket.create_server((HOST, 0)) as server:
        Thread(target=silent_server, args=(server, b"2"), daemon=True).start()
        port = server.getsockname()[1]
        url = f"mailto://{HOST}:{port}?from=a@shop.example&to=b@shop.example&mode=insecure"
        address = Address(1, SecretStr(url))
        deliveries = sending.deliver({address: Message("subject", "body")}, limit=0.5)
    assert deliveries[address].problem == "no answer in time"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError(WORD), "a fault in Passerelle itself (RuntimeError): test_alerts.py:"),
        (UnreachableError("the ledger is locked"), "! the ledger is locked"),
    ],
)
def test_nothing_in_the_alerts_changes_how_a_run_ends(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(telling, "tell_people", fail)
    chain.half_hour()
    chain.at("10:57")
    chain.run("orders")
    assert words in chain.world.trace(1) and secrets(chain) == []
    chain.lose_orders()
    chain.at("11:27")
    assert "no such file" in chain.run("orders", 4).stderr


# --- what it costs -----------------------------------------------------------------------------


def test_without_addresses_nothing_is_examined(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("passerelle.health.alerts.telling.examine", fail)
    chain.world.configure()
    Day.half_hour(chain)
    assert "AssertionError" not in chain.world.trace(1) + chain.world.trace(2)
    chain.tell(chain.postbox.url(WORD))
    chain.at("10:57")
    chain.run("orders")
    assert "AssertionError" in chain.world.trace(1), "with one, it would be"


def test_apprise_is_loaded_only_when_there_is_something_to_send(world: World) -> None:
    urls = [f"json://{HOST}:{unused_port()}/"]
    world.configure(extra=f"\n[alerts]\nurls = {urls!r}\n")
    world.shop_writes(SHOE)

    def loaded() -> str:
        done = run_child("apprise", "run", "orders", cwd=world.folder, module="tests.loaded")
        assert done.stderr.count("\n") <= 1, done.stderr
        return done.stdout.splitlines()[-1]

    assert loaded() == "False 0"
    (world.server.root / "commandes.csv").unlink()
    assert loaded() == "True 4"


# --- what is written ---------------------------------------------------------------------------


def test_no_customer_and_no_password_is_in_a_mail(chain: Chain) -> None:
    chain.half_hour()
    sales = [Sale(str(n), {"370": "deux"}, more=CUSTOMER) for n in range(2, 40)]
    chain.at("10:57")
    chain.shop_writes(*sales, Sale("", {"371": 1}, more=CUSTOMER))
    chain.run("orders", 5)
    (mail,) = chain.postbox.take()
    raw = mail.as_string() + text_of(mail)
    assert "38 orders are rejected" in raw or "39 orders are rejected" in raw
    assert [word for word in (WORD, PASSWORD, *CUSTOMER.values()) if word in raw] == []
    assert secrets(chain) == []


class _French(gettext.NullTranslations):
    """A catalogue with accents in it."""

    def gettext(self, message: str) -> str:
        return {"This needs a person:": "À régler, dès maintenant :"}.get(message, message)

    def ngettext(self, one: str, many: str, n: int) -> str:
        if many.startswith("{n} orders are rejected"):
            return "{n} commande rejetée : illisible, œuvre d'un élève"
        return one if n == 1 else many


def test_a_french_shop_gets_french_mails_with_their_accents(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_french", _French)
    chain.tell(chain.postbox.url(WORD), top='language = "fr"')
    chain.half_hour()
    chain.at("10:57")
    chain.shop_writes(Sale("2", {"371": "deux"}))
    try:
        chain.run("orders", 5)
    finally:
        language.speak("en")
    (mail,) = chain.postbox.take()
    assert mail["subject"].startswith(
        "Passerelle: 1 commande rejetée : illisible, œuvre d'un élève"
    )
    assert "À régler, dès maintenant :" in text_of(mail)
    assert "1 commande rejetée : illisible, œuvre d'un élève (2)" in text_of(mail)


# --- trying it ---------------------------------------------------------------------------------


def test_a_test_message_goes_to_every_address(chain: Chain) -> None:
    port = unused_port()
    chain.tell(chain.postbox.url(WORD), f"json://{HOST}:{port}/secret-path")
    with json_endpoint(port) as posted:
        result = chain.world.run("alerts", "test")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"alerts.urls[1] (mailto://{HOST}): delivered",
        f"alerts.urls[2] (json://{HOST}): delivered",
    ]
    assert "Passerelle: a test of the alerts" in chain.hear()[0]
    assert posted[0]["type"] == "success"


def test_what_was_not_delivered_is_told_with_its_number(chain: Chain) -> None:
    port = unused_port()
    chain.tell(chain.postbox.url(WORD), f"json://{HOST}:{port}/secret-path")
    with json_endpoint(port, status=503):
        result = chain.world.run("alerts", "test")
    assert result.exit_code == 4
    assert f"alerts.urls[2] (json://{HOST}): the server answered 503" in result.stdout
    assert result.stderr.startswith(
        f"passerelle: not every test message was delivered: alerts.urls[2] (json://{HOST}): "
    )
    assert "secret-path" not in result.text and len(chain.hear()) == 1


def test_without_addresses_or_with_a_strange_one_it_is_a_fault_of_the_config(chain: Chain) -> None:
    chain.world.configure()
    result = chain.world.run("alerts", "test")
    assert result.exit_code == 3 and "alerts.urls: add one to config.toml" in result.stderr
    chain.tell(chain.postbox.url(WORD), f"mialto://a:{WORD}@shop.example", WORD)
    result = chain.world.run("alerts", "test")
    assert result.exit_code == 3
    lines = result.stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["alerts.urls[2]", "alerts.urls[3]"]
    assert WORD not in result.text and chain.hear() == []


def test_a_token_in_the_place_of_a_host_is_not_shown(chain: Chain) -> None:
    token = "123456789:AAbbccddeeffgghhiijjkkllmmnnooppqqrr"
    chain.tell(f"tgram://{token}/12345", f"discord://{4 * 'Zzyzx'}/{8 * 'Zzyzx'}")
    result = chain.world.run("check")
    assert "alerts.urls[1]: tgram:// is understood" in result.stdout
    assert "alerts.urls[2]: discord:// is understood" in result.stdout
    assert not [word for word in (token, "AAbbcc", "Zzyzx") if word in result.text]


def test_check_looks_at_the_addresses_and_sends_nothing(chain: Chain) -> None:
    chain.half_hour()
    in_clear = f"mailto://a:{WORD}@mail.shop.example?to=b@shop.example&mode=insecure"
    chain.tell(chain.postbox.url(WORD), in_clear, "mialto://x")
    result = chain.world.run("check")
    assert result.exit_code == 3 and WORD not in result.text
    found = [line for line in result.stdout.splitlines() if "alerts" in line]
    assert found[0].startswith(f"ok       alerts.urls[1]: mailto://{HOST} is understood")
    assert found[1].startswith("warning  alerts.urls[2]: mailto://mail.shop.example: its password")
    assert found[2].startswith("fault    alerts.urls[3]: the address is not understood: write it")
    assert chain.hear() == []
    chain.world.configure()
    result = chain.world.run("check")
    assert "ok       alerts: nobody is told when something needs a person" in result.stdout
