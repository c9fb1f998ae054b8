"""What the configuration says of a target's closure, whatever its engine: `reads:`, hooks, keys that reach it."""

from __future__ import annotations

from runner.decisions.gathering import Gathering
from runner.decisions.globs import is_glob
from runner.decisions.lookup import joined
from runner.decisions.reaching import settings_that_reach
from runner.model.environment import Gates
from runner.model.target import Target


def gather_said(
    target: Target, gates: Gates, found: Gathering, directory: str, declared: frozenset[str] | None
) -> None:
    """Adds it to `found`. `directory`: the stack's, free of links; `declared`: see `settings_that_reach`."""
    for written in target.stack.reads:
        because = f"`reads` names it (`{written}`)"
        if joined(".", written) is None:
            message = f"`reads: {written}` leaves the repository"
            found.tell("reads-outside-repository", message, None, hint="name what lies in the repository")
        elif is_glob(written):
            found.members(".", written, because, None)
        elif (place := found.reach(".", written, because, None)) is not None:
            found.file(place, because)
    if gates.hooks.before_preview or gates.hooks.before_apply:
        found.everything(directory, "a hook may read all of the stack's directory")
    for name, (value, why) in settings_that_reach(target, gates, declared).items():
        found.setting(name, value, why)
