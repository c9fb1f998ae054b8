"""`affected`: which targets a change touches, each with its because. Asks neither the record nor a cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from runner.config.configuration import Limits, united
from runner.decisions.affected import Affected, Reason, Side, affected, every_target, with_dependents
from runner.decisions.affected import united as both
from runner.decisions.edges import Graph
from runner.decisions.footprint import touched_by
from runner.decisions.job_matrix import checked_jobs
from runner.decisions.ordering import run_order
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.ranges import ChangedPath, changed_paths, renamed_paths
from runner.git.walked_tree import WalkedTree
from runner.kit.tree import Tree
from runner.model.names import TargetName
from runner.operations.atlas import Believed, drawn
from runner.operations.charted import Charted, charted
from runner.operations.code_tools import CodeTools
from runner.operations.commit_range import Compared, compared
from runner.operations.glancing import Glance, glance_at
from runner.operations.known_programs import KnownPrograms, kept_programs, programs_of
from runner.operations.reading_ahead import read_ahead
from runner.operations.searching import graph_at, worth_comparing
from runner.operations.staying import plain, targets_stay
from runner.source.known_code import KnownCode
from runner.source.pages import PagesDamaged


class AffectedRequest(Struct, frozen=True, kw_only=True):
    """`range` as typed, empty for none. `jobs`: the waves are wanted, for the jobs of a CI system."""

    range: str = ""
    jobs: bool = False


class AffectedResult(Struct, frozen=True, kw_only=True):
    """`rows` by target; `of` how many targets there are at the head, `paths` how many paths differ; `words` name what
    was compared. `waves`: those that can be planned, in order, where they were asked for."""

    rows: tuple[Affected, ...]
    of: int
    paths: int
    words: str
    head: str
    bases: tuple[str, ...]
    waves: tuple[tuple[TargetName, ...], ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


class Reached(Struct, frozen=True, kw_only=True):
    """What a range of commits touches: `rows` by name, `of` how many targets there are at the head, `graph` over those
    that are touched, `paths` how many paths differ."""

    rows: Mapping[TargetName, Affected]
    of: int
    graph: Graph
    compared: Compared
    paths: int
    notes: tuple[Diagnostic, ...]


def affected_by(request: AffectedRequest, tools: CodeTools) -> AffectedResult:
    """What the range touches. AskedWrongly where it cannot be read, or has more jobs than a CI system takes."""
    found = reached(tools, request.range)
    waves: tuple[tuple[TargetName, ...], ...] = ()
    if request.jobs:
        if found.graph.diagnostics:
            raise AskedWrongly(found.graph.diagnostics)
        plannable = [name for name, row in found.rows.items() if row.reason is not Reason.ORPHAN]
        waves = checked_jobs(run_order(plannable, found.graph.edges))
    following = ("runner preview --changed",) if found.rows and not request.range else ()
    # References that lead nowhere: who needs whom is not wholly known.
    lost = (replace(each, severity=Severity.WARNING) for each in found.graph.diagnostics)
    return AffectedResult(
        rows=tuple(found.rows.values()),
        of=found.of,
        paths=found.paths,
        words=found.compared.words,
        head=found.compared.head,
        bases=found.compared.bases,
        waves=waves,
        notes=(*found.compared.notes, *found.notes, *lost),
        next=following,
    )


def reached(tools: CodeTools, written: str) -> Reached:
    """Compares the head of a range with each of its merge bases: by the atlas that this clone keeps, or else each read
    whole by its own configuration."""
    meant = compared(tools, written)
    repository = tools.repository
    steps = []
    for fork in meant.bases:
        tree = repository.tree_of(fork) if fork else repository.objects.empty_tree
        steps.append(_Step(commit=fork, tree=tree, differing=changed_paths(repository, tree, meant.tree)))
    try:
        chart = charted(tools, meant.tree)
        found = _by_chart(chart, steps) if chart is not None else None
    except PagesDamaged:
        chart = found = None
    rows, graph, of, notes = found or _whole(tools, meant.tree, steps, drawing=chart is None)
    return Reached(
        rows=with_dependents(rows, graph.edges),
        of=of,
        graph=graph,
        compared=meant,
        paths=len({each.path for step in steps for each in step.differing}),
        notes=notes,
    )


class _Step(Struct, frozen=True, kw_only=True):
    """From a base to the head: the base's commit, empty for nothing, and its tree."""

    commit: str
    tree: str
    differing: Sequence[ChangedPath]


_Found: TypeAlias = tuple[Mapping[TargetName, Affected], Graph, int, tuple[Diagnostic, ...]]
"""The rows, the graph over them, how many targets there are, and notes."""


