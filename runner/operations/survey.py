"""What every verb must know first: the code that is planned, the law it is judged by, the targets that are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from runner.config.configuration import Configuration, GatesConfiguration, WishesConfiguration, united
from runner.config.files import RUNNER_FILE
from runner.decisions.edges import Edge, graph_edges
from runner.decisions.ordering import needs_among
from runner.decisions.orphans import idle_removals
from runner.decisions.selection import select
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.worktree import checked_out, snapshot_worktree
from runner.kit.tree import Tree
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.model.revision import Revision
from runner.model.selection_request import SelectionRequest
from runner.model.stack import EngineName, EngineWish, Stack
from runner.model.target import Target
from runner.operations.bench import Bench
from runner.operations.reading_ahead import read_ahead
from runner.operations.tools import Record
from runner.source.known_code import KnownCode


class Survey(Struct, frozen=True, kw_only=True):
    """`revision` is the code's, `law` the gates' commit; `edges` are the graph over all targets; `notes` are warnings
    to show. `record` reads the ledger as of the survey; `checked_out` is
    the commit below a commit that was made of a dirty work tree; `here` the working directory from the root;
    `document` reads a file of YAML (path, content, most nodes)."""

    revision: Revision
    law: str
    tree: Tree
    gates: GatesConfiguration
    wishes: WishesConfiguration
    believed: Configuration
    code: KnownCode
    document: Callable[[str, bytes, int], Json]
    record: Record
    edges: Mapping[TargetName, tuple[Edge, ...]]
    notes: tuple[Diagnostic, ...] = ()
    checked_out: str = ""
    here: str = "."

    def needs(self, among: Iterable[TargetName]) -> dict[TargetName, tuple[TargetName, ...]]:
        """The graph as `target -> what it needs`, among those targets."""
        return needs_among(among, self.edges)


class Law(Struct, frozen=True, kw_only=True):
    """The commit whose gates hold, those gates, and the remote where the record lives (empty: this clone)."""

    commit: str
    gates: GatesConfiguration
    remote: str


def gates_of(whole: Survey, environment: str) -> Gates:
    """The gates of an environment; the defaults for one that is on the record and not configured any more."""
    found = whole.believed.environments.get(environment)
    return found or replace(whole.gates.defaults, environment=environment)


def survey(bench: Bench, *, worktree: bool, refresh: bool = True, conducts: bool = False) -> Survey:
    """Reads both commits and the ledger. `worktree`: plan what lies in the work tree, else the checked-out commit;
    `refresh`: ask the ledger's remote, else believe what was fetched; `conducts`: engines will run."""
    if conducts:
        bench.tools.foresee()
    revision = snapshot_worktree(bench.tools.repository)
    planned = revision.tree if worktree else revision.commit
    return _surveyed(bench, _Looked(revision=revision, planned=planned), refresh=refresh, conducts=conducts)


def survey_at(bench: Bench, commit: str, law: Law, *, conducts: bool = False) -> Survey:
    """A survey that is pinned to two commits, whatever is checked out: `commit`, which is planned, and the law's."""
    revision = Revision(commit=commit, tree=bench.tools.repository.tree_of(commit))
    looked = _Looked(revision=revision, planned=commit, law=law)
    return _surveyed(bench, looked, refresh=True, conducts=conducts)


def law_now(bench: Bench) -> Law:
    """The default branch's tip as its remote has it now (law 2). AskedWrongly `no-commit`; NoAnswer."""
    revision = checked_out(bench.tools.repository)
    _refuse_unborn(revision)
    return _law(bench, revision, refresh=True)


def law_at(bench: Bench, commit: str, now: Law) -> Law:
    """The gates as they stood at `commit`; where the record lives is said by those of `now`."""
    gates = bench.tools.gates(CommitTree(bench.tools.repository, commit))
    return Law(commit=commit, gates=gates, remote=now.remote)


@contextmanager
def glance(bench: Bench, *, graph: bool = True) -> Iterator[Survey]:
    """A survey of the checked-out commit for a verb that only looks, while it looks: the remote is asked once, and
    nobody asks whether the work tree is dirty. `graph` False: nor what needs what, nor what the code says."""
    repository = bench.tools.repository
    with repository.one_look():
        revision = checked_out(repository)
        yield _surveyed(bench, _Looked(revision=revision, planned=revision.commit), refresh=True, graph=graph)


class _Looked(Struct, frozen=True, kw_only=True):
    """What is looked at: `planned` is the commit or the tree whose wishes and code count; `law` None: as by hand."""

    revision: Revision
    planned: str
    law: Law | None = None


