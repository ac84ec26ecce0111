"""This account's part of Windows: its registry, its Start menu, the links there.

The registry is read and written below HKEY_CURRENT_USER only: no administrator is needed.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from subprocess import list2cmdline
from typing import Any

from passerelle.base.errors import UnreachableError, UsageError
from passerelle.base.language import _

# The kinds of values, as winreg numbers them.
TEXT, EXPANDED, TEXTS = 1, 2, 7
# https://learn.microsoft.com/windows/win32/shell/csidl
_CSIDL_PROGRAMS = 2
# https://learn.microsoft.com/windows/win32/winmsg/wm-settingchange
_EVERYBODY, _SETTING_CHANGE, _ABORT_IF_HUNG, _MILLISECONDS = 0xFFFF, 0x1A, 2, 1000
_MOST_SIGNS = 260


def refuse_elsewhere() -> None:
    """Raises :class:`UsageError` on another system than Windows."""
    if sys.platform != "win32":
        mend = _("only Windows has what it changes: put the program on the PATH of your shell")
        raise UsageError(_("this machine has no Start menu of Windows"), "", mend)


def read(key: str, name: str) -> tuple[Any, int] | None:
    """A value and its kind; ``None`` where there is none."""
    winreg = _winreg()
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
            value, kind = winreg.QueryValueEx(opened, name)
    except FileNotFoundError:
        return None
    return value, kind


def write(key: str, name: str, value: str | Sequence[str], kind: int) -> None:
    winreg = _winreg()
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
        winreg.SetValueEx(opened, name, 0, kind, value if isinstance(value, str) else [*value])


def delete_value(key: str, name: str) -> None:
    winreg = _winreg()
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
        winreg.DeleteValue(opened, name)


def delete_key(key: str) -> None:
    winreg = _winreg()
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)


def _winreg() -> Any:
    # By its name: elsewhere than on Windows its types say that it is empty.
    return import_module("winreg")


def announce() -> None:
    """Tells all windows that the environment is another: Explorer starts programs with it."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        tell = ctypes.windll.user32.SendMessageTimeoutW
        tell.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPCWSTR,
                         wintypes.UINT, wintypes.UINT, wintypes.LPVOID)  # fmt: skip
        tell(_EVERYBODY, _SETTING_CHANGE, 0, "Environment", _ABORT_IF_HUNG, _MILLISECONDS, None)


def programs_folder() -> Path:
    """Where the Start menu's programs are, for this account; people may have moved it."""
    if sys.platform != "win32":
        raise NotImplementedError
    import ctypes

    buffer = ctypes.create_unicode_buffer(_MOST_SIGNS)
    if ctypes.windll.shell32.SHGetFolderPathW(None, _CSIDL_PROGRAMS, None, 0, buffer):
        raise UnreachableError(_("Windows tells no folder of the Start menu"), "", _("try again"))
    return Path(buffer.value)


def write_link(path: Path, words: Sequence[str], folder: Path) -> None:
    """A link (.lnk) to a command line that is started in ``folder``, over an older one."""
    from _ctypes import COMError  # type: ignore[attr-defined]

    from comtypes import CoCreateInstance
    from comtypes.persist import IPersistFile
    from comtypes.shelllink import IShellLinkW, ShellLink

    try:
        link = CoCreateInstance(ShellLink._reg_clsid_, interface=IShellLinkW)
        link.SetPath(words[0])
        link.SetArguments(list2cmdline(words[1:]))
        link.SetWorkingDirectory(str(folder))
        link.QueryInterface(IPersistFile).Save(str(path), True)
    except COMError as error:
        what = _("the link cannot be written ({reason})").format(reason=error.text or error.hresult)
        mend = _("look at this account's rights there, then say it again")
        raise UnreachableError(what, str(path), mend) from error
