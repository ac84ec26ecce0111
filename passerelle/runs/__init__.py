"""One story per run, and what people do by hand. ``RUNS`` lists them."""

import importlib
from typing import Any

from passerelle.base.errors import PasserelleError, bug_in_words
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway, Outcome, perform

# A module is imported only when its run starts: orders never pay for numpy.
RUNS = ("orders", "stock", "pool")


def start(settings: Settings, name: str, *, dry_run: bool = False, **options: Any) -> Outcome:
    """Performs the run of that name: ``run_NAME`` of the module here that is called so.

    ``options`` are the run's own. Afterwards people are told what is news, and the page is written.
    """
    module = importlib.import_module(f"passerelle.runs.{name}")

    def story(gateway: Gateway) -> Outcome:
        outcome: Outcome = getattr(module, f"run_{name}")(gateway, **options)
        return outcome

    return perform(settings, name, story, dry_run=dry_run, afterwards=tell)


def tell(gateway: Gateway) -> None:
    """What comes once a run is recorded, whichever way it ended; it cannot change that any more."""
    for deed in (_tell_people, _write_report):
        try:
            deed(gateway)
        except PasserelleError as error:
            gateway.warn(str(error))
        except Exception as error:
            gateway.warn(bug_in_words(error))


def _tell_people(gateway: Gateway) -> None:
    from passerelle.health.alerts.telling import tell_people

    tell_people(gateway.settings, gateway.ledger, gateway.now(), gateway.warn)


def _write_report(gateway: Gateway) -> None:
    if gateway.settings.report.after_runs:
        from passerelle.health.report.page import write_report

        write_report(gateway.settings, gateway.ledger, gateway.now())