def _surveyed(
    bench: Bench, looked: _Looked, *, refresh: bool, graph: bool = True, conducts: bool = False
) -> Survey:
    repository, revision = bench.tools.repository, looked.revision
    _refuse_unborn(revision)
    law = looked.law or _law(bench, revision, refresh=refresh)
    gates, remote = law.gates, law.remote
    tree = CommitTree(repository, looked.planned)
    wishes = bench.tools.wishes(tree, gates)
    if conducts:
        bench.tools.foresee({target.stack.engine for target in wishes.targets.values()})
    record = bench.tools.record(remote, gates, CommitTree(repository, law.commit))
    if refresh or not remote:
        record.ledger.refresh([])
    code = bench.tools.code(tree)
    believed = united(gates, wishes)
    if graph:
        read_ahead(code, wishes.targets.values())
    return Survey(
        revision=revision,
        law=law.commit,
        tree=tree,
        gates=gates,
        wishes=wishes,
        believed=believed,
        code=code,
        document=bench.tools.document,
        record=record,
        edges=graph_edges(wishes.targets, code, believed.environments) if graph else {},
        notes=(*gates.warnings, *wishes.warnings, *(_idle(wishes, record) if graph else ())),
        here=bench.tools.here,
    )


def _refuse_unborn(revision: Revision) -> None:
    if not revision.commit:
        raise AskedWrongly.of(
            "no-commit",
            "this repository has no commit yet",
            hint="commit your work: `git add -A && git commit`",
        )


def narrows(request: SelectionRequest) -> bool:
    """Whether some targets are meant, and not all that there is and was."""
    return request not in (SelectionRequest(), SelectionRequest(all_environments=True))


def spreads(request: SelectionRequest) -> bool:
    """Whether what is meant depends on what needs what."""
    return request.with_dependents or request.with_dependencies


def chosen(request: SelectionRequest, whole: Survey) -> dict[TargetName, Target]:
    """The targets that `request` means, in order of their names. AskedWrongly `not-yet` for a range of commits that
    nobody looked at."""
    _answered(request)
    names = select(request, whole.wishes.targets, whole.edges, here=whole.here)
    return {name: whole.wishes.targets[name] for name in sorted(names)}


def recorded_names(request: SelectionRequest, whole: Survey) -> set[TargetName]:
    """As `chosen`, but over what the record knows too: orphans can be asked about."""
    _answered(request)
    known = dict(whole.wishes.targets)
    for environment in whole.record.ledger.environments():
        for stack, deployment in whole.record.ledger.live(environment).items():
            name = TargetName(environment=environment, stack=stack)
            engine = EngineWish(name=EngineName(deployment.last.engine.partition(" ")[0] or "terraform"))
            known.setdefault(
                name,
                Target(name=name, stack=Stack(name=stack, directory=deployment.directory, engine=engine)),
            )
    return set(select(request, known, whole.edges, here=whole.here))


def _answered(request: SelectionRequest) -> None:
    if request.changed is not None and request.touched is None:
        raise AskedWrongly.of(
            "not-yet",
            "`--changed` is for `preview`, `up` and `graph`, and no other verb in this version",
            hint="`runner affected` tells what a change touches",
        )


def target_named(word: str, whole: Survey) -> TargetName:
    """Exactly one target, at the head or on the record. AskedWrongly `no-such-target`."""
    names = recorded_names(SelectionRequest(selectors=(word,)), whole)
    if len(names) != 1:
        listed = ", ".join(f"`{name}`" for name in sorted(names)[:5])
        raise AskedWrongly.of(
            "not-one-target",
            f"`{word}` means {len(names)} targets: {listed}",
            hint="name one as environment/stack",
        )
    return names.pop()


def committed_worktree(bench: Bench, whole: Survey) -> Survey:
    """The survey again, of a commit that is made of the work tree on top of the checked-out one (`--allow-dirty`).
    The commit is in no branch; the ledger's entry keeps it."""
    repository = bench.tools.repository
    message = f"runner: the work tree on top of {whole.revision.commit[:12]}, applied with --allow-dirty"
    commit = repository.commit_tree(whole.revision.tree, (whole.revision.commit,), message)
    made = of_commit(bench, whole, commit)
    return replace(made, checked_out=whole.revision.commit, believed=united(whole.gates, made.wishes))


