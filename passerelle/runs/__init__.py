"""One story per run, ``run_NAME`` in the module NAME, and what people do by hand.

:data:`passerelle.model.runs.RUNS` lists the runs. A module is imported only when its run starts:
orders never pay for numpy.
"""

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from passerelle.base.errors import PasserelleError, bug_in_words
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway, Outcome, perform
from passerelle.model.runs import RUNS


def start(settings: Settings, name: str, *, dry_run: bool = False, **options: Any) -> Outcome:
    """Performs a run; ``options`` are its own, others are not for it.

    Afterwards people are told what is news, and the page is written.
    """
    mine = {option: options[option] for option in RUNS[name].options if option in options}
    module = importlib.import_module(f"passerelle.runs.{name}")

    def story(gateway: Gateway) -> Outcome:
        outcome: Outcome = getattr(module, f"run_{name}")(gateway, **mine)
        return outcome

    # Whatever keeps a run of levels from publishing, old ones do not stay.
    without = getattr(module, "without_ledger", None)
    return perform(
        settings,
        name,
        story,
        dry_run=dry_run,
        beforehand=partial(_each, (partial(_tell_start, run=name),)),
        afterwards=partial(_each, (partial(_tell_end, run=name), _tell_people, _write_report)),
        without_ledger=partial(without, settings) if without else None,
    )


def _each(deeds: Sequence[Callable[[Gateway], None]], gateway: Gateway) -> None:
    """What goes on around a run, and cannot change how it ends."""
    for deed in deeds:
        try:
            deed(gateway)
        except PasserelleError as error:
            gateway.warn(str(error))
        except Exception as error:
            gateway.warn(bug_in_words(error))


def _tell_start(gateway: Gateway, run: str) -> None:
    if gateway.settings.alerts.heartbeat:
        from passerelle.health.alerts.heartbeat import tell_start

        tell_start(gateway.settings, run, gateway.warn)


def _tell_end(gateway: Gateway, run: str) -> None:
    if gateway.settings.alerts.heartbeat and (last := gateway.ledger.runs.last(run)):
        from passerelle.health.alerts.heartbeat import tell_end

        tell_end(gateway.settings, last, gateway.warn)


def _tell_people(gateway: Gateway) -> None:
    from passerelle.health.alerts.telling import tell_people

    tell_people(gateway.settings, gateway.ledger, gateway.now(), gateway.warn)


def _write_report(gateway: Gateway) -> None:
    if gateway.settings.report.after_runs:
        from passerelle.health.report.page import write_report

        write_report(gateway.settings, gateway.ledger, gateway.now())
