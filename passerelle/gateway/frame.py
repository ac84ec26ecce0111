"""Opens what a run needs, holds the lock, recovers, records the outcome."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Engine

from passerelle import __version__
from passerelle.archive import folders as archive
from passerelle.archive.retention import mend_of_prune
from passerelle.base import clocks
from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    INTERRUPTED,
    BusyError,
    ConfigError,
    PasserelleError,
    RejectedError,
    facts_of,
)
from passerelle.base.language import _
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.exchange.outbox import Outbox
from passerelle.exchange.sending import Sender
from passerelle.exchange.sources import Sources
from passerelle.gateway.pruning import prune_archives
from passerelle.gateway.trace import RunTrace
from passerelle.ledger.ledger import Ledger, open_copy, open_ledger
from passerelle.ledger.locks import run_lock
from passerelle.ledger.runs import PRUNE
from passerelle.model.runs import RUNS
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote


class Outcome(Struct, frozen=True):
    """How a run ended well: a summary in words, and what was rejected on the way, if anything.

    ``facts`` are what the ledger keeps of it: counts, and the files met (:func:`file_fact`).
    """

    summary: str
    rejected: PasserelleError | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0, or 5 when some data was rejected."""
        return self.rejected.exit_code if self.rejected else 0


class Gateway:
    """What a run works with: settings, ledger, servers, clock, trace."""

    def __init__(
        self, settings: Settings, ledger: Ledger, trace: RunTrace, *, dry_run: bool
    ) -> None:
        self.settings, self.ledger, self.trace, self._dry_run = settings, ledger, trace, dry_run
        self.deadline = Deadline(settings.time_limit)
        self._remotes: dict[str, Remote] = {}
        tools = settings, ledger, self.remote, self.now
        self.sources = Sources(*tools, self.deadline)
        self.outbox = Outbox(Sender(*tools, self.say, self.do))

    def now(self) -> datetime:
        """The time, aware, in this machine's zone."""
        return clocks.clock()

    def say(self, text: str) -> None:
        """Tells the trace and the console."""
        self.trace.say(text, self.now())

    def warn(self, text: str) -> None:
        """Tells the trace and the console what a person should look at."""
        self.trace.warn(text, self.now())

    def remote(self, name: str, deadline: Deadline | None = None) -> Remote:
        """The server called ``name``; one connection a run.

        Who asks first may give it a ``deadline`` of its own. Raises :class:`ConfigError` for a
        server that the ledger still needs but the config lacks.
        """
        if name not in self.settings.servers:
            raise ConfigError(
                _('no server is named "{name}" any more').format(name=name),
                self.settings.file_name,
                _(
                    "an XML on it is not finished: keep [servers.{name}] until the ERP has taken it"
                ).format(name=name),
            )
        if name not in self._remotes:
            server = self.settings.servers[name]
            self._remotes[name] = open_remote(name, server, deadline or self.deadline)
        return self._remotes[name]

    def renew(self, name: str, limit: timedelta) -> None:
        """Has a server opened anew, with a time of its own: the run's may be over."""
        if old := self._remotes.pop(name, None):
            old.close()
        self.remote(name, Deadline(limit))

    def do(self, deed: Callable[[], object], would: str = "") -> None:
        """Does what others see; in a dry run it says instead what it ``would`` do.

        The one place where a run asks whether it is a dry one.
        """
        if not self._dry_run:
            deed()
        elif would:
            self.say(would)

    def recover(self) -> None:
        """Finishes what an earlier run left half done. Comes first in every run.

        Raises :class:`HeldError` where the ledger is not the one that sent the last XML.
        """
        self.outbox.witness.question(self.ledger)
        self.outbox.marks.follow_names()
        self.outbox.recover()

    def close(self) -> None:
        """Ends every connection."""
        for remote in self._remotes.values():
            remote.close()


Story = Callable[[Gateway], Outcome]


def perform(
    settings: Settings,
    run: str,
    story: Story,
    *,
    dry_run: bool = False,
    console: bool = True,
    afterwards: Callable[[Gateway, int], None] | None = None,
    without_ledger: Callable[[RunTrace, PasserelleError], None] | None = None,
) -> Outcome:
    """Runs a story under the lock, with its trace and its place in the history.

    A dry run takes no lock, writes no trace, and works on a copy of the ledger. Raises whatever
    the story raises, after noting it. ``afterwards`` is called once that is done, with the exit
    code; ``without_ledger`` where the ledger cannot be opened, or written, with why.
    """
    if dry_run:
        with open_copy(settings.ledger_at) as ledger:
            trace = RunTrace(run, None, console=console)
            return _tell(Gateway(settings, ledger, trace, dry_run=True), story)
    with _opened(settings, run, without_ledger, console=console) as (gateway, number):
        return _record(gateway, run, number, story, afterwards)


