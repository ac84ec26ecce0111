"""``passerelle config columns``: a file's columns, and what config.toml should say of them."""

from collections.abc import Iterator
from pathlib import Path

import click

from passerelle.base.errors import RejectedError, UnreachableError
from passerelle.base.language import _, n_
from passerelle.base.wording import shorten
from passerelle.cli.common import COMMENTS
from passerelle.config.guess.proposal import Proposal, propose
from passerelle.config.guess.sample import Sample, read_sample
from passerelle.config.shown import toml_value

# Thousands of lines: enough to see what stands in each column.
_BEGINNING = 2_000_000
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16",
              "utf-32": "UTF-32"}  # fmt: skip
_SHOWN = 40


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                metavar="FILE.csv")  # fmt: skip
@click.option("--orders", "what", flag_value="orders", help="It is the shop's order file.")
@click.option("--stock", "what", flag_value="stock", help="It is the ERP's stock file.")
def columns(source: Path, what: str | None) -> None:
    """Read a real export, and propose the [orders.columns] or [stock.columns] that fit it.

    What it prints can be pasted into config.toml. No value of the file is shown, only what kind
    of values each column holds. It needs no config.toml, and reads no more than the first 2 MB.

    \b
    passerelle config columns commandes.csv
    passerelle config columns ExportCSV.csv --stock
    """
    data, whole = _beginning(source)
    sample = read_sample(data, source.name, whole=whole)
    proposal = propose(sample, "orders" if what == "orders" else "stock" if what else None)
    for line in (*_about(source.name, sample, proposal), *_section(proposal)):
        click.echo(line)
    if proposal.missing:
        raise RejectedError(
            _("no column is found for {keys}").format(keys=", ".join(proposal.missing)),
            f"{source.name}:1",
            _("name it in [{what}.columns]").format(what=proposal.what),
        )


def _beginning(path: Path) -> tuple[bytes, bool]:
    """The file's first bytes, and whether that is all of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_BEGINNING + 1)
    except OSError as error:
        raise UnreachableError(
            _("the file cannot be read"), str(path), error.strerror or str(error)
        ) from error
    return data[:_BEGINNING], len(data) <= _BEGINNING


def _about(file: str, sample: Sample, proposal: Proposal) -> Iterator[str]:
    is_orders = proposal.what == "orders"
    kind = _("an order file") if is_orders else _("a stock file")
    other = "--stock" if is_orders else "--orders"
    sure = "" if proposal.sure else _(" (a guess; if not, say {option})").format(option=other)
    encoding = _ENCODINGS.get(sample.encoding, sample.encoding)
    yield "# " + _(": ").join((shorten(file), f"{kind}{sure}"))
    yield "# " + _("encoding {encoding}, separator {separator}, {lines}").format(
        encoding=encoding, separator=toml_value(sample.separator), lines=_lines(sample)
    )
    yield from (f"# {remark}" for remark in _remarks(sample, proposal))
    yield "#"
    yield _row(_("column"), _("what stands in it"), _("key"))
    for name, content in zip(sample.header, proposal.contents, strict=True):
        yield _row(shorten(name, _SHOWN) or _("(no name)"), content, proposal.key_of(name) or "-")


def _lines(sample: Sample) -> str:
    if sample.whole:
        return n_("{n} line below the header", "{n} lines below the header", sample.lines)
    return n_("more than {n} line (its beginning was read)",
              "more than {n} lines (its beginning was read)", sample.lines)  # fmt: skip


def _remarks(sample: Sample, proposal: Proposal) -> Iterator[str]:
    # Nobody looks for a column without a name, but the shop's import of the stock minds two.
    for name in (one for one in sample.twice() if one or proposal.what == "stock"):
        yield _("{name} stands in the header more than once: rename one in the export").format(
            name=toml_value(shorten(name, _SHOWN))
        )
    if sample.odd:
        yield n_("{n} line has another number of fields than the header",
                 "{n} lines have another number of fields than the header", sample.odd)  # fmt: skip
    if proposal.what == "stock" and sample.encoding.startswith(("utf-16", "utf-32")):
        yield _("`run stock` reads no {encoding}: have the ERP export UTF-8 or cp1252").format(
            encoding=_ENCODINGS[sample.encoding]
        )


def _row(*cells: str) -> str:
    return f"# {cells[0]:<{_SHOWN}}  {cells[1]:<40}  {cells[2]}"


def _section(proposal: Proposal) -> Iterator[str]:
    if proposal.separator:
        yield ""
        yield f"[{proposal.what}]"
        yield f"separator = {toml_value(proposal.separator)}"
    yield ""
    yield f"[{proposal.what}.columns]"
    for guess in proposal.guesses:
        text = f"{guess.key} = {toml_value(guess.column)}"
        yield f"{text:<{COMMENTS - 1}} # {guess.doubt}" if guess.doubt else text
    for key in proposal.missing:
        text, remark = f'# {key} = "…"', _("required, and not found: name its column")
        yield f"{text:<{COMMENTS - 1}} # {remark}"
    if "unit_price" in proposal.missing and proposal.without_tax:
        names = ", ".join(toml_value(shorten(name, _SHOWN)) for name in proposal.without_tax)
        yield "# " + _("not taken, since it looks like prices without tax: {names}").format(
            names=names
        )
