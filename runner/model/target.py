"""A stack in an environment: the thing that has one state and one lock."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Struct, field

from runner.model.names import TargetName
from runner.model.references import Inputs
from runner.model.stack import Stack


class Target(Struct, frozen=True, kw_only=True):
    """`environment_inputs` go only to variables that the stack declares; each of `inputs` must be declared.
    `depends_on` are the written edges; references make more. `tags` are the stack's and the layout's."""

    name: TargetName
    stack: Stack
    environment_inputs: Inputs = field(default_factory=lambda: MappingProxyType({}))
    inputs: Inputs = field(default_factory=lambda: MappingProxyType({}))
    depends_on: tuple[TargetName, ...] = ()
    tags: frozenset[str] = frozenset()
