"""What packs the Windows programs, as far as it runs on any system."""

import codecs
import re
import zipfile
from pathlib import Path

import pytest

from scripts.build_exe import RUNTIME, TEXTS, lay_beside, pack, suffix
from tests.shell import run_program

INSTALLER = (Path(__file__).parents[2] / "scripts" / "installer.nsi").read_text("utf-8")


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


def test_the_uninstaller_removes_what_is_laid_beside_the_programs(folder: Path) -> None:
    programs = {path.name for path in folder.iterdir()}
    lay_beside(folder)
    laid = {path.name for path in folder.iterdir()} - programs
    assert laid == {*TEXTS, "task_scheduler.xml"}
    uninstaller = INSTALLER.partition('Section "Uninstall"')[2]
    for name in laid:
        assert f'Delete "$INSTDIR\\{name}"' in uninstaller


def test_the_texts_are_read_by_every_notepad_and_say_what_to_type(folder: Path) -> None:
    lay_beside(folder)
    for name in ("README.txt", "LISEZMOI.txt"):
        data = (folder / name).read_bytes()
        assert data.startswith(codecs.BOM_UTF8)
        assert data.count(b"\n") == data.count(b"\r\n") > 10
        commands = re.findall(
            r"(?:`|^ {7})passerelle ([a-z -]+?)(?:`|\r)", data.decode(), re.MULTILINE
        )
        assert {"desktop add", "desktop remove", "config edit"} <= {*commands}
        for command in commands:
            assert run_program(*command.split(), "--help").exit_code == 0, command


def test_the_installer_speaks_both_languages() -> None:
    strings = re.findall(r"^LangString (\w+) \$\{LANG_(\w+)\} \"(.+)\"$", INSTALLER, re.MULTILINE)
    names = {name for name, _language, _text in strings}
    assert {(name, language) for name, language, _text in strings} == {
        (name, language) for name in names for language in ("ENGLISH", "FRENCH")
    }
    assert names == set(re.findall(r"\$\((\w+)\)", INSTALLER))
    boxes = re.findall(r"MessageBox \w+ (.+?) /SD", INSTALLER)
    assert len(boxes) == 2 and all(box.startswith('"$(') for box in boxes)


def test_the_installer_is_for_one_account_which_can_write_there() -> None:
    assert "RequestExecutionLevel user" in INSTALLER
    assert '"$LOCALAPPDATA\\Programs\\Passerelle"' in INSTALLER
    assert "HKLM" not in INSTALLER
    calls = re.findall(r'ExecWait ."\$INSTDIR\\passerellew.exe" ([a-z ]+)', INSTALLER)
    assert calls == ["desktop add", "desktop remove"]
    # Before the program itself goes.
    uninstaller = INSTALLER.partition('Section "Uninstall"')[2]
    assert uninstaller.index("desktop remove") < uninstaller.index("RemoveProgram")
