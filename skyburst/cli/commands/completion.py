"""`skyburst completion`."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands with TAB: names of analyses, their parameters, ids of jobs.

    \b
    Examples:
      echo 'eval "$(skyburst completion bash)"' >> ~/.bashrc
      echo 'eval "$(skyburst completion zsh)"' >> ~/.zshrc
      skyburst completion fish > ~/.config/fish/completions/skyburst.fish
    """
    from click.shell_completion import get_completion_class

    from skyburst.cli.bash import VARIABLE, use_our_bash

    use_our_bash()
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "skyburst", VARIABLE).source())
