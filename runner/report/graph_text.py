"""The graph of targets: as text in waves, as DOT, as Mermaid. Names are foreign, and safe in each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from runner.model.names import TargetName
from runner.report.safe_text import one_line
from runner.report.styled import Line, Piece, Style, line
from runner.report.value_text import counted


class GraphEdge(Protocol):
    """What a target needs, and because of what."""

    @property
    def target(self) -> TargetName: ...
    @property
    def because(self) -> str: ...


Waves = Sequence[Sequence[TargetName]]
Edges = Mapping[TargetName, Sequence[GraphEdge]]
Marks = Mapping[TargetName, str]
"""What a change does to those that it touches: `changed`, `dependent`."""

_NONE: Marks = MappingProxyType({})


def graph_lines(waves: Waves, edges: Edges, marks: Marks = _NONE) -> list[Line]:
    """Waves in order; under each target what it needs, each with its because."""
    told: list[Line] = []
    for number, wave in enumerate(waves, 1):
        told.append(
            line(
                Piece(f"wave {number}", Style.STRONG), Piece(f"  {counted(len(wave), 'target')}", Style.FAINT)
            )
        )
        for target in wave:
            mark = [Piece(f"  {marks[target]}", Style.CHANGED)] if target in marks else []
            told.append(line("  ", Piece(str(target), Style.NAME), *mark))
            for edge in edges.get(target, ()):
                because = f"  {edge.because}" if edge.because else ""
                told.append(
                    line("    needs ", Piece(str(edge.target), Style.NAME), Piece(because, Style.FAINT))
                )
    return told


def dot(waves: Waves, edges: Edges, marks: Marks = _NONE) -> str:
    """A Graphviz document; an arrow goes from what is needed to what needs it."""
    lines = ["digraph runner {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [
        "  { rank=same; " + " ".join(f"{_quoted(str(each))};" for each in wave) + " }" for wave in waves
    ]
    lines += [
        f"  {_quoted(str(each))} [style=filled, tooltip={_quoted(marks[each])}];"
        for wave in waves
        for each in wave
        if each in marks
    ]
    for target, needs in edges.items():
        for edge in needs:
            label = f" [label={_quoted(edge.because)}]" if edge.because else ""
            lines.append(f"  {_quoted(str(edge.target))} -> {_quoted(str(target))}{label};")
    return "\n".join([*lines, "}", ""])


def mermaid(waves: Waves, edges: Edges, marks: Marks = _NONE) -> str:
    """A Mermaid flowchart; nodes have numbers, so that no name is ever syntax."""
    named = [
        *(target for wave in waves for target in wave),
        *(edge.target for needs in edges.values() for edge in needs),
    ]
    numbers = {target: f"t{number}" for number, target in enumerate(dict.fromkeys([*named, *edges]))}
    lines = [
        "flowchart LR",
        *(f'  {number}["{_entities(str(target))}"]' for target, number in numbers.items()),
    ]
    for target, needs in edges.items():
        for edge in needs:
            label = f'|"{_entities(edge.because)}"|' if edge.because else ""
            lines.append(f"  {numbers[edge.target]} -->{label} {numbers[target]}")
    touched = [number for target, number in numbers.items() if target in marks]
    lines += [f"  style {number} fill:#fd6" for number in touched]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    # A backslash in a DOT string starts an escape of a label (`\N` is the node's name), so it is doubled.
    return json.dumps(one_line(text), ensure_ascii=False)


def _entities(text: str) -> str:
    return "".join(
        each if each.isalnum() or each in " /_-.:,$" else f"#{ord(each)};" for each in one_line(text)
    )
