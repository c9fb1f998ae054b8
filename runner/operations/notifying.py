"""Tells people of what a run came to, as `notify:` of its environments says; gates alone name addresses (law 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.decisions.telling_people import Event, events_of, heard_by
from runner.diagnostics import Diagnostic, Severity
from runner.errors import RunnerError
from runner.model.environment import Gates
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.references import Expression, SecretReference, Written
from runner.operations.bench import Bench
from runner.operations.session import Session
from runner.report.notice_text import notice_body, notice_title


def notify_of_run(
    session: Session, outcomes: Mapping[TargetName, TargetFinished], environments: Sequence[str]
) -> tuple[Diagnostic, ...]:
    """The same, of what a run by hand came to."""
    events = {each: events_of(each, outcomes, session.overrides) for each in environments}
    return notify(session.bench, session.survey.believed.environments, events, session.directory.id)


def notify(
    bench: Bench, gates: Mapping[str, Gates], events: Mapping[str, Sequence[Event]], run: str
) -> tuple[Diagnostic, ...]:
    """Hands over one message an address and environment. Warnings of those that were not taken; never an error: what
    was done is done, whoever hears of it."""
    notes = []
    for environment in sorted(events):
        own = gates.get(environment)
        for position, each in enumerate(own.notify if own else ()):
            if own is None or not (heard := heard_by(each, events[environment])):
                continue
            try:
                address = _address(bench, own, each.url)
                title, body = notice_title(environment, heard), notice_body(heard, run)
                problem = bench.tools.notices().send(address, title, body)
            except RunnerError as error:
                problem = error.diagnostics[0].message
            if problem:
                notes.append(_unsent(environment, position, problem))
    return tuple(notes)


def _address(bench: Bench, gates: Gates, url: Written) -> str:
    if not isinstance(url, Expression):
        return str(url)
    parts = (
        bench.tools.secret(gates, each) if isinstance(each, SecretReference) else str(each)
        for each in url.parts
    )
    return "".join(parts)


def _unsent(environment: str, position: int, problem: str) -> Diagnostic:
    return Diagnostic(
        code="notice-not-sent",
        message=f"`notify[{position}]` of `{environment}` was not told: {problem}",
        hint="what was done stands; `runner log` has it",
        severity=Severity.WARNING,
    )
