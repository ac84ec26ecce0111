"""Runs first in the frozen programs: they take their modules from the one file that they share.

PyInstaller puts all code into each program, 17 MB; this replaces the empty archive there.
"""

import sys

import pyimod01_archive  # type: ignore[import-not-found]
import pyimod02_importers  # type: ignore[import-not-found]

# Not with pathlib: that is in the archive.
pyimod02_importers.pyz_archive = pyimod01_archive.ZlibArchiveReader(
    f"{sys._MEIPASS}\\passerelle.pyz",  # type: ignore[attr-defined]
    start_offset=0,
    check_pymagic=True,
)
# What was looked up so far keeps the empty one.
sys.path_importer_cache.clear()
