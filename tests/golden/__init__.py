"""Golden pairs: files as shops and ERPs write them, and what must become of each.

``orders/NAME`` holds an order CSV and the sales XML that ``passerelle convert`` makes of it;
``sales/NAME`` one and the XML of order 1042's sale, by ``convert --sale 1042``; ``stock/NAME`` a
stock CSV, at times the order CSV, and the file that ``passerelle fix`` makes of them;
``columns/NAME`` an order CSV and what ``passerelle config columns`` proposes; ``pool/NAME`` a
shop's levels, and those that the pool counts with.
``report.txt`` is what the command says, with its exit code; where nothing may come out, there is no
expected file. ``config.toml`` holds only what differs from ``base.toml``.

``stories/NAME`` are whole half hours: see tests/golden/stories.py.

    python -m tests.golden

writes all expected files anew. Read every difference before you keep it: an expected file says
what must be, not what the program happens to do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from passerelle.base.errors import PasserelleError
from passerelle.config.load import load_config
from passerelle.stock_csv_fix.levels import read_level_file
from tests.golden.stories import Story, stories
from tests.shell import Result, run_program

FOLDER = Path(__file__).parent
REGENERATE = "python -m tests.golden"
REPORT = "report.txt"
# Every XML says when it was made.
NOW = datetime(2026, 11, 22, 10, 27)  # noqa: DTZ001 - made aware on the machine that runs it


@dataclass(frozen=True, slots=True)
class Pair:
    """A folder with input and expected output."""

    folder: Path

    @property
    def name(self) -> str:
        """As in ``orders/tab-not-enclosed``."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def output(self) -> str:
        """The name of the file that the command should write."""
        kinds = {"stock": ".csv", "pool": ".csv", "columns": ".toml"}
        return f"expected{kinds.get(self.folder.parent.name, '.xml')}"

    def expected(self) -> Mapping[str, bytes]:
        """The expected files by name."""
        paths = (self.folder / name for name in (self.output, REPORT))
        return {path.name: path.read_bytes() for path in paths if path.exists()}

    def actual(self) -> Mapping[str, bytes]:
        """The files as the program makes them now, by name."""
        if self.folder.parent.name == "pool":
            return self._levels()
        with TemporaryDirectory() as temporary:
            config = Path(temporary, "config.toml")
            config.write_bytes(self._config())
            result = self._run(config)
        report = f"{result.stderr}exit code {result.exit_code}\n".encode()
        return ({self.output: result.output} if result.output else {}) | {REPORT: report}

    def _levels(self) -> Mapping[str, bytes]:
        told, settings = list[str](), load_config(FOLDER / "base.toml").needed_stock
        try:
            read = read_level_file(
                (self.folder / "stock.csv").read_bytes(), settings, "stock.csv", ""
            )
        except PasserelleError as error:
            return {REPORT: f"{error}\n".encode()}
        told += [f"no item number: line {line}" for line in read.nameless]
        told += [f"{item}: two levels, lines {lines}" for item, lines in read.twice.items()]
        told += [str(fault) for fault in read.faults]
        lines = (f"{item};{level}" for item, level in read.levels.items())
        return {
            self.output: "".join(f"{line}\n" for line in lines).encode(),
            REPORT: "".join(f"{line}\n" for line in told).encode(),
        }

    def _config(self) -> bytes:
        own = self.folder / "config.toml"
        base = (FOLDER / "base.toml").read_bytes()
        return base + own.read_bytes() if own.exists() else base

    def _run(self, config: Path) -> Result:
        with patch("passerelle.cli.converting.now", NOW.astimezone):
            return run_program("--config", str(config), *self._command(), cwd=self.folder)

    def _command(self) -> tuple[str, ...]:
        if self.folder.parent.name == "sales":
            return ("convert", "orders.csv", "--sale", "1042")
        if self.folder.parent.name == "columns":
            return ("config", "columns", "orders.csv")
        if self.output == "expected.xml":
            return ("convert", "orders.csv")
        has_orders = (self.folder / "orders.csv").exists()
        return ("fix", "stock.csv", *(("--orders", "orders.csv") if has_orders else ()))

    def write(self, files: Mapping[str, bytes]) -> None:
        """Keeps these as the expected ones."""
        for name in self.expected().keys() - files.keys():
            (self.folder / name).unlink()
        for name, data in files.items():
            (self.folder / name).write_bytes(data)


def pairs() -> list[Pair]:
    """All pairs, in the order of their names."""
    of_orders = (f"{kind}/*/orders.csv" for kind in ("orders", "sales", "columns"))
    kinds = (*of_orders, "stock/*/stock.csv", "pool/*/stock.csv")
    inputs = [path for kind in kinds for path in FOLDER.glob(kind)]
    return [Pair(path.parent) for path in sorted(inputs)]


def cases() -> list[Pair | Story]:
    return [*pairs(), *stories()]


def regenerate() -> Iterator[str]:
    """Writes every case's expected files anew; names those that changed."""
    for case in cases():
        before, after = case.expected(), case.actual()
        changed = [n for n in before.keys() | after.keys() if before.get(n) != after.get(n)]
        if changed:
            case.write(after)
        yield from (f"{case.name}/{name}" for name in sorted(changed))