def _by_chart(chart: Charted, steps: Sequence[_Step]) -> _Found | None:
    """What differs, of what the atlas leads to; None where it does not tell."""
    rows: Mapping[TargetName, Affected] = {}
    for step in steps:
        if not chart.compares_with(step.tree, step.differing):
            return None
        tree = WalkedTree(chart.tools.repository, step.tree)
        head = chart.reached_by(step.differing, tree)
        if head is None:
            return None
        code = chart.tools.code(tree, beside=chart.code)
        for place, reader in ((chart.tree, chart.code), (tree, code)):
            place.look_at(target.stack.directory for target in head.targets.values())
            read_ahead(reader, head.targets.values())
        changed = {each.path for each in step.differing}
        rows = both(rows, affected(replace(head, code=code), head, changed))
    return rows, chart.graph(rows), chart.targets, chart.notes


def _whole(tools: CodeTools, tree_id: str, steps: Sequence[_Step], *, drawing: bool) -> _Found:
    """What differs, of the whole trees. `drawing`: an atlas is made of the newer one, for the next time."""
    tree = CommitTree(tools.repository, tree_id)
    code, differing = tools.code(tree), [each for step in steps for each in step.differing]
    # Whoever checks configuration is still getting ready; but what a vast tree is, its own limits say.
    early = glance_at(tree, code, differing) if _usual(tree) else None
    head = _read(tools, tree_id, tree, code)
    glance = early or glance_at(tree, code, differing)
    rows: Mapping[TargetName, Affected] = {}
    notes = head.notes
    programs = programs_of(head.side, head.code, kept_programs(tools, tree_id))
    for step in steps:
        if step.differing:
            found, told = _since(tools, step, head, glance, programs)
            rows, notes = both(rows, found), (*notes, *told)
    graph = graph_at(glance, head.side, head.code, programs) if rows or drawing else Graph(edges={})
    if drawing:
        tools.keep(*drawn(head.believed, glance, graph, head.code, programs))
    return rows, graph if rows else Graph(edges={}), len(head.side.targets), notes


def _usual(tree: Tree) -> bool:
    return not any(islice(tree.walk("."), Limits().tree_files, None))


class _Commit(Struct, frozen=True, kw_only=True):
    """One commit, read by its own gates and wishes."""

    tree: Tree
    believed: Believed
    code: KnownCode
    notes: tuple[Diagnostic, ...] = ()

    @property
    def side(self) -> Side:
        """What it wishes for, as it is compared."""
        return self.believed.side


def _since(
    tools: CodeTools, step: _Step, head: _Commit, glance: Glance, programs: KnownPrograms
) -> tuple[Mapping[TargetName, Affected], tuple[Diagnostic, ...]]:
    """What differs from one base. A base whose configuration cannot be believed is compared with nothing: then every
    target counts."""
    try:
        before = _before(tools, step, head)
    except AskedWrongly as error:
        first = error.diagnostics[0]
        because = f"the configuration of {step.commit[:12]} cannot be believed: {first.message}"
        note = Diagnostic(
            code="base-not-believed",
            message=f"{because}; so nothing compares, and every target counts",
            span=first.span,
            severity=Severity.WARNING,
        )
        return every_target(head.side, because), (note,)
    changed = {each.path for each in step.differing}
    among = worth_comparing(glance, before.side, head.side, step.differing)
    if among is not None:
        among |= programs.crossed(touched_by(changed, before.tree, head.tree))
    for each in (head, before):
        targets = each.side.targets.items()
        read_ahead(each.code, [target for name, target in targets if among is None or name in among])
    old, new = before.side.targets.keys(), head.side.targets.keys()
    renames: Mapping[str, str] = {}
    if old - new and new - old:
        renames = renamed_paths(tools.repository, step.tree, head.believed.tree)
    return affected(before.side, head.side, changed, among=among, renames=renames), ()


def _read(tools: CodeTools, tree_id: str, tree: Tree, code: KnownCode) -> _Commit:
    """AskedWrongly with the mistakes of its configuration."""
    gates = tools.gates(tree)
    wishes = tools.wishes(tree, gates)
    side = Side(
        targets=wishes.targets,
        wishes=wishes.wishes,
        gates=united(gates, wishes).environments,
        code=code,
        foreign=wishes.foreign,
        most_items=gates.limits.tree_files,
    )
    believed = Believed(tree=tree_id, gates=gates, wishes=wishes, side=side)
    return _Commit(tree=tree, believed=believed, code=code, notes=(*gates.warnings, *wishes.warnings))


def _before(tools: CodeTools, step: _Step, head: _Commit) -> _Commit:
    """The other commit; its configuration is read only where it may be another one."""
    tree = WalkedTree(tools.repository, step.tree)
    layout = head.believed.gates.layout
    if all(map(plain, step.differing)) and targets_stay(step.differing, tree, head.tree, layout):
        code = tools.code(tree, beside=head.code)
        return replace(head, believed=replace(head.believed, side=replace(head.side, code=code)), code=code)
    whole = CommitTree(tools.repository, step.tree)
    return _read(tools, step.tree, whole, tools.code(whole))
