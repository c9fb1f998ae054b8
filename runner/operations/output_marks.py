"""Keyed digests of outputs: those that a target gives, for its entry, and those that another was planned with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.decisions.edges import Edge
from runner.decisions.readings import reads
from runner.errors import RunnerError
from runner.kit.canonical import encode
from runner.model.change import Output
from runner.model.entry import Reading
from runner.model.names import TargetName
from runner.operations.session import Session

_LENGTH = 32
"""Hexadecimal digits of a mark: 128 bits, as an entry is to stay small."""

Outputs = Mapping[str, Output]


def marks_of(session: Session, target: TargetName, outputs: Outputs) -> Mapping[str, str]:
    """The marks under the key of the target's environment: the same for whoever reads it. Those of values that nobody
    could open, or that no JSON can hold, are left out; all of them where that key is not here."""
    if not outputs:
        return {}
    try:
        fingerprint = session.bench.tools.fingerprint(
            session.gates(target.environment), session.survey.record
        )
    except RunnerError:
        return {}
    found: dict[str, str] = {}
    for name, output in outputs.items():
        if output.sensitive and output.value is None:
            continue
        try:
            content = encode(["output", str(target), name, output.value])
        except ValueError:
            continue
        found[name] = fingerprint(content)[:_LENGTH]
    return found


def readings_of(
    session: Session,
    edges: Iterable[Edge],
    filled: Mapping[TargetName, Outputs],
    live: Mapping[TargetName, Outputs | None],
) -> Mapping[TargetName, Reading]:
    """What a target is planned with of each that it reads: `filled` are the outputs in its inputs, `live` all that are
    live, of which a whole state is read."""
    return {
        edge.target: _reading(
            session,
            edge.target,
            (live.get(edge.target) if edge.reads_state else filled.get(edge.target)) or {},
        )
        for edge in edges
        if reads(edge)
    }


def _reading(session: Session, name: TargetName, outputs: Outputs) -> Reading:
    marks, recorded = marks_of(session, name, outputs), session.live(name)
    # Of one that this run applies it is the entry before: then the digests alone decide.
    return Reading(
        entry=recorded.last.id if recorded else "", outputs={each: marks.get(each, "") for each in outputs}
    )
