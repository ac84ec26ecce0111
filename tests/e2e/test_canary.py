"""A password is told nowhere: not by any command, not by any failure, not in any file.

An improbable password, the canary, goes through all of them. Afterwards it is sought, in each way
in which it may be written, in what was printed, in the exceptions, and in all files.
"""

import base64
import socket
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote, quote_plus

import click
import keyring
import pytest

from passerelle.base.deadline import Deadline
from passerelle.cli import cli
from passerelle.config.passwords import SERVICE, hidden
from tests import scale
from tests.e2e.conftest import make_world
from tests.remotes.test_passwords import MemoryKeyring
from tests.remotes.test_sftp_host_keys import write_key
from tests.servers import HOST, USER, RunningServer
from tests.servers.ftp import FtpServer, Quirks
from tests.servers.sftp import SftpServer
from tests.shell import Result, run_child
from tests.world import Sale, World, tree

CANARY = "Zzyzx/Canari é+%41"
WRITTEN = {
    CANARY,
    repr(CANARY)[1:-1],
    quote(CANARY),
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    base64.b64encode(CANARY.encode()).decode(),
    CANARY.encode().decode("latin-1"),
    # A part of it is too much, too.
    "Zzyzx",
}
SHOE = Sale("1", {"370": 1})
AS_IT_SHOULD = Quirks()

# For commands that need more than a word.
SAMPLES = {
    "what": ("orders", "stock", "all"),
    "server": ("ftp",),
    "id": ("1",),
    "ids": ("1",),
    "shell": ("bash", "zsh", "fish", "powershell"),
}
NOT_HERE = ("--help", "--open", "--watch")
# They end only when they are told to; tests/schedule/ does that, and the console's own tests.
ENDLESS = (("schedule", "run"), ("console",))


def leaks(text: str | bytes) -> list[str]:
    """The forms of the canary that a text or a file holds, in the encodings in use."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return [f for f in WRITTEN if f.encode() in data or f.encode("latin-1", "ignore") in data]


def chain(error: BaseException | None) -> Iterator[str]:
    """An error as anybody could print it, with what caused it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield "".join(traceback.format_exception(error))
        hidden_context = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or hidden_context


class Watch:
    """Runs commands in a world and looks for the canary everywhere."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.errors: list[BaseException] = []

    def run(self, *args: str) -> Result:
        """One command; the canary may be in nothing that it says, raises or writes."""
        self.errors.clear()
        with mock.patch.object(cli, "main", self._recording(cli.main)):
            result = self.world.run(*args)
        assert leaks(result.output) == leaks(result.stderr) == []
        told = [text for error in self.errors for text in chain(error)]
        assert [text for text in told if leaks(text)] == []
        self.look_into_files()
        return result

    def fails(self, *args: str, code: int, words: str) -> None:
        """One command that must fail so."""
        result = self.run(*args)
        assert (result.exit_code, words in result.text) == (code, True), result
        assert "Traceback" not in result.text

    def look_into_files(self) -> None:
        for name, data in tree(self.world.data).items():
            assert leaks(data) == [], name
        for path in self.world.data.glob("passerelle.db"):
            with sqlite3.connect(path) as ledger:
                assert leaks("\n".join(ledger.iterdump())) == []

    def _recording(self, main: Callable[..., Any]) -> Callable[..., Any]:
        def record(*args: Any, **options: Any) -> Any:
            try:
                return main(*args, **options)
            except BaseException as error:
                self.errors.append(error)
                raise

        return record


def written(monkeypatch: pytest.MonkeyPatch, password: str) -> str:
    return f"password = '{password}'"


def from_environment(monkeypatch: pytest.MonkeyPatch, password: str) -> str:
    monkeypatch.setenv("CANARY_PASSWORD", password)
    return "password = 'env:CANARY_PASSWORD'"


def from_keyring(monkeypatch: pytest.MonkeyPatch, password: str) -> str:
    store = MemoryKeyring()
    store.set_password(SERVICE, "ftp", password)
    monkeypatch.setattr(keyring, "get_password", store.get_password)
    return "password = 'keyring'"


Source = Callable[[pytest.MonkeyPatch, str], str]
sources = pytest.mark.parametrize(
    "source",
    [written, *(pytest.param(s, marks=scale.only("ci")) for s in (from_environment, from_keyring))],
)


class Shop:
    """Makes worlds on servers that know, or do not know, the canary."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.root = folder / "shop"
        self.root.mkdir()

    def watch(self, url: str, source: Source = written, password: str = CANARY) -> Watch:
        server = RunningServer("canary", url, "PLACE", self.root)
        world = make_world(self.folder, server)
        world.shop_writes(SHOE)
        world.erp_writes_stock({"370": 3})
        watch = Watch(world)
        world.edit(("password = 'PLACE'", source(self._monkeypatch, password)))
        return watch


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)  # between two tries
    return Shop(tmp_path, monkeypatch)


