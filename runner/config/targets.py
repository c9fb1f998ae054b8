"""What an environment wishes of one stack, as a target."""

from __future__ import annotations

from runner.model.environment import Wishes
from runner.model.names import TargetName
from runner.model.references import Input
from runner.model.stack import Stack
from runner.model.target import Target


def target_of(wishes: Wishes, stack: Stack) -> Target:
    """The target of `stack`, a member of the environment whose `wishes` these are."""
    wish = wishes.targets.get(stack.name)
    shared = wishes.inputs
    if stack.captures:
        captured = {name: Input(name=name, value=value) for name, value in stack.captures.items()}
        shared = {**captured, **shared}
    return Target(
        name=TargetName(environment=wishes.environment, stack=stack.name),
        stack=stack,
        environment_inputs=shared,
        inputs=wish.inputs if wish else {},
        depends_on=tuple(_named(edge) for edge in wish.depends_on) if wish else (),
        tags=stack.tags,
    )


def _named(edge: str) -> TargetName:
    environment, _, stack = edge.partition("/")
    return TargetName(environment=environment, stack=stack)
