"""The server dies, or the line is cut after N bytes: nothing lost, doubled, or half."""

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.exchange.uploads import ATTEMPTS
from tests import scale
from tests.fire.conftest import Note
from tests.fire.life import Life
from tests.fire.outside import Outside
from tests.fire.proxy import STREAMS, CuttingProxy
from tests.servers import HOST, PASSWORD, USER, House, RunningServer
from tests.servers.certificates import Certificates
from tests.servers.fixtures import start_local
from tests.servers.ftp import FtpServer, Quirks

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no SIGKILL, and resets in other ways"
)

NewLife = Callable[[], Life]
UNREACHABLE, HELD = 4, 6


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once: how long a run waits in between decides nothing."""
    monkeypatch.setattr(Deadline, "sleep", lambda deadline, wait: None)


@pytest.mark.parametrize(
    "outside", ["ftp", pytest.param("sftp", marks=scale.only("ci"))], indirect=True
)
@pytest.mark.parametrize("run", ["orders", pytest.param("stock", marks=scale.only("ci"))])
def test_when_the_server_dies_at_any_command_the_next_run_makes_good(
    outside: Outside, new_life: NewLife, run: str, note: Note
) -> None:
    step = scale.pick(24, 5, 1)
    before, after = (dies_at_each(outside, new_life, run, w, step) for w in ("before", "after"))
    assert before == after > 0, "both must go through all commands of the run"
    kind = outside.house.kind
    note(f"{run}, {kind}: the server died before and after {before} of its commands")


def dies_at_each(outside: Outside, new_life: NewLife, run: str, when: str, step: int) -> int:
    """The server dies at one command after the other, until none is left; at how many it did."""
    for died in count():
        life = new_life()
        outside.start(die_at=1 + died * step, when=when)
        result = life.run(run)
        if not outside.died:
            break
        # Once all is done, a server that dies at QUIT fails no run.
        assert result.exit_code in (0, UNREACHABLE), (when, 1 + died * step, result)
        outside.start()
        life.assert_all_is_made_good()
    return died


class Line:
    """Lives that reach their server through a proxy."""

    def __init__(self, house: House, proxy: CuttingProxy, folder: Path) -> None:
        self.house, self.proxy, self._folder = house, proxy, folder
        self._numbers = iter(range(1_000_000))

    def new_life(self) -> Life:
        return Life(self._folder / str(next(self._numbers)), self.house.new_base())


@pytest.fixture(params=["ftp", pytest.param("sftp", marks=scale.only("ci"))])
def line(
    request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates
) -> Iterator[Line]:
    """A server of this process behind a proxy."""
    (tmp_path / "home").mkdir()
    behind = start_local(request.param, tmp_path / "home", certificates)
    with CuttingProxy(behind.port) as proxy:
        settings = dict(behind.settings)
        if "known_hosts" in settings:
            known = Path(settings["known_hosts"])
            lines = known.read_text("ascii").replace(f":{behind.port} ", f":{proxy.port} ")
            known.write_text(lines, encoding="ascii")
        home = behind.home
        yield Line(
            House(behind.kind, behind.scheme, home, behind.stop, proxy.port, USER, PASSWORD,
                  settings=settings),
            proxy, tmp_path,
        )  # fmt: skip
    behind.stop()


def moments(line: Line, run: str) -> Iterator[tuple[str, int]]:
    """After how many bytes of which stream to cut: in and around every message there is."""
    life = line.new_life()
    line.proxy.never()
    assert life.run(run).exit_code == 0
    for stream in STREAMS:
        ends = line.proxy.ends[stream]
        total = ends[-1] if ends else 0
        near = {n for end in [0, *ends] for n in (end - 1, end, end + 1, end + 7)}
        every = set(range(total)) if stream.startswith("control") and total < 5_000 else near
        wanted = sorted(n for n in every | near if 0 <= n < total)
        few = scale.pick(1, 6, len(wanted) + 1)
        yield from ((stream, n) for n in wanted[:: len(wanted) // few + 1])


@pytest.mark.parametrize(
    ("run", "times"),
    [
        ("orders", 1),
        ("stock", 9),
        pytest.param("orders", 9, marks=scale.only("ci")),
        pytest.param("stock", 1, marks=scale.only("ci")),
    ],
)
def test_cut_after_any_number_of_bytes_the_run_or_the_next_one_makes_good(
    line: Line, run: str, times: int, note: Note
) -> None:
    gone_well = failed = 0
    for stream, after in list(moments(line, run)):
        life = line.new_life()
        line.proxy.cut(stream, after, times)
        result = life.run(run)
        assert result.exit_code in (0, UNREACHABLE), (stream, after, result)
        assert line.proxy.cuts, (stream, after, "the harness must strike")
        gone_well += result.exit_code == 0
        failed += result.exit_code != 0
        line.proxy.never()
        life.assert_stock_is_whole_or_absent()
        life.new_orders()
        life.assert_nothing_lost_nothing_doubled()
        life.assert_the_shop_sells_what_it_has()
    assert failed == 0 if times == 1 else failed > 0, "one cut is made good by the run itself"
    note(
        f"{run}, {line.house.kind}: cut after {gone_well + failed} different numbers of bytes, "
        f"{times} times in a row: {gone_well} runs went well all the same, {failed} ended with 4"
    )


# --- uploads that go well by all replies, but arrive cut, or otherwise than they were sent --------


def cut(data: bytes) -> bytes:
    """What is left of an upload."""
    return data[: len(data) // 2]


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpServer]:
    """A server over an empty folder."""
    (tmp_path / "home").mkdir()
    with FtpServer(tmp_path / "home", {USER: PASSWORD}) as server:
        yield server


@pytest.fixture
def life(ftp: FtpServer, tmp_path: Path) -> Life:
    """A life on that server, after a first run of orders; more orders have come since."""
    server = RunningServer("ftp", f"ftp://{USER}@{HOST}:{ftp.port}", PASSWORD, ftp.root)
    life = Life(tmp_path / "life", server)
    life.assert_nothing_lost_nothing_doubled()
    life.new_orders(2)
    return life


@pytest.mark.parametrize(
    ("run", "spoil"),
    [
        ("orders", cut),
        pytest.param("stock", cut, marks=scale.only("ci")),
        ("stock", bytes.swapcase),
    ],
    ids=["orders cut", "stock cut", "stock altered"],
)
@pytest.mark.parametrize(("times", "code"), [(2, 0), (99, UNREACHABLE)])
def test_an_upload_that_arrives_spoilt_is_done_again_and_never_published(
    ftp: FtpServer, life: Life, run: str, spoil: Callable[[bytes], bytes], times: int, code: int
) -> None:
    before = ftp.received("STOR")
    ftp.quirks = Quirks(spoilt_uploads=times, spoil=spoil)
    result = life.run(run)
    assert result.exit_code == code, result
    assert ftp.received("STOR") - before == ATTEMPTS
    life.assert_stock_is_whole_or_absent()
    life.erp_takes()
    ftp.quirks = Quirks()
    life.assert_nothing_lost_nothing_doubled()
    life.assert_the_shop_sells_what_it_has()


@pytest.mark.parametrize(("times", "code"), [(2, 0), (99, UNREACHABLE)])
def test_a_mark_that_arrives_cut_is_written_again_and_accuses_nobody(
    ftp: FtpServer, life: Life, times: int, code: int
) -> None:
    ftp.quirks = Quirks(spoilt_uploads=times, spoil=cut, spoil_marks=True)
    assert life.run("orders").exit_code == code
    ftp.quirks = Quirks()
    life.assert_nothing_lost_nothing_doubled()


def test_a_part_that_the_erp_has_taken_is_not_uploaded_again(ftp: FtpServer, life: Life) -> None:
    """Without renaming, the ERP may take a part under the final name: only a person can tell."""
    life.world.configure(server="publish = 'direct'\n")
    before, import_ = ftp.received("STOR"), ftp.root / "import"

    def erp_takes_at_once(line: str) -> None:
        if line.startswith("MLST") and ftp.received("STOR") > before:
            for path in import_.iterdir():
                path.unlink()

    ftp.quirks, ftp.on_command = Quirks(spoilt_uploads=1), erp_takes_at_once
    assert life.run("orders").exit_code == HELD
    assert life.run("orders").exit_code == HELD
    assert ftp.received("STOR") - before == 1
