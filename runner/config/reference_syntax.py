"""`${[environment:]stack.output[.path]}`, `${secret:…}`, `${runner.…}`, `$${`: the language inside values.

A stack's name may hold `/` and `.`, so it is the longest known stack that the reference begins with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from msgspec import Struct

from runner.config.places import Places, Steps
from runner.diagnostics import Diagnostic, Span
from runner.model.names import TargetName
from runner.model.references import (
    Expression,
    Json,
    OutputReference,
    Reference,
    RunnerReference,
    SecretReference,
    Written,
)

SECRET_SCHEMES = ("env", "ssm", "secretsmanager")
RUNNER_ATTRIBUTES = ("environment", "commit")
_NEXT = re.compile(r"\$\$\{|\$\{")
_STEP = re.compile(r"[^\s.:${}\[\]\"']+")
_FORMS = (
    "write `${stack.output}`, `${environment:stack.output}`, `${secret:env:NAME}` or `${runner.commit}`; "
    "`$${` is a plain `${`"
)


class Scope(Struct, frozen=True, kw_only=True):
    """In which environment a value stands, and which stacks each environment has."""

    environment: str
    stacks: Mapping[str, frozenset[str]]


class _Wrong(Exception):
    """A reference that cannot be read: code, message, the offset in it, and the way out."""

    def __init__(self, code: str, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.offset, self.hint = code, message, offset, hint


class ReferenceReader:
    """Reads values of one file; mistakes gather in `problems`."""

    def __init__(self, places: Places, scope: Scope) -> None:
        self._places = places
        self._scope = scope
        self.problems: list[Diagnostic] = []

    def value(self, written: Json, steps: Steps) -> Written:
        """`written` with its references read; strings without one stay as they are, `$${` unescaped."""
        match written:
            case str():
                return self._text(written, steps) if "${" in written else written
            case list():
                return [self.value(item, (*steps, index)) for index, item in enumerate(written)]
            case dict():
                return {
                    self._key(key, steps): self.value(item, (*steps, key)) for key, item in written.items()
                }
            case _:
                return written

    def _key(self, key: str, steps: Steps) -> str:
        if "${" in key:
            message = f"key `{key}` holds a reference; only values may"
            self.problems.append(
                self._places.problem(
                    "reference-syntax", message, (*steps, key), hint="move it into a value", key=True
                )
            )
        return key

    def _text(self, text: str, steps: Steps) -> str | Expression:
        parts: list[str | Reference] = []
        plain, position = "", 0
        while found := _NEXT.search(text, position):
            plain += text[position : found.start()]
            position = found.end()
            if found[0] == "$${":
                plain += "${"
                continue
            end = text.find("}", position)
            if end < 0:
                span = self._places.inside(
                    steps, text[found.start() :].split("\n")[0], found.start(), found.start()
                )
                message = "a reference that begins here does not end"
                hint = "add the `}`, or write `$${` for a plain `${`"
                self.problems.append(self._places.problem("reference-syntax", message, span, hint=hint))
                return text
            if plain:
                parts.append(plain)
                plain = ""
            if reference := self._reference(text, found.start(), end, steps):
                parts.append(reference)
            position = end + 1
        plain += text[position:]
        if plain:
            parts.append(plain)
        if all(isinstance(part, str) for part in parts):
            return "".join(str(part) for part in parts)
        return Expression(parts=tuple(parts))

    def _reference(self, text: str, start: int, end: int, steps: Steps) -> Reference | None:
        inner = text[start + 2 : end]
        lead = len(inner) - len(inner.lstrip())
        span = self._places.inside(steps, text[start : end + 1], start, start)
        try:
            return _read_reference(inner.strip(), self._scope, span)
        except _Wrong as wrong:
            offset = start + 2 + lead + wrong.offset
            place = self._places.inside(steps, text[start : end + 1], start, offset)
            self.problems.append(self._places.problem(wrong.code, wrong.message, place, hint=wrong.hint))
            return None


def _read_reference(inner: str, scope: Scope, span: Span | None) -> Reference:
    """What stands between `${` and `}`."""
    if not inner:
        raise _Wrong("reference-syntax", "the reference is empty", 0, _FORMS)
    if inner.startswith("secret:"):
        return _secret(inner, span)
    if inner.startswith("runner."):
        return _runner(inner, span)
    return _output(inner, scope, span)


def _secret(inner: str, span: Span | None) -> SecretReference:
    scheme, colon, rest = inner.removeprefix("secret:").partition(":")
    if scheme not in SECRET_SCHEMES:
        near = get_close_matches(scheme, SECRET_SCHEMES, 1)
        hint = (
            f"did you mean `{near[0]}`?"
            if near
            else "write `secret:env:NAME`, `secret:ssm:/path` or `secret:secretsmanager:id#key`"
        )
        raise _Wrong("secret-source-unknown", f"`{scheme}` is no source of secrets", len("secret:"), hint)
    name, _, key = rest.partition("#") if scheme == "secretsmanager" else (rest, "", "")
    offset = len(f"secret:{scheme}{colon}")
    if not name or any(mark in rest for mark in " \t\n"):
        raise _Wrong("reference-syntax", "the secret has no name", offset, f"write `secret:{scheme}:NAME`")
    if scheme == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        message = f"`{name}` is not the name of an environment variable"
        raise _Wrong("reference-syntax", message, offset, "write letters, digits and `_`")
    return SecretReference(scheme=scheme, name=name, key=key, span=span)


def _runner(inner: str, span: Span | None) -> RunnerReference:
    attribute = inner.removeprefix("runner.")
    if attribute not in RUNNER_ATTRIBUTES:
        near = get_close_matches(attribute, RUNNER_ATTRIBUTES, 1)
        hint = f"did you mean `{near[0]}`?" if near else "there are `runner.environment` and `runner.commit`"
        raise _Wrong("reference-unknown", f"`runner` has no `{attribute}`", len("runner."), hint)
    return RunnerReference(attribute=attribute, span=span)


def _output(inner: str, scope: Scope, span: Span | None) -> OutputReference:
    environment, colon, rest = inner.rpartition(":")
    begin = len(environment) + len(colon)
    if colon and environment not in scope.stacks:
        near = get_close_matches(environment, scope.stacks, 1)
        hint = f"did you mean `{near[0]}`?" if near else "there are " + _listed(scope.stacks)
        raise _Wrong("environment-unknown", f"there is no environment `{environment}`", 0, hint)
    environment = environment if colon else scope.environment
    stacks = scope.stacks.get(environment, frozenset())
    stack = _longest(rest, stacks)
    if not stack:
        raise _unknown_stack(rest, begin, environment, stacks)
    if len(rest) <= len(stack) + 1:
        raise _Wrong(
            "reference-syntax",
            f"an output of `{stack}` is missing",
            begin + len(stack),
            f"write `{stack}.OUTPUT`",
        )
    offset = begin + len(stack) + 1
    steps = rest[len(stack) + 1 :].split(".")
    for step in steps:
        if not _STEP.fullmatch(step):
            hint = "join keys and indexes with dots: `${stack.output.key.0}`"
            raise _Wrong("reference-syntax", f"`{step}` is neither a key nor an index", offset, hint)
        offset += len(step) + 1
    path = tuple(int(step) if step.isdecimal() and len(step) < 10 else step for step in steps[1:])
    return OutputReference(
        target=TargetName(environment=environment, stack=stack), output=steps[0], path=path, span=span
    )


def _longest(rest: str, stacks: frozenset[str]) -> str:
    """The longest known stack that `rest` begins with."""
    ends = [index for index, mark in enumerate(rest) if mark == "."]
    return next((rest[:end] for end in [len(rest), *reversed(ends)] if rest[:end] in stacks), "")


def _unknown_stack(rest: str, begin: int, environment: str, stacks: frozenset[str]) -> _Wrong:
    name = rest.split(".")[0]
    if not _STEP.fullmatch(name):
        return _Wrong("reference-syntax", f"`{rest}` is no reference", begin, _FORMS)
    near = get_close_matches(name, stacks, 1)
    hint = f"did you mean `{near[0]}`?" if near else f"`{environment}` has {_listed(stacks)}"
    return _Wrong("stack-unknown", f"there is no stack `{name}` in `{environment}`", begin, hint)


def _listed(names: Mapping[str, object] | frozenset[str]) -> str:
    shown = sorted(names)[:8]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(f"`{name}`" for name in shown) or "none") + more
