"""Trees changed along a path: only the directories on the way to a change are read and written again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.errors import AskedWrongly
from runner.git.objects import BLOB_MODE, TREE_MODE, Objects, TreeItem


def checked_path(path: str) -> str:
    """`path`, if Git can hold it in a tree. AskedWrongly `path-not-storable` otherwise."""
    parts = path.removesuffix("/").split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts):
        raise AskedWrongly.of(
            "path-not-storable", f"Git cannot hold a file at {path!r}", hint="encode the name"
        )
    return path


def blob_at(objects: Objects, tree: str, path: str) -> str | None:
    """The id of the blob at `path`, or None."""
    *above, name = path.split("/")
    for part in above:
        item = objects.tree(tree).get(part)
        if item is None or item.mode != TREE_MODE:
            return None
        tree = item.id
    item = objects.tree(tree).get(name)
    return item.id if item is not None and item.mode != TREE_MODE else None


def blobs_at(objects: Objects, tree: str, paths: Iterable[str]) -> Mapping[str, str]:
    """Path -> blob id of those of `paths` that are there, in one round for each level."""
    waiting = {path: (tree, path) for path in paths}
    found: dict[str, str] = {}
    while waiting:
        trees = objects.trees({above for above, _ in waiting.values()})
        deeper: dict[str, tuple[str, str]] = {}
        for path, (above, rest) in waiting.items():
            name, slash, below = rest.partition("/")
            item = trees[above].get(name)
            if item is not None and item.mode == TREE_MODE and slash:
                deeper[path] = (item.id, below)
            elif item is not None and item.mode != TREE_MODE and not slash:
                found[path] = item.id
        waiting = deeper
    return found


def blobs_below(objects: Objects, tree: str, prefix: str) -> Mapping[str, str]:
    """Path -> blob id of every blob below the directory `prefix` (empty: all)."""
    for part in prefix.strip("/").split("/") if prefix.strip("/") else ():
        item = objects.tree(tree).get(part)
        if item is None or item.mode != TREE_MODE:
            return {}
        tree = item.id
    found: dict[str, str] = {}
    waiting = [((prefix.strip("/") + "/").removeprefix("/"), tree)]
    while waiting:
        place, oid = waiting.pop()
        for name, item in objects.tree(oid).items():
            if item.mode == TREE_MODE:
                waiting.append((f"{place}{name}/", item.id))
            elif item.mode != "160000":
                found[place + name] = item.id
    return dict(sorted(found.items()))


def edited_tree(objects: Objects, tree: str, changes: Mapping[str, str | None]) -> str:
    """The tree that `changes` (path -> blob id; None removes; `dir/` with None removes all below) make of `tree`."""
    items = dict(objects.tree(tree)) if tree != objects.empty_tree else {}
    deeper: dict[str, dict[str, str | None]] = {}
    for path, oid in _removals_first(changes):
        name, slash, rest = path.partition("/")
        if slash and rest:
            deeper.setdefault(name, {})[rest] = oid
        elif oid is not None:
            items[name] = TreeItem(BLOB_MODE, oid)
        elif name in items and bool(slash) == (items[name].mode == TREE_MODE):
            items.pop(name)
    for name, below in deeper.items():
        old = items.get(name)
        kept = old.id if old is not None and old.mode == TREE_MODE else objects.empty_tree
        new = edited_tree(objects, kept, below)
        if new != objects.empty_tree:
            items[name] = TreeItem(TREE_MODE, new)
        elif old is not None and old.mode == TREE_MODE:
            items.pop(name)
    return objects.write_tree(items)


def _removals_first(changes: Mapping[str, str | None]) -> Iterable[tuple[str, str | None]]:
    # `dir/` is emptied before `dir/file` is set, whatever the order in which they were named.
    return sorted(changes.items(), key=lambda change: (change[1] is not None, change[0]))
