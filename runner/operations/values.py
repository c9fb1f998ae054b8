"""A target's inputs made real: secrets fetched, outputs of others read once, templates filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from msgspec import Struct

from runner.errors import TargetFailed
from runner.kit.redaction import Redactor
from runner.model.change import Output
from runner.model.names import TargetName
from runner.model.references import (
    Expression,
    Input,
    Json,
    OutputReference,
    Reference,
    RunnerReference,
    SecretReference,
    Written,
)


class Known(Struct, frozen=True, kw_only=True):
    """What references can be filled from: outputs by target, secrets by asking, the run's own words."""

    outputs: Mapping[TargetName, Mapping[str, Output]]
    secret: Callable[[SecretReference], str]
    environment: str
    commit: str
    redactor: Redactor


class Resolved(Struct, frozen=True, kw_only=True):
    """Values by variable; `secret` names those that hold a secret or a sensitive output."""

    values: Mapping[str, Json]
    secret: frozenset[str]


def resolved(inputs: Mapping[str, Input], known: Known) -> Resolved:
    """Fills every reference. TargetFailed `no-such-output` where an output or a path in it does not exist."""
    values: dict[str, Json] = {}
    secret: set[str] = set()
    for name, written in inputs.items():
        marks: list[bool] = []
        values[name] = _filled(written.value, known, marks)
        if any(marks):
            secret.add(name)
    return Resolved(values=values, secret=frozenset(secret))


def _filled(value: Written, known: Known, marks: list[bool]) -> Json:
    match value:
        case Expression(parts=(single,)) if not isinstance(single, str):
            return _referred(single, known, marks)
        case Expression(parts=parts):
            return "".join(
                part if isinstance(part, str) else _as_text(part, _referred(part, known, marks))
                for part in parts
            )
        case list():
            return [_filled(item, known, marks) for item in value]
        case dict():
            return {key: _filled(item, known, marks) for key, item in value.items()}
        case _:
            return value


def _referred(reference: Reference, known: Known, marks: list[bool]) -> Json:
    match reference:
        case SecretReference():
            marks.append(True)
            text = known.secret(reference)
            known.redactor.add(text, str(reference))
            return text
        case RunnerReference(attribute=attribute):
            return known.environment if attribute == "environment" else known.commit
        case OutputReference():
            return _output(reference, known, marks)


def _output(reference: OutputReference, known: Known, marks: list[bool]) -> Json:
    outputs = known.outputs.get(reference.target, {})
    if reference.output not in outputs:
        names = ", ".join(f"`{name}`" for name in sorted(outputs)) or "none"
        raise TargetFailed.of(
            "no-such-output",
            f"`{reference.target}` has no output `{reference.output}`",
            hint=f"its outputs are: {names}",
            span=reference.span,
        )
    output = outputs[reference.output]
    value = output.value
    for step in reference.path:
        value = _stepped(value, step, reference)
    if output.sensitive:
        marks.append(True)
        conceal(value, known.redactor, str(reference.target))
    return value


def _stepped(value: Json, step: str | int, reference: OutputReference) -> Json:
    if isinstance(value, dict) and str(step) in value:
        return value[str(step)]
    if isinstance(value, list) and str(step).isdigit() and int(step) < len(value):
        return value[int(step)]
    there = (
        ", ".join(f"`{key}`" for key in sorted(value))
        if isinstance(value, dict)
        else f"a {type(value).__name__}"
    )
    raise TargetFailed.of(
        "no-such-output",
        f"`{reference}` does not lead anywhere: there is no `{step}`",
        hint=f"what stands there is: {there}",
        span=reference.span,
    )


def conceal(value: Json, redactor: Redactor, label: str) -> None:
    """Marks every text and number in `value` as a secret of this run."""
    match value:
        case dict():
            for item in value.values():
                conceal(item, redactor, label)
        case list():
            for item in value:
                conceal(item, redactor, label)
        case str():
            redactor.add(value, label)
        case bool() | None:
            return
        case _:
            redactor.add(json.dumps(value), label)


def _as_text(reference: Reference, value: Json) -> str:
    match value:
        case str():
            return value
        case bool() | int() | float():
            return json.dumps(value)
        case _:
            raise TargetFailed.of(
                "not-a-text",
                f"`{reference}` is a {type(value).__name__}, which has no place inside a text",
                hint="make the reference the whole value, or name one attribute of it",
                span=reference.span,
            )
