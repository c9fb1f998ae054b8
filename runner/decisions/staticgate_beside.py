"""What lies beside a stack's code and reaches the engine all the same: its own directories and settings, and links."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from runner.decisions.globs import matches
from runner.decisions.lookup import Files, TreeNode, located
from runner.decisions.staticgate_findings import Finding, FindingKind
from runner.diagnostics import Span
from runner.kit.canonical import digest

_DIRECTORIES = {
    ".terraform": "the engine takes modules, providers and the backend from it",
    "terraform.d": "the engine looks for programs there",
}
_SETTINGS = (".terraformrc", "terraform.rc", ".tofurc", "tofu.rc", "*.tfrc", "*.tofurc", "*.tfrc.json")
_SETTINGS_BECAUSE = (
    "settings of the engine's command line name programs and where providers come from (`dev_overrides`)"
)


def beside(directory: str, files: Files) -> Iterator[Finding]:
    """Directories and settings of the engine in a stack's directory, and such settings at the root."""
    for place in dict.fromkeys((directory, ".")):
        for node in files.children(place):
            name = posixpath.basename(node.path)
            if place == directory and name in _DIRECTORIES:
                yield _engine_file(node, name, _DIRECTORIES[name], files)
            elif node.kind != "directory" and any(matches(glob, name) for glob in _SETTINGS):
                yield _engine_file(node, name, _SETTINGS_BECAUSE, files)


def _engine_file(node: TreeNode, name: str, because: str, files: Files) -> Finding:
    return Finding(
        kind=FindingKind.ENGINE_FILE,
        subject=name,
        address=node.path,
        message=f"`{node.path}` is committed",
        because=because,
        span=Span(file=node.path, line=1, column=1),
        digest=reach_of([node.path], files),
    )


def linked_out(directory: str, files: Files) -> Iterator[Finding]:
    """Symbolic links below `directory` that lead out of the repository, or nowhere."""
    for node in files.walk(directory):
        if node.kind == "link" and (problem := located(files, node.path).problem):
            how = "leaves the repository" if problem == "outside" else "leads in circles"
            yield Finding(
                kind=FindingKind.LINK,
                subject=problem,
                address=node.path,
                message=f"`{node.path}` {how}",
                because="what it leads to is the machine's, and not what was reviewed",
                span=Span(file=node.path, line=1, column=1),
                digest=node.id,
            )


def reach_of(places: Sequence[str], files: Files) -> str:
    """A digest of all that lies at `places` (files and directories)."""
    found: list[list[str]] = []
    for place in sorted(set(places)):
        node = files.node(place)
        if node is not None and (node.id or node.kind != "directory"):
            found.append([place, node.kind, node.id])
        else:
            found += [[each.path, each.kind, each.id] for each in files.walk(place)]
    return digest(found)
