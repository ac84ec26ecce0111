"""An account of Windows in memory: its registry, its Start menu.

The registry has the functions of Python's winreg that are used, and stands in for that module; a
link is a file that says what it starts, a word a line.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from passerelle.desktop import account

HKEY_CURRENT_USER, KEY_SET_VALUE = 0x80000001, 2
Value = tuple[Any, int]


class Registry(ModuleType):
    """``keys`` holds each key's values, by lower-case names, as the registry compares them."""

    HKEY_CURRENT_USER, KEY_SET_VALUE = HKEY_CURRENT_USER, KEY_SET_VALUE

    def __init__(self) -> None:
        super().__init__("winreg")
        self.keys: dict[str, dict[str, Value]] = {"environment": {}}

    @contextmanager
    def OpenKey(self, root: int, key: str) -> Iterator[dict[str, Value]]:  # noqa: N802 - as there
        assert root == HKEY_CURRENT_USER
        if key.lower() not in self.keys:
            raise FileNotFoundError(2, "no such key", key)
        yield self.keys[key.lower()]

    @contextmanager
    def CreateKeyEx(  # noqa: N802
        self, root: int, key: str, reserved: int, access: int
    ) -> Iterator[dict[str, Value]]:
        assert (root, reserved, access) == (HKEY_CURRENT_USER, 0, KEY_SET_VALUE)
        yield self.keys.setdefault(key.lower(), {})

    def QueryValueEx(self, opened: dict[str, Value], name: str) -> Value:  # noqa: N802
        if name.lower() not in opened:
            raise FileNotFoundError(2, "no such value", name)
        return opened[name.lower()]

    def SetValueEx(  # noqa: N802
        self, opened: dict[str, Value], name: str, reserved: int, kind: int, value: Any
    ) -> None:
        assert reserved == 0
        assert isinstance(value, list if kind == 7 else str)
        opened[name.lower()] = value, kind

    def DeleteValue(self, opened: dict[str, Value], name: str) -> None:  # noqa: N802
        if name.lower() not in opened:
            raise FileNotFoundError(2, "no such value", name)
        del opened[name.lower()]

    def DeleteKey(self, root: int, key: str) -> None:  # noqa: N802
        assert root == HKEY_CURRENT_USER
        if key.lower() not in self.keys:
            raise FileNotFoundError(2, "no such key", key)
        del self.keys[key.lower()]


class Desktop:
    """An account's registry and Start menu, and how often its windows were told of changes."""

    def __init__(self, programs: Path, registry: Registry) -> None:
        self.menu, self._registry, self.told = programs / "Passerelle", registry, 0

    @property
    def path(self) -> tuple[str, int] | None:
        return self._registry.keys["environment"].get("path")

    @path.setter
    def path(self, value: tuple[str, int]) -> None:
        self._registry.keys["environment"]["path"] = value

    @property
    def keys(self) -> set[str]:
        return {*self._registry.keys}

    def links(self) -> dict[str, str]:
        """The words behind each name."""
        return {file.stem: file.read_text("utf-8") for file in self.menu.glob("*.lnk")}

    def announce(self) -> None:
        self.told += 1


def give_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """From now on `passerelle desktop` changes this one, whatever the system."""
    registry = Registry()
    found = Desktop(folder / "Programs", registry)
    monkeypatch.setitem(sys.modules, "winreg", registry)
    monkeypatch.setattr(account, "refuse_elsewhere", lambda: None)
    monkeypatch.setattr(account, "programs_folder", lambda: found.menu.parent)
    monkeypatch.setattr(account, "write_link", write_link)
    monkeypatch.setattr(account, "announce", found.announce)
    return found


def write_link(path: Path, words: Sequence[str], folder: Path) -> None:
    assert folder.is_absolute()
    path.write_text("\n".join(words), encoding="utf-8")
