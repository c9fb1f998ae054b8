"""Where a Python program finds what it imports, as far as a tree of files can tell."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from msgspec import Struct

from runner.decisions.footprint import Traced, directories_above
from runner.decisions.globs import matches
from runner.decisions.lookup import FILES, located

MANIFESTS = ("requirements.txt", "pyproject.toml", "Pipfile", "setup.cfg", "setup.py")
LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock")
LISTING = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt", ".csv", ".list")
"""How files end that may say which others a program reads."""
_COMPILED = (".so", ".pyd", ".pyc")


def is_requirements(name: str) -> bool:
    """Whether the name of a file says that it lists what is to be installed."""
    return any(
        matches(glob, name) for glob in ("*requirements*.txt", "*requirements*.in", "constraints*.txt")
    )


class Imported(Struct, frozen=True, kw_only=True):
    """What one name leads to below one place: `files` that are loaded for it; `whole` where the first name is a module
    or a package of its own, so that no later place is looked at; `missing`: the name whose birth would change it."""

    files: tuple[str, ...]
    whole: bool
    missing: str = ""


class ImportSearch:
    """Follows names through directories. What is found is kept with the tree, for it is the same for every program."""

    def __init__(self, code: Traced) -> None:
        self._code = code

    def imported(self, place: str, names: Sequence[str]) -> Imported:
        """What `names` (`a`, `b` of `a.b`; a last `*` is every module of a package) are below `place`."""
        return self._code.remembered(("import", place, *names), lambda: self._imported(place, names))

    def _imported(self, place: str, names: Sequence[str]) -> Imported:
        files: list[str] = []
        directory, whole = place, False
        for at, name in enumerate(names):
            listed = self.names(directory)
            if name == "*":
                files += [below(directory, each) for each in listed if each.endswith(".py")]
                break
            package = below(directory, name)
            if self.kind(package) == "directory" and self.kind(f"{package}/__init__.py") in FILES:
                files.append(f"{package}/__init__.py")
            elif self.kind(f"{package}.py") in FILES:
                return Imported(files=(*files, f"{package}.py"), whole=whole or at == 0)
            elif compiled := [
                each for each in listed if each.startswith(name + ".") and each.endswith(_COMPILED)
            ]:
                return Imported(files=(*files, *(below(directory, each) for each in compiled)), whole=True)
            elif self.kind(package) != "directory":
                return Imported(files=tuple(files), whole=whole, missing="/".join(names[: at + 1]))
            directory, whole = package, whole or (at == 0 and bool(files))
        return Imported(files=tuple(files), whole=whole)

    def package(self, place: str, names: Sequence[str]) -> str:
        """The directory of a package below `place`; empty where there is none."""
        directory = place
        for name in names:
            directory = below(directory, name)
        return directory if self.kind(directory) == "directory" else ""

    def names(self, directory: str) -> dict[str, str]:
        """Name -> kind of what lies directly in a directory, links followed."""
        return self._code.remembered(("names", directory), lambda: self._names(directory))

    def _names(self, directory: str) -> dict[str, str]:
        real = located(self._code, directory)
        nodes = self._code.children(real.path) if real.kind == "directory" else ()
        return {
            posixpath.basename(node.path): located(self._code, node.path).kind
            if node.kind == "link"
            else node.kind
            for node in nodes
        }

    def kind(self, path: str) -> str:
        """The kind of what is at a path, empty for nothing."""
        return self.names(posixpath.dirname(path) or ".").get(posixpath.basename(path), "")

    def manifests(self, directory: str) -> Sequence[str]:
        """The files that say what is installed for a program in `directory`: beside it, else in the nearest directory
        above; a lock file may lie higher, at the root of a workspace."""
        return self._code.remembered(("manifests", directory), lambda: tuple(self._manifests(directory)))

    def _manifests(self, directory: str) -> Iterator[str]:
        wants_lock: bool | None = None
        for place in (directory, *directories_above(directory)):
            names = self.names(place)
            if wants_lock is None:
                own = [name for name in names if name in MANIFESTS or is_requirements(name)]
                yield from (below(place, name) for name in own)
                wants_lock = {"pyproject.toml", "Pipfile"}.intersection(own) != set() if own else None
            locks = [name for name in names if name in LOCKS]
            yield from (below(place, name) for name in locks)
            if locks or wants_lock is False:
                return


def below(directory: str, name: str) -> str:
    """`name` in `directory`."""
    return name if directory == "." else f"{directory}/{name}"
