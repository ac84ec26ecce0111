"""Heartbeats: a monitor elsewhere hears when a run starts and how it ended, and raises the alarm
when it hears nothing.

Healthchecks.io hears ADDRESS/start, then ADDRESS, or ADDRESS/EXITCODE of a failure; that a run
rejected an order and sent all others (5) is none
(https://healthchecks.io/docs/http_api/). A push monitor of Uptime Kuma hears only the end, in the
query of its address. Neither hears a word of what a run did. The address is a secret.
"""

import time
from collections.abc import Callable
from threading import Thread

import httpx

from passerelle import __version__
from passerelle.base.language import _
from passerelle.config.alerts import RUN
from passerelle.config.model import Settings
from passerelle.health.alerts.sending import reason_in
from passerelle.health.runs import SUCCESSES

KEY = "alerts.heartbeat"
# In seconds: how long the end of a run may wait for the monitor.
LIMIT = 5.0
_KUMA = "/api/push/"
_ENOUGH = 100


class Heartbeat:
    """That of one run. What a monitor could not be told is no reason to fail, nor to tell twice."""

    def __init__(self, settings: Settings, run: str) -> None:
        self._run, self._url = run, address_of(settings, run)
        self._began = time.monotonic()
        self._start: _Visit | None = None

    def start(self) -> None:
        """Says that the run starts. Waits for nothing."""
        self._began = time.monotonic()
        if not _is_kuma(self._url):
            self._start = _Visit(_below(self._url, "start"))

    def end(self, code: int, note: Callable[[str], None]) -> None:
        """Says how the run ended; ``note`` hears what could not be said."""
        code = 0 if code in SUCCESSES else code
        limit = time.monotonic() + LIMIT
        began = self._start.outcome(limit) if self._start else ""
        if problem := _Visit(self._last(code)).outcome(limit) or began:
            text = _("{where}: the monitor could not be told: {problem}")
            where = f"{KEY} ({_place(self._url)})"
            note(text.format(where=where, problem=problem))

    def _last(self, code: int) -> httpx.URL:
        if not _is_kuma(self._url):
            return _below(self._url, str(code)) if code else self._url
        words = _("run {run}: exit code {code}").format(run=self._run, code=code)
        took = round(1000 * (time.monotonic() - self._began))
        told = {"status": "down" if code else "up", "msg": words, "ping": str(took)}
        return self._url.copy_merge_params(told)


def address_of(settings: Settings, run: str) -> httpx.URL:
    return httpx.URL(settings.alerts.heartbeat.get_secret_value().replace(RUN, run))


def look(settings: Settings, run: str) -> tuple[str, str]:
    """The monitor's scheme and host, and why it cannot be reached, if so.

    No run is told of: at Healthchecks.io it is a line in the log of the check, of Uptime Kuma
    only the server is asked.
    """
    url = address_of(settings, run)
    asked = url.copy_with(raw_path=b"/") if _is_kuma(url) else _below(url, "log")
    visit = _Visit(asked, moved=_is_kuma(url))
    return _place(url), visit.outcome(time.monotonic() + LIMIT)


def _is_kuma(url: httpx.URL) -> bool:
    return _KUMA in url.path


def _below(url: httpx.URL, name: str) -> httpx.URL:
    """A slug's address may have a query, as ``?create=1``: it stays."""
    path, mark, query = url.raw_path.partition(b"?")
    return url.copy_with(raw_path=path.rstrip(b"/") + f"/{name}".encode() + mark + query)


def _place(url: httpx.URL) -> str:
    """What may be told of the address."""
    return f"{url.scheme}://{url.host}"


class _Visit(Thread):
    """Asks for a page, once; a daemon, so that a server that never answers holds up no exit.

    ``moved``: that the page is elsewhere will do as an answer.
    """

    def __init__(self, url: httpx.URL, *, moved: bool = False) -> None:
        super().__init__(name=KEY, daemon=True)
        self._url, self._best = url, 400 if moved else 300
        self._problem = _("no answer in time")
        self.start()

    def outcome(self, end: float) -> str:
        """Why it failed, as far as is known at ``end``, which ``time.monotonic`` counts."""
        self.join(max(0.0, end - time.monotonic()))
        return self._problem

    def run(self) -> None:
        try:
            self._problem = self._visit()
        except httpx.TimeoutException:
            return
        except httpx.HTTPError as error:
            self._problem = reason_in(str(error))
        except Exception as error:
            self._problem = _("it could not be sent ({kind})").format(kind=type(error).__name__)

    def _visit(self) -> str:
        agent = {"User-Agent": f"passerelle/{__version__}"}
        with httpx.stream("GET", self._url, headers=agent, timeout=LIMIT) as answer:
            if answer.status_code >= self._best:
                return _("the server answered {code}").format(code=answer.status_code)
            text = next(answer.iter_text(_ENOUGH), "").strip()
        return _refusals().get(text, "")


def _refusals() -> dict[str, str]:
    """What Healthchecks.io says with status 200 all the same."""
    return {
        "OK (not found)": _("the monitor does not know this address"),
        "OK (rate limited)": _("the monitor was asked too often"),
    }
