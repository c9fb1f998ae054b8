"""What a repository's pipeline has to know: the branches whose merges apply something, and the parts of runner that its
stacks need."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from runner.config.configuration import GatesConfiguration
from runner.config.layout import compiled
from runner.config.stack_search import found_stacks
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.kit.tree import Tree
from runner.model.code_files import PROJECT_FILES
from runner.operations.bench import Bench
from runner.report.pipelines import PLACES, Pipeline, pipeline_files, speakable


def pipeline_of(bench: Bench, tree: Tree, forge: str, remote: str) -> dict[str, str]:
    """Path -> text. AskedWrongly `ci-unknown-forge`, `no-default-branch`, `branch-unspeakable`, and all mistakes of the
    gates that are there."""
    forge = forge.lower()
    if forge not in PLACES:
        near = difflib.get_close_matches(forge, PLACES, n=1)
        raise AskedWrongly.of(
            "ci-unknown-forge",
            f"no pipeline is known for `{forge}`",
            hint=f"did you mean `{near[0]}`?" if near else f"one of {', '.join(PLACES)}",
        )
    gates = bench.tools.gates(tree)
    repository = bench.tools.repository
    default = gates.default_branch or repository.default_branch("" if remote == "none" else remote)
    if not default:
        raise AskedWrongly.of(
            "no-default-branch",
            "which branch is the default one is not known, and pipelines run on it",
            hint="write `default_branch: NAME` into runner.yaml",
        )
    layout = [compiled(text) for text in gates.layout]
    stacks = found_stacks(tree, layout, gates.limits.tree_files).stacks
    pulumi = any(found.files.intersection(PROJECT_FILES) for found in stacks)
    told = any(each.notify for each in gates.environments.values())
    extras = ("aws", "embedded", *(("notify",) if told else ()), *(("pulumi",) if pulumi else ()))
    branches = _branches(gates, default)
    return pipeline_files(forge, Pipeline(default_branch=default, branches=branches, extras=extras))


def standing_apart(tree: Tree, jobs: Mapping[str, str], written: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """A warning for each file of the pipeline that is there already and says something else."""
    return tuple(
        Diagnostic(
            code="init-never-overwrites",
            message=f"`{path}` is there already, and stays as it is; it is not what this version would write",
            hint="move it away and run this again to compare",
            severity=Severity.WARNING,
        )
        for path, text in jobs.items()
        if path not in written and _text(tree, path) != text
    )


def _text(tree: Tree, path: str) -> str | None:
    return None if tree.node(path) is None else tree.read(path).decode("utf-8", "replace")


def _branches(gates: GatesConfiguration, default: str) -> tuple[str, ...]:
    """Each branch that an environment is tied to, and each pattern of `branches:` with a star for its names."""
    named = {each.branch for each in gates.environments.values()} | {default}
    patterns = {_starred(pattern) for pattern, _ in gates.branches}
    found = ("**",) if "*" in named else tuple(sorted({*named, *patterns} - {""}))
    for each in found:
        if not speakable(each.replace("*", "x")):
            raise AskedWrongly.of(
                "branch-unspeakable",
                f"no forge's pipeline can name the branch `{each}` and no other",
                hint="rename it, or write the pipeline by hand: `runner help ci`",
            )
    return found


def _starred(pattern: str) -> str:
    """A pattern's names as stars: `env/{environment}` -> `env/*`."""
    parts = pattern.replace("{", "\0{").split("\0")
    return "".join("*" + part.partition("}")[2] if part.startswith("{") else part for part in parts)
