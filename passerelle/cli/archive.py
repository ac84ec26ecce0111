"""``passerelle archive``: by hand what runs do by themselves."""

import click

from passerelle import archive as archives
from passerelle.cli.common import now, settings_of
from passerelle.lock import hold_lock


@click.group()
def archive() -> None:
    """By hand what runs do by themselves."""


@archive.command()
@click.pass_context
def rotate(context: click.Context) -> None:
    """Move Trace1 and Trace2 to ArchiveTrace now, whatever their size."""
    settings = settings_of(context)
    with hold_lock(settings.folder, "archive rotate", now()):
        moved = archives.rotate_traces(settings.folder, settings.trace.max_size, now(), force=True)
    for path in moved:
        click.echo(f"moved to {path}")
    if not moved:
        click.echo("no trace to move, or another program holds it open")


@archive.command()
@click.pass_context
def prune(context: click.Context) -> None:
    """Remove what is older than keep_exports and keep_traces."""
    settings = settings_of(context)
    keep = settings.archive
    with hold_lock(settings.folder, "archive prune", now()):
        removed = archives.prune(settings.folder, keep.keep_exports, keep.keep_traces, now())
    click.echo(f"{removed} files removed")
