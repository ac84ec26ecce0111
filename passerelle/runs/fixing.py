"""``fix``: the pure rules on a local stock file, without ledger or server."""

from pathlib import Path

from passerelle.config.model import Settings
from passerelle.model.orders import Missed
from passerelle.rules.guards import check_lines
from passerelle.runs.local_files import Rehearsal, read_local
from passerelle.runs.stock_remarks import describe_fix, stock_rejection
from passerelle.stock_csv_fix.fix import fix_stock


def fix_file(settings: Settings, source: Path, order_file: Path | None) -> Rehearsal:
    """The corrected form of a local stock CSV; what a local order CSV sold counts as missed.

    Raises :class:`PasserelleError` where a file or the config is unusable.
    """
    stock = settings.needed_stock
    missed, told = dict[str, Missed](), list[str]()
    if order_file:
        # Most who fix a file have no orders beside it.
        from passerelle.rules.missed_sales import all_sold
        from passerelle.runs.order_remarks import remarks
        from passerelle.runs.rehearsal import read_local_orders

        file = read_local_orders(settings, order_file)
        missed = all_sold(file.readings, settings.needed_orders)
        told = [f"! {note}" for note in remarks(file)]
    fixed = fix_stock(read_local(source), stock, missed, source.name)
    check_lines(fixed.in_stock, stock.guards, source.name, fixed.faults)
    return Rehearsal(fixed.pieces, [*told, *describe_fix(fixed)], stock_rejection(fixed))
