"""The stock file, plain, quoted, and with line ends inside its texts; and from small to huge."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.data import StockData, records, stock_csv
from benchmarks.measure import Contender, python, take_turns
from benchmarks.suites.shared import OURS, DifferError, Outcome, Scale, target

_KINDS = {
    "plain": {"quoted": False},
    "quoted": {"quoted": True},
    "with line ends in texts": {"quoted": True, "newlines": True},
}
_MODULES = {
    OURS: "stock_passerelle",
    "pandas script": "stock_script",
    "csv module": "stock_csv_module",
    "polars": "stock_polars",
    "duckdb": "stock_duckdb",
    "raw copy": "raw_copy",
}


def stock(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Everyone on the same file; what they wrote is compared cell by cell."""
    for kind, options in _KINDS.items():
        data = stock_csv(folder / "stock.csv", scale.stock_lines, **options)
        contenders = [*_contenders(folder, data)]
        timings = take_turns(contenders, scale.rounds)
        _compare(folder, [contender.name for contender in contenders])
        title = f"Stock, {scale.stock_lines:,} lines, {kind}, {len(data.missed):,} changed"
        yield Outcome(title, data.path.stat().st_size, timings)


def growth(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Passerelle alone: the time must grow with the size and no faster."""
    lines = 1_000
    while lines <= scale.longest:
        data = stock_csv(folder / "stock.csv", lines, quoted=False)
        contender = python(OURS, "stock_passerelle", data.path, _missed(folder, data), folder / "o")
        timings = take_turns([contender], scale.rounds)
        yield Outcome(f"Stock, {lines:,} lines", data.path.stat().st_size, timings)
        lines *= 10


def _contenders(folder: Path, data: StockData) -> Iterator[Contender]:
    missed = _missed(folder, data)
    for name, module in _MODULES.items():
        yield python(name, module, data.path, missed, target(folder, name))
    if shutil.which("mlr"):
        yield _miller(folder, data)


def _missed(folder: Path, data: StockData) -> Path:
    missed = folder / "missed.json"
    missed.write_text(json.dumps(data.missed), encoding="utf-8")
    return missed


def _miller(folder: Path, data: StockData) -> Contender:
    """Miller, a program of its own: there is no telling its start from its work."""
    script = folder / "fix.mlr"
    items = ", ".join(f'"{item}": 1' for item in data.missed)
    fix = 'if (haskey(@missed, $Gencod)) {$Stock = "0"}'
    script.write_text(f"begin {{@missed = {{{items}}}}}\n{fix}\n", encoding="utf-8")
    command = 'mlr --csv --ifs ";" --ofs ";" -S put -f "$1" "$2" >"$3"'
    places = (str(script), str(data.path), str(target(folder, "miller")))
    return Contender("miller", ("sh", "-c", command, "sh", *places))


def _compare(folder: Path, names: Sequence[str]) -> None:
    """Cell by cell: the others quote as they like, and lose line ends' form."""
    ours = records(target(folder, OURS).read_bytes(), "cp1252")
    for name in names:
        if name in (OURS, "raw copy"):
            continue
        if records(target(folder, name).read_bytes(), "cp1252") != ours:
            raise DifferError(f"{name} wrote another stock")
