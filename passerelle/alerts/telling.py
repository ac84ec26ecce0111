"""After a run: people are told what is news, and what they were told is remembered."""

import platform
from collections.abc import Callable
from datetime import datetime

from passerelle.alerts.addresses import Address, addresses
from passerelle.alerts.decision import Tidings, decide
from passerelle.alerts.matters import passed_since, worth_telling
from passerelle.alerts.message import compose, trial
from passerelle.alerts.sending import Delivery, deliver
from passerelle.config import Settings
from passerelle.health import examine
from passerelle.language import _
from passerelle.ledger import Ledger
from passerelle.ledger.alerts import Memory

News = dict[Address, Tidings]


def tell_people(
    settings: Settings, ledger: Ledger, now: datetime, warn: Callable[[str], None]
) -> None:
    """Tells each address what it does not know yet, in one message; costs nothing without any.

    What an address could not be told goes to ``warn``, and the next run tries again. Raises
    :class:`~passerelle.errors.PasserelleError` where the ledger cannot be used.
    """
    if not settings.alerts.urls:
        return
    newest = next(iter(ledger.runs.latest(1)), None)
    news = _news(settings, ledger, now)
    where = _place(settings)
    messages = {a: compose(tidings, now, where) for a, tidings in news.items() if tidings}
    deliveries = deliver(messages) if messages else {}
    for address, tidings in news.items():
        delivery = deliveries.get(address)
        if delivery and delivery.problem:
            text = _("{where}: people could not be told: {problem}; the next run tries again")
            warn(text.format(where=delivery.where, problem=delivery.problem))
            continue
        memory = Memory(tidings.told, newest.number if newest else 0)
        ledger.alerts.remember(address.number, memory, now)


def _news(settings: Settings, ledger: Ledger, now: datetime) -> News:
    """Each address has its own memory, so that one that fails is not paid for by the others."""
    concerns = worth_telling(settings, examine(settings, ledger, now))
    news: News = {}
    for address in addresses(settings):
        memory = ledger.alerts.recall(address.number)
        passed = passed_since(settings, ledger, memory.run, now)
        news[address] = decide(memory.told, concerns, passed, now)
    return news


def send_trials(settings: Settings) -> list[Delivery]:
    """Sends every address a test message, and says how it went with each."""
    message = trial(_place(settings))
    return list(deliver(dict.fromkeys(addresses(settings), message)).values())


def _place(settings: Settings) -> str:
    """Which machine and folder a message is about."""
    return f"{platform.node()}, {settings.folder}"
