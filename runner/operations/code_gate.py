"""The static gate (DESIGN, law 5) by hand: it stands where `allow:` is written, and costs nothing elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from runner.errors import Denied
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.code_tools import CodeJudged
from runner.operations.survey import Survey, gates_of

_UNWRITTEN = (None, None, None)


def pass_code_gate(bench: Bench, whole: Survey, targets: Mapping[TargetName, Target]) -> CodeJudged:
    """What the code of `targets` may do, as far as their gates ask. Denied with everything that `allow.providers`,
    `allow.modules` or `allow.code` does not admit."""
    asked = [
        (target, gates)
        for name, target in targets.items()
        for gates in [gates_of(whole, name.environment)]
        if (gates.allow.providers, gates.allow.modules, gates.allow.code) != _UNWRITTEN
    ]
    if not asked:
        return CodeJudged()
    found = bench.tools.judge_code(whole.tree, whole.code, asked)
    if found.refusals:
        raise Denied(found.refusals)
    return found
