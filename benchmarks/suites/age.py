"""What a run costs in a ledger of many years, and beside a full archive: it should be flat."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.measure import Contender, take_turns
from benchmarks.shop import Shop, served
from benchmarks.suites.shared import Outcome, Scale
from tests.years import fill_ledger

ORDERS, STOCK_LINES = 40, 2_000


def age(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Both runs, on ledgers and archives of several ages."""
    with served(folder / "shop") as shop:
        shop.open_with(1, STOCK_LINES)
        shop.play("run", "stock")
        shop.play("run", "orders")
        shop.takes_all()
        shop.open_with(1 + ORDERS, STOCK_LINES)
        fresh = folder / "fresh"
        shutil.copytree(shop.data, fresh)
        for orders in scale.ages:
            shop.data_from(fresh)
            fill_ledger(shop.data / "passerelle.db", orders)
            yield _both(shop, f"a ledger of {orders:,} orders", scale)
        for files in scale.archives:
            shop.data_from(fresh)
            fill_archive(shop.data / "ArchiveExport", files)
            yield _both(shop, f"an archive of {files:,} files", scale)


def _both(shop: Shop, title: str, scale: Scale) -> Outcome:
    shop.remember()
    names = ("run orders", "run stock")
    contenders = [Contender(n, shop.run(*n.split()), shop.lay_out) for n in names]
    return Outcome(f"Runs on {title}", 0, take_turns(contenders, scale.rounds * 2), ours="")


def fill_archive(folder: Path, files: int) -> None:
    """XMLs of the last ninety days, as many as there are; they are kept."""
    folder.mkdir(exist_ok=True)
    now = datetime.now().astimezone()
    for number in range(files):
        at = now - timedelta(days=90) * ((number + 1) / (files + 1))
        (folder / f"old_{at:%Y%m%d_%H%M%S}_{number}.xml").write_bytes(b"<orders/>\n")
