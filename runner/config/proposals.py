"""What an existing monorepo seems to be: the layout that fits it, its environments, and the files to write for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from runner.config.files import DIRECTORY, RUNNER_FILE
from runner.config.layout import DEFAULT_LAYOUT, compiled
from runner.config.stack_search import found_stacks
from runner.kit.tree import Tree
from runner.model.code_files import CODE, PROJECT_FILES
from runner.model.names import ENVIRONMENT_PATTERN, RESERVED_ENVIRONMENTS

ENVIRONMENT_WORDS = frozenset(
    {
        "dev", "development", "test", "testing", "qa", "uat", "int", "integration", "stage", "staging", "stg",
        "preprod", "pre-prod", "nonprod", "non-prod", "sandbox", "demo", "prod", "production", "prd", "live", "shared",
        "global", "mgmt", "management", "ops",
    }
)  # fmt: skip
"""What people call environments; a directory with such a name speaks of one."""

_NOT_ROOTS = re.compile(r"(?:^|/)(?:\.[^/]+|modules?|node_modules|examples?|tests?|fixtures|vendor)(?:/|$)")
_PARENTS = ("environments", "envs", "env", "live", "accounts", "deployments")
"""Directories whose children are environments, whatever these are called."""


class Proposal(Struct, frozen=True, kw_only=True):
    """`layout` fits `stacks` of the `code` directories that look like roots; `rest` are the others. `environments` are
    those that the layout finds, `foreign` directory -> the orchestrator that owns it. `files`: path -> text."""

    layout: tuple[str, ...]
    stacks: int
    code: int
    environments: tuple[str, ...]
    rest: tuple[str, ...]
    foreign: Mapping[str, str]
    files: Mapping[str, str]


def proposed(tree: Tree, tree_files: int = 200_000) -> Proposal:
    """What to write so that `runner` sees what is in `tree`. Nothing that is there already is written anew."""
    roots = _roots(tree, tree_files)
    patterns = _merged(Counter(_pattern(directory) for directory in roots))
    layout = tuple(sorted(patterns, key=lambda pattern: (-patterns[pattern], pattern))) or DEFAULT_LAYOUT
    search = found_stacks(tree, [compiled(text) for text in layout], tree_files)
    placed = {found.placed.directory for found in search.stacks}
    environments = sorted({found.placed.environment for found in search.stacks} - {""})
    rest = tuple(
        directory for directory in roots if directory not in placed and directory not in search.foreign
    )
    return Proposal(
        layout=layout,
        stacks=len(placed),
        code=len(roots),
        environments=tuple(environments) or ("dev",),
        rest=rest,
        foreign=search.foreign,
        files=_files(tree, layout, environments),
    )


def _roots(tree: Tree, tree_files: int) -> tuple[str, ...]:
    """Directories with code that nothing else seems to call: no modules, no examples."""
    found: set[str] = set()
    for count, node in enumerate(tree.walk()):
        if count >= tree_files:
            break
        directory, _, name = node.path.rpartition("/")
        if (name.endswith(CODE) or name in PROJECT_FILES) and not _NOT_ROOTS.search(directory):
            found.add(directory or ".")
    return tuple(sorted(found))


def _pattern(directory: str) -> str:
    """The layout pattern that a directory suggests."""
    if directory == ".":
        return "."
    parts = directory.split("/")
    at = next((place for place, part in enumerate(parts) if _is_environment(parts, place)), -1)
    if at < 0:
        return directory if len(parts) == 1 else "/".join([*parts[:1], *_below(parts[1:])])
    before = parts[:at] if at <= 1 else [parts[0], *_below(parts[1:at])]
    return "/".join([*before, "{environment}", *(_below(parts[at + 1 :]) if at < len(parts) - 1 else [])])


def _merged(patterns: Counter[str]) -> Counter[str]:
    """Fewer patterns that say the same: `{stack*}` takes in `{stack}`, and several single directories are stacks."""
    single = [pattern for pattern in patterns if "/" not in pattern and pattern != "."]
    if len(single) > 1:
        patterns["{stack}"] = sum(patterns.pop(pattern) for pattern in single)
    for pattern in list(patterns):
        wide = pattern.removesuffix("{stack}") + "{stack*}"
        if pattern.endswith("{stack}") and wide in patterns:
            patterns[wide] += patterns.pop(pattern)
    return patterns


def _is_environment(parts: Sequence[str], place: int) -> bool:
    name = parts[place]
    if name in RESERVED_ENVIRONMENTS or not ENVIRONMENT_PATTERN.fullmatch(name):
        return False
    return (name in ENVIRONMENT_WORDS and name not in _PARENTS) or (
        place > 0 and parts[place - 1] in _PARENTS
    )


def _below(parts: Sequence[str]) -> list[str]:
    """One segment is a stack, several are one with a longer name."""
    return ["{stack}"] if len(parts) == 1 else ["{stack*}"]


def _files(tree: Tree, layout: Sequence[str], environments: Sequence[str]) -> dict[str, str]:
    """runner.yaml and an environment's file, where the tree has none."""
    files: dict[str, str] = {}
    if tuple(layout) != DEFAULT_LAYOUT and tree.node(RUNNER_FILE) is None:
        listed = "".join(f'  - "{pattern}"\n' for pattern in layout)
        files[RUNNER_FILE] = f"# Where stacks lie. `runner schema` describes every key.\nlayout:\n{listed}"
    known = [node for node in tree.children(DIRECTORY) if node.path.endswith(".yaml")]
    if not known:
        for name in environments or ("dev",):
            files[f"{DIRECTORY}/{name}.yaml"] = (
                f"# The environment `{name}`. Every key is optional; `runner schema` describes them.\n"
                "# inputs: {region: eu-west-1}   # values for every stack that declares such a variable\n"
                'stacks: ["*"]\n'
            )
    return files
