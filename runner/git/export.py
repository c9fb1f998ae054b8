"""Writes listed files of a tree into a private directory: no checkout, no `.git`, and nothing that leads out of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from runner.errors import AskedWrongly
from runner.kit.tree import Kind, Node, Tree

_LINKS_FOLLOWED = 40  # as many as Linux follows before it says that they go in circles


def export(tree: Tree, paths: Iterable[str] | None, destination: Path) -> None:
    """Materialises files and links (all of them, or those at `paths`; a directory means all below it) under
    `destination`. Directories are 0700, files 0600 (0700 where executable); submodules are left out. What stands there
    is replaced. AskedWrongly `link-leaves-tree` or `path-not-exportable`, and then nothing has been written."""
    nodes = tuple(node for node in _listed(tree, paths) if node.kind is not Kind.MODULE)
    for node in nodes:
        _refuse_foreign_path(node.path)
    contents = tree.read_many(node.path for node in nodes)
    for node in nodes:
        if node.kind is Kind.LINK and not stays_inside(tree, node.path):
            target = os.fsdecode(contents[node.path])
            raise AskedWrongly.of(
                "link-leaves-tree",
                f"`{node.path}` is a link to `{target}`, which is outside the repository",
                hint="make it a file, or a relative link to something in the repository",
            )
    destination.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: set[Path] = {destination}
    # Links come last: nothing can be written through one.
    for node in sorted(nodes, key=lambda node: (node.kind is Kind.LINK, node.path)):
        _write(destination, node, contents[node.path], made)


def stays_inside(tree: Tree, path: str) -> bool:
    """Whether what is at `path`, with every link on the way followed as a kernel would, lies in the tree."""
    waiting = path.split("/")[::-1]
    at: list[str] = []
    followed = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                return False
            at.pop()
            continue
        node = tree.node("/".join((*at, part)))
        if node is None or node.kind is not Kind.LINK:
            at.append(part)
            continue
        target = os.fsdecode(tree.read(node.path))
        followed += 1
        if target.startswith("/") or followed > _LINKS_FOLLOWED:
            return False
        waiting.extend(target.split("/")[::-1])
    return True


def _listed(tree: Tree, paths: Iterable[str] | None) -> Iterable[Node]:
    if paths is None:
        return tree.walk(".")
    found: dict[str, Node] = {}
    for path in paths:
        node = tree.node(path)
        if node is None:
            raise AskedWrongly.of(
                "path-not-exportable", f"there is no `{path}` in this commit", hint="look at its name"
            )
        for each in tree.walk(path) if node.kind is Kind.DIRECTORY else (node,):
            found[each.path] = each
    return found.values()


def _refuse_foreign_path(path: str) -> None:
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() in (".git", "git~1") for part in parts):
        raise _not_exportable(path)


def _not_exportable(path: str) -> AskedWrongly:
    return AskedWrongly.of(
        "path-not-exportable",
        f"`{path}` cannot be written into a private directory",
        hint="rename it in the repository",
    )


def _write(destination: Path, node: Node, content: bytes, made: set[Path]) -> None:
    place = destination / node.path
    missing = [place.parent]
    while missing[-1] not in made:
        missing.append(missing[-1].parent)
    for directory in reversed(missing[:-1]):
        if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
            raise _not_exportable(node.path)  # two names that this file system holds for one
        directory.mkdir(mode=0o700, exist_ok=True)
        made.add(directory)
    if os.path.lexists(place):
        if place.is_dir() and not place.is_symlink():
            raise _not_exportable(node.path)
        place.unlink()
    if node.kind is Kind.LINK:
        place.symlink_to(os.fsdecode(content))
        return
    mode = 0o700 if node.kind is Kind.EXECUTABLE else 0o600
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        file.write(content)
