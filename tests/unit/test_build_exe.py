"""What packs the Windows programs, as far as it runs on any system."""

import zipfile
from pathlib import Path

import pytest

from scripts.build_exe import RUNTIME, pack, suffix

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dist" / "passerelle"
    (folder / "_internal").mkdir(parents=True)
    (folder / "passerelle.exe").write_bytes(b"x" * 1_500_000)
    for name in RUNTIME:
        (folder / "_internal" / name.lower()).write_bytes(b"")
    return folder


def test_programs_that_lack_a_runtime_library_are_named_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (suffix(folder), capsys.readouterr().out) == ("", "")
    (folder / "_internal" / RUNTIME[1].lower()).unlink()
    assert suffix(folder) == "-test-only"
    assert capsys.readouterr().out == (
        "build_exe: VCRUNTIME140_1.dll is missing: do not hand these programs out\n"
    )


def test_the_zip_holds_one_folder(folder: Path) -> None:
    file = pack(folder, folder.parent / "passerelle-1-windows")
    assert file.name == "passerelle-1-windows.zip"
    with zipfile.ZipFile(file) as archive:
        assert "passerelle/passerelle.exe" in archive.namelist()
        assert {name.partition("/")[0] for name in archive.namelist()} == {"passerelle"}


def test_the_uninstaller_removes_what_is_laid_beside_the_programs() -> None:
    laid = {"LICENSE.txt", "task_scheduler.xml"}
    script = (SCRIPTS / "build_exe.py").read_text("utf-8")
    assert script.count("shutil.copy(") == len(laid)
    installer = (SCRIPTS / "installer.nsi").read_text("utf-8")
    for name in laid:
        assert f'Delete "$INSTDIR\\{name}"' in installer
