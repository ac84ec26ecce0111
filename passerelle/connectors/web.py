"""Requests to an HTTP API: spaced, tried again where that is safe, and heard without its keys."""

import re
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from passerelle import __version__
from passerelle.base.errors import (
    AccessDeniedError,
    LostAnswerError,
    NotFoundError,
    PermanentError,
    RefusedError,
    TransientError,
    UnsentError,
)
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.base.wording import shorten
from passerelle.config.passwords import hidden

_ATTEMPTS = 5
# In seconds: who asks for a longer pause is asked again by the next try of the job.
_LONGEST_PAUSE = 120.0
_CONNECTING = 20.0


def pause(seconds: float) -> None:
    """Waits. The one place where a connector does."""
    time.sleep(seconds)


class Web:
    """One system's API. ``secrets`` are never told; ``rate`` is in requests a second."""

    def __init__(
        self,
        name: str,
        url: str,
        headers: Mapping[str, str],
        secrets: Collection[str],
        timeout: float,
        rate: float = 0,
    ) -> None:
        self.name, self.url, self._secrets = name, url.rstrip("/"), tuple(secrets)
        self._space = 1 / rate if rate else 0.0
        self._free = 0.0
        agent = {"User-Agent": f"passerelle/{__version__}"}
        self._timeout = timeout
        # A store's name may hold any letter.
        whole = {k.encode(): v.encode() for k, v in {**agent, **headers}.items()}
        self._client = httpx.Client(headers=whole)

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """The answer to a question, which may be asked again: it changes nothing."""
        return self._try(method, path, (TransientError,), **content)

    def tell(self, method: str, path: str, *, limit: float, **content: Any) -> httpx.Response:
        """The answer to what changes something: sent again only where it was not carried out.

        ``limit`` is how long the answer may take, in seconds. Raises :class:`LostAnswerError`.
        """
        return self._try(method, path, (UnsentError,), limit=limit, **content)

    def close(self) -> None:
        self._client.close()

    def _try(
        self, method: str, path: str, again: tuple[type[Exception], ...], **content: Any
    ) -> httpx.Response:
        attempts = Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, again) and not _is_long(e)),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_how_long,
            sleep=pause,
            reraise=True,
        )
        with step(_("waiting for {server}").format(server=self.name)):
            answer: httpx.Response = attempts(self._once, method, path, **content)
        return answer

    def _once(
        self, method: str, path: str, limit: float | None = None, **content: Any
    ) -> httpx.Response:
        now = time.monotonic()
        if self._free > now:
            pause(self._free - now)
        self._free = max(self._free, now) + self._space
        timeout = httpx.Timeout(limit or self._timeout, connect=_CONNECTING)
        try:
            answer = self._client.request(method, self.url + path, timeout=timeout, **content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            mend = _("look at the url of connectors.{name}; it is tried again").format(
                name=self.name
            )
            raise UnsentError(_("no connection"), self.url, mend) from error
        except httpx.HTTPError as error:
            what = _("the answer was lost ({kind})").format(kind=type(error).__name__)
            raise LostAnswerError(
                what, self.url, _("it is looked up before anything else")
            ) from error
        self._check(answer)
        return answer

    def _check(self, answer: httpx.Response) -> None:
        status, where = answer.status_code, self.url
        if status == httpx.codes.TOO_MANY_REQUESTS:
            pause = _seconds(answer.headers.get("Retry-After", ""))
            raise UnsentError(
                _("it asks for a pause (429)"), where, _("the next try comes later"), pause
            )
        if status == httpx.codes.UNAUTHORIZED:
            mend = _("give connectors.{name} its key anew").format(name=self.name)
            raise AccessDeniedError(_("the key is not accepted (401)"), where, mend)
        if status == httpx.codes.FORBIDDEN:
            mend = _("`passerelle check` names the group that its user needs")
            raise AccessDeniedError(_("the user has no right to do this (403)"), where, mend)
        if status == httpx.codes.UNPROCESSABLE_ENTITY:
            raise RefusedError(_("refused ({reason})").format(reason=self.reason(answer)), where)
        if status == httpx.codes.NOT_FOUND and "MissingError" in answer.text[:500]:
            raise RefusedError(_("refused ({reason})").format(reason=self.reason(answer)), where)
        if status == httpx.codes.NOT_FOUND:
            mend = _("look at the url and the database of connectors.{name}").format(name=self.name)
            raise NotFoundError(_("there is no such address or database (404)"), where, mend)
        if answer.is_server_error and status != httpx.codes.INTERNAL_SERVER_ERROR:
            # A proxy's answer: what stands behind it may have done what was asked.
            what = _("it is out of order ({status})").format(status=status)
            raise LostAnswerError(what, where, _("it is tried again"))
        if not answer.is_success:
            reason = self.reason(answer)
            what = _("it failed ({status}: {reason})").format(status=status, reason=reason)
            mend = _("look into the log of what answers at the url of connectors.{name}")
            if answer.has_redirect_location:
                mend = _("write the address that it leads to as the url of connectors.{name}")
            raise PermanentError(what, where, mend.format(name=self.name))

    def reason(self, answer: httpx.Response) -> str:
        """What the API says went wrong, on one line; never its traceback, nor a key."""
        try:
            told = answer.json()
            words = str(told.get("message") or told.get("name") or "") if told else ""
        except (ValueError, AttributeError):
            words = ""
        return self.heard(words or _("no reason given"))

    def heard(self, text: str) -> str:
        """What the other side said, fit to be shown."""
        for secret in self._secrets:
            text = hidden(text, secret)
        return shorten(" ".join(text.split()), 200)

    def json(self, answer: httpx.Response) -> Any:
        """The answer's content. Raises :class:`TransientError` for what is no JSON."""
        try:
            return answer.json()
        except ValueError:
            self._no_json()

    def _no_json(self) -> NoReturn:
        raise TransientError(
            _("the answer is no JSON"),
            self.url,
            _("is the url of connectors.{name} that of its API?").format(name=self.name),
        )


def _is_long(error: BaseException) -> bool:
    """Whether it asks for a pause that the next try of the job makes."""
    return isinstance(error, UnsentError) and (error.pause or 0) > _LONGEST_PAUSE


def _seconds(text: str) -> float | None:
    """``Retry-After`` says seconds or a date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r" *[0-9]{1,6} *", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _how_long(state: RetryCallState) -> float:
    """As long as the other side asks for, else longer each time, in seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.pause if isinstance(error, UnsentError) else None
    return min(asked if asked is not None else 2.0 ** (state.attempt_number - 1), _LONGEST_PAUSE)
