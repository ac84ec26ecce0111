"""People are told by mail: once when it begins, then daily, and when it is over."""

import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest
from pydantic import SecretStr

from passerelle.base import language
from passerelle.base.errors import UnreachableError
from passerelle.health.alerts import sending, telling
from passerelle.health.alerts.sending import Address, Message
from tests import scale
from tests.e2e.days import SHOE, Day
from tests.servers import HOST, PASSWORD
from tests.servers.mail import Postbox, json_endpoint, text_of
from tests.shell import run_child
from tests.world import Sale, World

WORD = "Mot2passe-Zzyzx"
CUSTOMER = {"first_name": "Canarine", "email": "canari@example.com", "phone": "0612345678",
            "address1": "3 rue du Canari"}  # fmt: skip
OVER = "This is over:(.|\n)*- "
FAILS = "10:57 lost commandes.csv, 10:57 orders=4"


def unused_port() -> int:
    with socket.socket() as held:
        held.bind((HOST, 0))
        port: int = held.getsockname()[1]
    return port


def tell(world: World, *urls: str, top: str = "", server: str = "") -> None:
    world.configure(extra=f"\n[alerts]\nurls = {list(urls)!r}\n", top=top, server=server)


@pytest.fixture
def postbox(day: Day) -> Iterator[Postbox]:
    """That of the person who is told."""
    with Postbox(unused_port(), WORD) as postbox:
        tell(day.world, postbox.url(WORD))
        yield postbox


def hear(postbox: Postbox) -> str:
    return "".join(text_of(mail) for mail in postbox.take())


# --- when --------------------------------------------------------------------------------------

