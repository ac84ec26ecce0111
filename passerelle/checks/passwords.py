"""Checks of passwords: can this account read them, and are they safe where they are?"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config import Server
from passerelle.errors import ConfigError
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
        return [ok(what, f"{account()} can read it in the credential store")]
    if source.startswith("env:"):
        return [ok(what, f"{account()} has it in the variable {source.removeprefix('env:')}")]
    return _check_written(what, name, config) if password else [ok(what, "none is configured")]


def _check_written(what: str, name: str, config: Path) -> list[Finding]:
    mend = f'`passerelle secret set {name}`, then write password = "keyring"'
    found = [warning(what, f"it is written in {config.name} for everyone to see", mend)]
    if os.name != "nt" and config.stat().st_mode & 0o077:
        lock = f"chmod 600 {config}"
        found.append(warning(config.name, "other users of this machine may open it", lock))
    return found
