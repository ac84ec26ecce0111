"""Calls of Odoo's methods: JSON-2 from 19 on, JSON-RPC for 16 to 18.

https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
XML-RPC is left out: methods that return nothing fail there after their work was committed.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx

from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PermanentError,
    RefusedError,
)
from passerelle.base.language import _
from passerelle.config.sync import Connector
from passerelle.connectors.web import Web

# The first version that has JSON-2.
JSON2 = 19
Ids = Collection[int] | None
_DENIED = ("odoo.exceptions.AccessError", "odoo.exceptions.AccessDenied")
_REFUSED = ("odoo.exceptions.ValidationError", "odoo.exceptions.UserError")


class Calls(ABC):
    """A way to call methods of Odoo's models."""

    def call(
        self,
        model: str,
        method: str,
        ids: Ids = None,
        *,
        within: float | None = None,
        **values: Any,
    ) -> Any:
        """What ``model.method`` returns; a write is to be answered ``within`` so many seconds."""
        return self._call(model, method, ids, within, values)

    @abstractmethod
    def _call(
        self, model: str, method: str, ids: Ids, within: float | None, values: dict[str, Any]
    ) -> Any: ...


def open_calls(web: Web, connector: Connector, key: str) -> Calls:
    """The way that this Odoo speaks, asked for where config.toml leaves it open."""
    protocol = connector.protocol
    if protocol == "auto":
        protocol = "json2" if version_of(web) >= JSON2 else "jsonrpc"
    return Json2(web, connector, key) if protocol == "json2" else JsonRpc(web, connector, key)


def version_of(web: Web) -> int:
    """Odoo's main version, as 19; 19 too for those after it that have no JSON-RPC any more."""
    try:
        answer = web.ask("POST", "/jsonrpc", json=_envelope("common", "version", ()))
    except NotFoundError:
        return JSON2  # JSON-RPC leaves Odoo in the versions after 19
    told = (web.json(answer).get("result") or {}).get("server_version_info") or [0]
    return int("".join(filter(str.isdigit, str(told[0]))) or 0)


class Json2(Calls):
    """``POST /json/2/MODEL/METHOD``: one transaction a request."""

    def __init__(self, web: Web, connector: Connector, key: str) -> None:
        self._web = web
        told = {"Authorization": f"bearer {key}", "X-Odoo-Database": connector.database}
        self._headers = {name: value.encode() for name, value in told.items()}

    def _call(
        self, model: str, method: str, ids: Ids, within: float | None, values: dict[str, Any]
    ) -> Any:
        content = values if ids is None else {"ids": [*ids], **values}
        path, more = f"/json/2/{model}/{method}", {"json": content, "headers": self._headers}
        if within is None:
            return self._web.json(self._web.ask("POST", path, **more))
        return self._web.json(self._web.tell("POST", path, limit=within, **more))


class JsonRpc(Calls):
    """``POST /jsonrpc``: errors stand in answers of HTTP 200."""

    def __init__(self, web: Web, connector: Connector, key: str) -> None:
        self._web, self._connector, self._key = web, connector, key
        self._user = 0

    def _call(
        self, model: str, method: str, ids: Ids, within: float | None, values: dict[str, Any]
    ) -> Any:
        database = self._connector.database
        # Odoo 16 takes what `create` makes, and a group's name, by their places alone.
        placed = [values.pop(name) for name in ("vals_list", "group_ext_id") if name in values]
        args = [*([[*ids]] if ids is not None else []), *placed]
        asked = (database, self._login(), self._key, model, method, args, values)
        return self._ask("object", "execute_kw", asked, within)

    def _login(self) -> int:
        if not self._user:
            told = (self._connector.database, self._connector.login, self._key)
            self._user = self._ask("common", "login", told, None) or 0
        if not self._user:
            mend = _("look at database, login and apikey of connectors.{name}")
            raise AccessDeniedError(
                _("the login is not accepted"), self._web.url, mend.format(name=self._web.name)
            )
        return self._user

    def _ask(self, service: str, method: str, args: Sequence[Any], within: float | None) -> Any:
        content = {"json": _envelope(service, method, args)}
        if within is None:
            answer = self._web.ask("POST", "/jsonrpc", **content)
        else:
            answer = self._web.tell("POST", "/jsonrpc", limit=within, **content)
        told = self._web.json(answer)
        if error := told.get("error"):
            self._fail(error, answer)
        return told.get("result")

    def _fail(self, error: Mapping[str, Any], answer: httpx.Response) -> None:
        data = error.get("data") or {}
        name, words = str(data.get("name", "")), self._web.heard(str(data.get("message", "")))
        if name in _DENIED:
            mend = _("`passerelle check` names the group that its user needs")
            raise AccessDeniedError(_("the user has no right to do this"), self._web.url, mend)
        kind = RefusedError if name in _REFUSED else PermanentError
        what = _("refused ({reason})").format(reason=words or name or answer.status_code)
        raise kind(what, self._web.url)


def _envelope(service: str, method: str, args: Sequence[Any]) -> dict[str, Any]:
    params = {"service": service, "method": method, "args": [*args]}
    return {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
