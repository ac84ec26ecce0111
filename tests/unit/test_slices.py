"""A file read by slices reads as the whole file does, wherever its slices end."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base.errors import NotReadyError, UnreachableError
from passerelle.base.slices import count_lines, find_byte
from passerelle.csv_to_xml import text, utf8
from passerelle.csv_to_xml.text import Text
from passerelle.csv_to_xml.utf8 import Utf8
from passerelle.runs.rehearsal import LocalFile
from tests.unit import many

LETTERS = st.text(st.sampled_from("aé€\N{GRINNING FACE}\r\n;"), max_size=60)


@pytest.fixture(scope="module", autouse=True)
def _small_slices() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_FAR", 8)
        patch.setattr(text, "_NEAR", 3)
        patch.setattr(utf8, "_BLOCK", 5)
        yield


@many
@given(LETTERS, st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "shift_jis", "cp1252"]))
def test_lines_are_those_of_the_whole(written: str, codec: str) -> None:
    data = written.encode(codec, "ignore")
    read, lines = Text(data, codec), list[str]()
    places = list[int]()
    while True:
        places.append(read.place)
        lines.append(read.readline())
        if not lines[-1]:
            break
    whole = data.decode(codec)
    assert "".join(lines) == whole
    assert (
        lines[:-1]
        == whole.replace("\r\n", "\0")
        .replace("\r", "\r\1")
        .replace("\n", "\n\1")
        .replace("\0", "\r\n\1")
        .rstrip("\1")
        .split("\1")[: len(lines) - 1]
    )
    for place, line in reversed([*zip(places, lines, strict=True)]):
        read.place = place
        assert read.readline() == line


@many
@given(LETTERS, st.integers(0, 99), st.integers(0, 99))
def test_another_encoding_is_given_as_utf8_from_anywhere(text: str, start: int, end: int) -> None:
    made = Utf8(text.encode("utf-16"), "utf-16", "strict")
    whole = text.encode()
    assert (len(made), made[start:end]) == (len(whole), whole[start:end])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-8"])
def test_what_is_no_text_is_told_with_its_place(codec: str) -> None:
    data = "0123456789\n".encode(codec)
    bad = b"\x00\xdc" if codec == "utf-16-le" else b"\xff"
    with pytest.raises(UnicodeDecodeError) as caught:
        Text(data + bad + data, codec)
    assert caught.value.start == len(data)


def test_bytes_are_found_and_lines_counted_across_blocks() -> None:
    data = b"a" * (1 << 18) + b"\nb\n"
    assert (find_byte(data, b"\n"), find_byte(data, b"x")) == (1 << 18, len(data))
    assert (count_lines(data), count_lines(data, (1 << 18) + 1), count_lines(data, 9)) == (2, 1, 0)


class TestALocalFile:
    def test_gives_its_slices(self, tmp_path: Path) -> None:
        path = tmp_path / "commandes.csv"
        path.write_bytes(b"0123456789")
        file = LocalFile(path)
        assert (len(file), file[2:4], file[8:99], file[4:2]) == (10, b"23", b"89", b"")

    def test_says_where_it_changes_meanwhile(self, tmp_path: Path) -> None:
        path = tmp_path / "commandes.csv"
        path.write_bytes(b"0123456789")
        file = LocalFile(path)
        path.write_bytes(b"9876543210")
        os.utime(path, ns=(1, 1))
        with pytest.raises(NotReadyError, match="written to while it was read"):
            file[:]
        path.unlink()
        with pytest.raises(UnreachableError, match="cannot be read"):
            file[:]
