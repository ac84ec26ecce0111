"""``python -m scripts.build_exe``: builds the Windows programs and packs them into a zip.

On Windows, or with a Windows Python under Wine. It leaves ``dist/passerelle`` with both programs
and ``dist/passerelle-VERSION-windows.zip``, and says how big they are and what weighs.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path

from passerelle import __version__

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "dist" / "passerelle"
_HEAVIEST = 8


def main() -> None:
    """Builds, packs and tells."""
    if sys.platform != "win32":
        sys.exit("build_exe: this Python is not one of Windows: use that, or one under Wine")
    from PyInstaller.__main__ import run

    places = ["--distpath", str(FOLDER.parent), "--workpath", str(ROOT / "build")]
    run([str(ROOT / "build_exe.spec"), "--noconfirm", "--log-level=ERROR", *places])
    shutil.copy(ROOT / "LICENSE", FOLDER / "LICENSE.txt")
    print(pack(FOLDER, FOLDER.parent / f"passerelle-{__version__}-windows"))
    print("\n".join(weights(FOLDER)))


def pack(folder: Path, name: Path) -> Path:
    """Zips ``folder``, itself included: who unpacks it gets one folder."""
    return Path(shutil.make_archive(str(name), "zip", folder.parent, folder.name))


def weights(folder: Path) -> list[str]:
    """The whole size, and the heaviest parts, one a line."""
    sizes = Counter[str]()
    for path in folder.rglob("*"):
        if path.is_file():
            sizes["/".join(path.relative_to(folder).parts[:2])] += path.stat().st_size
    rows = [("in all", sizes.total()), *sizes.most_common(_HEAVIEST)]
    return [f"{size / 1e6:6.1f} MB  {part}" for part, size in rows]


if __name__ == "__main__":
    main()
