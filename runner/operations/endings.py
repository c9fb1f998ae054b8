"""What a run says last: how many ended how, and what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence

from runner.model.happening import TargetFinished
from runner.model.names import TargetName


def counted_outcomes(outcomes: Mapping[TargetName, TargetFinished]) -> Mapping[str, int]:
    """Outcome -> number of targets."""
    return dict(sorted(Counter(outcome.outcome for outcome in outcomes.values()).items()))


def next_steps(
    run: str,
    outcomes: Mapping[TargetName, TargetFinished],
    states: Mapping[TargetName, str],
    environments: Sequence[str],
    spoken: Container[TargetName],
) -> tuple[str, ...]:
    """Commands that make sense after the end of `run`; `states` are those of `status`, `spoken` are the targets of
    which an engine said something."""
    held = [str(name) for name, state in states.items() if state == "held"]
    if held and not outcomes:
        return (f"runner up {' '.join(held)}",)
    failed = [name for name, outcome in outcomes.items() if outcome.outcome == "failed"]
    unknown = [name for name, outcome in outcomes.items() if outcome.exit_code == 9]
    steps = [f"runner state recover {name}" for name in unknown]
    steps += [f"runner logs {run} {name}" for name in failed if name in spoken and name not in unknown][:3]
    if failed:
        steps += [f"runner up {environment}" for environment in environments]
    if any(state == "orphan" for state in states.values()):
        steps.append("runner status")
    if not steps:
        steps = [f"runner status {environment}" for environment in environments]
        if "live" in states.values():
            steps += [f"runner outputs {environment}" for environment in environments]
        steps += [f"runner log {environment}" for environment in environments]
    return tuple(steps)
