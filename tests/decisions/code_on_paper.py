"""Targets, gates and trees for tests, short to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.decisions.closure import Closure
from runner.decisions.terraform_closure import closure_of
from runner.kit.tree import DictTree
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Input, Written
from runner.model.stack import EngineName, EngineWish, Stack
from runner.model.target import Target
from runner.source.facts import CodeReader


def named(text: str) -> TargetName:
    environment, _, stack = text.partition("/")
    return TargetName(environment=environment, stack=stack)


def inputs_of(values: Mapping[str, Written]) -> dict[str, Input]:
    return {name: Input(name=name, value=value) for name, value in values.items()}


def target_of(
    name: str = "dev/app",
    *,
    engine: EngineName = EngineName.TERRAFORM,
    inputs: Mapping[str, Written] | None = None,
    environment_inputs: Mapping[str, Written] | None = None,
    depends_on: tuple[str, ...] = (),
    **stack: Any,
) -> Target:
    whole = named(name)
    return Target(
        name=whole,
        stack=Stack(
            name=whole.stack,
            directory=stack.pop("directory", f"stacks/{whole.stack}"),
            engine=EngineWish(name=engine, constraints=stack.pop("constraints", ())),
            **stack,
        ),
        inputs=inputs_of(inputs or {}),
        environment_inputs=inputs_of(environment_inputs or {}),
        depends_on=tuple(named(each) for each in depends_on),
        tags=stack.get("tags", frozenset()),
    )


def gates_of(environment: str = "dev", **keys: Any) -> Gates:
    return Gates(environment=environment, branch=keys.pop("branch", "main"), **keys)


def closed(
    files: Mapping[str, str | bytes],
    target: Target | None = None,
    gates: Gates | None = None,
    links: Mapping[str, str] | None = None,
) -> Closure:
    return closure_of(target or target_of(), gates or gates_of(), CodeReader(DictTree(files, links)))
