"""What a person with `grep` would say that a root reads: no parser of ours, no closure, no index. `affected` is held
against it where nobody drew the answer; it knows no path that is computed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from functools import cached_property

_SOURCE = re.compile(rb'(?m)^\s*"?source"?\s*[=:]\s*"(\.{1,2}/[^"]*)"')
_IMPORT = re.compile(
    rb"(?m)^\s*(?:from\s+([\w.]+)\s+import\s+\(?([^)]*?)\)?$|import\s+([\w., ]+))", re.DOTALL
)
_FILE = re.compile(rb'\b(?:file\w*|templatefile)\s*\(\s*"([^"]*)"')
_QUOTED = re.compile(rb"""["'/}]((?:[\w.-]+/)*[\w.-]+)(?=["'])""")
_COMMENT = re.compile(rb"(?m)^\s*#.*$")
_VERSIONS = (".terraform-version", ".opentofu-version")
_LOADED = (".tf", ".tf.json", ".tfvars", ".lock.hcl")
_PROSE = (".md", ".txt.tmpl", "OWNERS", "CODEOWNERS", ".gitignore", ".gitkeep")


class PlainReading:
    """A tree as bytes of its code by path. `paths`: all that there is."""

    def __init__(self, paths: frozenset[str], code: Mapping[str, bytes]) -> None:
        self.paths, self.code = paths, code
        self._reached: dict[str, frozenset[str]] = {}
        self._files: dict[str, frozenset[str]] = {}
        self._spelled: dict[str, dict[str, set[str]]] = {}

    @cached_property
    def by_directory(self) -> dict[str, list[str]]:
        """The code in each directory."""
        found: dict[str, list[str]] = {}
        for path in self.code:
            found.setdefault(posixpath.dirname(path) or ".", []).append(path)
        return found

    def reached(self, root: str) -> frozenset[str]:
        """The root, and every directory that its code calls by a literal source."""
        if root not in self._reached:
            found, pending = {root}, [root]
            while pending:
                here = pending.pop()
                for path in self.by_directory.get(here, ()):
                    for written in _SOURCE.findall(self.code[path]):
                        place = posixpath.normpath(posixpath.join(here, written.decode()))
                        if place not in found:
                            found.add(place)
                            pending.append(place)
            self._reached[root] = frozenset(found)
        return self._reached[root]

    def reads(self, root: str, path: str) -> bool:
        """Whether the root's code loads `path`, or calls `file()` of it."""
        directory, name = posixpath.split(path)
        reached = self.reached(root)
        if (directory or ".") in reached and name.endswith(_LOADED):
            return not name.endswith((".tfvars", ".lock.hcl")) or (directory or ".") == root
        if name in _VERSIONS:
            return directory in (root, "")
        return path in self._named(root)

    def _named(self, root: str) -> frozenset[str]:
        """The paths that calls of `file()` and its kin spell out."""
        if root not in self._files:
            found = set()
            for place in self.reached(root):
                for code in self.by_directory.get(place, ()):
                    for written in _FILE.findall(self.code[code]):
                        own = written.decode().replace("${path.module}", "/" + place)
                        own = own.replace("${path.root}", "/" + root).replace("${path.cwd}", "/" + root)
                        found.add(posixpath.normpath(posixpath.join("/", root, own)).lstrip("/"))
            self._files[root] = frozenset(found)
        return self._files[root]

    def beside(self, root: str, path: str) -> bool:
        """What a rule of directories says: anything below the root, or below a directory that it calls."""
        return any(place == "." or path.startswith(place + "/") for place in self.reached(root))


class PlainProgram(PlainReading):
    """The same for programs in Python: modules are found below the project, and from the top and its `src`."""

    def reached(self, root: str) -> frozenset[str]:
        """The files of the program."""
        if root not in self._reached:
            found: set[str] = set()
            pending = [posixpath.join(root, "__main__.py")]
            while pending:
                path = pending.pop()
                if path in self.code and path not in found:
                    found.add(path)
                    pending.extend(self._imported(path, root))
            self._reached[root] = frozenset(found)
        return self._reached[root]

    def _imported(self, path: str, root: str) -> list[str]:
        found = []
        for source, names, plain in _IMPORT.findall(self.code[path]):
            wanted = [source.decode()] if source else re.findall(r"[\w.]+", plain.decode())
            wanted += (
                [f"{source.decode()}.{name}" for name in re.findall(r"\w+", names.decode())] if source else []
            )
            for each in wanted:
                near = "." if not each.startswith(".") else posixpath.dirname(path)
                parts = each.strip(".").split(".")
                for place in (root, ".", "src") if near == "." else (near,):
                    for end in range(1, len(parts) + 1):
                        module = posixpath.normpath(posixpath.join(place, *parts[:end]))
                        found += [f"{module}.py", f"{module}/__init__.py"]
        return found

    def reads(self, root: str, path: str) -> bool:
        """Whether the program imports `path`, or `path` ends as a text in it does that has its name. Of a file of
        another project the text must say which."""
        if path in self.reached(root) or path == f"{root}/Pulumi.yaml":
            return True
        if path.endswith((".py", *_PROSE)):
            return False
        name, owner = posixpath.basename(path), self._project(path)
        texts = {text for each in self.reached(root) for text in self._texts(each).get(name, ())}
        named = [text for text in texts if f"/{path}".endswith(f"/{text}")]
        if owner in ("", root):
            return bool(named)
        return any(len(text) > len(path) - len(owner) for text in named)

    def _project(self, path: str) -> str:
        """The nearest directory above `path` that has a project; empty where none has."""
        place = posixpath.dirname(path)
        while place and f"{place}/Pulumi.yaml" not in self.paths:
            place = posixpath.dirname(place)
        return place

    def _texts(self, path: str) -> Mapping[str, set[str]]:
        """What stands between quotes in a file, but for comments, by its last segment."""
        if path not in self._spelled:
            found: dict[str, set[str]] = {}
            for text in _QUOTED.findall(_COMMENT.sub(b"", self.code[path])):
                written = text.decode().lstrip("./")
                found.setdefault(posixpath.basename(written), set()).add(written)
            self._spelled[path] = found
        return self._spelled[path]

    def beside(self, root: str, path: str) -> bool:
        """Anything below the project, and any Python that is in no project."""
        return path.startswith(root + "/")
