"""A change on paper: two trees with the targets of each, and what is said to be affected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.decisions.affected import Affected, Side, affected
from runner.decisions.footprint import touched_by
from runner.git.ranges import ChangedPath
from runner.kit.tree import DictTree
from runner.model.environment import Gates, Wishes
from runner.model.names import TargetName
from runner.model.target import Target
from runner.operations.glancing import glance_at
from runner.operations.known_programs import programs_of
from runner.operations.searching import worth_comparing
from runner.source.facts import CodeReader
from tests.decisions.code_on_paper import gates_of, named, target_of

Files = Mapping[str, str]
Links = Mapping[str, str]


def side_of(
    files: Files,
    targets: Sequence[Target] | None = None,
    gates: Mapping[str, Gates] | None = None,
    links: Links | None = None,
    removed: Mapping[str, str] | None = None,
) -> Side:
    """One tree; without `targets`, `dev/NAME` for each directory below `stacks` that holds code."""
    if targets is None:
        places = {path.split("/")[1] for path in (*files, *(links or {})) if path.startswith("stacks/")}
        targets = [target_of(f"dev/{name}") for name in sorted(places)]
    environments = {target.name.environment for target in targets} | {"dev"}
    return Side(
        targets={target.name: target for target in targets},
        wishes={name: Wishes(environment=name, removed=removed or {}) for name in environments},
        gates={name: (gates or {}).get(name, gates_of(name)) for name in environments},
        code=CodeReader(DictTree(files, links)),
    )


def paths_that_differ(before: tuple[Files, Links], after: tuple[Files, Links]) -> frozenset[str]:
    one, other = (
        {**files, **{path: f"-> {to}" for path, to in links.items()}} for files, links in (before, after)
    )
    return frozenset(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def differing(before: tuple[Files, Links], after: tuple[Files, Links]) -> list[ChangedPath]:
    """The paths that differ, as Git tells them."""

    def at(tree: tuple[Files, Links], path: str) -> tuple[str, str]:
        files, links = tree
        if path in files:
            return str(hash(files[path])), "100644"
        return (links[path], "120000") if path in links else ("", "000000")

    found = []
    for path in sorted(paths_that_differ(before, after)):
        (old, old_mode), (new, mode) = at(before, path), at(after, path)
        found.append(ChangedPath(path=path, before=old, after=new, modes=(old_mode, mode)))
    return found


def compared(before: Files, after: Files, **sides: Any) -> dict[TargetName, Affected]:
    """`sides`: arguments of `side_of` for both; a pair where they differ (`targets=([…], […])`). All closures are
    compared, and then only those that the search leaves: the answers are the same, or the test fails."""
    one, other = (
        {name: given[at] if isinstance(given, tuple) else given for name, given in sides.items()}
        for at in (0, 1)
    )
    trees = (before, one.get("links") or {}), (after, other.get("links") or {})
    paths = differing(*trees)
    changed = {each.path for each in paths}
    old, new = side_of(before, **one), side_of(after, **other)
    every = affected(old, new, changed)
    if paths:
        tree = DictTree(*trees[1])
        code = CodeReader(tree)
        configured = ChangedPath(path="runner.yaml", before="1", after="2", modes=("100644", "100644"))
        among = worth_comparing(glance_at(tree, code, paths), old, new, [*paths, configured])
        if among is not None:
            touched = touched_by(changed, DictTree(*trees[0]), tree)
            among |= programs_of(new, code, {}).crossed(touched)
        assert affected(old, new, changed, among=among) == every
    return every


def reasons(found: Mapping[TargetName, Affected]) -> dict[str, str]:
    return {str(name): str(row.reason) for name, row in found.items()}


def because(found: Mapping[TargetName, Affected], name: str) -> str:
    return "; ".join(found[named(name)].because)