def of_commit(bench: Bench, whole: Survey, commit: str) -> Survey:
    """The survey again, with the wishes and the code of another commit under the same gates."""
    tree = CommitTree(bench.tools.repository, commit)
    wishes = bench.tools.wishes(tree, whole.gates)
    code = bench.tools.code(tree)
    return replace(
        whole,
        revision=replace(whole.revision, commit=commit),
        tree=tree,
        wishes=wishes,
        code=code,
        edges=graph_edges(wishes.targets, code, whole.believed.environments),
    )


def dependents_left(whole: Survey, going: Iterable[TargetName]) -> None:
    """AskedWrongly `still-needed`, once for each live target that stays and needs some of those that go."""
    leaving = set(going)
    staying: dict[TargetName, list[TargetName]] = {}
    for environment in whole.record.ledger.environments():
        for stack, deployment in whole.record.ledger.live(environment).items():
            name = TargetName(environment=environment, stack=stack)
            needed = sorted(leaving & set(deployment.depends_on))
            if needed and name not in leaving and not deployment.held:
                staying[name] = needed
    if staying:
        all_of_it = " ".join(map(str, sorted({*staying, *leaving})))
        raise AskedWrongly(
            [
                Diagnostic(
                    code="still-needed",
                    message=f"`{name}` is live and needs {', '.join(f'`{each}`' for each in needed)}",
                    hint=f"destroy them together: `runner destroy {all_of_it}`",
                )
                for name, needed in staying.items()
            ]
        )


def ledger_chosen(bench: Bench, whole: Survey) -> None:
    """AskedWrongly `ledger-remote-unset` where the repository has remotes and nothing says whether the record goes to
    one of them: what is written into this clone alone would be seen by nobody else."""
    remotes = bench.tools.repository.remotes()
    if whole.gates.ledger.remote or not remotes:
        return
    name = "origin" if "origin" in remotes else remotes[0]
    raise AskedWrongly.of(
        "ledger-remote-unset",
        "nothing says where the record of what is applied is kept: at a remote, or in this clone alone",
        hint=f"commit and push `ledger: {{remote: {name}}}` in runner.yaml, or `ledger: {{remote: none}}`",
    )


def _idle(wishes: WishesConfiguration, record: Record) -> tuple[Diagnostic, ...]:
    """Notes of `removed:` lines that end nothing; without one no ledger is read for it."""
    live = [
        TargetName(environment=environment, stack=stack)
        for environment, own in wishes.wishes.items()
        if own.removed
        for stack in record.ledger.live(environment)
    ]
    return idle_removals(live, wishes.wishes)


def _law(bench: Bench, revision: Revision, *, refresh: bool) -> Law:
    """The law by hand (DESIGN, law 2).

    With a local ledger it is the checked-out commit, else the default branch's tip as fetched. Which of the two, which
    remote and which branch are gates themselves: the branch that the remote's HEAD names is asked first, and the
    checked-out commit only where that one has no `runner.yaml`.
    """
    repository = bench.tools.repository
    here = bench.tools.gates(CommitTree(repository, revision.commit))
    remotes = repository.remotes()
    if not remotes:
        return Law(commit=revision.commit, gates=here, remote="")
    wanted = here.ledger.remote
    remote = "origin" if "origin" in remotes else wanted if wanted in remotes else remotes[0]
    branch = here.default_branch
    if "default_branch" in here.written.get(RUNNER_FILE, {}):
        branch = repository.default_branch(remote) or branch
    # A head that wants its record here needs no network, unless this clone has never seen who may say so.
    ask = refresh and (wanted != "none" or not repository.remote_branch(remote, branch))
    tip, there = _gates_at(bench, remote, branch, refresh=ask) or ("", here)
    meant = there if there.written.get(RUNNER_FILE) else here
    own = meant.ledger.remote if meant.ledger.remote in remotes else remote, meant.default_branch
    if own != (remote, branch):
        tip, there = _gates_at(bench, *own, refresh=ask) or (tip, there)
    if there.ledger.remote == "none" or (not there.ledger.remote and wanted == "none"):
        return Law(commit=revision.commit, gates=here, remote="")
    return Law(commit=tip or revision.commit, gates=there, remote=there.ledger.remote)


def _gates_at(
    bench: Bench, remote: str, branch: str, *, refresh: bool
) -> tuple[str, GatesConfiguration] | None:
    """A remote branch's tip and its gates; None where there is no such branch. A clone of one other branch knows it
    only when the remote is asked."""
    repository = bench.tools.repository
    tip = repository.remote_branch(remote, branch) if branch else None
    if branch and refresh:
        try:
            tip = repository.fetch_branch(remote, branch)
        except AskedWrongly:
            tip = None
    return (tip, bench.tools.gates(CommitTree(repository, tip))) if tip else None
