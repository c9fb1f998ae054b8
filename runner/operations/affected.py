"""`affected`: which targets a change touches, each with its because. Asks neither the record nor a cloud."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.config.configuration import united
from runner.decisions.affected import Affected, Reason, Side, affected, every_target, with_dependents
from runner.decisions.affected import united as both
from runner.decisions.edges import Graph
from runner.decisions.job_matrix import checked_jobs
from runner.decisions.ordering import run_order
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.ranges import ChangedPath, changed_paths, renamed_paths
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.operations.bench import Bench
from runner.operations.commit_range import Compared, compared
from runner.operations.searching import (
    Glance,
    glance_at,
    graph_at,
    same_configuration,
    worth_comparing,
)
from runner.source.facts import CodeReader


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRequest:
    """`range` as typed, empty for none. `jobs`: the waves are wanted, for the jobs of a CI system."""

    range: str = ""
    jobs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedResult:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a range of commits touches: `rows` by name, `side` the head as read, `graph` over its targets."""

    rows: Mapping[TargetName, Affected]
    side: Side
    graph: Graph
    compared: Compared
    paths: int
    notes: tuple[Diagnostic, ...]


def affected_by(request: AffectedRequest, bench: Bench) -> AffectedResult:
    """What the range touches. AskedWrongly where it cannot be read, or has more jobs than a CI system takes."""
    found = reached(bench, request.range)
    waves: tuple[tuple[TargetName, ...], ...] = ()
    if request.jobs:
        if found.graph.diagnostics:
            raise AskedWrongly(found.graph.diagnostics)
        plannable = [name for name, row in found.rows.items() if row.reason is not Reason.ORPHAN]
        waves = checked_jobs(run_order(plannable, found.graph.edges))
    following = ("runner preview --changed",) if found.rows and not request.range else ()
    return AffectedResult(
        rows=tuple(found.rows.values()),
        of=len(found.side.targets),
        paths=found.paths,
        words=found.compared.words,
        head=found.compared.head,
        bases=found.compared.bases,
        waves=waves,
        notes=(*found.compared.notes, *found.notes, *_lost_edges(found.graph)),
        next=following,
    )


def reached(bench: Bench, written: str) -> Reached:
    """Compares the head of a range with each of its merge bases, each read by its own configuration."""
    meant = compared(bench, written)
    repository = bench.tools.repository
    head = _read(bench, meant.tree)
    rows: Mapping[TargetName, Affected] = {}
    graph, notes, paths = Graph(edges={}), head.notes, set[str]()
    for fork in meant.bases:
        tree = repository.tree_of(fork) if fork else repository.objects.empty_tree
        differing = changed_paths(repository, tree, meant.tree)
        if not differing:
            continue
        paths |= {each.path for each in differing}
        glance = glance_at(head.tree, head.code, differing)
        found, told = _since(bench, (fork, tree), head, glance, differing)
        rows, notes = both(rows, found), (*notes, *told)
        graph = graph_at(glance, head.side, head.code) if rows else graph
    return Reached(
        rows=with_dependents(rows, graph.edges),
        side=head.side,
        graph=graph,
        compared=meant,
        paths=len(paths),
        notes=notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    """One commit, read by its own gates and wishes."""

    id: str
    tree: CommitTree
    side: Side
    code: CodeReader
    notes: tuple[Diagnostic, ...] = ()


def _since(
    bench: Bench, fork: tuple[str, str], head: _Commit, glance: Glance, differing: Sequence[ChangedPath]
) -> tuple[Mapping[TargetName, Affected], tuple[Diagnostic, ...]]:
    """What differs from one base, `fork` (commit, tree). A base whose configuration cannot be believed is compared with
    nothing: then every target counts."""
    try:
        before = _before(bench, fork[1], head, differing)
    except AskedWrongly as error:
        first = error.diagnostics[0]
        because = f"the configuration of {fork[0][:12]} cannot be believed: {first.message}"
        note = Diagnostic(
            code="base-not-believed",
            message=f"{because}; so nothing compares, and every target counts",
            span=first.span,
            severity=Severity.WARNING,
        )
        return every_target(head.side, because), (note,)
    among = worth_comparing(glance, before.side, head.side, head.code, differing)
    _read_ahead(before, among)
    _read_ahead(head, among)
    fewer = before.side.targets.keys() - head.side.targets.keys()
    renames: Mapping[str, str] = {}
    if fewer and head.side.targets.keys() - before.side.targets.keys():
        renames = renamed_paths(bench.tools.repository, fork[1], head.id)
    changed = {each.path for each in differing}
    return affected(before.side, head.side, changed, among=among, renames=renames), ()


def _read(bench: Bench, tree_id: str) -> _Commit:
    """AskedWrongly with the mistakes of its configuration."""
    tree = CommitTree(bench.tools.repository, tree_id)
    gates = bench.tools.gates(tree)
    wishes = bench.tools.wishes(tree, gates)
    code = bench.tools.code(tree)
    side = Side(
        targets=wishes.targets,
        wishes=wishes.wishes,
        gates=united(gates, wishes).environments,
        code=code,
        foreign=wishes.foreign,
    )
    notes = (*gates.warnings, *wishes.warnings)
    return _Commit(id=tree_id, tree=tree, side=side, code=code, notes=notes)


def _before(bench: Bench, tree_id: str, head: _Commit, differing: Sequence[ChangedPath]) -> _Commit:
    """The other commit; its configuration is read only where it may be another one."""
    if not same_configuration(differing):
        return _read(bench, tree_id)
    tree = CommitTree(bench.tools.repository, tree_id)
    code = bench.tools.code(tree)
    return _Commit(id=tree_id, tree=tree, side=replace(head.side, code=code), code=code)


def _read_ahead(commit: _Commit, among: Collection[TargetName] | None) -> None:
    """The code of what is compared, in a few rounds instead of one by one."""
    by_engine: dict[EngineName, list[str]] = {}
    for name, target in commit.side.targets.items():
        if among is None or name in among:
            by_engine.setdefault(target.stack.engine.name, []).append(target.stack.directory)
    for engine, directories in by_engine.items():
        if engine is not EngineName.PULUMI:
            commit.code.prefetch(directories, opentofu=engine is EngineName.OPENTOFU)


def _lost_edges(graph: Graph) -> tuple[Diagnostic, ...]:
    """References that lead nowhere: who needs whom is not wholly known."""
    return tuple(
        Diagnostic(
            code=each.code, message=each.message, span=each.span, hint=each.hint, severity=Severity.WARNING
        )
        for each in graph.diagnostics
    )
