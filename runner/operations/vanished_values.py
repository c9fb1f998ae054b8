"""What a destroy is given for outputs of other targets that are no more: nothing, and never a guess."""

from __future__ import annotations

from msgspec.structs import replace

from runner.decisions.dispensable import needed_by
from runner.diagnostics import Diagnostic, Severity
from runner.errors import TargetFailed
from runner.model.names import TargetName
from runner.model.references import Input, Inputs, OutputReference, references_in
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.session import Session
from runner.operations.upstream import live_outputs
from runner.operations.workplace import closure_at


def inputs_without_vanished(session: Session, target: Target, written: Inputs) -> Inputs:
    """`written`, with null for what refers to an output that is not live any more, each told. TargetFailed
    `no-such-output` where what would be destroyed could depend on it."""
    gone = {name: reference for name, each in written.items() if (reference := _vanished(session, each))}
    if not gone:
        return written
    closure, code = closure_at(session.survey, target), session.survey.code
    tofu = target.stack.engine.name is EngineName.OPENTOFU
    facts = {each: module for each in closure.modules if (module := code.module(each, opentofu=tofu))}
    files = {span.file for module in facts.values() for _, span in module.providers}
    text = {path: session.survey.tree.read(path).decode(errors="replace") for path in files}
    because = needed_by(set(gone), closure, facts, text)
    for name, reference in gone.items():
        lost = f"`{reference}`, which the input `{name}` of `{target.name}` is, is not live any more"
        if because:
            raise TargetFailed.of(
                "no-such-output",
                f"{lost}, and {because}",
                hint=f"apply `{reference.target}` with that output again, or end this one by `forget`",
                span=reference.span,
            )
        told = Diagnostic(
            code="destroyed-without-value",
            message=f"{lost}: it is destroyed without it",
            hint="what is destroyed stands in the state, and no provider is configured with that input",
            span=reference.span,
            severity=Severity.WARNING,
        )
        session.note(target.name, told)
    return {name: replace(each, value=None) if name in gone else each for name, each in written.items()}


def _vanished(session: Session, written: Input) -> OutputReference | None:
    references = (each for each in references_in(written.value) if isinstance(each, OutputReference))
    return next((each for each in references if each.output not in _live(session, each.target)), None)


def _live(session: Session, name: TargetName) -> frozenset[str]:
    return frozenset(live_outputs(session, name) or ())
