"""The stock file in all the shapes that ERPs write; and from small to huge."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.data import Shape, StockData, records, stock_csv
from benchmarks.measure import Contender, Timings, python, ratio, take_turns
from benchmarks.suites.shared import OURS, DifferError, Outcome, Scale, target

_SHAPES = {
    "plain": Shape(),
    "blank ids": Shape(ids="blank"),
    "decimal quantities": Shape(decimals=True),
    "references": Shape(items="reference"),
    "a blank behind the numbers": Shape(items="spaced"),
    "mixed": Shape(items="mixed", ids="blank", decimals=True),
    "quoted": Shape(quoted=True),
    "with line ends in texts": Shape(newlines=True),
    "UTF-8": Shape(encoding="utf-8"),
    "tabs": Shape(separator="\t"),
}
_MODULES = {
    OURS: "stock_passerelle",
    "pandas": "stock_pandas",
    "csv module": "stock_csv_module",
    "polars": "stock_polars",
    "duckdb": "stock_duckdb",
    "raw copy": "raw_copy",
}

# What passerelle.__main__ sets.
_AS_MAIN = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
# How many times as fast as others a whole process is to be, and how much of the file it may hold.
_GOALS = {"polars": 1.5, "pandas": 4}
_PLAIN_GOALS = {"polars": 2, "pandas": 5}
_MEMORY = 4


def stock(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Everyone on the same file; what they wrote is compared cell by cell."""
    for kind, shape in _SHAPES.items():
        data = stock_csv(folder / "stock.csv", scale.stock_lines, shape)
        contenders = [*_contenders(folder, data)]
        timings = take_turns(contenders, scale.rounds)
        _compare(folder, [contender.name for contender in contenders], shape)
        title = f"Stock, {scale.stock_lines:,} lines, {kind}, {len(data.missed):,} changed"
        size = data.path.stat().st_size
        yield Outcome(title, size, timings, [*_against_goals(kind, size, timings)])


def _against_goals(kind: str, size: int, timings: Mapping[str, Timings]) -> Iterator[str]:
    """In words: which goals of a whole process are met, and which are not."""
    ours = timings[OURS]
    for name, goal in _PLAIN_GOALS.items() if kind == "plain" else _GOALS.items():
        times = ratio(ours.whole, timings[name].whole)[0]
        yield f"- {_verdict(times >= goal)}: {times:.2f} times as fast as {name}; wanted: {goal}."
    memory = ours.peak / size
    verdict = _verdict(memory <= _MEMORY)
    yield f"- {verdict}: {memory:.1f} times the file in memory; {_MEMORY} at most."


def _verdict(is_met: bool) -> str:
    return "Met" if is_met else "**Missed**"


def growth(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Passerelle alone: the time must grow with the size and no faster."""
    lines = 1_000
    while lines <= scale.longest:
        data = stock_csv(folder / "stock.csv", lines)
        contender = python(OURS, "stock_passerelle", data.path, _work(folder, data), folder / "o")
        timings = take_turns([contender], scale.rounds)
        yield Outcome(f"Stock, {lines:,} lines", data.path.stat().st_size, timings)
        lines *= 10


def _contenders(folder: Path, data: StockData) -> Iterator[Contender]:
    work = _work(folder, data)
    for name, module in _MODULES.items():
        contender = python(name, module, data.path, work, target(folder, name))
        yield replace(contender, environment=_AS_MAIN) if name == OURS else contender
    if shutil.which("mlr") and data.shape == Shape():
        yield _miller(folder, data)


def _work(folder: Path, data: StockData) -> Path:
    """What there is to do, as :class:`benchmarks.contenders.stock_work.StockWork` reads it."""
    work, shape = folder / "work.json", data.shape
    told = {
        "items": data.missed,
        "encoding": shape.encoding,
        "separator": shape.separator,
        "blanks": shape.items in ("spaced", "mixed"),
    }
    work.write_text(json.dumps(told), encoding="utf-8")
    return work


def _miller(folder: Path, data: StockData) -> Contender:
    """Miller, a program of its own: there is no telling its start from its work."""
    script = folder / "fix.mlr"
    items = ", ".join(f'"{item}": 1' for item in data.missed)
    fix = 'if (haskey(@missed, $Gencod)) {$Stock = "0"}'
    script.write_text(f"begin {{@missed = {{{items}}}}}\n{fix}\n", encoding="utf-8")
    command = 'mlr --csv --ifs ";" --ofs ";" -S put -f "$1" "$2" >"$3"'
    places = (str(script), str(data.path), str(target(folder, "miller")))
    return Contender("miller", ("sh", "-c", command, "sh", *places))


def _compare(folder: Path, names: Sequence[str], shape: Shape) -> None:
    """Cell by cell: the others quote as they like, and lose line ends' form."""
    ours = records(target(folder, OURS).read_bytes(), shape)
    for name in names:
        if name in (OURS, "raw copy"):
            continue
        if records(target(folder, name).read_bytes(), shape) != ours:
            raise DifferError(f"{name} wrote another stock")
