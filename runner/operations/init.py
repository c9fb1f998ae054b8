"""`init`: starts a repository, or proposes the settings that fit one that is there. Replaces no file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.config.layout import PatternError, compiled
from runner.config.proposals import Proposal, proposed
from runner.config.stack_search import found_stacks
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.git.commit_tree import CommitTree
from runner.git.repository import Repository
from runner.git.worktree import snapshot_worktree
from runner.kit.tree import Tree
from runner.operations.beginnings import described, texts
from runner.operations.bench import Bench
from runner.operations.confirming import asked
from runner.operations.pipeline_proposals import pipeline_of, standing_apart

TREE_FILES = 200_000
"""Law 14: how many files are looked at (`limits.tree_files` is not believed before there is a runner.yaml)."""

OTHERS = ("atlantis", "digger", "terragrunt", "terramate", "spacelift", "env0")
"""Tools whose own files `--from` may be expected to read."""


class InitRequest(Struct, frozen=True, kw_only=True):
    """`from_` is the layout to take over instead of the one that is found, patterns parted by commas; `ci` the forge
    whose pipeline is written too, or empty; `remote` where the record goes."""

    from_: str = ""
    ci: str = ""
    remote: str = ""
    yes: bool = False
    force: bool = False


class InitResult(Struct, frozen=True, kw_only=True):
    """`files` are written, or would be (`written` False): path -> text. `proposal` says what was found."""

    files: Mapping[str, str]
    proposal: str
    written: bool
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def init(request: InitRequest, bench: Bench) -> InitResult:
    """Looks at the work tree, proposes, asks, and writes new files only. Nothing is committed, nothing is applied."""
    _refuse(request)
    repository = bench.tools.repository
    tree = CommitTree(repository, snapshot_worktree(repository).tree)
    remote = _remote(repository, request.remote)
    layout = tuple(part.strip() for part in request.from_.split(",") if part.strip())
    proposal = proposed(tree, TREE_FILES)
    if layout:
        proposal = _with_layout(tree, proposal, layout)
    wanted = texts(tree, proposal, layout, remote)
    jobs = pipeline_of(bench, tree, request.ci, remote) if request.ci else {}
    files = {
        path: text for path, text in {**wanted, **jobs}.items() if not os.path.lexists(repository.root / path)
    }
    told = described(tree, proposal, files, remote)
    notes = (*standing_apart(tree, jobs, files), *_alone(request.ci, remote))
    if not files:
        return InitResult(files={}, proposal=told, written=False, notes=notes, next=("runner status",))
    if not request.yes and not _agreed(bench, told, files):
        again = f"runner init{f' --ci {request.ci}' if request.ci else ''} --yes"
        return InitResult(files=files, proposal=told, written=False, notes=notes, next=(again,))
    for path, text in files.items():
        _write(repository.root, path, text)
    following = _following(files, jobs, proposal.environments, remote)
    return InitResult(files=files, proposal=told, written=True, notes=notes, next=following)


def _refuse(request: InitRequest) -> None:
    if request.from_.lower() in OTHERS:
        raise AskedWrongly.of(
            "not-yet",
            f"`runner init --from {request.from_}` is not in this version: no other tool's files are read",
            hint="`runner init` finds the layout by itself; `--from 'live/{environment}/{stack}'` names one",
        )
    if request.force:
        raise AskedWrongly.of(
            "init-never-overwrites",
            "`runner init` replaces no file, not with `--force` either",
            hint="move yours away and run it again, or change it by hand: `runner schema` describes every key",
        )


def _remote(repository: Repository, wanted: str) -> str:
    """The remote to write down; empty where there is none, and the record stays in the clone by itself."""
    if wanted == "none":
        return wanted
    if wanted:
        return repository.checked_remote(wanted)
    known = repository.remotes()
    return "origin" if "origin" in known else known[0] if len(known) == 1 else ""


def _with_layout(tree: Tree, proposal: Proposal, layout: tuple[str, ...]) -> Proposal:
    try:
        patterns = [compiled(text) for text in layout]
    except PatternError as error:
        raise AskedWrongly.of("layout-invalid", str(error), hint=error.hint) from None
    search = found_stacks(tree, patterns, TREE_FILES)
    if not search.stacks:
        raise AskedWrongly.of(
            "layout-finds-nothing",
            f"no directory with code fits {', '.join(f'`{text}`' for text in layout)}",
            hint="`runner init` without `--from` proposes a layout that fits",
        )
    placed = {found.placed.directory for found in search.stacks}
    environments = sorted({found.placed.environment for found in search.stacks} - {""}) or ["dev"]
    return replace(
        proposal,
        layout=layout,
        stacks=len(placed),
        environments=tuple(environments),
        rest=tuple(each for each in proposal.rest if each not in placed),
        files=_environment_files(proposal, environments),
    )


def _environment_files(proposal: Proposal, environments: list[str]) -> dict[str, str]:
    """As proposed, for the environments that the other layout finds."""
    kept = {path: text for path, text in proposal.files.items() if not path.startswith("environments/")}
    samples = [(path, text) for path, text in proposal.files.items() if path.startswith("environments/")]
    if not samples:
        return kept
    path, text = samples[0]
    known = path.removeprefix("environments/").removesuffix(".yaml")
    return {
        **kept,
        **{f"environments/{name}.yaml": text.replace(f"`{known}`", f"`{name}`") for name in environments},
    }


def _agreed(bench: Bench, told: str, files: Mapping[str, str]) -> bool:
    """Where nobody can answer, the answer is no: the proposal is shown and nothing is written."""
    if bench.ask is None:
        return False
    listed = "\n".join(f"  {path}" for path in files)
    return bench.ask(asked("init", "", f"{told}\nwrite these files?\n{listed}"))


def _write(root: Path, path: str, text: str) -> None:
    """A new file; through no link that leads out of the repository."""
    file = root / path
    if not file.parent.resolve().is_relative_to(root.resolve()):
        raise AskedWrongly.of(
            "init-outside",
            f"`{path}` would lie outside the repository",
            hint=f"look at the link `{file.parent.name}`",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise AskedWrongly.of(
            "file-not-writable", f"`{path}` cannot be written: {error.strerror}", hint="look at its directory"
        ) from None


def _alone(ci: str, remote: str) -> tuple[Diagnostic, ...]:
    if not ci or remote not in ("", "none"):
        return ()
    return (
        Diagnostic(
            code="ci-without-remote",
            message="this repository has no remote, and what CI does must be seen by everybody",
            hint="`git remote add origin URL`, and `ledger: {remote: origin}` in runner.yaml",
            severity=Severity.WARNING,
        ),
    )


def _following(
    files: Mapping[str, str], jobs: Mapping[str, str], environments: tuple[str, ...], remote: str
) -> tuple[str, ...]:
    """Where the record is shared, `up` takes only what is pushed."""
    words = " ".join(sorted({path.split("/")[0] for path in files}))
    commit = f"git add {words} && git commit -m 'Start with runner'"
    push = (f"git push {remote} HEAD",) if remote not in ("", "none") else ()
    if written := [path for path in files if path in jobs]:
        return (f"less {written[0]}   # its head says what to set up once", commit, *push)
    return (
        commit,
        *push,
        f"runner preview env/{environments[0]}",
        f"runner up env/{environments[0]}",
    )
