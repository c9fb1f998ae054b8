"""Which targets a person means, as typed; `decisions.selection` resolves it."""

from __future__ import annotations

from msgspec import Struct

from runner.model.names import TargetName


class SelectionRequest(Struct, frozen=True, kw_only=True):
    """`selectors` in DESIGN's language (section 2); the rest narrows or widens. `changed` None: not asked for; empty:
    since the merge base with the default branch; else a range. `touched`: the targets that this came to, None as
    long as nobody looked."""

    selectors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    changed: str | None = None
    touched: frozenset[TargetName] | None = None
    with_dependents: bool = False
    with_dependencies: bool = False
    all_environments: bool = False
