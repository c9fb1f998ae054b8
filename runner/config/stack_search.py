"""Finding the directories that are stacks: one walk below the layout's prefixes, bounded, and names that clash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from runner.config.layout import Pattern, Placed, placed_by
from runner.diagnostics import Diagnostic, Severity, Span
from runner.kit.tree import Kind, Tree
from runner.model.code_files import CODE, PROJECT_FILES, VERSION_FILES
from runner.model.names import ENVIRONMENT_PATTERN, RESERVED_ENVIRONMENTS

ORCHESTRATORS: Mapping[str, str] = {
    "terragrunt.hcl": "Terragrunt",
    ".tm.hcl": "Terramate",
    "cdktf.json": "CDK for Terraform",
}
"""Ends of file names that say: another program makes or runs the code here."""

_SIGNS = tuple(ORCHESTRATORS)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+@=-]*)*")


class Found(Struct, frozen=True, kw_only=True):
    """A directory with code, by the layout. `files` are the names of the files in it."""

    placed: Placed
    files: frozenset[str]


class Search(Struct, frozen=True, kw_only=True):
    """What was found. `foreign`: directory -> the orchestrator that owns it. `version_files` are the paths of the
    engines' version files that may count; `walked` the number of files that were looked at."""

    stacks: tuple[Found, ...]
    foreign: Mapping[str, str]
    version_files: frozenset[str]
    walked: int
    problems: tuple[Diagnostic, ...]


def found_stacks(tree: Tree, layout: Sequence[Pattern], tree_files: int) -> Search:
    """Every stack directory in `tree`. More than `tree_files` files are a problem, and nothing is found. Gates and
    wishes of one commit ask for the same: of a tree that has an id the last answer is kept."""
    root = tree.node(".")
    key = (root.id if root else "", tuple(pattern.text for pattern in layout), tree_files)
    if key[0] and key in _KEPT:
        return _KEPT[key]
    found = _searched(tree, layout, tree_files)
    _KEPT.clear()
    _KEPT[key] = found
    return found


_KEPT: dict[tuple[str, tuple[str, ...], int], Search] = {}


def _searched(tree: Tree, layout: Sequence[Pattern], tree_files: int) -> Search:
    directories: dict[str, set[str]] = {}
    walked = 0
    for prefix in _prefixes(layout):
        for node in tree.walk(prefix):
            walked += 1
            if walked > tree_files:
                return _too_many(tree_files, prefix)
            if node.kind is not Kind.MODULE:
                directory, _, name = node.path.rpartition("/")
                directories.setdefault(directory or ".", set()).add(name)
    versions = {
        f"{where}/{name}" for where, files in directories.items() for name in VERSION_FILES if name in files
    }
    versions |= _above(tree, _prefixes(layout))
    stacks: list[Found] = []
    foreign: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for directory in sorted(directories):
        place = placed_by(directory, layout)
        if place is None:
            continue
        files = frozenset(directories[directory])
        if owner := _orchestrator(files):
            foreign[directory] = owner
            problems.append(_foreign(directory, owner, files))
        elif _has_code(files):
            stacks.append(Found(placed=place, files=files))
        elif "stack.yaml" in files:
            problems.append(_without_code(directory))
    return Search(
        stacks=tuple(stacks),
        foreign=foreign,
        version_files=frozenset(path.removeprefix("./") for path in versions),
        walked=walked,
        problems=(*problems, *_clashes(stacks), *_bad_names(stacks)),
    )


def _prefixes(layout: Sequence[Pattern]) -> tuple[str, ...]:
    """The directories to walk, none below another."""
    wanted = sorted({pattern.prefix for pattern in layout})
    if "." in wanted:
        return (".",)
    return tuple(each for each in wanted if not any(each.startswith(other + "/") for other in wanted))


def _above(tree: Tree, prefixes: Iterable[str]) -> set[str]:
    """Version files above the walked directories."""
    places = {"."}
    for prefix in prefixes:
        parts = prefix.split("/")
        places.update("/".join(parts[:count]) for count in range(1, len(parts)))
    candidates = [name if place == "." else f"{place}/{name}" for place in places for name in VERSION_FILES]
    return {path for path in candidates if tree.node(path) is not None}


def _has_code(files: frozenset[str]) -> bool:
    return any(name.endswith(CODE) for name in files) or any(name in files for name in PROJECT_FILES)


def _orchestrator(files: frozenset[str]) -> str:
    if not any(name.endswith(_SIGNS) for name in files):
        return ""
    return next((who for end, who in ORCHESTRATORS.items() if any(name.endswith(end) for name in files)), "")


def _too_many(limit: int, prefix: str) -> Search:
    problem = Diagnostic(
        code="limit-tree-files",
        message=f"more than {limit} files lie in the layout's directories (`{prefix}`)",
        hint="raise `limits.tree_files` in runner.yaml, or make `layout` narrower",
    )
    return Search(stacks=(), foreign={}, version_files=frozenset(), walked=limit, problems=(problem,))


def _start(directory: str, name: str) -> Span:
    return Span(file=name if directory == "." else f"{directory}/{name}", line=1, column=1)


def _foreign(directory: str, owner: str, files: frozenset[str]) -> Diagnostic:
    sign = next(name for name in sorted(files) if any(name.endswith(end) for end in ORCHESTRATORS))
    return Diagnostic(
        code="foreign-orchestrator",
        message=f"`{directory}` belongs to {owner}, so it is no stack: its code alone would be half of it",
        span=_start(directory, sign),
        hint=f"let {owner} write plain code into another directory, or take its file out of this one",
        severity=Severity.WARNING,
    )


def _without_code(directory: str) -> Diagnostic:
    return Diagnostic(
        code="stack-without-code",
        message=f"`{directory}` has a stack.yaml and no code",
        span=_start(directory, "stack.yaml"),
        hint="add *.tf, *.tofu or Pulumi.yaml, or remove stack.yaml; what is live is ended with `removed:`",
    )


def _clashes(stacks: Sequence[Found]) -> Iterable[Diagnostic]:
    """Two directories with one name, where an environment would have both."""
    by_name: dict[str, list[Placed]] = {}
    for found in stacks:
        by_name.setdefault(found.placed.name, []).append(found.placed)
    for name, places in by_name.items():
        first: dict[str, Placed] = {}
        anywhere = next((placed for placed in places if not placed.environment), None)
        for placed in places:
            other = first.setdefault(placed.environment, placed)
            other = anywhere if other is placed and anywhere else other
            if other is not placed:
                message = f"`{other.directory}` and `{placed.directory}` are both the stack `{name}`"
                yield Diagnostic(
                    code="stack-name-clash",
                    message=message,
                    hint="rename one, or capture more names in `layout`",
                )


def _bad_names(stacks: Sequence[Found]) -> Iterable[Diagnostic]:
    for found in stacks:
        placed = found.placed
        file = _start(placed.directory, min(found.files))
        if not _NAME.fullmatch(placed.name):
            yield Diagnostic(
                code="stack-name-invalid",
                message=f"`{placed.name}` cannot name a stack",
                span=file,
                hint="use letters, digits and `_ . + @ = -`, none of the marks first",
            )
        if placed.environment and (
            placed.environment in RESERVED_ENVIRONMENTS
            or not ENVIRONMENT_PATTERN.fullmatch(placed.environment)
        ):
            yield Diagnostic(
                code="environment-name-invalid",
                message=f"`{placed.environment}`, captured from `{placed.directory}`, cannot name an environment",
                span=file,
                hint="rename the directory (a-z, 0-9, `_`, `-`; no reserved word), or make `layout` pass it by",
            )
