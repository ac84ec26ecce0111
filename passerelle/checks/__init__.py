"""``passerelle check``: looks at everything a run needs, and says what is wrong with its mend.

Nothing is changed and nothing is left behind. No lock is taken: a run may be active meanwhile,
since a check writes only probe files, whose names are its own.
"""

from collections.abc import Iterator
from pathlib import Path

from passerelle.base.language import _
from passerelle.checks.findings import Finding, Level, ok, warning
from passerelle.checks.findings import gravest as gravest
from passerelle.checks.local import (
    check_folder,
    check_forms,
    check_ledger,
    check_names,
    limit_of_names,
)
from passerelle.checks.servers import check_password, check_server
from passerelle.checks.tasks import check_alerts, check_tasks
from passerelle.config.model import Settings


def check_all(settings: Settings, config: Path) -> Iterator[Finding]:
    """Every finding, as soon as it is known. ``config`` is the file that the settings are from.

    What fails becomes a finding, never an exception.
    """
    yield _check_sections(settings, config)
    yield from check_folder(settings)
    yield from check_names(settings, limit_of_names())
    yield from check_ledger(settings.folder)
    yield from check_forms(settings)
    for name, server in settings.servers.items():
        password = check_password(name, server, config)
        yield from password
        if not any(finding.level == Level.FAULT for finding in password):
            yield from check_server(settings, name)
    yield from check_tasks(settings, config)
    yield from check_alerts(settings)


def _check_sections(settings: Settings, config: Path) -> Finding:
    present = [name for name in ("orders", "stock", "pool") if getattr(settings, name) is not None]
    if not present:
        mend = _("add [orders] and [stock]; `passerelle init` shows how")
        return warning(config.name, _("no run has anything to do"), mend)
    found = _("no fault in {file} ({sections})")
    # Translators: between the names of sections
    return ok(config.name, found.format(file=config, sections=_(" and ").join(present)))
