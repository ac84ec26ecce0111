"""``passerelle demo``: a small shop's files, and one whole half hour played on them."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.cli.demo.players import Erp, Shop, sample
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.runs import start
from passerelle.runs.orders import run_orders as run_orders
from passerelle.runs.stock import run_stock as run_stock

Tell = Callable[[str], None]
# Tells a folder that an earlier demo made, and may be made anew, from any other.
_MARK = ".passerelle-demo"
# Below the times.
_MARGIN = " " * 7


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

    _at("10:25", _("The shop writes commandes.csv (French labels, cp1252): 12 orders."), tell)
    shop.export_orders("orders_french.csv")
    _at("10:27", "passerelle run orders", tell)
    _run(settings, "orders", tell)
    _at("10:30", _imported(erp.import_sales()), tell)
    _at("10:40", _exported(erp.export_stock()), tell)
    _at("10:47", _written_again(), tell)
    shop.export_orders("orders_english.csv")
    _at("10:49", "passerelle run stock", tell)
    _run(settings, "stock", tell)
    _at("10:50", _taken(shop.import_stock()), tell)
    _show_where_to_look(folder, tell)


def _at(time: str, text: str, tell: Tell) -> None:
    first, *more = text.splitlines()
    tell(f"{time}  {first}")
    for line in more:
        tell(f"{_MARGIN}{line}")


def _imported(ids: list[str]) -> str:
    text = _("The ERP imports the XML and deletes it: orders {ids}.")
    return text.format(ids=", ".join(ids))


def _exported(lines: int) -> str:
    return n_(
        "The ERP writes ExportCSV.csv, its stock: {n} line.",
        "The ERP writes ExportCSV.csv, its stock: {n} lines.",
        lines,
    )


def _written_again() -> str:
    # Translators: break the text into lines of at most 80 characters
    return _(
        "The shop writes commandes.csv again (English labels, UTF-8): 3 orders are new,\n"
        "and in order 1011 the quantity was mended."
    )


def _taken(levels: Mapping[str, int]) -> str:
    words = (
        n_("{n} on sale", "{n} on sale", levels["on_sale"]),
        n_("{n} held back", "{n} held back", levels["held_back"]),
        n_("{n} gift card", "{n} gift cards", levels["gift_cards"]),
    )
    text = _("The shop sets its stock from ExportCSVmod.csv and deletes it: {levels}.")
    return text.format(levels=", ".join(words))


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        mend = _("name another one for the demo")
        raise UsageError(_("the folder is not empty"), str(folder), mend)
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "server" / "import").mkdir(parents=True)
    (folder / _MARK).write_text(
        "Made by `passerelle demo`, which may replace all of it.\n", "utf-8"
    )
    (folder / "config.toml").write_bytes(sample("config.toml"))


def _run(settings: Settings, name: str, tell: Tell) -> None:
    outcome = start(settings, name)
    tell(f"{_MARGIN}-> {outcome.summary}")
    if outcome.rejected:
        code = _("exit code {code}").format(code=outcome.exit_code)
        tell(f"{_MARGIN}{code}{_(': ')}passerelle: {outcome.rejected}")


def _show_where_to_look(folder: Path, tell: Tell) -> None:
    again = f'{_program()} --config "{folder / "config.toml"}"'
    things = {
        "ArchiveExport": _("the sales XML as it was sent"),
        "Trace1.txt, Trace2.txt": _("what the two runs said"),
        "Last_ExportCSVmod.csv": _(
            "the stock as the shop got it; server/ExportCSV.csv as the ERP wrote it"
        ),
        "config.toml": _("the settings"),
    }
    tell(f"\n{_('Look at {folder}:').format(folder=folder)}")
    for name, what in things.items():
        tell(f"  {name:<22}  {what}")
    tell(f"\n{_('Go on with:')}")
    for command in ("orders list", "run orders", "stock why 3701234500713"):
        tell(f"  {again} {command}")


def _program() -> str:
    """How the person called the program, where it is not on the PATH."""
    on_path = shutil.which("passerelle")
    return "passerelle" if on_path or sys.argv[0].endswith(".py") else sys.argv[0]
