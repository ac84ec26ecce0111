"""``passerelle demo``: a small shop's files, and one whole half hour played on them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from passerelle.config import Settings, load_config
from passerelle.demo.players import Erp, Shop, sample
from passerelle.errors import UsageError
from passerelle.gateway import Story, perform
from passerelle.runs.orders import run_orders
from passerelle.runs.stock import run_stock

Tell = Callable[[str], None]

# Tells a folder that an earlier demo made, and may be made anew, from any other.
_MARK = ".passerelle-demo"


def play(folder: Path, tell: Tell) -> None:
    """Plays one half hour in ``folder`` and leaves the files there to look at.

    The very runs of the product work on a folder that stands in for the FTP server. Raises
    :class:`UsageError` for a folder that holds something else.
    """
    folder = folder.absolute()
    _prepare(folder)
    server = folder / "server"
    shop, erp = Shop(server), Erp(server)
    settings = load_config(folder / "config.toml")

    tell("10:25  The shop writes commandes.csv (French labels, cp1252): 12 orders.")
    shop.export_orders("orders_french.csv")
    tell("10:27  passerelle run orders")
    _run(settings, "orders", run_orders, tell)
    booked = erp.import_sales()
    tell(f"10:30  The ERP imports the XML and deletes it: orders {', '.join(booked)}.")
    tell(f"10:40  The ERP writes ExportCSV.csv, its stock: {erp.export_stock()} lines.")
    tell("10:47  The shop writes commandes.csv again (English labels, UTF-8): 3 orders are new,")
    tell("       and in order 1011 the quantity was mended.")
    shop.export_orders("orders_english.csv")
    tell("10:49  passerelle run stock")
    _run(settings, "stock", run_stock, tell)
    levels = ", ".join(f"{count} {kind}" for kind, count in shop.import_stock().items())
    tell(f"10:50  The shop sets its stock from ExportCSVmod.csv and deletes it: {levels}.")
    _show_where_to_look(folder, tell)


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError("the folder is not empty", str(folder), "name another one for the demo")
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "server" / "import").mkdir(parents=True)
    (folder / _MARK).write_text(
        "Made by `passerelle demo`, which may replace all of it.\n", "utf-8"
    )
    (folder / "config.toml").write_bytes(sample("config.toml"))


def _run(settings: Settings, name: str, story: Story, tell: Tell) -> None:
    outcome = perform(settings, name, story)
    tell(f"       -> {outcome.summary}")
    if outcome.rejected:
        tell(f"       exit code {outcome.exit_code}: passerelle: {outcome.rejected}")


def _show_where_to_look(folder: Path, tell: Tell) -> None:
    again = f'{_program()} --config "{folder / "config.toml"}"'
    tell(f"""
Look at {folder}:
  ArchiveExport           the sales XML as it was sent
  Trace1.txt, Trace2.txt  what the two runs said
  Last_ExportCSVmod.csv   the stock as the shop got it; server/ExportCSV.csv as the ERP wrote it
  config.toml             the settings

Go on with:
  {again} orders list
  {again} run orders
  {again} stock why 3701234500713""")


def _program() -> str:
    """How the person called the program, where it is not on the PATH."""
    on_path = shutil.which("passerelle")
    return "passerelle" if on_path or sys.argv[0].endswith(".py") else sys.argv[0]
