"""How a run starts, and what comes once it is recorded: monitors, people, the page."""

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from passerelle.base.clocks import clock
from passerelle.base.errors import LedgerMovedError, PasserelleError, bug_in_words
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway, Outcome, perform
from passerelle.gateway.trace import RunTrace
from passerelle.model.runs import RUNS

if TYPE_CHECKING:
    from passerelle.health.alerts.heartbeat import Heartbeat


Deed = Callable[[Gateway], None]


def start(
    settings: Settings,
    name: str,
    *,
    dry_run: bool = False,
    console: bool = True,
    instead_of_the_page: Deed | None = None,
    **options: Any,
) -> Outcome:
    """Performs a run; ``options`` are its own, others are not for it.

    A monitor hears of its start and end. Afterwards people are told what is news, and the page is
    written, or another deed is done.
    """
    deeds = (_tell_people, _send_digest, instead_of_the_page or _write_report)
    mine = {option: options[option] for option in RUNS[name].options if option in options}
    module = importlib.import_module(f"passerelle.runs.{name}")
    monitors = _monitors(settings, name)

    def story(gateway: Gateway) -> Outcome:
        for monitor in monitors:
            gateway.do(monitor.start)
        outcome: Outcome = getattr(module, f"run_{name}")(gateway, **mine)
        return outcome

    def afterwards(gateway: Gateway, code: int) -> None:
        _tell_monitors(monitors, gateway.trace, code)
        tell(gateway, deeds)

    def without_ledger(trace: RunTrace, error: PasserelleError) -> None:
        # Whatever keeps a run of levels from publishing, old ones do not stay.
        deed = getattr(module, "without_ledger", None)
        # Of a ledger that others use as well, what lies there may be theirs.
        if deed and not settings.ledger and not isinstance(error, LedgerMovedError):
            deed(settings, lambda text: trace.warn(text, clock()))
        _tell_monitors(monitors, trace, error.exit_code)

    return perform(
        settings,
        name,
        story,
        dry_run=dry_run,
        console=console,
        afterwards=afterwards,
        without_ledger=without_ledger,
    )


def _monitors(settings: Settings, name: str) -> "list[Heartbeat]":
    """One, or none: nobody pays for HTTP who has no monitor."""
    if not settings.alerts.heartbeat.get_secret_value():
        return []
    from passerelle.health.alerts.heartbeat import Heartbeat

    return [Heartbeat(settings, name)]


def _tell_monitors(monitors: "list[Heartbeat]", trace: RunTrace, code: int) -> None:
    for monitor in monitors:
        monitor.end(code, lambda text: trace.note(text, clock()))


def tell(gateway: Gateway, deeds: Sequence[Deed] = ()) -> None:
    """What comes once a run is recorded, whichever way it ended; it cannot change that any more."""
    for deed in deeds or (_tell_people, _send_digest, _write_report):
        try:
            deed(gateway)
        except PasserelleError as error:
            gateway.warn(str(error))
        except Exception as error:
            gateway.warn(bug_in_words(error))


def _tell_people(gateway: Gateway) -> None:
    from passerelle.health.alerts.telling import tell_people

    tell_people(gateway.settings, gateway.ledger, gateway.now(), gateway.warn)


def _send_digest(gateway: Gateway) -> None:
    if gateway.settings.alerts.digest:
        from passerelle.health.alerts.digest import send_digest

        send_digest(gateway.settings, gateway.ledger, gateway.now(), gateway.warn)


def _write_report(gateway: Gateway) -> None:
    if gateway.settings.report.after_runs:
        from passerelle.health.report.page import write_report

        write_report(gateway.settings, gateway.ledger, gateway.now())
