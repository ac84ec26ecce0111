"""One family of errors per exit code; each says what, where and what to do, on one line."""

import traceback
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from passerelle.base.language import _
from passerelle.base.regex import regex

INTERRUPTED = 130  # Ctrl+C, as shells count it
# Where several things fail, the exit code tells the gravest: the last of these.
GRAVITY = (0, 5, 7, 6, 4, 2, 3, 1)
# French has a blank at which no line breaks.
_BLANKS = regex(r"[^\S\N{NO-BREAK SPACE}]+")


class PasserelleError(Exception):
    """A failure that a person can understand and mend.

    ``what`` went wrong, ``where`` (a file with its line, a server, a config key), and the
    ``mend``. ``str(error)`` joins them: ``WHAT: WHERE: WHAT TO DO``. Never put a password or
    customer data in any of the three.
    """

    exit_code: ClassVar[int] = 1
    # What the ledger keeps of a run that ended so.
    facts: Mapping[str, int] | None = None

    def __init__(self, what: str, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        text = _(": ").join(part for part in (what, where, mend) if part)
        super().__init__(one_line(text))


class UsageError(PasserelleError):
    """The command was called wrongly, or names something that is not there."""

    exit_code = 2


class ConfigError(PasserelleError):
    """config.toml cannot be used; ``faults`` holds every fault found, one line each."""

    exit_code = 3

    def __init__(
        self, what: str, where: str = "", mend: str = "", *, faults: Sequence[str] = ()
    ) -> None:
        super().__init__(what, where, mend)
        self.faults = tuple(faults)


class UnreachableError(PasserelleError):
    """A server or a file could not be reached; the next run tries again."""

    exit_code = 4


class LedgerAwayError(UnreachableError):
    """The database that keeps the ledger does not answer, or does not any more."""


class LedgerMovedError(ConfigError):
    """The ledger went elsewhere, or comes: what lies on the servers is another one's."""


class LoginRefusedError(UnreachableError):
    """The account was not let in: that says nothing of any file."""


class TransientError(UnreachableError):
    """The connection was lost, refused or too slow: the same call may succeed in a moment."""


class LostAnswerError(TransientError):
    """What was asked may have been done, or may be done yet: the answer did not come."""


class UnsentError(TransientError):
    """Nothing was done; ``pause`` is how many seconds the other side asks for before it is asked
    again, ``None`` where it says nothing of that.
    """

    def __init__(
        self, what: str, where: str = "", mend: str = "", pause: float | None = None
    ) -> None:
        super().__init__(what, where, mend)
        self.pause = pause


class TimeLimitError(UnreachableError):
    """The run used up its ``time_limit``."""


class PermanentError(UnreachableError):
    """The server answered, and its answer will not change by asking again.

    ``is_undone``: it refused before a byte of an upload was written.
    """

    is_undone = False


class NotFoundError(PermanentError):
    """No such file. Says nothing about access: see :class:`AccessDeniedError`.

    ``folder_seen`` tells that the folder was listed, and lacks the file; else it may lack too.
    ``beside`` are the names in that listing, ``None`` where none was asked for.
    """

    def __init__(
        self,
        what: str,
        where: str = "",
        mend: str = "",
        *,
        folder_seen: bool = False,
        beside: Collection[str] | None = None,
    ) -> None:
        super().__init__(what, where, mend)
        self.folder_seen, self.beside = folder_seen, beside


class VanishedError(NotFoundError):
    """An upload that went well is gone before it could be looked at: somebody took it."""


class AccessDeniedError(PermanentError):
    """The file or folder is there, or may be, but this account may not use it."""


class RefusedError(PermanentError):
    """The other side understood what was asked, and refused it as it is."""


class AlreadyThereError(PermanentError):
    """The target name is taken, and the server does not replace files."""


class NotReadyError(UnreachableError):
    """A source file is still being written, empty or cut: nothing was read from it."""


class RejectedError(PasserelleError):
    """Some data could not be understood. The rest, if there is any, went on."""

    exit_code = 5


class HeldError(PasserelleError):
    """Publishing was held for safety: what the shop or the ERP sees stays as it is."""

    exit_code = 6


class DoubtfulError(HeldError):
    """Only the ERP knows whether it has a file; all else goes on."""


class StaleError(HeldError):
    """The ERP's stock is older than it may be: by so many ``minutes``, which the ledger keeps."""

    fact: ClassVar[str] = "stale_minutes"

    def __init__(self, what: str, where: str, mend: str, minutes: int) -> None:
        super().__init__(what, where, mend)
        self.facts = {self.fact: minutes}


class BusyError(PasserelleError):
    """Another run is active in the same folder."""

    exit_code = 7


def facts_of(error: PasserelleError) -> dict[str, Any]:
    """What the ledger keeps of the error that a run ended with."""
    kept = {"kind": type(error).__name__, "what": error.what, "where": error.where}
    return {**(error.facts or {}), "error": {**kept, "mend": error.mend}}


def gravest(*errors: PasserelleError | None) -> PasserelleError | None:
    """The one whose exit code tells most; the first of equals, ``None`` where there is none."""
    found = [error for error in errors if error is not None]
    return max(found, key=lambda error: GRAVITY.index(error.exit_code)) if found else None


def one_line(text: str) -> str:
    """Its line ends and blanks become single spaces; no-break spaces stay, as French has them."""
    return _BLANKS.sub(" ", text).strip()


def lines_of(error: PasserelleError) -> tuple[str, ...]:
    """What people are told of an error: one line, or one for each fault of the configuration."""
    return (isinstance(error, ConfigError) and error.faults) or (str(error),)


def place_of(error: Exception) -> str:
    """Where in the program it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def bug_in_words(error: Exception) -> str:
    """A bug on one line: its kind and place. Its message may hold a customer's words."""
    kind = type(error).__name__
    text = _("a fault in Passerelle itself ({kind}): {place}: report it with the trace")
    return text.format(kind=kind, place=place_of(error))
