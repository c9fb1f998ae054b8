"""Collects a closure, item by item: follows links, walks directories, and remembers the first because of each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from runner.decisions.closure import ABSENT, ClosureItem, Code, ItemKind, Watch
from runner.decisions.globs import is_glob, matches
from runner.decisions.lookup import FILES, Found, TreeNode, joined, located
from runner.diagnostics import Diagnostic, Severity, Span
from runner.kit import canonical
from runner.model.references import Json

MOST_ITEMS = 200_000
"""As many files as a repository may have where nobody says otherwise (`limits.tree_files`)."""


class Gathering:
    """Mutable while one closure is made; nothing in it is shared."""

    def __init__(self, code: Code, most_items: int = MOST_ITEMS) -> None:
        self.code = code
        self.most_items = most_items
        self.items: dict[str, ClosureItem] = {}
        self.watches: dict[tuple[str, str], Watch] = {}
        self.widened: dict[str, None] = {}
        self.diagnostics: dict[str, Diagnostic] = {}
        self.unread: Callable[[str], bool] = lambda _: False
        """Which paths a directory's whole does not mean."""
        self._walked: set[str] = set()

    def setting(self, name: str, value: Json, because: str) -> None:
        """A key of the configuration, by its canonical form."""
        self._keep(ClosureItem(name=name, kind=ItemKind.SETTING, id=canonical.digest(value), because=because))

    def version(self, path: str, because: str, id: str = "") -> None:
        """A version file, where it exists; `id` instead of its blob's."""
        node = self.code.node(path)
        if node is not None and node.kind in FILES:
            self._keep(ClosureItem(name=path, kind=ItemKind.VERSION, id=id or node.id, because=because))

    def reach(self, directory: str, path: str, because: str, span: Span | None) -> Found | None:
        """Follows `path` from `directory`, keeps the links on the way, and says where it leads; None where that is
        outside the repository, with a diagnostic."""
        whole = joined(directory, path)
        if whole is None:
            self.outside(path, span)
            return None
        found = located(self.code, whole)
        for link in found.links:
            self._node(link, f"{because}, through this link")
        if found.problem == "outside":
            self._refuse_link(found.links[-1] if found.links else None, whole, span)
            return None
        if found.problem == "loop":
            self.tell("symlink-loop", f"`{whole}` leads through links that go in a circle", span)
            return None
        return found

    def file(self, found: Found, because: str) -> None:
        """What was found: a file is kept, of a directory everything, of nothing its absence."""
        match found.node:
            case None:
                absent = f"{because}; it does not exist"
                self._keep(ClosureItem(name=found.path, kind=ItemKind.ABSENT, id=ABSENT, because=absent))
            case node if node.kind == "directory":
                self.everything(found.path, because)
            case node:
                self._node(node, because)

    def everything(self, directory: str, because: str, pattern: str = "**") -> None:
        """All below `directory` that matches `pattern`, also what is born later."""
        self.watch(directory, pattern, because)
        if pattern == "**":
            if any(_inside(directory, known) for known in self._walked):
                return
            self._walked.add(directory)
        prefix = "" if directory == "." else directory + "/"
        for node in self.code.walk(directory):
            if self.unread(node.path):
                continue
            name = node.path[len(prefix) :]
            through_link = node.kind == "link" and matches(pattern, name + "/x")
            if (matches(pattern, name) or through_link) and ".terraform" not in node.path.split("/"):
                self._member(node, because)

    def members(self, directory: str, pattern: str, because: str, span: Span | None) -> None:
        """The members of `fileset(directory, pattern)`; the pattern's fixed start is followed first (`../x/*`)."""
        fixed: list[str] = []
        rest = pattern.split("/")
        while len(rest) > 1 and not is_glob(rest[0]):
            fixed.append(rest.pop(0))
        found = self.reach(directory, "/".join(fixed) or ".", because, span)
        if found is None or found.kind in FILES:
            return
        if found.node is None:
            self.watch(found.path, "/".join(rest), because)
        elif found.kind == "directory":
            self.everything(found.path, because, "/".join(rest))
        else:
            self.file(found, because)

    def watch(self, directory: str, pattern: str, because: str) -> None:
        """Says that births below `directory` count."""
        watch = Watch(directory=directory, pattern=pattern, because=because)
        self.watches.setdefault((directory, pattern), watch)

    def outside(self, path: str, span: Span | None) -> None:
        """A path that leaves the repository is not part of it. An absolute one the engine may find all the same."""
        found = "what it holds is read unseen, and no commit says when it changes"
        lost = "it is not laid out for the engine"
        self.tell(
            "path-outside-repository",
            f"`{path}` lies outside the repository: {found if path.startswith('/') else lost}",
            span,
            hint="keep what a plan reads in the repository, or give it as an input",
            severity=Severity.WARNING,
        )

    def tell(
        self, code: str, message: str, span: Span | None, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """A diagnostic, once."""
        diagnostic = Diagnostic(code=code, message=message, span=span, hint=hint, severity=severity)
        self.diagnostics.setdefault(str(diagnostic), diagnostic)

    def _member(self, node: TreeNode, because: str) -> None:
        """A node met while walking; a link counts with what it leads to."""
        if node.kind != "link":
            self._node(node, because)
            return
        found = self.reach(posixpath.dirname(node.path) or ".", posixpath.basename(node.path), because, None)
        if found is not None and found.node is not None and not _inside(node.path, found.path):
            self.file(found, f"{because}, through the link `{node.path}`")

    def _node(self, node: TreeNode, because: str) -> None:
        self._keep(ClosureItem(name=node.path, kind=ItemKind(node.kind), id=node.id, because=because))

    def _keep(self, item: ClosureItem) -> None:
        if len(self.items) >= self.most_items and item.name not in self.items:
            message = f"the closure has more than {self.most_items:,} items, the limit of `limits.tree_files`"
            hint = "name the paths that are read, literally, or raise `limits.tree_files` in runner.yaml"
            self.tell("closure-too-large", message, None, hint=hint)
            return
        self.items.setdefault(item.name, item)

    def _refuse_link(self, link: TreeNode | None, path: str, span: Span | None) -> None:
        name = link.path if link else path
        if link is not None:
            self.items.pop(link.path, None)
        self.tell(
            "symlink-outside-repository",
            f"the link `{name}` leads out of the repository",
            span or Span(file=name, line=1, column=1),
            hint="copy what it leads to into the repository",
        )


def _inside(path: str, directory: str) -> bool:
    return directory == "." or path == directory or path.startswith(directory + "/")
