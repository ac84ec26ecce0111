"""Whole runs over FTP, from the start of the process to its end.

Beside each: the import of the modules that it used, and the conversation with the server alone. A
run should take at most twice the one plus the other.
"""

import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import Contender, Timings, python, take_turns
from benchmarks.shop import Shop, served
from benchmarks.suites.shared import OURS, Outcome, Scale

ORDERS, STOCK_LINES = 40, 20_000
_IMPORTS, _TALK = "its imports alone", "its round trips alone"


def runs(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """``run orders`` with 40 new orders, ``run stock`` with 20,000 lines."""
    with served(folder / "shop") as shop:
        shop.open_with(1, STOCK_LINES)
        shop.play("run", "stock")  # measures the server's clock, as once a day
        shop.play("run", "orders")
        shop.takes_all()
        shop.open_with(1 + ORDERS, STOCK_LINES)
        shop.remember()
        for run in ("orders", "stock"):
            yield _measured(shop, folder, run, scale)


def _measured(shop: Shop, folder: Path, run: str, scale: Scale) -> Outcome:
    modules, log = folder / f"{run}.modules", folder / f"{run}.log"
    shop.lay_out()
    arguments = ("--config", shop.folder / "config.toml", "run", run)
    python("its imports", "imports", modules, *arguments).check()
    log.write_text("\n".join(shop.asked()), encoding="utf-8")
    commands, size = len(shop.asked()), max(path.stat().st_size for path in _published(shop, run))
    talk = python(_TALK, "round_trips", shop.port, log, size)
    contenders = [
        Contender(OURS, shop.run("run", run), shop.lay_out),
        python(_IMPORTS, "imports", modules),
        Contender(_TALK, talk.command, shop.lay_out),
    ]
    timings = take_turns(contenders, scale.rounds * 3)
    title = {
        "orders": f"`run orders`, {ORDERS} new",
        "stock": f"`run stock`, {STOCK_LINES:,} lines",
    }
    return Outcome(title[run], 0, timings, (*_bound(timings, commands),))


def _published(shop: Shop, run: str) -> Iterator[Path]:
    yield from shop.server.glob({"orders": "import/*.xml", "stock": "ExportCSVmod.csv"}[run])


def _bound(timings: Mapping[str, Timings], commands: int) -> Iterator[str]:
    imports = statistics.median(timings[_IMPORTS].whole)
    talk = statistics.median(timings[_TALK].inside)
    ours = statistics.median(timings[OURS].whole)
    yield f"{commands} commands to the server. Twice the imports plus the round trips are"
    yield f"{2 * imports + talk:.3f} s; the run takes {ours:.3f} s."
