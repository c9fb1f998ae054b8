"""`runner completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from runner.cli.grammar import Verb

SHELLS = {
    "bash": 'eval "$(runner completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(runner completion zsh)"    # in ~/.zshrc',
    "fish": "runner completion fish | source   # in ~/.config/fish/config.fish",
}


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(context: click.Context, /, shell: str) -> int:
    """The completion script of a shell.

    It completes verbs, options, environments and targets.

    \b
    eval "$(runner completion bash)"            in ~/.bashrc
    eval "$(runner completion zsh)"             in ~/.zshrc
    runner completion fish | source             in ~/.config/fish/config.fish
    """
    spoken = get_completion_class(shell)
    assert spoken is not None
    made = spoken(context.find_root().command, {}, "runner", "_RUNNER_COMPLETE")
    # Not `made.source()`: that starts a bash to ask for its version, and only this program's own room starts programs.
    click.echo(made.source_template % made.source_vars())
    return 0
