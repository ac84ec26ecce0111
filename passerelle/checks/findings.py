"""What a check found: one frozen result for each thing looked at."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from passerelle.base.errors import GRAVITY, AccessDeniedError, ConfigError, PasserelleError
from passerelle.base.language import _


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


class Finding(Struct, frozen=True):
    """What was looked at, what was found and, unless all is well, the mend.

    ``exit_code`` is that of the error family of a fault, 0 for everything else.
    """

    grade: Grade
    what: str
    found: str
    mend: str = ""
    exit_code: int = 0

    def __str__(self) -> str:
        text = _(": ").join(part for part in (self.what, self.found, self.mend) if part)
        return f"{self.grade:<9}{text}"


def ok(what: str, found: str) -> Finding:
    return Finding(Grade.OK, what, found)


def warning(what: str, found: str, mend: str) -> Finding:
    """Runs work, but a promise is weaker than it could be."""
    return Finding(Grade.WARNING, what, found, mend)


def fault(what: str, error: PasserelleError, mend: str = "") -> Finding:
    """What a run would fail with."""
    place = f" ({error.where})" if error.where and error.where != what else ""
    mend = mend or error.mend or _usual_mend(error)
    return Finding(Grade.FAULT, what, f"{error.what}{place}", mend, error.exit_code)


def gravest(findings: Iterable[Finding]) -> int:
    """The exit code of the gravest fault; 0 where there is none."""
    return max((finding.exit_code for finding in findings), key=GRAVITY.index, default=0)


def _usual_mend(error: PasserelleError) -> str:
    if isinstance(error, AccessDeniedError):
        return _("have the server's keeper give this account the right to it")
    if isinstance(error, ConfigError):
        return _("mend it in config.toml")
    return _("ask the server's keeper")
