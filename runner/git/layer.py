"""GitPython's command layer, as a starter of git: for every verb that changes something."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import git.cmd
import git.exc

from runner.git.command import SET, Conversation, passed

_PIPE = -1  # what the standard library calls PIPE; GitPython hands it on to the process it starts


class _Wrapper(Protocol):
    proc: Conversation | None


def layered(
    command: Sequence[str], directory: Path, extra: Mapping[str, str], *, listens: bool, own_session: bool
) -> Conversation:
    """See runner.git.command.Starter."""
    # GitPython starts from our own environment and cannot take a variable away: `env` does, by name only.
    refused = sorted(name for name in os.environ if not passed(name) and "=" not in name)
    cleaning = [part for name in refused for part in ("-u", name)]
    try:
        wrapper = cast(
            "_Wrapper",
            git.cmd.Git(str(directory)).execute(
                [*(["env", *cleaning] if cleaning else []), *command],
                istream=_PIPE if listens else None,
                as_process=True,
                env={**SET, **extra},
                start_new_session=own_session,
            ),
        )
    except git.exc.GitCommandNotFound as error:
        raise FileNotFoundError(command[0]) from error
    # GitPython's wrapper would end the process as soon as nobody holds the wrapper.
    process, wrapper.proc = wrapper.proc, None
    assert process is not None
    return process
