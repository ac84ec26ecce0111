"""Checks of passwords: can this account read them, and are they safe where they are?"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config import Server
from passerelle.errors import ConfigError
from passerelle.language import _
from passerelle.remotes.passwords import account, password_of


def check_password(name: str, server: Server, config: Path) -> list[Finding]:
    """Whether the account that runs this can read the password; nothing for a mere folder."""
    if urlsplit(server.url).scheme == "file":
        return []
    what = f"servers.{name}.password"
    try:
        password = password_of(name, server)
    except ConfigError as error:
        return [fault(what, error)]
    source = server.password.get_secret_value()
    if source == "keyring":
        found = _("{account} can read it in the credential store")
        return [ok(what, found.format(account=account()))]
    if source.startswith("env:"):
        found = _("{account} has it in the variable {variable}")
        variable = source.removeprefix("env:")
        return [ok(what, found.format(account=account(), variable=variable))]
    return _check_written(what, name, config) if password else [ok(what, _("none is configured"))]


def _check_written(what: str, name: str, config: Path) -> list[Finding]:
    mend = _('`passerelle secret set {server}`, then write password = "keyring"')
    seen = _("it is written in {file} for everyone to see").format(file=config.name)
    found = [warning(what, seen, mend.format(server=name))]
    if os.name != "nt" and config.stat().st_mode & 0o077:
        lock = f"chmod 600 {config}"
        found.append(warning(config.name, _("other users of this machine may open it"), lock))
    return found
