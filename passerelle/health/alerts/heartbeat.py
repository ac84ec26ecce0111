"""A sign of life for a monitor that notices silence: the start, success or failure of each run.

As https://healthchecks.io/docs/http_api/ has it (``URL/start``, ``URL``, ``URL/fail``), or Uptime
Kuma's push monitors (``…/api/push/TOKEN?status=up&msg=…&ping=…``), which know no start. It fails
no run, and holds one up for a few seconds at most.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.config.model import Settings
from passerelle.health.runs import SUCCESSES
from passerelle.model.records import Run

if TYPE_CHECKING:
    import httpx

_SECONDS = 4.0
_KUMA = "/api/push/"
_LONGEST = 200


def tell_start(settings: Settings, run: str, warn: Callable[[str], None]) -> None:
    """What cannot be sent goes to ``warn``."""
    url = _url(settings, run)
    if url is not None and _KUMA not in url.path:
        _send(_below(url, "start"), "", warn)


def tell_end(settings: Settings, run: Run, warn: Callable[[str], None]) -> None:
    """The same of a run that has ended, with its summary."""
    url = _url(settings, run.run)
    if url is None:
        return
    went_well, text = run.exit_code in SUCCESSES, shorten(run.summary, _LONGEST)
    if _KUMA not in url.path:
        _send(url if went_well else _below(url, "fail"), text, warn)
        return
    took = (run.ended - run.started if run.ended else timedelta()) // timedelta(milliseconds=1)
    status = "up" if went_well else "down"
    _send(url.copy_merge_params({"status": status, "msg": text, "ping": took}), "", warn)


def reach(settings: Settings) -> tuple[str, str]:
    """The monitor's host, and why it cannot be reached; it hears no sign of life by that."""
    import httpx

    url = _url(settings, "check") or httpx.URL()
    return url.host, _problem(lambda: httpx.head(url.copy_with(raw_path=b"/"), timeout=_SECONDS))


def _url(settings: Settings, run: str) -> "httpx.URL | None":
    if settings.alerts.heartbeat is None:
        return None
    import httpx

    return httpx.URL(settings.alerts.heartbeat.get_secret_value().replace("{run}", run))


def _below(url: "httpx.URL", name: str) -> "httpx.URL":
    return url.copy_with(path=f"{url.path.rstrip('/')}/{name}")


def _send(url: "httpx.URL", text: str, warn: Callable[[str], None]) -> None:
    """One try; the address is a secret, and never told beyond its host."""
    import httpx

    answers: list[httpx.Response] = []
    problem = _problem(
        lambda: answers.append(httpx.post(url, content=text.encode(), timeout=_SECONDS))
    )
    if answers and not answers[0].is_success:
        problem = _("the server answered {code}").format(code=answers[0].status_code)
    if problem:
        told = _("alerts.heartbeat ({host}): no sign of life could be sent: {problem}")
        warn(told.format(host=url.host, problem=problem))


def _problem(ask: Callable[[], object]) -> str:
    """Why there was no answer; empty where there was one."""
    import httpx

    try:
        ask()
    except httpx.TimeoutException:
        return _("no answer in time")
    except httpx.HTTPError as error:
        # Its own words may hold the address.
        return _("it could not be reached ({kind})").format(kind=type(error).__name__)
    return ""
