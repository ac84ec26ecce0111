"""``passerelle console``: the page of how it goes, live, with buttons."""

import click

from passerelle.cli.common import config_path, needs_web, settings_of


@click.command()
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:0", show_default=True,
              help="Listen there, on this machine alone; port 0 is any free one.")  # fmt: skip
@click.option(
    "--no-open", is_flag=True, help="Open no browser: print the address, as the last word."
)
@click.pass_context
def console(context: click.Context, listen: str, no_open: bool) -> None:
    """Show how it goes on a live page with buttons, until it is ended with Ctrl+C.

    The page is that of `passerelle report`, and renews itself. Each button is a command of this
    program, under the same lock, and says which; what cannot be taken back asks first. Only who
    has the whole address can look, and only on this machine.

    \b
    passerelle console
    passerelle console --listen 127.0.0.1:8480 --no-open
    """
    needs_web("console")
    from passerelle.console.main import serve_console

    serve_console(settings_of(context), config_path(context), listen, opens=not no_open)
