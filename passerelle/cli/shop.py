"""``passerelle shop``: first aid for the shop itself."""

from contextlib import closing

import click

from passerelle.base.deadline import Deadline
from passerelle.base.language import _
from passerelle.cli.common import ask_first, json_option, print_json, with_settings, yes_option
from passerelle.config.model import Settings
from passerelle.remotes import open_remote
from passerelle.runs.shop_cache import put_away


@click.group()
def shop() -> None:
    """First aid for the shop itself.

    \b
    passerelle shop clear-cache
    """


@shop.command("clear-cache")
@yes_option
@json_option
@with_settings
def clear_cache(settings: Settings, yes: bool, as_json: bool) -> None:
    """Put the shop's cache out of its way, where the back office shows errors or blank pages.

    The folder prod in [shop] cache is renamed to prodold, or to prodold2, prodold3 and so on where
    that is taken; the shop builds a new one, and its first pages are slow. Nothing is deleted: once
    all is well, the old ones may be.

    \b
    passerelle shop clear-cache
    passerelle shop clear-cache --yes
    """
    prod = settings.needed_cache
    text = _("{folder} will be renamed; the shop builds a new one, and its first pages are slow")
    ask_first([] if as_json else [text.format(folder=prod)], yes=yes)
    server = settings.servers[prod.server]
    with closing(open_remote(prod.server, server, Deadline(settings.time_limit))) as remote:
        place = put_away(remote, prod)
    if as_json:
        print_json({"renamed": str(prod), "to": str(place)})
    else:
        told = _("{folder} is {place} now; if all is well, delete that one there")
        click.echo(told.format(folder=prod, place=place))
