"""The words of a message: one subject line and a body, whatever there is to tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from passerelle.alerts.decision import Tidings
from passerelle.health import Concern
from passerelle.health.concerns import few
from passerelle.language import _, n_
from passerelle.ledger.alerts import Told
from passerelle.reading import shorten

_LONGEST_SUBJECT = 100


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: plain text. ``good`` when all that it tells is over."""

    subject: str
    body: str
    good: bool = False


def compose(tidings: Tidings, now: datetime, where: str) -> Message:
    """The message that tells ``tidings``; ``where`` is which machine and folder it is about."""
    sections = [f"{heading}\n{''.join(entries)}" for heading, entries in _sections(tidings, now)]
    sections.append(_footer(where))
    news = tidings.begun or tidings.grown or tidings.still
    return Message(_subject(tidings), "\n".join(sections), good=not news)


def trial(where: str) -> Message:
    """A message to see whether an address works."""
    body = _("This is a test: had something needed a person, this is where it would be told.")
    return Message(_("Passerelle: a test of the alerts"), f"{body}\n\n{_footer(where)}", good=True)


def _footer(where: str) -> str:
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


def _sections(tidings: Tidings, now: datetime) -> Iterator[tuple[str, list[str]]]:
    if tidings.begun or tidings.grown:
        entries = [_entry(concern.text, concern, now) for concern in tidings.begun]
        entries += [_entry(_also(concern, ids), concern, now) for concern, ids in tidings.grown]
        yield _("This needs a person:"), entries
    if tidings.still:
        entries = [_entry(concern.text, concern, now) for concern in tidings.still]
        yield _("This still needs a person:"), entries
    if tidings.over or tidings.passed:
        entries = [_ended(told, now) for told in tidings.over]
        entries += [f"- {passed.text}\n" for passed in tidings.passed]
        yield _("This is over:"), entries


def _also(concern: Concern, ids: tuple[str, ...]) -> str:
    return _("also: {orders}; now {text}").format(orders=few(ids), text=concern.text)


def _entry(text: str, concern: Concern, now: datetime) -> str:
    since = ""
    if concern.since:
        time = time_of_day(concern.since, now)
        since = " (" + _("since {time}").format(time=time) + ")"
    return f"- {text}{since}\n  -> {concern.mend}\n"


def _ended(told: Told, now: datetime) -> str:
    times = {"begin": time_of_day(told.began, now), "end": time_of_day(now, now)}
    return f"- {told.text} (" + _("from {begin} to {end}").format(**times) + ")\n"


def time_of_day(moment: datetime, now: datetime) -> str:
    """A time for people: with its date unless that is today's."""
    local = moment.astimezone()
    today = local.date() == now.astimezone().date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"
