"""Values as a user wrote them: literals, references to other targets' outputs, secrets, and templates of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, Union

from msgspec import Struct

from runner.diagnostics import Span
from runner.model.names import TargetName

Json: TypeAlias = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]


class OutputReference(Struct, frozen=True, kw_only=True):
    """`${[environment:]stack.output[.path]}`: `path` are the keys and indexes below the output."""

    target: TargetName
    output: str
    path: tuple[str | int, ...] = ()
    span: Span | None = None

    def __str__(self) -> str:
        return ".".join([str(self.target), self.output, *map(str, self.path)])


class SecretReference(Struct, frozen=True, kw_only=True):
    """`${secret:env:NAME}`, `${secret:ssm:/path}`, `${secret:secretsmanager:id#key}`."""

    scheme: str
    name: str
    key: str = ""
    span: Span | None = None

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}" + (f"#{self.key}" if self.key else "")


class RunnerReference(Struct, frozen=True, kw_only=True):
    """`${runner.environment}` or `${runner.commit}`."""

    attribute: str
    span: Span | None = None


Reference: TypeAlias = OutputReference | SecretReference | RunnerReference


class Expression(Struct, frozen=True, kw_only=True):
    """A string with references in it. A single part that is no text keeps the type of what it refers to."""

    parts: tuple[str | Reference, ...]


Written: TypeAlias = Union[None, bool, int, float, str, Expression, "list[Written]", "dict[str, Written]"]


def references_in(value: Written) -> Iterator[Reference]:
    """Every reference in `value`, depth first, in written order."""
    match value:
        case Expression(parts=parts):
            yield from (part for part in parts if not isinstance(part, str))
        case list():
            for item in value:
                yield from references_in(item)
        case dict():
            for item in value.values():
                yield from references_in(item)
        case _:
            return


class Input(Struct, frozen=True, kw_only=True):
    """One value for one variable of a stack, and where it was written."""

    name: str
    value: Written
    span: Span | None = None


Inputs: TypeAlias = Mapping[str, Input]
