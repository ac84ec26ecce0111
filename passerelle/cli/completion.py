"""``passerelle completion``: what makes a shell complete commands, states, servers and files."""

import click
from click.shell_completion import CompletionItem, get_completion_class

from passerelle.base.errors import PasserelleError, UsageError
from passerelle.base.language import _
from passerelle.config.load import find_config, load_config

SHELLS = ("bash", "zsh", "fish", "powershell")
PROGRAM = "passerelle"
# By this variable the shell asks the program, and click answers before any command runs.
VARIABLE = "_PASSERELLE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, states, servers and files.

    cmd.exe cannot complete the words of a program. `passerelle` must be found on the PATH.

    \b
    In ~/.bashrc:   eval "$(passerelle completion bash)"
    In ~/.zshrc:    eval "$(passerelle completion zsh)"   (below compinit)
    Once for fish:  passerelle completion fish > ~/.config/fish/completions/passerelle.fish
    In $PROFILE:    passerelle completion powershell | Out-String | Invoke-Expression

    \b
    passerelle completion bash
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(
            _("the installed click knows no completion for {shell}").format(shell=shell),
            "",
            _("update it to 8.5 or newer"),
        )
    source = found(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    # As bytes: shells want their own line ends, on Windows too.
    click.echo(source.encode(), nl=False)


def server_names(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The servers of config.toml that begin so; none where it cannot be read."""
    try:
        servers = load_config(find_config(context.find_root().params.get("config"))).servers
    except PasserelleError:
        return []
    return [
        CompletionItem(name, help=server.url)
        for name, server in servers.items()
        if name.startswith(incomplete)
    ]


def shop_names(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The pool's shops that begin so, in the same way."""
    try:
        pool = load_config(find_config(context.find_root().params.get("config"))).pool
    except PasserelleError:
        return []
    names = pool.shops if pool else ()
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
