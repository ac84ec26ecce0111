"""``passerelle pool``: one stock that several shops share."""

import click

from passerelle.base.language import N_, _, n_
from passerelle.base.wording import local
from passerelle.base.words import gtin
from passerelle.cli.common import (
    end_with,
    json_option,
    now,
    print_json,
    print_table,
    shop_names,
    state_cell,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger, writing_ledger
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway, Outcome, perform
from passerelle.health.pool import (
    PoolShopHealth,
    as_dict,
    happened,
    look_at_pool,
    names_in,
    suspects_in_words,
)
from passerelle.model.pool import ShopState

_shop = click.argument("shop", metavar="SHOP", shell_complete=shop_names)
_dry_run = click.option(
    "--dry-run", is_flag=True, help="Show what would change; change nothing anywhere."
)


@click.group()
def pool() -> None:
    """One stock that several shops share: who takes part, what was moved and why.

    `passerelle run pool` does the work; docs/pool.md tells how to set it up.

    \b
    passerelle pool join be --via fr
    passerelle pool status
    """


@pool.command()
@json_option
@with_settings
def check(settings: Settings, as_json: bool) -> None:
    """Name what can take no part: items without a number, and numbers met twice, with their lines.

    Every shop of config.toml is looked at. Exit code 5 where there are any.

    \b
    passerelle pool check
    """
    from passerelle.runs import pool_steering

    found: list[pool_steering.CheckedShop] = []

    def look(gateway: Gateway) -> Outcome:
        for checked in pool_steering.check_shops(gateway):
            found.append(checked)
            for line in () if as_json else pool_steering.describe_check(checked):
                gateway.say(line)
        return Outcome("")

    perform(settings, "pool check", look, dry_run=True, console=not as_json)
    if as_json:
        print_json([pool_steering.as_dict(one) for one in found])
    end_with(pool_steering.verdict(found))


@pool.command()
@_shop
@click.option(
    "--via",
    required=True,
    metavar="MEMBER",
    shell_complete=shop_names,
    help="The member whose levels it gets.",
)
@_dry_run
@with_settings
def join(settings: Settings, shop: str, via: str, dry_run: bool) -> None:
    """Ask that a shop joins the pool through a member; `pool accept` completes it.

    The member's levels will overwrite those of the shop. Until it is accepted it gets nothing.

    \b
    passerelle pool join be --via fr
    passerelle pool join be --via fr --dry-run
    """
    from passerelle.runs.pool_steering import ask, preview

    if dry_run:
        click.echo(_("dry run: nothing is changed anywhere"))
        outcome = perform(settings, "pool join", lambda g: preview(g, shop, via), dry_run=True)
        end_with(outcome.rejected)
        return
    with writing_ledger(settings, "pool join") as ledger:
        tell(ask(settings, ledger, shop, via, now()))


@pool.command()
@_shop
@_dry_run
@with_settings
def accept(settings: Settings, shop: str, dry_run: bool) -> None:
    """Complete a join: write the member's levels into the shop that has asked.

    It takes part once its import took that file; from now on what it sells counts.

    \b
    passerelle pool accept be --dry-run
    passerelle pool accept be
    """
    from passerelle.runs.pool_steering import accept as accept_shop

    if dry_run:
        click.echo(_("dry run: nothing is changed anywhere"))
    outcome = perform(
        settings, "pool accept", lambda g: accept_shop(g, shop, in_full=dry_run), dry_run=dry_run
    )
    end_with(outcome.rejected)


@pool.command()
@_shop
@with_settings
def leave(settings: Settings, shop: str) -> None:
    """Take a shop out of the pool: it keeps its levels and gets nothing any more.

    \b
    passerelle pool leave be
    """
    from passerelle.runs.pool_steering import leave as leave_pool

    with writing_ledger(settings, "pool leave") as ledger:
        tell(leave_pool(settings, ledger, shop, now()))


@pool.command()
@json_option
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    """Show each shop: items, when it was last written, what is held; and what is oversold.

    \b
    passerelle pool status
    """
    section = settings.needed_pool
    with reading_ledger(settings) as ledger:
        health = look_at_pool(section, ledger)
    if as_json:
        print_json(as_dict(health))
        return
    columns = N_("shop"), N_("state"), N_("items"), N_("read"), N_("last written"), N_("held")
    print_table(columns, [_row(shop) for shop in health.shops])
    items = n_("{n} item in the pool", "{n} items in the pool", health.items)
    click.echo(items)
    for shop in health.shops:
        for line in suspects_in_words(shop.suspects):
            click.echo(f"! {line}")
    for item, missing in health.owed.items():
        text = _("{item}: oversold by {n}: `passerelle pool log --item {item}`")
        click.echo(f"! {text.format(item=item, n=missing)}")


def _row(shop: PoolShopHealth) -> tuple[str, ...]:
    written = local(shop.file.at if shop.file else None)
    if shop.waits:
        written = _("{time}, not taken yet").format(time=written)
    state = state_cell(shop.state) if shop.state else _("no part")
    if shop.via and shop.state == ShopState.ASKED:
        state = _("asked, via {shop}").format(shop=shop.via)
    return (
        shop.name,
        state,
        str(shop.items),
        local(shop.read),
        written,
        str(len(shop.suspects)),
    )


@pool.command()
@click.option(
    "--item", metavar="NUMBER", help="Only what moved this item, in any form of its number."
)
@click.option(
    "--shop", metavar="SHOP", shell_complete=shop_names, help="Only what came from this shop."
)
@click.option("-n", "count", type=click.IntRange(min=1), default=100, help="How many.  [100]")
@json_option
@with_settings
def log(settings: Settings, item: str | None, shop: str | None, count: int, as_json: bool) -> None:
    """Tell what happened when and why, newest first: orders, changes by hand, joins.

    \b
    passerelle pool log --item 3701234567890
    passerelle pool log --shop be -n 20
    """
    key = None if item is None else gtin(item)
    of_tills = settings.pool.of_tills if settings.pool else {}
    with reading_ledger(settings) as ledger:
        is_known = shop in of_tills or shop in ledger.pool.shops(with_views=False)
        if shop is not None and not is_known:
            from passerelle.runs.pool_steering import check_named

            check_named(settings.needed_pool, shop)
        moves = ledger.pool.log(key, shop, count)
    if as_json:
        print_json(moves)
    elif not moves:
        click.echo(_("nothing has happened yet"))
    else:
        names = names_in(settings, moves)
        rows = [
            (
                local(m.at),
                m.shop or "-",
                m.item or "-",
                f"{m.quantity:+d}" if m.item else "-",
                happened(m, names if m.shop in of_tills else {}),
            )
            for m in moves
        ]
        columns = N_("when"), N_("shop"), N_("item"), N_("moved"), N_("why")
        print_table(columns, rows)
