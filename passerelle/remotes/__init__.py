"""Servers behind one protocol (base): each kind is whole in a module of its own."""

from importlib import import_module

from passerelle.base.deadline import Deadline
from passerelle.config.servers import Server
from passerelle.model.servers import kind_of
from passerelle.remotes.base import Remote
from passerelle.remotes.passwords import password_of
from passerelle.remotes.retrying import RetryingRemote


def open_remote(name: str, server: Server, deadline: Deadline) -> Remote:
    """The server called ``name``; connects when first used, and again when it was lost."""
    return RetryingRemote(lambda: connect(name, server, deadline), deadline, name)


def connect(name: str, server: Server, deadline: Deadline) -> Remote:
    """One connection, now. Adapters are imported where used: paramiko alone costs a run dearly.

    Raises what :mod:`passerelle.remotes.base` lists, and :class:`ConfigError` where the password
    cannot be had.
    """
    kind = kind_of(server.url)
    module, _, adapter = kind.adapter.partition(":")
    password = password_of(name, server) if "password" in kind.keys else ""
    opened: Remote = getattr(import_module(f"passerelle.remotes.{module}"), adapter)(
        name, server, password, deadline
    )
    return opened
