"""Which inputs reach a stack: the layout's, the environment's, the target's, against the variables it declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from runner.decisions.likeness import way_out
from runner.diagnostics import Diagnostic
from runner.model.code import ModuleFacts, Variable
from runner.model.names import TargetName
from runner.model.references import (
    Input,
    Inputs,
    OutputReference,
    Reference,
    SecretReference,
    references_in,
)
from runner.model.target import Target

_WORD = re.compile(r"[\w-]+")


class WrittenInputs(Struct, frozen=True, kw_only=True):
    """`inputs` are what the engine is to be given, strongest first resolved, references still in them."""

    inputs: Inputs
    diagnostics: tuple[Diagnostic, ...] = ()


def inputs_of(
    target: Target, module: ModuleFacts, others: Mapping[TargetName, ModuleFacts] | None = None
) -> WrittenInputs:
    """The inputs of `target`, whose code is `module`. `others` are the facts of the targets that it refers to, as far
    as they are known: a sensitive output of theirs is as secret as a secret."""
    captured = {name: Input(name=name, value=value) for name, value in target.stack.captures.items()}
    weak = {**captured, **target.environment_inputs}
    found = {name: each for name, each in weak.items() if name in module.variables}
    problems = [
        _undeclared(each, target, module)
        for name, each in target.inputs.items()
        if name not in module.variables
    ]
    found.update({name: each for name, each in target.inputs.items() if name in module.variables})
    for each in found.values():
        problems.extend(_exposed(each, module.variables[each.name], others or {}))
    return WrittenInputs(inputs={name: found[name] for name in sorted(found)}, diagnostics=tuple(problems))


def configuration_of(target: Target) -> Inputs:
    """The inputs of a target whose code declares none that could be read (a program): all that are written for it. An
    input that is null is none."""
    captured = {name: Input(name=name, value=value) for name, value in target.stack.captures.items()}
    found = {**captured, **target.environment_inputs, **target.inputs}
    return {name: found[name] for name in sorted(found) if found[name].value is not None}


def exposed_values(
    inputs: Inputs, secret: Iterable[str], module: ModuleFacts | None
) -> tuple[Diagnostic, ...]:
    """The inputs whose values turned out to be `secret` (a sensitive output of what no parser can read) and that go to
    variables which are not declared sensitive. A program (None) is given them as secrets."""
    if module is None:
        return ()
    taken = [(inputs[name], module.variables[name]) for name in sorted(secret)]
    return tuple(
        _exposure(
            f"the sensitive output `{reference}`", "sensitive-output-exposed", each, variable, reference
        )
        for each, variable in taken
        if not variable.sensitive
        for reference in references_in(each.value)
        if isinstance(reference, OutputReference)
    )


def undeclared_everywhere(
    environment: str, inputs: Inputs, modules: Iterable[ModuleFacts | None]
) -> tuple[Diagnostic, ...]:
    """The environment's inputs that no stack in it declares. `modules` are the facts of its stacks, None where a
    stack's variables cannot be known (then nothing is said)."""
    known: set[str] = set()
    for module in modules:
        if module is None:
            return ()
        known.update(module.variables)
    return tuple(
        Diagnostic(
            code="input-undeclared",
            message=f"no stack of `{environment}` declares the variable `{name}`",
            span=each.span,
            hint=way_out(name, known, "declared are"),
        )
        for name, each in inputs.items()
        if name not in known
    )


def unvalued(
    target: Target, module: ModuleFacts, inputs: Inputs, values: Iterable[str]
) -> tuple[Diagnostic, ...]:
    """The variables of `module` that must have a value and get none. `values` are the texts of the files of values that
    the engine is given or finds: a name that stands in one may be given there, so nothing is said of it."""
    if module.diagnostics:
        return ()
    wanted = {name for name, each in module.variables.items() if not each.has_default and name not in inputs}
    for text in values if wanted else ():
        wanted -= set(_WORD.findall(text))
    return tuple(
        Diagnostic(
            code="input-missing",
            message=f"`{target.name}` gives no value to the variable `{name}`, which has no default",
            span=module.variables[name].span,
            hint=f"environments/{target.name.environment}.yaml: "
            f"`targets: {{{target.name.stack}: {{inputs: {{{name}: …}}}}}}`, or a `default` in the block",
        )
        for name in sorted(wanted)
    )


def _undeclared(each: Input, target: Target, module: ModuleFacts) -> Diagnostic:
    return Diagnostic(
        code="input-undeclared",
        message=f"`{target.name}` is given `{each.name}`, which `{target.stack.directory}` does not declare",
        span=each.span,
        hint=way_out(each.name, module.variables, "it declares"),
    )


def _exposed(
    each: Input, variable: Variable, others: Mapping[TargetName, ModuleFacts]
) -> Iterable[Diagnostic]:
    if variable.sensitive:
        return
    for reference in references_in(each.value):
        match reference:
            case SecretReference():
                what, code = f"the secret `{reference}`", "secret-exposed"
            case OutputReference() if _is_sensitive(reference, others):
                what, code = f"the sensitive output `{reference}`", "sensitive-output-exposed"
            case _:
                continue
        yield _exposure(what, code, each, variable, reference)


def _exposure(what: str, code: str, each: Input, variable: Variable, reference: Reference) -> Diagnostic:
    return Diagnostic(
        code=code,
        message=f"{what} is given to `{each.name}`, which is not declared sensitive ({variable.span})",
        span=reference.span or each.span,
        hint=f'write `sensitive = true` into `variable "{each.name}"`: its value would stand in plans in plain',
    )


def _is_sensitive(reference: OutputReference, others: Mapping[TargetName, ModuleFacts]) -> bool:
    facts = others.get(reference.target)
    declared = facts.outputs.get(reference.output) if facts else None
    return bool(declared and declared.sensitive)
