"""What the marks on a server say about who is on the other side."""

import pytest

from passerelle.model.servers import KnownServer, ServerMark
from passerelle.rules.marks import Side, can_meet, look_at_mark

HERE, THERE = "ftp://shop@here:21", "ftp://shop@there:21"


def known(
    seq: int = 5, address: str = HERE, *, marked: bool | None = True, written: int = 0
) -> KnownServer:
    return KnownServer("ftp", address, seq, marked, written)


def own(seq: int = 5, address: str = HERE) -> ServerMark:
    return ServerMark("0a1b2c3d", address, seq)


@pytest.mark.parametrize(
    ("before", "mark", "is_open", "side"),
    [
        pytest.param(None, None, False, Side.KNOWN, id="never met"),
        pytest.param(None, own(1), False, Side.AHEAD, id="a ledger from before the first mark"),
        pytest.param(known(), own(), True, Side.KNOWN, id="as we left it"),
        pytest.param(known(), own(4), True, Side.KNOWN, id="we died before the mark was written"),
        pytest.param(known(), ServerMark("", "", 0), True, Side.KNOWN, id="it was cut"),
        pytest.param(known(), own(6), False, Side.AHEAD, id="more was done in our name"),
        pytest.param(known(), None, False, Side.ELSEWHERE, id="our mark is gone"),
        pytest.param(known(written=5), own(4), True, Side.ELSEWHERE, id="the server was put back"),
        pytest.param(known(written=4), own(4), True, Side.KNOWN, id="we died before the next one"),
        pytest.param(known(), own(address=THERE), True, Side.MOVED, id="it moved with the mark"),
        pytest.param(known(address=THERE), own(), True, Side.ELSEWHERE,
                     id="the mark is of another of our servers, and something is on its way"),
        pytest.param(known(address=THERE), own(), False, Side.KNOWN, id="the same, and nothing is"),
        pytest.param(known(marked=False), None, True, Side.KNOWN, id="it takes no mark"),
        pytest.param(known(marked=False, address=THERE), None, True, Side.ELSEWHERE,
                     id="it takes no mark, and the url was changed"),
        pytest.param(known(marked=False, address=THERE), None, False, Side.KNOWN,
                     id="the same, while nothing was on its way"),
    ],
)  # fmt: skip
def test_a_mark_tells_who_is_there(
    before: KnownServer | None, mark: ServerMark | None, is_open: bool, side: Side
) -> None:
    assert look_at_mark(before, mark, HERE, is_open=is_open) == side


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("import/c_{time}.xml", "import/c_{time}.xml", True),
        ("import/c_{time}.xml", "IMPORT/C_{time}.XML", True),
        ("import/c_{time}.xml", "import/c_20261122_102700.xml", True),
        ("v/{id}_{time}.xml", "v/fr_{time}.xml", True),
        ("import/c_fr_{time}.xml", "import/c_be_{time}.xml", False),
        ("a/c_{time}.xml", "b/c_{time}.xml", False),
        ("ExportCSVmod.csv", "ExportCSV.csv", False),
    ],
)
def test_names_can_be_one_file_s(one: str, other: str, meet: bool) -> None:
    assert can_meet(one, other) == can_meet(other, one) == meet
