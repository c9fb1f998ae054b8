"""pydantic's errors as sentences of ours, with a way out."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from runner.config import Mistake
from runner.config.places import Places, Steps
from runner.config.schema.scalars import shown

_NOUNS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_HINTS = {
    "string_type": "put it in quotes",
    "bool_type": "write `true` or `false`: `yes`, `no`, `on` and `off` are words in YAML 1.2",
    "list_type": "write `[a, b]`, or a line with `- ` for each",
}


def mistake_of(error: ErrorDetails, model: type[BaseModel], value: object, places: Places) -> Mistake:
    """One of pydantic's errors, at its place in the file."""
    kind = error["type"]
    steps = _steps(error["loc"][:-1] if kind == "missing" else error["loc"], value)
    message, hint = _sentence(error, steps, model)
    code = {"extra_forbidden": "config-unknown-key", "missing": "config-missing-key"}.get(
        kind, "config-value"
    )
    if kind == "runner_mistake":
        code = str(error.get("ctx", {}).get("code", code))
    empty = error["input"] is None and kind != "missing"
    diagnostic = places.problem(code, message, steps, hint=hint, key=kind == "extra_forbidden" or empty)
    return Mistake(key=str(steps[0]) if steps else "", diagnostic=diagnostic)


def unique(mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
    """One mistake a place, the first: a union reports each of its members. But keys that are missing are many."""
    kept: dict[tuple[int, int, str], Mistake] = {}
    for mistake in mistakes:
        found = mistake.diagnostic
        line, column = (found.span.line, found.span.column) if found.span else (0, 0)
        many = found.message if found.code == "config-missing-key" else ""
        kept.setdefault((line, column, many), mistake)
    return tuple(kept.values())


def _steps(location: Sequence[str | int], value: object) -> Steps:
    """pydantic's location without the names of union members and validators."""
    steps: list[str | int] = []
    for step in location:
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                continue
        steps.append(step)
    return tuple(steps)


def _sentence(error: ErrorDetails, steps: Steps, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, and the way out."""
    kind, context, found = error["type"], error.get("ctx", {}), error["input"]
    owner = next((step for step in reversed(steps) if isinstance(step, str)), "this file")
    key = str(steps[-1]) if steps else owner
    quoted = f"`{key}`" if key == owner else f"each of `{owner}`"
    match kind:
        case "runner_mistake":
            return str(context["sentence"]), str(context["hint"])
        case "extra_forbidden":
            return _unknown(key, steps, model)
        case "missing":
            missing = str(error["loc"][-1])
            return f"`{owner}` lacks the key `{missing}`", f"add `{missing}:`"
        case _ if found is None:
            return f"`{key}` has no value", "write one, or remove the key"
        case "literal_error":
            return _no_choice(found, str(context.get("expected", "")))
        case "greater_than_equal":
            return f"`{shown(found)}` is too small", f"the smallest is {context['ge']}"
        case "greater_than":
            return f"`{key}` must be longer than nothing", "write a longer time"
        case "less_than_equal":
            return f"`{shown(found)}` is too large", f"the largest is {context['le']}"
        case "too_short" | "string_too_short":
            return f"`{key}` is empty", "write at least one, or remove the key"
        case "string_pattern_mismatch":
            return f"`{shown(found)}` cannot be a value of `{key}`", f"it must match {context['pattern']}"
        case _ if kind in _NOUNS:
            return f"{quoted} must be {_NOUNS[kind]}, not `{shown(found)}`", _HINTS.get(kind, "")
        case _:
            return f"`{key}`: {error['msg']}", ""


def _no_choice(found: object, expected: str) -> tuple[str, str]:
    choices = [part for part in expected.replace(" or ", ", ").replace("'", "").split(", ") if part]
    near = get_close_matches(str(found), choices, 1)
    allowed = ", ".join(f"`{choice}`" for choice in choices)
    return (
        f"`{shown(found)}` is none of {allowed}",
        f"did you mean `{near[0]}`?" if near else f"choose one of {allowed}",
    )


def _unknown(key: str, steps: Steps, model: type[BaseModel]) -> tuple[str, str]:
    keys = _keys(steps[:-1], model)
    near = get_close_matches(key, keys, 1, 0.6)
    if key == "<<":
        return "YAML 1.2 has no merge keys, so `<<` is an unknown key", "write the keys out"
    owner = next((step for step in reversed(steps[:-1]) if isinstance(step, str)), "")
    where = f" in `{owner}`" if owner else ""
    hint = (
        f"did you mean `{near[0]}`?"
        if near
        else "it may be one of " + ", ".join(f"`{each}`" for each in sorted(keys))
    )
    return f"key `{shown(key)}` is unknown{where}", hint


def _keys(steps: Steps, model: type[BaseModel]) -> list[str]:
    """The keys that may stand at `steps`: names that are no fields (of targets, of positions) are passed over."""
    for step in steps:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        below = _model_in(fields[step].annotation) if isinstance(step, str) and step in fields else None
        model = below or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The first section within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