# What happens, and what is told of it; behind "not", what is not.
STORIES = {
    "all is well": [("10:57 orders", "not .")],
    "a run that fails": [
        (FAILS, r"^Passerelle: the orders no longer reach the ERP: no such file"
                r"(.|\n)*\(since 10:57\)"
                r"(.|\n)*`passerelle check` finds what is wrong"),
        ("11:27 orders=4", "not no such file"),
        ("11:27+1 orders=4", r"This is still out of order:(.|\n)*- the orders no longer (.|\n)*"
                             r"\(since 2026-11-25 10:57\)"),
        ("11:57+1 sells, 11:57+1 orders", OVER + "the orders no longer reach the ERP: no such file"
                                          r"(.|\n)*from 2026-11-25 10:57 to 2026-11-26 11:57"),
        ("12:27+1 orders", "not no such file"),
    ],
    "several things": [
        ("11:27 lost commandes.csv, 11:27 orders=4",
         r"^Passerelle: the orders no longer reach the ERP.*, and 2 more\n(.|\n)*"
         r"run stock did not start when it was due(.|\n)*This is over:(.|\n)*"
         r"run orders did not start at 10:57; it runs again"),
    ],
    "a run that is held": [
        ("11:19 stock=6", "stock is no longer updated: the ERP's file was 3[89] minutes old"),
        ("11:40 erp, 11:49 stock", OVER + "the shop's stock is no longer updated"),
    ],
    "daily business": [("10:57 gift, 10:57 orders", "not .")],
    "a run that is missed": [
        ("11:10 erp, 11:19 stock",
         r"run orders did not start when it was due, 1 time by now \(since 10:57\)"),
        ("11:57 orders",
         OVER + "run orders did not start 2 times between 10:57 and 11:27; it runs again"),
        ("12:27 orders", "not orders did not start"),
    ],
    "a run that is killed, found by the other": [
        ("10:57 killed, 11:10 erp, 11:19 stock",
         r"run orders was killed, or the machine stopped \(since 10:57\)"),
        ("11:27 orders", "was killed at 10:57, or the machine stopped; it runs again$"),
    ],
    "a run that is killed, found by the next": [
        ("10:57 killed, 11:27 orders", OVER + "run orders was killed at 10:57, or the machine "),
    ],
    "files that the ERP leaves": [
        ("10:57 more, 10:57 orders", "not has not taken"),
        ("11:27 orders", "waits for it \\(commandes_20261125_105700.xml\\)"),
        ("11:57 third, 11:57 orders", "not has not taken"),
        ("12:27 takes, 12:27 orders", OVER + "the orders no longer reach the ERP"),
    ],
    "a file that the shop leaves": [
        ("11:10 erp, 11:19 stock, 11:40 erp, 11:49 stock",
         r"it has not taken ExportCSVmod.csv \(since 11:19\)"),
    ],
    "an order that left the file": [
        ("10:57 bad, 10:57 orders=5", r"- 1 order is rejected \(2\)"),
        ("11:27 sells, 11:27 orders=5",
         "1 order was not sent, and is no longer in the shop's file: 2"),
        ("11:57 settled, 11:57 orders", OVER + "1 order was not sent"),
    ],
    "orders that join the rejected": [
        ("10:57 bad, 10:57 orders=5", r"- 1 order is rejected \(2\)"),
        ("11:27 worse, 11:27 orders=5", "also: 3; now 2 orders are rejected"),
        ("11:57 orders=5", "not rejected"),
        ("12:27 more, 12:27 orders=5", "no longer in the shop's file: 3"),
    ],
    "a file that grows old": [
        ("11:27+3 orders", "no new orders come from the shop: commandes.csv is"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_what_needs_a_person_is_told_once_daily_and_when_it_is_over(
    day: Day, postbox: Postbox, story: str
) -> None:
    for deeds, told in STORIES[story]:
        postbox.take()
        day.play(deeds)
        text = hear(postbox)
        found = re.search(told.removeprefix("not "), text, re.MULTILINE)
        assert (found is None) == told.startswith("not "), (deeds, told, text)


def test_a_gap_is_told_although_sending_failed_at_first(day: Day, postbox: Postbox) -> None:
    postbox.refusal = "451 not now"
    day.play("12:27 orders")
    postbox.refusal = ""
    day.play("12:57 orders")
    words = "run orders did not start 3 times between 10:57 and 11:57; it runs again"
    assert words in hear(postbox)


def test_an_order_that_may_have_reached_the_erp_is_told(day: Day, postbox: Postbox) -> None:
    tell(day.world, postbox.url(WORD), server='publish = "direct"\n')
    with closing(sqlite3.connect(day.world.data / "passerelle.db")) as ledger, ledger:
        ledger.execute("update dispatches set stage = 'staged'")
        ledger.execute("update orders set state = 'prepared'")
    day.play("10:57 orders=6")
    text = hear(postbox)
    assert text.startswith("Passerelle: 1 order may or may not have reached the ERP: 1\n")
    assert "- 1 order may or may not have reached the ERP: 1" in text


def test_a_dry_run_and_adopting_tell_nobody(day: Day, postbox: Postbox) -> None:
    day.play("10:57 lost commandes.csv")
    for args in (("run", "orders", "--dry-run"), ("orders", "adopt", "--yes")):
        day.world.fails(*args, code=4)
    assert hear(postbox) == ""


# --- sending that fails ------------------------------------------------------------------------


def snapshot(world: World) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(world.data / "passerelle.db")) as ledger:
        return ledger.execute("select * from alerts order by key").fetchall()


def secrets(world: World) -> list[str]:
    """The files that hold the mail's password, or words of a customer."""
    words = ("Zzyzx", *CUSTOMER.values(), SHOE.last_name)
    files = [world.data / name for name in ("Trace1.txt", "Trace2.txt", "passerelle.db")]
    data = {path.name: path.read_bytes() for path in files if path.exists()}
    return [f"{name}: {w}" for name, found in data.items() for w in words if w.encode() in found]


@pytest.mark.parametrize(
    ("old", "new", "refusal", "words"),
    [
        (f":{WORD}@", f":wrong-{WORD}@", "", "user name or password was refused"),
        ("", "", f"554 no {WORD}", "the server answered 554"),
        ("mailto", "mialto", "", "the address is not understood"),
    ],
)
def test_what_could_not_be_sent_is_warned_of_and_sent_by_the_next_run(
    day: Day, postbox: Postbox, old: str, new: str, refusal: str, words: str
) -> None:
    before, postbox.refusal = snapshot(day.world), refusal
    tell(day.world, postbox.url(WORD).replace(old, new))
    day.play("10:57 lost commandes.csv")
    result = day.world.fails("run", "orders", code=4)
    (line,) = (line for line in day.world.trace(1).splitlines() if "alerts.urls" in line)
    assert "! alerts.urls[1]" in line
    assert line.endswith(f"people could not be told: {words}; the next run tries again")
    assert len(result.stderr.splitlines()) == 1, "the run's own error"
    assert WORD not in result.text and secrets(day.world) == []
    assert snapshot(day.world) == before
    postbox.refusal = ""
    tell(day.world, postbox.url(WORD))
    day.play("11:27 orders=4")
    assert "no such file" in hear(postbox)


def test_one_address_that_fails_neither_silences_nor_repeats_what_the_others_hear(
    day: Day, postbox: Postbox
) -> None:
    port = unused_port()
    tell(day.world, postbox.url(WORD), f"json://{HOST}:{port}/")
    day.play("10:57 lost commandes.csv")
    words = f"alerts.urls[2] (json://{HOST}): people could not be told"
    assert (
        "the connection was refused" in day.world.fails("run", "orders", code=4, words=words).text
    )
    with json_endpoint(port) as posted:
        day.play("11:19 orders=4")
    assert hear(postbox).count("no such file") == 2, "in one mail's subject and text"
    (message,) = posted
    assert message["title"].startswith("Passerelle: the orders no longer reach the ERP")
    assert message["type"] == "warning" and "This is out of order:" in message["message"]


def test_a_mail_server_that_answers_for_ever_is_left_after_the_limit() -> None:
    def drip() -> None:
        client, _ = server.accept()
        try:
            while True:
                client.sendall(b"2")
                time.sleep(0.05)
        except OSError:
            return

    with socket.create_server((HOST, 0)) as server:
        Thread(target=drip, daemon=True).start()
        place = f"{HOST}:{server.getsockname()[1]}"
        url = f"mailto://{place}?from=a@shop.example&to=b@shop.example&mode=insecure"
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
@pytest.mark.usefixtures("postbox")
def test_nothing_in_the_alerts_changes_how_a_run_ends(
    day: Day, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(telling, "tell_people", fail)
    day.play("10:57 orders")
    assert words in day.world.trace(1) and secrets(day.world) == []
    day.play("11:27 lost commandes.csv, 11:27 orders=4")


@scale.only("ci")
def test_apprise_is_loaded_only_when_there_is_something_to_send(world: World) -> None:
    tell(world, f"json://{HOST}:{unused_port()}/")
    world.shop_writes(SHOE)

    def loaded() -> str:
        done = run_child("apprise", "run", "orders", cwd=world.folder, module="tests.loaded")
        assert done.stderr.count("\n") <= 1, done.stderr
        return done.stdout.splitlines()[-1]

    assert loaded() == "False 0"
    (world.server.root / "commandes.csv").unlink()
    assert loaded() == "True 4"


# --- what is written ---------------------------------------------------------------------------


def test_no_customer_and_no_password_is_in_a_mail(day: Day, postbox: Postbox) -> None:
    sales = [Sale(str(n), {"370": "deux"}, more=CUSTOMER) for n in range(2, 40)]
    day.at("10:57")
    day.shop_writes(*sales, Sale("", {"371": 1}, more=CUSTOMER))
    day.world.fails("run", "orders", code=5)
    (mail,) = postbox.take()
    raw = mail.as_string() + text_of(mail)
    assert "38 orders are rejected" in raw or "39 orders are rejected" in raw
    assert [word for word in (WORD, PASSWORD, *CUSTOMER.values()) if word in raw] == []
    assert secrets(day.world) == []


def test_a_french_shop_gets_french_mails_with_their_accents(day: Day, postbox: Postbox) -> None:
    tell(day.world, postbox.url(WORD), top='language = "fr"')
    try:
        day.play("10:57 bad, 10:57 orders=5")
    finally:
        language.speak("en")
    text = hear(postbox)
    assert (
        "À faire quand il y a le temps\u00a0:\r\n- 1 commande est refusée (2) (depuis 10:57)"
        in text
    )


# --- trying it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code", "told"), [
    (200, 0, "delivered"), (503, 4, "the server answered 503"),
])  # fmt: skip
def test_a_test_message_goes_to_every_address_and_says_which_it_did_not_reach(
    day: Day, postbox: Postbox, status: int, code: int, told: str
) -> None:
    port = unused_port()
    tell(day.world, postbox.url(WORD), f"json://{HOST}:{port}/secret-path")
    with json_endpoint(port, status) as posted:
        result = day.world.fails("alerts", "test", code=code)
    one, two = result.stdout.splitlines()
    assert one == f"alerts.urls[1] (mailto://{HOST}): delivered"
    assert two.startswith(f"alerts.urls[2] (json://{HOST}): {told}")
    missed = "passerelle: not every test message was delivered: alerts.urls[2]"
    assert result.stderr.startswith(missed if code else "")
    assert "Passerelle: a test of the alerts" in hear(postbox)
    assert posted[0]["type"] == "success" and "secret-path" not in result.text


def test_without_addresses_or_with_a_strange_one_it_is_a_fault_of_the_config(
    day: Day, postbox: Postbox
) -> None:
    day.world.configure()
    day.world.fails("alerts", "test", code=3, words="alerts.urls: add one to config.toml")
    tell(day.world, postbox.url(WORD), f"mialto://a:{WORD}@shop.example", WORD)
    result = day.world.fails("alerts", "test", code=3)
    lines = result.stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["alerts.urls[2]", "alerts.urls[3]"]
    assert WORD not in result.text and hear(postbox) == ""


def test_check_looks_at_the_addresses_shows_no_secret_and_sends_nothing(
    day: Day, postbox: Postbox
) -> None:
    in_clear = f"mailto://a:{WORD}@mail.shop.example?to=b@shop.example&mode=insecure"
    tokens = (f"tgram://123456789:AA{4 * WORD}/12345", f"discord://{4 * 'Zzyzx'}/{8 * 'Zzyzx'}")
    tell(day.world, postbox.url(WORD), in_clear, "mialto://x", *tokens)
    result = day.world.fails("check", code=3)
    for line in (
        f"ok       alerts.urls[1]: mailto://{HOST} is understood",
        "warning  alerts.urls[2]: mailto://mail.shop.example: its password",
        "fault    alerts.urls[3]: the address is not understood: write it",
        "alerts.urls[4]: tgram:// is understood",
        "alerts.urls[5]: discord:// is understood",
    ):
        assert line in result.stdout
    assert WORD not in result.text and "Zzyzx" not in result.text and hear(postbox) == ""
    day.world.configure()
    nobody = "ok       alerts: nobody is told when something needs a person"
    assert nobody in day.world.run("check").stdout


def test_each_morning_has_its_digest_with_what_to_enter(day: Day, postbox: Postbox) -> None:
    text = (day.world.folder / "config.toml").read_text("utf-8")
    config = text.replace("\n[alerts]\n", '\n[alerts]\ndigest = "08:00"\n')
    (day.world.folder / "config.toml").write_text(config, encoding="utf-8")
    gift = {"product_name": "Botte cuir", **CUSTOMER}
    day.at("10:57")
    day.shop_writes(SHOE, Sale("2", {"371": 2}, payment="Bon cadeau", more=gift))
    day.play("10:57 orders")
    hear(postbox)
    day.play("07:57+1 sells, 07:57+1 orders")
    assert "to enter" not in hear(postbox), "not before its time"
    day.play("08:27+1 sells, 08:27+1 orders")
    told = hear(postbox).replace("\r\n", "\n")
    assert re.search(r"\n    2 × Botte cuir, [\w, ]*12\.50\n    total: 25\.00\n", told)
    assert "To be entered at the till:\n- 1 order is withheld" in told and "Yesterday, " in told
    assert not any(word in told for word in CUSTOMER.values())
    day.play("08:57+1 sells, 08:57+1 orders")
    assert "to enter" not in hear(postbox), "once a day"
