"""The suites: which contenders do which work, and what is compared."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from benchmarks.data import StockData, order_csv, records, stock_csv
from benchmarks.measure import Contender, Timings, python, take_turns

OURS = "passerelle"


@dataclass(frozen=True)
class Outcome:
    """A suite's timings, in the order to show, and how big the input was."""

    title: str
    size: int
    timings: dict[str, Timings]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Scale:
    """How much work: lines, and rounds."""

    stock_lines: int = 1_000_000
    order_lines: int = 200_000
    longest: int = 10_000_000
    rounds: int = 3


QUICK = Scale(stock_lines=20_000, order_lines=4_000, longest=100_000, rounds=1)


class DifferError(Exception):
    """Two contenders did not do the same work."""


def stock(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The stock file, plain, quoted, and with line ends inside its texts."""
    kinds = {
        "plain": {"quoted": False},
        "quoted": {"quoted": True},
        "with line ends in texts": {"quoted": True, "newlines": True},
    }
    for kind, options in kinds.items():
        data = stock_csv(folder / "stock.csv", scale.stock_lines, **options)
        contenders = [*_stock_contenders(folder, data)]
        timings = take_turns(contenders, scale.rounds)
        _compare_stock(folder, [contender.name for contender in contenders])
        title = f"Stock, {scale.stock_lines:,} lines, {kind}, {len(data.missed):,} changed"
        yield Outcome(title, data.path.stat().st_size, timings)


def _stock_contenders(folder: Path, data: StockData) -> Iterator[Contender]:
    missed = folder / "missed.json"
    missed.write_text(json.dumps(data.missed), encoding="utf-8")
    names = {OURS: "stock_passerelle", "pandas script": "stock_script",
             "csv module": "stock_csv_module", "polars": "stock_polars", "duckdb": "stock_duckdb",
             "raw copy": "raw_copy"}  # fmt: skip
    for name, module in names.items():
        yield python(name, module, data.path, missed, _target(folder, name))
    if shutil.which("mlr"):
        yield _miller(folder, data)


def _miller(folder: Path, data: StockData) -> Contender:
    """Miller, a program of its own: there is no telling its start from its work."""
    script = folder / "fix.mlr"
    items = ", ".join(f'"{item}": 1' for item in data.missed)
    fix = 'if (haskey(@missed, $Gencod)) {$Stock = "0"}'
    script.write_text(f"begin {{@missed = {{{items}}}}}\n{fix}\n", encoding="utf-8")
    target = _target(folder, "miller")
    command = 'mlr --csv --ifs ";" --ofs ";" -S put -f "$1" "$2" >"$3"'
    return Contender(
        "miller", ("sh", "-c", command, "sh", str(script), str(data.path), str(target))
    )


def _target(folder: Path, name: str) -> Path:
    return folder / f"out-{name.replace(' ', '-')}"


def _compare_stock(folder: Path, names: Sequence[str]) -> None:
    """Cell by cell: the others quote as they like, and lose line ends' form."""
    ours = records(_target(folder, OURS).read_bytes(), "cp1252")
    for name in names:
        if name in (OURS, "raw copy"):
            continue
        data = _target(folder, name).read_bytes()
        if records(data, "cp1252") != ours:
            raise DifferError(f"{name} wrote another stock")


def orders(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The order file."""
    source = order_csv(folder / "orders.csv", scale.order_lines)
    names = {OURS: "orders_passerelle", "pandas script": "orders_script",
             "csv and ElementTree": "orders_elementtree"}  # fmt: skip
    contenders = [python(n, module, source, _target(folder, n)) for n, module in names.items()]
    timings = take_turns(contenders, scale.rounds)
    for name in names:
        if _canonical(_target(folder, name)) != _canonical(_target(folder, OURS)):
            raise DifferError(f"{name} wrote other orders")
    limit = [
        python("libxml2 writing a ready tree", "xml_limit", _target(folder, OURS), folder / "x")
    ]
    timings |= take_turns(limit, scale.rounds)
    yield Outcome(f"Orders, {scale.order_lines:,} lines", source.stat().st_size, timings)


def _canonical(path: Path) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True, huge_tree=True)
    tree = etree.parse(path, parser)
    for element in tree.iter("generated"):
        element.text = ""
    return etree.tostring(tree, method="c14n")


def growth(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Passerelle alone, on files from small to very large: the time must grow with the size."""
    lines = 1_000
    while lines <= scale.longest:
        data = stock_csv(folder / "stock.csv", lines, quoted=False)
        missed = folder / "missed.json"
        missed.write_text(json.dumps(data.missed), encoding="utf-8")
        contender = python(OURS, "stock_passerelle", data.path, missed, folder / "out")
        timings = take_turns([contender], scale.rounds)
        yield Outcome(f"Stock, {lines:,} lines", data.path.stat().st_size, timings)
        lines *= 10


def starts(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """What it costs to start at all."""
    (folder / "config").mkdir(exist_ok=True)
    program = (sys.executable, "-m", "passerelle")
    contenders = [
        Contender("python alone", (sys.executable, "-c", "pass")),
        Contender("passerelle --version", (*program, "--version")),
        Contender("passerelle --help", (*program, "--help")),
    ]
    yield Outcome("Starts", 0, take_turns(contenders, max(scale.rounds, 3) * 3))


SUITES: dict[str, Callable[[Path, Scale], Iterator[Outcome]]] = {
    "stock": stock,
    "orders": orders,
    "growth": growth,
    "starts": starts,
}


def run_suites(names: Sequence[str], scale: Scale) -> Iterator[Outcome]:
    """The outcomes, one after the other; each suite has a folder that goes away."""
    for name in names:
        print(name, flush=True)
        with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
            yield from SUITES[name](Path(folder), scale)
