"""``passerelle export`` and ``compare``: tables for people, and two systems' files side by side."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from passerelle.base.errors import RejectedError, UsageError
from passerelle.base.language import N_, _, n_
from passerelle.base.progress import step
from passerelle.base.wording import fields_of, printable
from passerelle.cli.common import (
    deliver,
    json_option,
    print_json,
    print_table,
    tell,
    usual_settings,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.config.model import Settings

if TYPE_CHECKING:
    from passerelle.runs.comparison import Compared, Comparison

_COLUMNS = (N_("what"), N_("key"), N_("column"), N_("old"), N_("new"))


@click.command()
@click.argument("what", type=click.Choice(["orders", "missed", "stock", "runs"]))
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]),
    help="Only what is dated that day or later: 2026-11-25, or 25/11/2026.",
)
@click.option(
    "-o",
    "output",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here: a .csv, .xlsx or .html.",
)
@with_settings
def export(settings: Settings, what: str, since: datetime | None, output: Path) -> None:
    """Write orders, missed orders, stock or runs as a table: CSV, Excel or HTML.

    orders: every order, its state, what was paid, when and as what it was sent. missed: the
    orders that a person has to enter or see to, a line for each product. stock: what the last
    publication (or those since a day) held back, and for which orders. runs: every run.

    Columns and states are in your language. A CSV in French has ; and decimal commas, as Excel
    there reads it. A file of that name is replaced, as with every -o.

    \b
    passerelle export missed -o caisse.xlsx
    passerelle export orders --since 2026-11-01 -o commandes.csv
    """
    from passerelle.runs.export import SHEETS, Asked
    from passerelle.runs.export_files import WRITERS, write_sheet

    ending = output.suffix.lower()
    if ending not in WRITERS:
        mend = _("name a file that ends in {endings}").format(endings=", ".join(WRITERS))
        raise UsageError(_("its ending does not say what to write"), str(output), mend)
    begin = since.astimezone() if since else None
    with (
        reading_ledger(settings) as ledger,
        step(_("writing {file}").format(file=output.name), unit="lines"),
    ):
        data, number = write_sheet(SHEETS[what], Asked(settings, ledger, begin), ending)
        deliver(data, output)
    click.echo(n_("{n} line: {file}", "{n} lines: {file}", number, file=output))


@click.command()
@click.argument("old", metavar="OLD", type=click.Path(exists=True, path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="COLUMN",
    help="The column that names a line; several together do. Of an XML, as ORDER/ID.  "
    "[that of config.toml]",
)
@click.option(
    "--ignore", multiple=True, metavar="COLUMN", help="Leave this column out; may stand again."
)
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=200, help="How many to print.  [200]"
)
@json_option
@click.pass_context
def compare(
    context: click.Context,
    old: Path,
    new: Path,
    keys: tuple[str, ...],
    ignore: tuple[str, ...],
    count: int,
    as_json: bool,
) -> None:
    """Say what differs between OLD and NEW: two stock CSVs, two sales XMLs, or two folders.

    For whoever runs two systems side by side. What is only in one, and which values differ, by
    item number (or product id) in a CSV, by order and item in an XML. The order of lines and
    columns does not count, nor the way of writing a number: 5 is 5,00. In folders, CSVs are
    compared by their names, XMLs by the orders in them. Names of columns and elements are those
    of config.toml, where there is one.

    Exit code 0 when they are equal, 5 when they differ, 4 when one cannot be read whole.

    \b
    passerelle compare old/ExportCSVmod.csv new/ExportCSVmod.csv
    passerelle compare old/import new/import --ignore date
    passerelle compare old.csv new.csv --key Reference --key Taille
    """
    from passerelle.runs.comparison import compare_paths
    from passerelle.runs.comparison_files import Terms

    terms = Terms(usual_settings(context), keys, ignore)
    with step(_("comparing {old} and {new}").format(old=old.name, new=new.name)):
        found = compare_paths(old, new, terms)
    if as_json:
        print_json(_as_dict(found))
    else:
        for note in found.notes:
            click.echo(f"! {note}", err=True)
        _tell(found, count)
    if not found.is_equal:
        context.exit(RejectedError.exit_code)


def _tell(found: "Compared", count: int) -> None:
    for one in found.comparisons:
        rows = [*_rows(one)]
        text = _("{old} ({lines} lines) and {new} ({others} lines)")
        click.echo(text.format(old=one.old.name, lines=len(one.old.rows),
                               new=one.new.name, others=len(one.new.rows)))  # fmt: skip
        print_table(_COLUMNS, rows[:count])
        if len(rows) > count:
            click.echo(_("and {n} more; -n shows more of them").format(n=len(rows) - count))
        click.echo(_sum(one, len(rows)))
    tell(_("only in {side}: {file}").format(side="OLD", file=file) for file in found.files_only_old)
    tell(_("only in {side}: {file}").format(side="NEW", file=file) for file in found.files_only_new)


def _rows(one: "Comparison") -> Iterator[tuple[str, ...]]:
    only = _("only in {side}")
    for side, columns in (("OLD", one.columns_only_old), ("NEW", one.columns_only_new)):
        yield from ((only.format(side=side), "", printable(name), "", "") for name in columns)
    for side, keys in (("OLD", one.only_old), ("NEW", one.only_new)):
        yield from ((only.format(side=side), printable(str(key)), "", "", "") for key in keys)
    for each in one.different:
        texts = (str(each.key), each.column, each.old, each.new)
        yield (_("different"), *map(printable, texts))


def _sum(one: "Comparison", number: int) -> str:
    if not number:
        return _("they are equal")
    return n_(
        "{n} difference: {old} only in OLD, {new} only in NEW, {values} with another value",
        "{n} differences: {old} only in OLD, {new} only in NEW, {values} with another value",
        number,
        old=len(one.only_old) + len(one.columns_only_old),
        new=len(one.only_new) + len(one.columns_only_new),
        values=len(one.different),
    )


def _as_dict(found: "Compared") -> dict[str, Any]:
    alone = fields_of(found, "files_only_old", "files_only_new", "notes")
    compared = [
        {
            "old": one.old.name,
            "new": one.new.name,
            "equal": one.is_equal,
            "only_old": [*map(str, one.only_old)],
            "only_new": [*map(str, one.only_new)],
            **fields_of(one, "columns_only_old", "columns_only_new"),
            "different": [
                {"key": str(each.key), **fields_of(each, "column", "old", "new")}
                for each in one.different
            ],
        }
        for one in found.comparisons
    ]
    return {"equal": found.is_equal, "compared": compared, **alone}