@contextmanager
def ftp_server(root: Path, quirks: Quirks = AS_IT_SHOULD, password: str = CANARY) -> Iterator[str]:
    with FtpServer(root, {USER: password}, quirks=quirks) as ftp:
        yield f"ftp://{USER}@{HOST}:{ftp.port}"


# --- every command -----------------------------------------------------------------------------


def every_call(samples: Path) -> Iterator[tuple[str, ...]]:
    """Every command of the program, with every word and flag that it takes."""
    for path, command in leaves(cli):
        if path in ENDLESS:
            continue
        words = [words_for(p, samples) for p in command.params if isinstance(p, click.Argument)]
        first = tuple(choices[0] for choices in words if choices)
        yield (*path, *first)
        for choices in words:
            yield from ((*path, choice) for choice in choices[1:])
        for option in (p for p in command.params if isinstance(p, click.Option)):
            if option.is_flag and option.opts[0] not in NOT_HERE:
                yield (*path, *first, option.opts[0])


def leaves(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


def words_for(argument: click.Argument, samples: Path) -> tuple[str, ...]:
    if not argument.required:
        return ()
    if isinstance(argument.type, click.Path) and argument.type.exists:
        return (str(samples / "ExportCSV.csv"), str(samples / "commandes.csv"))
    return SAMPLES.get(argument.name or "", ("1",))


@sources
def test_no_command_tells_a_password(
    shop: Shop, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "set_password", MemoryKeyring().set_password)
    monkeypatch.setattr("click.prompt", lambda *_, **__: CANARY)
    monkeypatch.setattr("click.edit", lambda **_: None)
    with ftp_server(shop.root) as url:
        watch = shop.watch(url, source)
        calls = list(every_call(shop.root))
        assert ("run", "orders") in calls
        assert ("check", "--json") in calls
        results = {call: watch.run(*call) for call in calls}
    assert results["run", "orders"].exit_code == 0
    assert results["check",].exit_code == 0


# --- every failure: servers --------------------------------------------------------------------

COMMANDS = (
    ("run", "orders"),
    ("run", "stock"),
    ("run", "all"),
    ("orders", "adopt", "--yes"),
    ("check",),
)


@sources
def test_a_wrong_password_is_not_told(shop: Shop, source: Source) -> None:
    with ftp_server(shop.root, password="another") as url:
        watch = shop.watch(url, source)
        for command in COMMANDS:
            watch.fails(*command, code=4, words="login refused")


# The command, and what the server answers to it.
QUOTED = ["PASS 530 {password} is wrong", "MLST 550 {password}", "RETR 426 {password}",
          "STOR 452 {password}", "PASV,EPSV 227 {password}"]  # fmt: skip
MORE_QUOTED = [
    "PASS 500 'PASS {password}' not understood", "PASS 421 too many logins with {password}",
    "PASS 331 {password}?", "PASS xyz {password}", f"PASS 530 {100 * 'x'} {{password}} and so on",
    "TYPE 500 after PASS {password}", "PWD 257 {password}", "PWD 250 {password}",
    "FEAT 421 {password}", "MLST 250 {password}", "RETR 550 {password}", "STOR 553 {password}",
    "STOR 552 {password}", "RNTO 500 {password}", "PASV,EPSV 500 {password}",
]  # fmt: skip


@pytest.mark.parametrize(
    "reply", [*QUOTED, *(pytest.param(r, marks=scale.only("ci")) for r in MORE_QUOTED)]
)
def test_nor_when_an_ftp_server_quotes_it(shop: Shop, reply: str) -> None:
    verbs, _, words = reply.partition(" ")
    replies = dict.fromkeys(verbs.split(","), words)
    with ftp_server(shop.root, Quirks(replies=replies)) as url:
        watch = shop.watch(url)
        watch.world.edit(('settle = "0s"', "settle = '0s'\ntimeout = '2s'"))
        for command in (("run", "all"), ("check",)):
            assert watch.run(*command).exit_code in (0, 4)


def test_nor_however_the_server_writes_it(shop: Shop) -> None:
    with FtpServer(shop.root, {USER: CANARY}) as ftp:
        watch = shop.watch(f"ftp://{USER}@{HOST}:{ftp.port}")
        for form in sorted(WRITTEN - {"Zzyzx"}):
            ftp.quirks = Quirks(replies={"RETR": f"500 {form}, was it?"})
            watch.fails("run", "orders", code=4, words='the server said "500 ***')


@contextmanager
def talking(words: bytes) -> Iterator[int]:
    """A server that says something to whoever connects, and hangs up."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        ("ftp", f"500 'PASS {CANARY}' not understood\r\n"),
        ("ftps", f"{CANARY}\r\n"),
        ("ftps-implicit", f"{CANARY}\r\n"),
        ("sftp", f"SSH-1.0-{CANARY}\r\n"),
        ("sftp", f"{CANARY}\r\n"),
    ],
)
def test_nor_when_a_server_greets_with_it(shop: Shop, scheme: str, words: str) -> None:
    with talking(words.encode()) as port:
        watch = shop.watch(f"{scheme}://{USER}@{HOST}:{port}")
        for command in (("run", "orders"), ("check",)):
            assert watch.run(*command).exit_code == 4


def test_nor_by_sftp_nor_the_passphrase_of_a_key(shop: Shop) -> None:
    with SftpServer(shop.root, {USER: "another"}) as sftp:
        watch = shop.watch(f"sftp://{USER}@{HOST}:{sftp.port}")
        known_hosts, key = shop.folder / "known_hosts", shop.folder / "key"
        watch.world.edit(("settle =", f"known_hosts = '{known_hosts}'\nsettle ="))
        watch.fails("run", "orders", code=4, words="host key is not known")
        sftp.write_known_hosts(known_hosts)
        for command in COMMANDS:
            watch.fails(*command, code=4, words="login refused")
        watch.world.edit(("settle =", f"key_file = '{key}'\nsettle ="))
        for passphrase in ("another", CANARY):
            write_key(key, passphrase)
            for command in (("run", "orders"), ("check",)):
                assert watch.run(*command).exit_code == 4


def test_libraries_log_nothing_to_stderr(shop: Shop) -> None:
    """In a process of its own, where nobody has set up logging: paramiko would print tracebacks."""
    with talking(f"{CANARY}\r\n".encode()) as port:
        watch = shop.watch(f"sftp://{USER}@{HOST}:{port}")
        result = run_child("run", "orders", cwd=watch.world.folder)
        assert result.exit_code == 4
        assert len(result.stderr.splitlines()) == 1
        assert leaks(result.text) == []


# --- every failure: the configuration ----------------------------------------------------------


@pytest.mark.parametrize("line", [
    "password = 'CANARY", "password = CANARY", 'password = "CANARY\\x"', "password 'CANARY'",
    "password = 'CANARY'\npassword = 'CANARY'", "password = ['CANARY']",
    "password = {word = 'CANARY'}", "password.word = 'CANARY'",
    "password = 'CANARY'\npasword = 'CANARY'",
    "password = 'CANARY'\nurl = 'ftp://user:CANARY@host/'", "password = '''CANARY\n'''",
    'password = "CANARY\\r\\nDELE commandes.csv"', 'password = "CANARY\\u0000"',
    "password = 'env:CANARY'",
])  # fmt: skip
def test_nor_by_a_fault_of_the_configuration(shop: Shop, line: str) -> None:
    watch = shop.watch(f"ftp://{USER}@{HOST}")
    watch.world.edit((f"password = '{CANARY}'", line.replace("CANARY", CANARY)))
    for command in (("run", "orders"), ("check",)):
        result = watch.run(*command)
        assert result.exit_code == 3
        assert "password" in result.text or ":" in result.stderr


@pytest.mark.parametrize("url", [
    "ftp://user:CANARY@host/", "ftp:/user:CANARY@host/", "ftp//user:CANARY@host/",
    "user:CANARY@host", "ftp://user:CANARY", "fpt://user:CANARY@host/", "ftp://[user:CANARY@host/",
    "ftp://user:CANARY@host：21/", "ftp://user@host:CANARY/",
])  # fmt: skip
def test_nor_when_it_stands_in_the_url(shop: Shop, url: str) -> None:
    plain = CANARY.replace("/", "").replace("%41", "")
    watch = shop.watch("ftp://user@host/")
    watch.world.edit(("url = 'ftp://user@host/'", f"url = '{url.replace('CANARY', plain)}'"))
    for command in (("run", "orders"), ("check",)):
        watch.fails(*command, code=3, words="servers.ftp.url")


def test_nor_when_it_stands_in_the_url_of_a_place_or_beside_another_encoding(shop: Shop) -> None:
    watch = shop.watch("ftp://user@host/")
    config = watch.world.folder / "config.toml"
    good = config.read_text(encoding="utf-8")
    watch.world.edit(('from = "ftp:commandes.csv"', f"from = 'ftp://u:{CANARY}@h/c.csv'"))
    watch.fails("run", "orders", code=3, words="orders.from: this is a URL")
    config.write_bytes(good.encode("cp1252"))
    watch.fails("run", "orders", code=3, words="not UTF-8")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\nDELE commandes.csv", "\udcff"])
def test_a_password_that_cannot_be_sent_is_a_fault_of_the_configuration(
    shop: Shop, end: str
) -> None:
    with FtpServer(shop.root, {USER: CANARY}) as ftp:
        watch = shop.watch(f"ftp://{USER}@{HOST}:{ftp.port}", from_environment, CANARY + end)
        for command in (("run", "orders"), ("check",)):
            watch.fails(*command, code=3, words="cannot be sent")
        assert ftp.commands == []


def test_what_is_hidden_leaves_the_rest_readable() -> None:
    assert hidden(f"500 'PASS {CANARY.upper()}' not understood", CANARY) == (
        "500 'PASS ***' not understood"
    )
    assert hidden("550 No such file", "") == "550 No such file"
