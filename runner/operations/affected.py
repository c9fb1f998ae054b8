"""`affected`: which targets a change touches, each with its because. Asks neither the record nor a cloud."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runner.config.configuration import united
from runner.decisions.affected import Affected, Reason, Side, affected, every_target, with_dependents
from runner.decisions.affected import united as both
from runner.decisions.edges import Graph, judged
from runner.decisions.job_matrix import checked_jobs
from runner.decisions.ordering import run_order
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.ranges import changed_paths, renamed_paths
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.commit_range import Compared, compared
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
    side, notes = _side(bench, meant.tree)
    rows: Mapping[TargetName, Affected] = {}
    paths: set[str] = set()
    for fork in meant.bases:
        tree = repository.tree_of(fork) if fork else repository.objects.empty_tree
        changed = {each.path for each in changed_paths(repository, tree, meant.tree)}
        paths |= changed
        if changed:
            found, told = _since(bench, fork, tree, side, changed, meant)
            rows, notes = both(rows, found), (*notes, *told)
    graph = judged(side.targets, side.code, side.gates) if rows else Graph(edges={})
    return Reached(
        rows=with_dependents(rows, graph.edges),
        side=side,
        graph=graph,
        compared=meant,
        paths=len(paths),
        notes=notes,
    )


def _since(
    bench: Bench, fork: str, tree: str, side: Side, changed: Collection[str], meant: Compared
) -> tuple[Mapping[TargetName, Affected], tuple[Diagnostic, ...]]:
    """What differs from one base. A base whose configuration cannot be believed is compared with nothing: then every
    target counts."""
    try:
        before, _ = _side(bench, tree)
    except AskedWrongly as error:
        first = error.diagnostics[0]
        because = (
            f"the configuration of {fork[:12]} cannot be believed, so that nothing compares: {first.message}"
        )
        note = Diagnostic(
            code="base-not-believed", message=because, span=first.span, severity=Severity.WARNING
        )
        return every_target(side, because), (note,)
    fewer = before.targets.keys() - side.targets.keys()
    renames: Mapping[str, str] = {}
    if fewer and side.targets.keys() - before.targets.keys():
        renames = renamed_paths(bench.tools.repository, tree, meant.tree)
    return affected(before, side, changed, renames=renames), ()


def _side(bench: Bench, tree_id: str) -> tuple[Side, tuple[Diagnostic, ...]]:
    """One commit, read by its own gates and wishes. AskedWrongly with its mistakes."""
    tree = CommitTree(bench.tools.repository, tree_id)
    gates = bench.tools.gates(tree)
    wishes = bench.tools.wishes(tree, gates)
    believed = united(gates, wishes)
    code: CodeReader = bench.tools.code(tree)
    targets: Mapping[TargetName, Target] = wishes.targets
    side = Side(
        targets=targets,
        wishes=wishes.wishes,
        gates=believed.environments,
        code=code,
        foreign=wishes.foreign,
    )
    return side, (*gates.warnings, *wishes.warnings)


def _lost_edges(graph: Graph) -> tuple[Diagnostic, ...]:
    """References that lead nowhere: who needs whom is not wholly known."""
    return tuple(
        Diagnostic(
            code=each.code, message=each.message, span=each.span, hint=each.hint, severity=Severity.WARNING
        )
        for each in graph.diagnostics
    )
