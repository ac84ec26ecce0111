"""Runs first in the frozen programs: they take their modules from the one file that they share.

PyInstaller puts all code into each program, 17 MB; this replaces the empty archive there.
"""

import sys
from pathlib import Path

import pyimod01_archive  # type: ignore[import-not-found]
import pyimod02_importers  # type: ignore[import-not-found]

_shared = Path(sys._MEIPASS, "passerelle.pyz")  # type: ignore[attr-defined]
pyimod02_importers.pyz_archive = pyimod01_archive.ZlibArchiveReader(
    str(_shared), start_offset=0, check_pymagic=True
)
