"""Golden stories: half hours of shop, ERP and program, and what lies everywhere afterwards.

``stories/NAME`` holds ``config.toml``, where the server ``ftp`` is the folder ``server``; ``in/``,
the files that the others write; and ``story.txt``, one step a line:

    22 10:25 put commandes-1.csv as commandes.csv
    22 10:27 passerelle run orders
    22 10:30 remove import/*.xml

Day of November 2026 and time of day in Paris; then the shop or the ERP writes a file, the program
is run, or somebody takes files away. ``expected/said.txt`` is what each step told, with its exit
code, ``expected/ledger.json`` the orders and the runs by the ledger, and ``expected/server`` and
``expected/data`` are the files that lie there in the end.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from zoneinfo import ZoneInfo

from passerelle.base import durable
from passerelle.base.deadline import Deadline
from passerelle.model.servers import MARK_NAME
from tests.shell import Result, run_program

FOLDER = Path(__file__).parent / "stories"
PARIS = ZoneInfo("Europe/Paris")
KEPT = ("Trace?.txt", "ArchiveExport/**/*")


@dataclass(frozen=True, slots=True)
class Story:
    """A folder with a story and its expected end."""

    folder: Path

    @property
    def name(self) -> str:
        return f"stories/{self.folder.name}"

    def expected(self) -> Mapping[str, bytes]:
        """The expected files, by their place below ``expected``."""
        return files_in(self.folder / "expected", "**/*")

    def actual(self, top: str = "") -> Mapping[str, bytes]:
        """The files as they come out now; with further lines at the ``top`` of config.toml."""
        with TemporaryDirectory() as temporary:
            play = Play(Path(temporary), self.folder, top)
            said = "".join(play.steps())
            ledger = "".join(play.run(*args).stdout for args in play.questions())
            kept = files_in(play.folder / "data", *KEPT)
            server = files_in(play.folder / "server", "**/*")
        return {
            "said.txt": said.encode(),
            "ledger.json": ledger.encode(),
            **{f"data/{name}": content for name, content in kept.items()},
            **{f"server/{n}": data for n, data in server.items() if not n.startswith(MARK_NAME)},
        }

    def write(self, files: Mapping[str, bytes]) -> None:
        """Keeps these as the expected ones."""
        place = self.folder / "expected"
        for name in self.expected():
            (place / name).unlink()
        for name, data in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)


class Play:
    """A story that is being played in ``folder``, on a clock that its steps set."""

    def __init__(self, folder: Path, source: Path, top: str = "") -> None:
        self.folder, self._source, self._top = folder, source, top
        self._now = datetime(2026, 11, 22, tzinfo=PARIS)
        for name in ("import", "ventes", "refus"):
            (folder / "server" / name).mkdir(parents=True)
        text = (source / "config.toml").read_text("utf-8")
        (folder / "config.toml").write_text(f"{top}{text}", encoding="utf-8")

    def steps(self) -> Iterator[str]:
        for line in (self._source / "story.txt").read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                day, clock, what, *words = line.split()
                hour, _, minute = clock.partition(":")
                self._now = self._now.replace(day=int(day), hour=int(hour), minute=int(minute))
                told = getattr(self, f"_{what}")(*words)
                yield f"{line}\n{told}"

    def run(self, *args: str) -> Result:
        with self._at_this_hour():
            return run_program(*args, cwd=self.folder, env={"COLUMNS": "100"})

    def questions(self) -> Iterator[tuple[str, ...]]:
        if "\n[orders]" in (self.folder / "config.toml").read_text("utf-8"):
            yield ("orders", "list", "--json")
        yield ("history", "--json")

    def _put(self, name: str, _as: str, place: str) -> str:
        path = self.folder / "server" / place
        top = self._top if path.name == "config.toml" else ""
        self._write(path, top.encode() + (self._source / "in" / name).read_bytes())
        return ""

    def _passerelle(self, *args: str) -> str:
        result = self.run(*args)
        lines = f"{result.stdout}{result.stderr}".replace(str(self.folder), "…").splitlines()
        return "".join(f"    {line}\n" for line in lines) + f"    exit code {result.exit_code}\n"

    def _remove(self, pattern: str) -> str:
        paths = sorted((self.folder / "server").glob(pattern))
        for path in paths:
            path.unlink()
        return "".join(f"    {path.name}\n" for path in paths)

    def _move(self, pattern: str, _to: str, place: str) -> str:
        paths = sorted((self.folder / "server").glob(pattern))
        for path in paths:
            path.rename(self.folder / "server" / place / path.name)
        return "".join(f"    {path.name}\n" for path in paths)

    def _write(self, path: Path, data: bytes) -> None:
        durable.write_durably(path, data)
        os.utime(path, (self._now.timestamp(), self._now.timestamp()))

    @contextmanager
    def _at_this_hour(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(time.tzset)
            stack.enter_context(mock.patch.dict(os.environ, {"TZ": "Europe/Paris"}))
            time.tzset()
            stack.enter_context(mock.patch.object(Deadline, "sleep", lambda *_: None))
            here = self._now.astimezone
            stack.enter_context(mock.patch("passerelle.base.clocks.clock", here))
            stack.enter_context(mock.patch("passerelle.remotes.folder.write_durably", self._write))
            yield


def files_in(folder: Path, *patterns: str) -> dict[str, bytes]:
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def stories() -> list[Story]:
    return [Story(path.parent) for path in sorted(FOLDER.glob("*/story.txt"))]
