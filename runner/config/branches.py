"""Which branch an environment's merges are applied from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.config.layout import PLACEHOLDER


def default_branch(written: str, remote_head: str, local: Sequence[str]) -> str:
    """runner.yaml's, else the remote's HEAD, else the only local branch; empty where none of these says."""
    if written or remote_head:
        return written or remote_head
    return local[0] if len(local) == 1 else ""


def branches_of(environment: str, patterns: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The branches that `branches:` (branch pattern, environment pattern) gives to `environment`: those of patterns
    that name it, else those of patterns that match it. One is right; two are for the caller to refuse."""
    named = tuple(branch for branch, name in patterns if name == environment)
    if named:
        return tuple(dict.fromkeys(named))
    matched = (_rendered(branch, name, environment) for branch, name in patterns)
    return tuple(dict.fromkeys(branch for branch in matched if branch))


def unbound(branch: str, environment: str) -> tuple[str, ...]:
    """Names in a branch pattern to which the environment pattern gives no value."""
    given = {found[1] for found in PLACEHOLDER.finditer(environment)}
    return tuple(found[1] for found in PLACEHOLDER.finditer(branch) if found[1] not in given)


def _rendered(branch: str, pattern: str, environment: str) -> str:
    """The branch, with what `pattern` captures of the environment's name; empty when it does not match."""
    names: list[str] = []
    expression, end = "", 0
    for found in PLACEHOLDER.finditer(pattern):
        expression += re.escape(pattern[end : found.start()])
        expression += f"(?P={found[1]})" if found[1] in names else f"(?P<{found[1]}>.+)"
        names.append(found[1])
        end = found.end()
    match = re.fullmatch(expression + re.escape(pattern[end:]), environment)
    if not match:
        return ""
    values = match.groupdict()
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), branch)
