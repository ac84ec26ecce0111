"""``python -m scripts.build_exe``: builds the Windows programs and packs them into a zip.

On Windows, or with a Windows Python under Wine. It leaves ``dist/passerelle`` with both programs
and ``dist/passerelle-VERSION-windows.zip``, and says how big they are and what weighs. Where a
library of Windows' C runtime is missing (a Python put together for Wine has not all of them), the
zip is named ``…-windows-test-only.zip``: nobody shall hand that one out.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path

from passerelle import __version__

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "dist" / "passerelle"
_HEAVIEST = 8
TEXTS = {
    "LICENSE.txt": "LICENSE",
    "README.txt": "scripts/README.txt",
    "LISEZMOI.txt": "scripts/LISEZMOI.txt",
}
# Modules written in C++ need them, and not every Windows has them.
RUNTIME = ("VCRUNTIME140.dll", "VCRUNTIME140_1.dll")


def main() -> None:
    """Builds, packs and tells."""
    if sys.platform != "win32":
        sys.exit("build_exe: this Python is not one of Windows: use that, or one under Wine")
    from PyInstaller.__main__ import run

    places = ["--distpath", str(FOLDER.parent), "--workpath", str(ROOT / "build")]
    run([str(ROOT / "build_exe.spec"), "--noconfirm", "--log-level=ERROR", *places])
    lay_beside(FOLDER)
    print(pack(FOLDER, FOLDER.parent / f"passerelle-{__version__}-windows{suffix(FOLDER)}"))
    print("\n".join(weights(FOLDER)))


def lay_beside(folder: Path) -> None:
    """What is for people, beside the programs. Texts are written as every Notepad shows them."""
    shutil.copy(ROOT / "scripts" / "task_scheduler.xml", folder)
    for name, source in TEXTS.items():
        text = (ROOT / source).read_text("utf-8")
        (folder / name).write_text(text, encoding="utf-8-sig", newline="\r\n")


def suffix(folder: Path) -> str:
    """What the zip's name says of programs that do not run on every Windows; else nothing."""
    there = {path.name.lower() for path in (folder / "_internal").iterdir()}
    missing = [name for name in RUNTIME if name.lower() not in there]
    if not missing:
        return ""
    print(f"build_exe: {', '.join(missing)} is missing: do not hand these programs out")
    return "-test-only"


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
