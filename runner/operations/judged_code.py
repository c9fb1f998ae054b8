"""Stacks read and judged by the static gate, for a person at a terminal: only what `allow:` writes holds.

Imported where a gate asks for it, and nowhere else: it takes time, and most people let their own code run.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.decisions.staticgate import Judgement, judged
from runner.decisions.staticgate_findings import Finding, Reading
from runner.decisions.staticgate_passage import hand_notes, hand_refusals
from runner.decisions.staticgate_reading import StackPlace, read_stack
from runner.diagnostics import Diagnostic
from runner.kit.tree import Tree
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.model.target import Target
from runner.operations.code_tools import CodeJudged
from runner.source.gate_code import GateReader
from runner.source.known_code import KnownCode


def judge_code(tree: Tree, code: KnownCode, asked: Iterable[tuple[Target, Gates]]) -> CodeJudged:
    """See CodeTools. A stack that stands in several environments is read once."""
    reader = GateReader(code, tree)
    readings: dict[StackPlace, Reading] = {}
    refusals: dict[Diagnostic, None] = {}
    notes: dict[Diagnostic, None] = {}
    rows = []
    for target, gates in asked:
        place = StackPlace(directory=target.stack.directory, engine=target.stack.engine.name)
        if place not in readings:
            readings[place] = read_stack(place, reader)
        judgement = judged(readings[place], gates.allow)
        refusals.update(dict.fromkeys(hand_refusals(judgement, gates.allow, target.name.environment)))
        notes.update(dict.fromkeys(hand_notes(judgement, gates.allow)))
        rows.append(_row(target.name, judgement))
    return CodeJudged(refusals=tuple(refusals), notes=tuple(notes), rows=tuple(rows))


def _row(target: TargetName, judgement: Judgement) -> dict[str, Json]:
    return {
        "target": str(target),
        "outcome": str(judgement.outcome),
        "findings": [_object(each) for each in judgement.findings],
    }


def _object(finding: Finding) -> dict[str, Json]:
    return {
        "kind": str(finding.kind),
        "word": finding.word,
        "address": finding.address,
        "message": finding.message,
        "because": finding.because,
        "admitted": finding.admitted,
        "span": {"file": finding.span.file, "line": finding.span.line, "column": finding.span.column},
    }
