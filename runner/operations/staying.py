"""Whether a change leaves every target where it is, with the settings that it has."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from runner.config.layout import compiled, placed_by
from runner.config.stack_search import ORCHESTRATORS
from runner.decisions.reverse_search import is_configuration
from runner.git.ranges import ChangedPath
from runner.kit.tree import Kind, Tree
from runner.model.code_files import CODE, OPENTOFU_CODE, PROJECT_FILES

_FILES = ("100644", "100755")


def plain(change: ChangedPath) -> bool:
    """A file was born, ended, or holds something else: no link and no submodule comes or goes."""
    return all(mode in (*_FILES, "000000") for mode in change.modes)


def targets_stay(differing: Iterable[ChangedPath], before: Tree, after: Tree, layout: Sequence[str]) -> bool:
    """Whether `before` and `after`, of which plain files differ, have the same targets with the same settings, under a
    layout as written: no file of configuration differs, and what comes or goes makes no directory a stack, ends none,
    and changes nobody's engine."""
    patterns = [compiled(text) for text in layout]
    asked: set[str] = set()
    for change in differing:
        if is_configuration(change.path):
            return False
        directory = posixpath.dirname(change.path) or "."
        if change.is_edit or not _tells(posixpath.basename(change.path)) or directory in asked:
            continue
        asked.add(directory)
        if placed_by(directory, patterns) and _told(before, directory) != _told(after, directory):
            return False
    return True


def _tells(name: str) -> bool:
    return name.endswith((*CODE, *ORCHESTRATORS)) or name in PROJECT_FILES


def _told(tree: Tree, directory: str) -> tuple[bool, bool, frozenset[str]]:
    """What the names of a directory say of its stack: whether there is code, also such as is for OpenTofu alone, and
    which files speak of another program."""
    names = [
        posixpath.basename(node.path) for node in tree.children(directory) if node.kind is not Kind.DIRECTORY
    ]
    return (
        any(name.endswith(CODE) for name in names),
        any(name.endswith(OPENTOFU_CODE) for name in names),
        frozenset(name for name in names if name in PROJECT_FILES or name.endswith(tuple(ORCHESTRATORS))),
    )
