"""Who may let a stack's code run (DESIGN, law 5): what stands above the fold, what waits, and what nobody may run."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from runner.decisions.staticgate import REFUSED, Judgement, Outcome
from runner.decisions.staticgate_findings import Finding, FindingKind, News
from runner.diagnostics import Diagnostic, Severity
from runner.model.environment import Allow
from runner.model.verdict import Answer, Verdict

GATE = "allow"


class Origin(StrEnum):
    """Whose the change is: of somebody who may push to the repository as the forge confirms, or of a stranger. Who is
    not confirmed is a stranger (law 10)."""

    OWN = "own"
    STRANGER = "stranger"


class Change(Struct, frozen=True, kw_only=True):
    """A pull request's head, and the commits that maintainers named when they let its code run (their permission is
    confirmed by the forge, before)."""

    head: str
    origin: Origin
    named: frozenset[str] = frozenset()


def passage(judgement: Judgement, change: Change, environment: str) -> Verdict:
    """May the stack's code run for this change? A line above the fold is a warning; a stranger's waits until a
    maintainer named that very commit; what `allow:` refuses runs for nobody."""
    if judgement.outcome is Outcome.HARMLESS:
        return Verdict(gate=GATE, answer=Answer.ALLOW, because="nothing of it is code")
    if judgement.outcome is Outcome.REFUSED:
        refused = [each for each in judgement.closed if each.kind in REFUSED]
        return Verdict(
            gate=GATE,
            answer=Answer.DENY,
            code=_CODES[refused[0].kind],
            because=_in_words(refused),
            hint=_way_out(refused[0], environment),
        )
    because = _in_words(judgement.closed)
    if change.origin is Origin.OWN:
        return Verdict(gate=GATE, answer=Answer.WARN, code="code-found", because=because)
    if change.head in change.named:
        because = f"{because}; a maintainer let `{change.head[:12]}` run"
        return Verdict(gate=GATE, answer=Answer.WARN, code="code-found", because=because)
    return Verdict(
        gate=GATE,
        answer=Answer.WAIT,
        code="code-of-a-stranger",
        because=because,
        hint=f"read it, then comment `runner preview {change.head}`",
    )


def told_of(judgement: Judgement) -> tuple[Diagnostic, ...]:
    """Every finding that is not admitted, as a line to read: what the change brings first."""
    return tuple(
        Diagnostic(
            code=_CODES.get(each.kind, "code-found"),
            message=f"{_NEWS[each.news]}{each.message}",
            span=each.span,
            hint=each.because,
            severity=Severity.ERROR if each.kind in REFUSED else Severity.WARNING,
        )
        for each in judgement.closed
    )


def hand_refusals(judgement: Judgement, allow: Allow, environment: str) -> tuple[Diagnostic, ...]:
    """By hand only what is written holds: what a written `allow.providers`, `allow.modules` or `allow.code` closes,
    each with its place and its way out."""
    return tuple(
        Diagnostic(
            code=_CODES.get(each.kind, "code-not-allowed"),
            message=f"{each.message}: {each.because}",
            span=each.span,
            hint=_way_out(each, environment),
        )
        for each in judgement.closed
        if _is_written(each.kind, allow)
    )


def hand_notes(judgement: Judgement, allow: Allow) -> tuple[Diagnostic, ...]:
    """By hand, what a written `allow.code` admits: told, and nothing more."""
    return tuple(
        Diagnostic(
            code="code-found",
            message=f"{each.message}; `allow.code` admits `{each.word}`",
            span=each.span,
            severity=Severity.NOTE,
        )
        for each in judgement.findings
        if each.admitted and allow.code is not None
    )


def asks(allow: Allow) -> bool:
    """Whether a stack must be read by hand at all."""
    return allow.providers is not None or allow.modules is not None or allow.code is not None


_CODES = {
    FindingKind.FOREIGN_PROVIDER: "provider-not-allowed",
    FindingKind.FOREIGN_MODULE: "module-not-allowed",
}
_NEWS = {
    News.BROUGHT: "new: ",
    News.CHANGED: "changed: ",
    News.REACHED: "as before, but it may read what changed: ",
    News.STANDING: "as before: ",
}
_KEYS = {FindingKind.FOREIGN_PROVIDER: "providers", FindingKind.FOREIGN_MODULE: "modules"}


def _is_written(kind: FindingKind, allow: Allow) -> bool:
    match kind:
        case FindingKind.FOREIGN_PROVIDER:
            return allow.providers is not None
        case FindingKind.FOREIGN_MODULE:
            return allow.modules is not None
        case _:
            return allow.code is not None


def _way_out(finding: Finding, environment: str) -> str:
    key = _KEYS.get(finding.kind, "code")
    word = finding.subject if finding.kind in REFUSED else finding.word
    return f"take it out, or admit it in the gates of `{environment}`: `allow: {{{key}: [{_in_yaml(word)}]}}`"


def _in_yaml(word: str) -> str:
    """A word in a YAML list."""
    return "'" + word.replace("'", "''") + "'"


def _in_words(findings: Iterable[Finding]) -> str:
    listed = [f"{each.message} ({each.span})" for each in findings]
    more = f"; and {len(listed) - 3} more" if len(listed) > 3 else ""
    return "; ".join(listed[:3]) + more