@contextmanager
def _opened(
    settings: Settings,
    run: str,
    without_ledger: Callable[[RunTrace, PasserelleError], None] | None,
    *,
    console: bool,
) -> Iterator[tuple[Gateway, int]]:
    """The gateway, and the number that the run has in the history from now on."""
    now = clocks.clock()
    trace = RunTrace(run, settings.folder, console=console)
    title = f"run {run}, passerelle {__version__}"
    with ExitStack() as stack:
        with _told(trace, title, now, without_ledger):
            engine = _lock(stack, settings, run, now)
        trace.begin(title, now)
        with _told(trace, "", now, without_ledger):
            ledger = open_ledger(settings.ledger_at, engine)
            stack.callback(ledger.close)
            number = ledger.runs.start(run, now)
        yield Gateway(settings, ledger, trace, dry_run=False), number


@contextmanager
def _told(
    trace: RunTrace,
    title: str,
    now: datetime,
    without_ledger: Callable[[RunTrace, PasserelleError], None] | None,
) -> Iterator[None]:
    """Tells why a run could not begin, in a block of its own where it has a ``title``."""
    try:
        yield
    except BusyError:
        raise
    except PasserelleError as error:
        if title:
            trace.begin(title, now)
        if without_ledger:
            without_ledger(trace, error)
        trace.fail(error, now)
        raise


def _lock(stack: ExitStack, settings: Settings, run: str, now: datetime) -> Engine | None:
    if _is_long(run):
        _rotate_if_free(settings, run, now)
        return None
    lock = run_lock(settings.ledger_at, settings.folder, f"run {run}", now)
    engine = stack.enter_context(lock)
    _rotate(settings, now)
    return engine


def _is_long(run: str) -> bool:
    """What a person does by hand is none of the runs, and holds the folder's lock."""
    return run in RUNS and RUNS[run].is_long


def _rotate(settings: Settings, now: datetime) -> None:
    with suppress(OSError):
        archive.rotate_traces(settings.folder, settings.trace.max_size, now)


def _rotate_if_free(settings: Settings, run: str, now: datetime) -> None:
    with suppress(BusyError), run_lock(settings.ledger_at, settings.folder, f"run {run}", now):
        _rotate(settings, now)


def _tell(gateway: Gateway, story: Story) -> Outcome:
    try:
        return story(gateway)
    finally:
        gateway.close()


def _record(
    gateway: Gateway,
    run: str,
    number: int,
    story: Story,
    afterwards: Callable[[Gateway, int], None] | None,
) -> Outcome:
    """Runs the story and notes how it ended, whichever way."""
    started = gateway.now()
    code, summary, facts = INTERRUPTED, _("interrupted"), None
    try:
        outcome = _tell(gateway, story)
        code, summary, facts = outcome.exit_code, outcome.summary, {**outcome.facts}
        if code != RejectedError.exit_code and outcome.rejected:
            facts |= facts_of(outcome.rejected)
        if not _is_long(run):
            _prune_daily(gateway)
        return outcome
    except PasserelleError as error:
        code, summary, facts = error.exit_code, str(error), facts_of(error)
        gateway.trace.fail(error, gateway.now())
        raise
    except Exception as error:
        what = _("a fault in Passerelle itself: {kind}")
        code, summary = 1, what.format(kind=type(error).__name__)
        gateway.trace.crash(error, gateway.now())
        raise
    finally:
        ended = gateway.now()
        with suppress(PasserelleError):
            gateway.ledger.runs.end(number, ended, code, summary, facts)
        if afterwards and code != INTERRUPTED:  # who interrupts is there, and wants it to end
            afterwards(gateway, code)
        took = in_words(ended - started)
        words = _("{summary} (exit code {code}, {span})")
        gateway.trace.end(words.format(summary=summary, code=code, span=took), gateway.now())


def _prune_daily(gateway: Gateway) -> None:
    """Once a day, lets go of what the archives need not keep any longer."""
    settings, now = gateway.settings, gateway.now()
    done = gateway.ledger.runs.chore_done(PRUNE)
    if done and done.astimezone().date() == now.date():
        return
    pruned, why = prune_archives(settings, gateway.ledger, now)
    gateway.ledger.runs.do_chore(PRUNE, now)
    if why:
        text = _("nothing was removed from the archives: {why}: {mend}")
        gateway.warn(text.format(why=why, mend=mend_of_prune()))
    for one in pruned:
        if one.removed:
            gateway.say(str(one))
