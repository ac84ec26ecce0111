"""Systems with an HTTP API behind one face (base): each kind is whole in a module of its own."""

from importlib import import_module
from typing import Any

from passerelle.config.passwords import secret_of
from passerelle.config.sync import CONNECTORS, Connector
from passerelle.connectors.base import LevelSource, LevelTarget


def open_source(name: str, connector: Connector) -> LevelSource:
    """The system called ``name``, to read levels from. Raises :class:`ConfigError` for its keys."""
    source: LevelSource = _opened(name, connector)
    return source


def open_target(name: str, connector: Connector) -> LevelTarget:
    """The system called ``name``, to write levels to."""
    target: LevelTarget = _opened(name, connector)
    return target


def _opened(name: str, connector: Connector) -> Any:
    """Adapters are imported where they are used: httpx costs a run dearly."""
    kind = CONNECTORS[connector.kind]
    module, _colon, adapter = kind.adapter.partition(":")
    secrets = {
        key: secret_of(
            f"connectors.{name}.{key}", getattr(connector, key).get_secret_value()
        ).strip()
        for key in kind.secrets
    }
    adapter_class = getattr(import_module(f"passerelle.connectors.{module}"), adapter)
    return adapter_class(name, connector, secrets)
