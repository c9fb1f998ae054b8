"""stack.yaml, key by key; all of it wishes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from runner.config.schema.scalars import AsWritten, Constraint, Period, Word


class EngineChoiceKeys(AsWritten):
    """Which engine, and of which version."""

    name: Literal["terraform", "opentofu", "pulumi"] | None = None
    """The engine; found by itself from the files where it can be."""
    version: Constraint = ""
    """A version constraint."""


def _named_engine(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


EngineChoice = Annotated[
    EngineChoiceKeys, BeforeValidator(_named_engine, json_schema_input_type=str | EngineChoiceKeys)
]


class StackFile(AsWritten):
    """One stack: only what cannot be inferred."""

    engine: EngineChoice = EngineChoiceKeys()
    """Wish. The engine."""
    reads: list[Word] = Field(default=[])
    """Wish. Globs, from the stack's directory, of inputs that no parser can see; never outside the repository."""
    tags: list[Word] = Field(default=[])
    """Wish. Words to select it by, and to bind policies to."""
    timeout: Period | None = None
    """Wish. When a run of its engine is stopped."""
    renamed_from: str = ""
    """Wish. The stack's former name: its state moves here."""
