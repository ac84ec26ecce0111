"""The version resource of the programs: what Explorer shows under Properties, Details."""

from PyInstaller.utils.win32.versioninfo import (
    FixedFileInfo,
    StringFileInfo,
    StringStruct,
    StringTable,
    VarFileInfo,
    VarStruct,
    VSVersionInfo,
)

from passerelle import __doc__ as description
from passerelle import __version__

_ENGLISH, _UNICODE = 0x0409, 1200


def version_resource(program: str) -> VSVersionInfo:
    """The resource of ``program`` (its name without ``.exe``), from the package's version."""
    numbers = (*(int(part) for part in __version__.split(".")), 0)
    texts = {
        "CompanyName": "The Passerelle maintainers",
        "FileDescription": f"Passerelle: {description}",
        "FileVersion": __version__,
        "InternalName": program,
        "LegalCopyright": "MIT License",
        "OriginalFilename": f"{program}.exe",
        "ProductName": "Passerelle",
        "ProductVersion": __version__,
    }
    table = StringTable(
        f"{_ENGLISH:04x}{_UNICODE:04x}", [StringStruct(*text) for text in texts.items()]
    )
    kinds = [
        StringFileInfo([table]),
        VarFileInfo([VarStruct("Translation", [_ENGLISH, _UNICODE])]),
    ]
    return VSVersionInfo(ffi=FixedFileInfo(filevers=numbers, prodvers=numbers), kids=kinds)
