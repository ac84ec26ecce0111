"""What packs the Windows programs, as far as it runs on any system."""

import zipfile
from pathlib import Path

import pytest

from scripts.build_exe import RUNTIME, pack, suffix, weights

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


def test_what_weighs_is_told_heaviest_first(folder: Path) -> None:
    (folder / "_internal" / "lib.dll").write_bytes(b"x" * 2_500_000)
    assert weights(folder)[:3] == [
        "   4.0 MB  in all",
        "   2.5 MB  _internal/lib.dll",
        "   1.5 MB  passerelle.exe",
    ]


def test_the_uninstaller_removes_what_is_laid_beside_the_programs() -> None:
    laid = {"LICENSE.txt", "task_scheduler.xml"}
    script = (SCRIPTS / "build_exe.py").read_text("utf-8")
    assert script.count("shutil.copy(") == len(laid)
    installer = (SCRIPTS / "installer.nsi").read_text("utf-8")
    for name in laid:
        assert f'Delete "$INSTDIR\\{name}"' in installer


def test_the_icon_has_the_sizes_that_explorer_asks_for() -> None:
    data = (SCRIPTS / "passerelle.ico").read_bytes()
    assert data[:4] == b"\0\0\1\0"
    widths = [data[6 + 16 * number] for number in range(data[4])]
    assert widths == [16, 32, 48, 64]
