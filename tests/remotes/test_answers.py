"""What servers answer, in all the ways that are seen: what is not told is not taken for absent."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IFIFO

import pytest

from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PasserelleError,
    PermanentError,
)
from passerelle.config.servers import Server
from passerelle.remotes import connect
from passerelle.remotes.base import Remote, find
from tests.e2e.conftest import make_world
from tests.pools import make_pool
from tests.remotes.conftest import Hurried
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.servers.sftp import SftpQuirks, SftpServer
from tests.world import Sale, World

OLD = frozenset({"MLST", "MLSD"})
DIRECT = 'set publish = "direct"'
ITEM = "3701234500010"


class Bench:
    """Starts servers over one folder, with a file of four bytes, another folder, and a link."""

    def __init__(self, root: Path) -> None:
        self.root, self._open, self._deadline = root, ExitStack(), Hurried()
        (root / "a.csv").write_bytes(b"data")
        (root / "folder").mkdir()

    def ftp(self, **quirks: object) -> Remote:
        server = FtpServer(self.root, {USER: PASSWORD}, quirks=Quirks(**quirks))  # type: ignore[arg-type]
        self._open.enter_context(server)
        return self._connect("ftp", server.port)

    def sftp(self, **quirks: object) -> Remote:
        quirk = SftpQuirks(**quirks)  # type: ignore[arg-type]
        server = self._open.enter_context(SftpServer(self.root, {USER: PASSWORD}, quirks=quirk))
        known_hosts = self.root.parent / "known_hosts"
        server.write_known_hosts(known_hosts)
        return self._connect("sftp", server.port, known_hosts=str(known_hosts))

    def _connect(self, scheme: str, port: int, **keys: str) -> Remote:
        url = f"{scheme}://{USER}@{HOST}:{port}"
        server = Server.model_validate({"url": url, "password": PASSWORD, **keys})
        remote = connect("shop", server, self._deadline)
        self._open.callback(remote.close)
        return remote

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "root").mkdir()
    bench = Bench(tmp_path / "root")
    yield bench
    bench.close()


def see_one_file_and_a_folder(remote: Remote) -> None:
    assert find(remote, "a.csv") is not None
    assert find(remote, "b.csv") is None
    assert find(remote, "folder") is None
    assert [entry.name for entry in remote.list_files("")] == ["a.csv"]
    assert remote.list_files("folder") == []
    assert remote.fetch("a.csv") == b"data"


# --- types that are not told --------------------------------------------------------------------

FACTS: dict[str, Callable[[bytes], bytes]] = {
    "symlink": lambda line: line.replace(b"type=file", b"type=OS.unix=symlink"),
    "slink": lambda line: re.sub(
        rb"size=4;(.*)type=file", rb"size=11;\1type=OS.unix=slink:/elsewhere", line
    ),
    "another system's": lambda line: line.replace(b"type=file", b"type=OS.nt=reparse point"),
    "odd case": lambda line: re.sub(rb"^(.*); ", lambda found: found[0].upper(), line),
    "none": lambda line: re.sub(rb"type=\w+;", b"", line),
    "blank": lambda line: re.sub(rb"type=\w+;", b"type=;", line),
    "no last semicolon": lambda line: line.replace(b"; ", b" ", 1),
    "no facts at all": lambda line: re.sub(rb"^.*; ", b" ", line),
}


@pytest.mark.parametrize("relist", FACTS.values(), ids=FACTS)
def test_facts_that_tell_no_type_hide_no_file(
    bench: Bench, relist: Callable[[bytes], bytes]
) -> None:
    remote = bench.ftp(relist=relist)
    see_one_file_and_a_folder(remote)
    assert remote.stat("a.csv").size in (4, None)


@pytest.mark.parametrize(
    "quirks",
    [
        {"replies": {"MLST": "250-type=file;size=4; a.csv\r\n250 End"}},
        {"replies": {"MLST": "502 Not implemented."}},
        {"replies": {"MLST": "500 Unknown", "MLSD": "500 Unknown"}},
        {"missing": OLD, "refused": frozenset({"LIST"})},
        {"replies": {"FEAT": "451 Not now."}},
        {"refused": frozenset({"PASV"})},
        {"reword": lambda reply: re.sub(r"\(127,0,0,1", "(10,1,2,3", reply)},
    ],
    ids=lambda quirks: " ".join(quirks),
)
def test_what_is_refused_or_told_otherwise_is_asked_otherwise(
    bench: Bench, quirks: dict[str, object]
) -> None:
    remote = bench.ftp(**quirks)
    assert remote.stat("a.csv").name == "a.csv"
    assert "a.csv" in [entry.name for entry in remote.list_files("")]
    assert remote.fetch("a.csv") == b"data"


@pytest.mark.parametrize(
    "line",
    [
        b"11-22-26  09:27AM       <DIR>          folder\r\n",
        b"11-22-2026  09:27       <JUNCTION>     folder\r\n",
        b"drwxr-xr-x   2 ftp ftp     4096 Nov 22  2025 folder\r\n",
        b"d [R----F--] supervisor      512 Jan 16 18:53 folder\r\n",
    ],
)
def test_a_listing_tells_folders_in_any_form(bench: Bench, line: bytes) -> None:
    see_one_file_and_a_folder(
        bench.ftp(missing=OLD, relist=lambda told: line if told.endswith(b"folder\r\n") else told)
    )


SENT = datetime(2026, 11, 22, 9, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("command", "reply", "told"),
    [
        ("SIZE", "213 File size: 4 bytes", 4),
        ("SIZE", "213 1 234", None),
        ("SIZE", "213 unknown", None),
        ("SIZE", "550 SIZE not allowed in ASCII mode.", None),
        ("SIZE", "550 SIZE is disabled", None),
        ("MDTM", "213 20261122092700.5", SENT.replace(microsecond=500_000)),
        ("MDTM", "213 20261122092700250", SENT.replace(microsecond=250_000)),
        ("MDTM", "213 191261122092700", SENT),
        ("MDTM", "213 modified 20261122092700 GMT", SENT),
        ("MDTM", "213 2026-11-22", None),
        ("MDTM", "213 20261322092700", None),
        ("MDTM", "550 MDTM not allowed", None),
    ],
)
def test_size_and_time_are_read_or_not_told(
    bench: Bench, command: str, reply: str, told: object
) -> None:
    entry = bench.ftp(missing=OLD, replies={command: reply}).stat("a.csv")
    assert (entry.size if command == "SIZE" else entry.modified) == told


@pytest.mark.parametrize("command", ["SIZE not allowed", "Not in ASCII mode"])
def test_a_size_that_is_refused_proves_no_file(bench: Bench, command: str) -> None:
    assert find(bench.ftp(missing=OLD, replies={"SIZE": f"550 {command}"}), "b.csv") is None


BANNERS = {
    "many lines": b"220-Bienvenue \xe0 tous\r\n" + 300 * b"220-*** \xff ***\r\n" + b"220 end\r\n",
    "lines of digits": b"220-Hello\r\n2026 a good year\r\n 220 too\r\n331 no\r\n220 ready\r\n",
    "an end that is none": b"220 Hello\r\n220 You are the 3rd\r\n220 ready\r\n",
    "lines without a code": b"220 Hello\r\nWelcome to our server\r\n220 ready\r\n",
    "first a delay": b"120 in 1 minute\r\n220 ready\r\n",
}


@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
def test_greetings_of_any_form_are_read_over(bench: Bench, banner: bytes) -> None:
    see_one_file_and_a_folder(bench.ftp(banner=banner))


@pytest.mark.parametrize(
    "news",
    [
        "230-Quota: 3 of 5 MB\r\n530 files\r\n230 Welcome",
        "230 Quota: 3 of 5 MB\r\n230 Welcome",
        "230-caf\u00e9\r\n230",
    ],
)
def test_news_after_the_login_too(bench: Bench, news: str) -> None:
    see_one_file_and_a_folder(bench.ftp(reword=lambda r: news if r[:3] == "230" else r))


MODES: dict[str, Callable[[int], int | None]] = {
    "none": lambda mode: None,
    "zero": lambda mode: 0,
    "permissions only": lambda mode: mode & 0o777,
    "another kind": lambda mode: S_IFIFO | mode & 0o777 if mode & 0o100000 else mode,
}


@pytest.mark.parametrize("modes", MODES.values(), ids=MODES)
def test_by_sftp_a_type_that_is_not_told_hides_no_file(
    bench: Bench, modes: Callable[[int], int | None]
) -> None:
    remote = bench.sftp(modes=modes)
    assert find(remote, "a.csv") is not None
    assert find(remote, "folder") is None
    assert "a.csv" in [entry.name for entry in remote.list_files("")]
    remote.rewrite("a.csv", b"other")
    remote.replace("a.csv", "b.csv")
    assert remote.fetch("b.csv") == b"other"


# --- refusals, and what to do -------------------------------------------------------------------

WRITE, RENAME = "the right to write there", "the right to rename there"


def store(remote: Remote) -> None:
    remote.store("b.csv", b"new")


def rename(remote: Remote) -> None:
    remote.rename("a.csv", "b.csv")


@pytest.mark.parametrize(
    ("command", "reply", "words", "kind"),
    [
        ("RNFR", "502 Command not implemented", DIRECT, PermanentError),
        ("RNFR", "500 ?", DIRECT, PermanentError),
        ("RNFR", "202 Superfluous at this site", DIRECT, PermanentError),
        ("RNFR", "530 Not for this account", RENAME, AccessDeniedError),
        ("RNFR", "550 Permission denied.", f"{RENAME}; .*{DIRECT}", AccessDeniedError),
        ("RNTO", "553 Rename refused", RENAME, AccessDeniedError),
        ("STOR", "552 Exceeded storage allocation", "quota", PermanentError),
        ("STOR", "452 Insufficient storage", "quota", PermanentError),
        ("STOR", "550 Disk quota exceeded", "quota", PermanentError),
        ("STOR", "451 Espace disque insuffisant", "quota", PermanentError),
        ("STOR", "553 Could not create file.", WRITE, AccessDeniedError),
        ("STOR", "532 Need account for storing files", WRITE, AccessDeniedError),
        ("DELE", "550 Access is denied.", "the right to delete there", AccessDeniedError),
        ("RETR", "550 Permission denied.", "the right to read it", AccessDeniedError),
    ],
)
def test_a_refusal_names_what_is_missing(
    bench: Bench, command: str, reply: str, words: str, kind: type[PasserelleError]
) -> None:
    acts: dict[str, Callable[[Remote], object]] = {
        "STOR": store,
        "DELE": lambda remote: remote.delete("a.csv"),
        "RETR": lambda remote: remote.fetch("a.csv"),
    }
    remote = bench.ftp(replies={command: reply})
    with pytest.raises(kind, match=words) as caught:
        acts.get(command, rename)(remote)
    assert not isinstance(caught.value, NotFoundError)
    assert (bench.root / "a.csv").read_bytes() == b"data"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("No space left on device", "quota: .*make room"),
        ("Disk quota exceeded", "quota: .*make room"),
        ("Failure", "look whether its disk or quota is full"),
    ],
)
def test_by_sftp_too(bench: Bench, failure: str, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        store(bench.sftp(disk_room=0, failure=failure))


# --- taken at once ------------------------------------------------------------------------------

GONE = "the upload was gone at once"


@pytest.fixture
def eager(tmp_path: Path) -> Iterator[tuple[FtpServer, World, list[str]]]:
    """An ERP that takes whatever lies there, between the upload and the look at it."""
    (tmp_path / "server").mkdir()
    taken: list[str] = []
    with FtpServer(tmp_path / "server", {USER: PASSWORD}) as ftp:
        url = f"ftp://{USER}@{HOST}:{ftp.port}"
        world = make_world(tmp_path, RunningServer("ftp", url, PASSWORD, ftp.root))

        def take(line: str) -> None:
            if line.startswith("MLST"):
                for path in world.xmls():
                    taken.append(path.name)
                    path.unlink()

        ftp.on_command = take
        world.shop_writes(Sale("1", {ITEM: 1}))
        yield ftp, world, taken


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_an_upload_that_is_gone_at_once_is_in_doubt_and_never_goes_twice(
    eager: tuple[FtpServer, World, list[str]], publish: str
) -> None:
    _ftp, world, taken = eager
    world.configure(server=f'publish = "{publish}"\n')
    first = world.run("run", "orders")
    assert (first.exit_code, GONE in first.text, "takes_at_once = true" in first.text) == (
        *(6, True, True),
    )
    assert world.run("run", "orders").exit_code == 6
    assert len(taken) == 1
    world.run_well("orders", "settle", "1")
    world.run_well("run", "orders")
    assert len(taken) == 1


def test_where_that_is_the_custom_nobody_is_asked(
    eager: tuple[FtpServer, World, list[str]],
) -> None:
    _ftp, world, taken = eager
    world.configure(server='publish = "direct"\ntakes_at_once = true\n')
    world.run_well("run", "orders")
    world.run_well("run", "orders")
    assert (world.states(), len(taken)) == ({"1": "taken"}, 1)


@pytest.mark.parametrize("reply", ["550 No such file or directory", "552 Quota exceeded"])
def test_an_upload_that_was_refused_was_not_taken_at_once(
    eager: tuple[FtpServer, World, list[str]], reply: str
) -> None:
    ftp, world, taken = eager
    world.configure(server='publish = "direct"\ntakes_at_once = true\n')
    ftp.quirks = Quirks(replies={"STOR": reply})
    assert world.run("run", "orders").exit_code == 4
    assert (world.states(), taken) == ({"1": "prepared"}, [])


# --- another name -------------------------------------------------------------------------------

NAMES = {
    "commandes.csv": ["Commandes.CSV", "commandes.csv.txt", "commandes (1).csv", "COMMANDES.csv"],
    "été.csv": ["e\u0301te\u0301.csv", "ete.csv", "Été - Copie.csv"],
    "order export.csv": ["order_export.csv", "Copy of Order-Export.csv"],
}


@pytest.mark.parametrize("kind", ["folder", "ftp", "sftp"])
@pytest.mark.parametrize(("name", "found"), [(n, f) for n, all_ in NAMES.items() for f in all_])
def test_a_missing_file_s_message_names_the_one_that_is_there(
    tmp_path: Path, new_server: NewServer, kind: str, name: str, found: str
) -> None:
    world = make_world(tmp_path, new_server(kind))
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace("commandes.csv", name), "utf-8")
    for other in (found, "clients.csv", f"{name}.part"):
        world.server.put(other, b"x")
    result = world.run("run", "orders")
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, f'no such file: ftp:{name}: "{found}" lies there' in line) == (
        *(4, True),
    )
    assert f'no such file now: "{found}" lies there' in world.run("check").stdout


def test_so_does_that_of_stock_a_stylesheet_and_a_shop_of_the_pool(
    tmp_path: Path, new_server: NewServer
) -> None:
    world = make_world(tmp_path / "one", new_server("folder"))
    world.server.put("exportcsv.CSV", b"x")
    assert '"exportcsv.CSV" lies there' in world.run("run", "stock").stderr
    world.configure(extra='[orders.xml]\nstylesheet = "ventes.xsl"\n')
    (world.folder / "Ventes.xsl.txt").write_bytes(b"x")
    world.shop_writes(Sale("1", {ITEM: 1}))
    assert '"Ventes.xsl.txt" lies there' in world.run("run", "orders").stderr
    pool = make_pool(tmp_path / "many", [new_server("folder") for _ in range(2)], ("fr", "be"))
    pool["fr"].server.put("fr-stock (1).csv", b"x")
    assert '"fr-stock (1).csv" lies there' in pool.run("run", "pool").text


@pytest.mark.parametrize("refused", [{"NLST", "LIST", "MLSD"}, {"NLST"}, {"PASV", "EPSV"}])
def test_where_nothing_can_be_listed_the_file_is_still_what_is_missing(
    tmp_path: Path, refused: set[str]
) -> None:
    (tmp_path / "server").mkdir()
    with FtpServer(tmp_path / "server", {USER: PASSWORD}) as ftp:
        server = RunningServer("ftp", f"ftp://{USER}@{HOST}:{ftp.port}", PASSWORD, ftp.root)
        world = make_world(tmp_path, server)
        replies = {"MLST": "550 No such file", **dict.fromkeys(refused, "502 No")}
        ftp.quirks = Quirks(replies=replies)
        result = world.run("run", "orders")
        assert (result.exit_code, "no such file" in result.stderr) == (4, True), result
