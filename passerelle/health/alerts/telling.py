"""The words of a message: one subject line and a body, whatever there is to tell."""

import platform
from collections.abc import Callable, Iterator
from datetime import datetime

from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few, shorten, span_of_time
from passerelle.config.model import Settings
from passerelle.health.alerts.decision import Tidings, decide, passed_since, worth_telling
from passerelle.health.alerts.sending import Address, Message, Sending, addresses, deliver
from passerelle.health.concerns import Concern, Level
from passerelle.health.status import examine
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import AlertMemory, Told

News = dict[Address, Tidings]


def tell_people(
    settings: Settings, ledger: Ledger, now: datetime, warn: Callable[[str], None]
) -> None:
    """Tells each address what it does not know yet, in one message; costs nothing without any.

    What an address could not be told goes to ``warn``, and the next run tries again. Raises
    :class:`PasserelleError` where the ledger cannot be used.
    """
    if not settings.alerts.urls:
        return
    newest = next(iter(ledger.runs.latest(1)), None)
    news = _news(settings, ledger, now)
    where = place_of(settings)
    messages = {a: compose(tidings, now, where) for a, tidings in news.items() if tidings}
    deliveries = deliver(messages) if messages else {}
    for address, tidings in news.items():
        delivery = deliveries.get(address)
        if delivery and delivery.problem:
            text = _("{where}: people could not be told: {problem}; the next run tries again")
            warn(text.format(where=delivery.where, problem=delivery.problem))
            continue
        memory = AlertMemory(tidings.told, newest.number if newest else 0)
        ledger.alerts.remember(address.number, memory, now)


def _news(settings: Settings, ledger: Ledger, now: datetime) -> News:
    """Each address has its own memory, so that one that fails is not paid for by the others."""
    concerns = worth_telling(examine(settings, ledger, now))
    news: News = {}
    for address in addresses(settings):
        memory = ledger.alerts.recall(address.number)
        passed = passed_since(settings, ledger, memory.run, now)
        news[address] = decide(memory.told, concerns, passed, now)
    return news


def send_trials(settings: Settings) -> list[Sending]:
    """Sends every address a test message, and says how it went with each."""
    body = _("This is a test: had something needed a person, this is where it would be told.")
    subject = _("Passerelle: a test of the alerts")
    message = Message(subject, f"{body}\n\n{footer(place_of(settings))}", good=True)
    return list(deliver(dict.fromkeys(addresses(settings), message)).values())


def place_of(settings: Settings) -> str:
    """Which machine and folder a message is about."""
    return f"{platform.node()}, {settings.folder}"


_LONGEST_SUBJECT = 100


def compose(tidings: Tidings, now: datetime, where: str) -> Message:
    """The message that tells ``tidings``; ``where`` is which machine and folder it is about."""
    sections = [f"{heading}\n{''.join(entries)}" for heading, entries in _sections(tidings, now)]
    sections.append(footer(where))
    news = tidings.begun or tidings.grown or tidings.still
    return Message(_subject(tidings), "\n".join(sections), good=not news)


def footer(where: str) -> str:
    """The end of each message."""
    text = _("`passerelle status` shows how it goes now, on {where}.").format(where=where)
    return f"{text}\n"


def _subject(tidings: Tidings) -> str:
    headline = shorten(next(_headlines(tidings)), _LONGEST_SUBJECT)
    rest = len(tidings) - 1
    if not rest:
        return _("Passerelle: {text}").format(text=headline)
    return n_(
        "Passerelle: {text}, and {n} more", "Passerelle: {text}, and {n} more", rest, text=headline
    )


def _headlines(tidings: Tidings) -> Iterator[str]:
    yield from (concern.text for concern in tidings.begun)
    yield from (_also(concern, ids) for concern, ids in tidings.grown)
    yield from (_("still: {text}").format(text=concern.text) for concern in tidings.still)
    yield from (_("over: {text}").format(text=told.text) for told in tidings.over)
    yield from (_("over: {text}").format(text=passed.text) for passed in tidings.passed)


_NEW = {
    Level.OUT_OF_ORDER: N_("This is out of order:"),
    Level.TO_DO: N_("This is to do when there is time:"),
}
_STILL = {
    Level.OUT_OF_ORDER: N_("This is still out of order:"),
    Level.TO_DO: N_("This is still to do:"),
}


def _sections(tidings: Tidings, now: datetime) -> Iterator[tuple[str, list[str]]]:
    new = [(concern.text, concern) for concern in tidings.begun]
    new += [(_also(concern, ids), concern) for concern, ids in tidings.grown]
    still = [(concern.text, concern) for concern in tidings.still]
    for found, headings in ((new, _NEW), (still, _STILL)):
        for level, heading in headings.items():
            if entries := [_entry(text, one, now) for text, one in found if one.level == level]:
                yield _(heading), entries
    if tidings.over or tidings.passed:
        entries = [_ended(told, now) for told in tidings.over]
        entries += [f"- {passed.text}\n" for passed in tidings.passed]
        yield _("This is over:"), entries


def _also(concern: Concern, ids: tuple[str, ...]) -> str:
    return _("also: {orders}; now {text}").format(orders=few(ids), text=concern.text)


def _entry(text: str, concern: Concern, now: datetime) -> str:
    return f"- {text}{concern.since_in_words(now)}\n  -> {concern.mend}\n"


def _ended(told: Told, now: datetime) -> str:
    begin, end = span_of_time(told.began, now, now)
    return f"- {told.text} (" + _("from {begin} to {end}").format(begin=begin, end=end) + ")\n"
