"""The registry of one account in memory, with the functions of Python's winreg that are used.

Given to a test as the module itself; what is not there raises as Windows does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

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
