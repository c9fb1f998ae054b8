"""`why`: how a change reaches one target, and whom it reaches through it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from runner.decisions.affected import Affected
from runner.decisions.likeness import listed
from runner.decisions.selection import meaning
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.model.names import TargetName
from runner.operations.affected import Reached, reached
from runner.operations.code_tools import CodeTools


class WhyRequest(Struct, frozen=True, kw_only=True):
    """One target, and a range as `affected` takes it."""

    target: str
    range: str = ""


class WhyResult(Struct, frozen=True, kw_only=True):
    """`row` None: the change does not touch the target. `needs`: the way by which a need reaches it, the cause first;
    `dependents`: those that the change reaches through it, nearest first."""

    target: TargetName
    words: str
    row: Affected | None = None
    needs: tuple[Affected, ...] = ()
    dependents: tuple[Affected, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def why(request: WhyRequest, tools: CodeTools) -> WhyResult:
    """How the range touches the target. AskedWrongly where the word means none, or several."""
    found = reached(tools, request.range)
    target = _meant(request.target, found, tools)
    row = found.rows.get(target)
    return WhyResult(
        target=target,
        words=found.compared.words,
        row=row,
        needs=_needs(row, found.rows),
        dependents=_dependents(target, found.rows),
        notes=(*found.compared.notes, *found.notes),
    )


def _meant(word: str, found: Reached, tools: CodeTools) -> TargetName:
    """An orphan is no target of the head any more, and can be asked about all the same."""
    known = next((name for name in found.rows if str(name) == word.removeprefix("env/")), None)
    if known is not None:
        return known
    tree = CommitTree(tools.repository, found.compared.tree)
    names = meaning(word, tools.wishes(tree, tools.gates(tree)).targets, tools.here)
    if len(names) != 1:
        raise AskedWrongly.of(
            "not-one-target",
            f"`{word}` means {len(names)} targets: {listed(map(str, names))}",
            hint="name one as environment/stack",
        )
    return next(iter(names))


def _needs(row: Affected | None, rows: Mapping[TargetName, Affected]) -> tuple[Affected, ...]:
    way: list[Affected] = []
    while row is not None and row.through is not None:
        row = rows[row.through]
        way.append(row)
    return tuple(reversed(way))


def _dependents(target: TargetName, rows: Mapping[TargetName, Affected]) -> tuple[Affected, ...]:
    found: list[Affected] = []
    pending = [target]
    for name in pending:
        users = [row for row in rows.values() if row.through == name]
        found += users
        pending += [row.target for row in users]
    return tuple(found)
