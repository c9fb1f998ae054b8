"""What a program of Pulumi's reads, followed from file to file: imports, files that it opens, texts that may name one.

What is computed from nothing that is known makes all of the project's directory count, and says where.
"""

from __future__ import annotations

import posixpath
import re

from runner.decisions.footprint import directories_above
from runner.decisions.gathering import Gathering
from runner.decisions.globs import is_glob
from runner.decisions.lookup import FILES, Found, joined, located
from runner.decisions.python_places import LISTING, ImportSearch, below
from runner.decisions.spelled_paths import Spelled, spelled_path
from runner.diagnostics import Span
from runner.model.code import FileReference, Text, literal

_CODE = (
    ".py", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".json", ".go", ".mod", ".work", ".cs", ".fs", ".vb",
    ".csproj", ".fsproj", ".vbproj", ".sln", ".java", ".kt", ".kts", ".scala", ".gradle", ".xml", ".yaml", ".yml",
    ".toml", ".sh", ".rb",
)  # fmt: skip
_BUILDS = ("Dockerfile", "Makefile")
_FILLED_IN = re.compile(r"[$%{*?\[]")
"""Where a text is a pattern, or somebody else fills something in."""
_ENDING = re.compile(r"[^$%{}*?\[\]()]*\Z")


class ProgramReading:
    """Adds to `found` what is read. `directory` is the project's, `working` the program's own, in which it runs;
    `stack` the name that `pulumi.get_stack()` gives; `search` looks into the tree that `found` is of."""

    def __init__(
        self, found: Gathering, search: ImportSearch, directory: str, working: str, stack: str
    ) -> None:
        self.found, self.directory, self.working, self.stack = found, directory, working, stack
        self.search = search
        self.stacks: dict[FileReference, None] = {}
        self._because: dict[str, str] = {}
        self._pending: list[str] = []
        self._listings: set[str] = set()
        self._imports: dict[tuple[str, ...], str] = {}
        self._roots: dict[str, None] = {working: None}
        self._members: dict[tuple[str, ...], str] = {}
        self._places: dict[Spelled, tuple[str, str]] = {}
        self._borrowed: set[str] = set()
        self._endings: dict[str, str] = {}
        self._lost = ""
        self._whole = ""
        self._wide: dict[str, int] = {}

    def follow(self) -> None:
        """Reads what was named so far, and all that it leads to."""
        for root in self._guessed():
            self.root(root)
        while self._pending:
            some, self._pending = self._pending, []
            self.found.code.programs(some)
            for path in some:
                self._file(path)
            if not self._pending:
                self._last()

    def read(self, path: str, because: str, span: Span | None = None) -> None:
        """A file of code, followed too."""
        found = self.found.reach(".", path, because, span)
        if found is None or found.kind not in FILES:
            return
        self.found.file(found, because)
        if path not in self._because:
            self._because[path] = because
            self._pending.append(path)

    def root(self, directory: str) -> None:
        """One more directory in which modules are looked for."""
        if directory not in self._roots:
            self._roots[directory] = None
            for names, because in list(self._imports.items()):
                self._look(directory, names, because)
            for names, because in list(self._members.items()):
                self._belonging(directory, names, because)

    def whole(self, because: str, *, runs: bool = True) -> None:
        """All of the project's directory counts; `runs`: as code too, which leads to more."""
        self._whole = self._whole or because
        self.widen(self.directory, because, runs=runs)

    def widen(self, directory: str, because: str, *, runs: bool) -> None:
        """All of a directory counts."""
        if self._wide.get(directory, 0) < (2 if runs else 1):
            self._wide[directory] = 2 if runs else 1
            self.found.widened.setdefault(f"`{directory}` is read whole: {because}")
            self.everything(directory, because, runs=runs)

    def everything(self, directory: str, because: str, *, runs: bool) -> None:
        """The members of a directory, and what they lead to where they may run. What is only read leads nowhere."""
        self.found.everything(directory, because)
        for node in self.found.code.walk(directory) if runs else ():
            name = posixpath.basename(node.path)
            code = name.endswith(_CODE) or name in _BUILDS
            if code and not self.found.unread(node.path):
                self.read(node.path, because)

    def text(self, written: str, because: str) -> None:
        """A value of the configuration, which the program may take for a path."""
        for origin in dict.fromkeys((self.working, self.directory)):
            self._named(origin, written, because)

    # ------------------------------------------------------------------------------------------------ one file

    def _guessed(self) -> list[str]:
        """Directories that an installation in place (`pip install -e`, a workspace) would add: those above."""
        places = [
            each for start in (self.working, self.directory) for each in (start, *directories_above(start))
        ]
        return [each for place in places for each in (place, below(place, "src"))]

    def _file(self, path: str) -> None:
        facts = self.found.code.program(located(self.found.code, path).path)
        if facts is None:
            return
        for problem in facts.diagnostics:
            if path in self._listings:
                self._unlisted(path, f"`{path}` is too large to be searched for names")
                continue
            self.found.diagnostics.setdefault(str(problem), problem)
            self.whole(f"`{path}` could not be read")
        self._borrowed |= facts.functions
        for each in facts.references:
            self._reference(each, path)

    def _reference(self, each: FileReference, path: str) -> None:
        spelled = self._spelled(each.path, posixpath.dirname(path) or ".")
        match each.function:
            case "import":
                self._imported(each, spelled, path)
            case "open":
                self._opened(each, spelled)
            case "load":
                self._loaded(each, spelled, path)
            case "search":
                self._searched(each, spelled, path)
            case "text":
                self._text(each, spelled, path)
            case "place":
                name = literal(each.pattern or ()) or ""
                self._places.setdefault(spelled, (name, f"`{name}` at {each.span} is its name"))
            case "stack":
                self.stacks.setdefault(each)
            case "named" | "unlisted" if path in self._listings:
                self._listed(each, spelled, path)
            case "up":
                self._up(each, spelled.fixed, posixpath.dirname(path) or ".")
            case "run":
                self.whole(f"what runs at {each.span} may read all of it")
            case _:
                pass

    def _spelled(self, text: Text, module: str) -> Spelled:
        return spelled_path(text, module, self.working, self.stack)

    # ----------------------------------------------------------------------------------------------- imports

    def _imported(self, each: FileReference, spelled: Spelled, path: str) -> None:
        because = f"imported at {each.span}"
        written = spelled.fixed if spelled.known else spelled.fixed.rpartition(".")[0]
        dots = len(spelled.fixed) - len(spelled.fixed.lstrip("."))
        names = tuple(name for name in written.split(".") if name)
        if spelled.known and not dots:
            if names and names not in self._imports:
                self._imports[names] = because
                self._everywhere(names, because)
            return
        origin = posixpath.dirname(path) or "."
        for _ in range(dots - 1):
            origin = posixpath.dirname(origin) or "."
        if spelled.known:
            self._look(origin, names, because)
            return
        computed = f"the import at {each.span} is computed"
        if names and not dots:
            self._members.setdefault(names, computed)
        places = [origin] if dots else list(self._roots)
        if not any(self._belonging(place, names, computed) for place in (places if names or dots else ())):
            self.whole(computed)

    def _belonging(self, place: str, names: tuple[str, ...], because: str) -> bool:
        """Widens to a package below `place`, or to where the module lies that bears its name."""
        if package := self.search.package(place, names):
            self.widen(package, because, runs=True)
            return True
        files = self.search.imported(place, names).files
        for path in files[-1:]:
            self.widen(posixpath.dirname(path) or ".", because, runs=False)
        return bool(files)

    def _everywhere(self, names: tuple[str, ...], because: str) -> None:
        for root in list(self._roots):
            if self._look(root, names, because) and root == self.working:
                return

    def _look(self, place: str, names: tuple[str, ...], because: str) -> bool:
        """Whether `place` has a module or a package of that name; a package is what its `__init__.py` makes it."""
        found = self.search.imported(place, names or ("__init__",))
        for path in found.files:
            self.read(path, because)
        if found.missing:
            self.found.watch(place, f"{found.missing}{{.py,/**}}", f"it would be {because}")
        return found.whole

    def _loaded(self, each: FileReference, spelled: Spelled, path: str) -> None:
        """A file that is run as code, or that one of requirements includes."""
        if not spelled.known:
            self.whole(f"what is loaded at {each.span} is computed")
            return
        for origin in [spelled.place] if spelled.place else [posixpath.dirname(path) or ".", self.working]:
            whole = joined(origin, spelled.fixed)
            if whole is not None:
                self.read(whole, f"loaded at {each.span}", each.span)

    def _searched(self, each: FileReference, spelled: Spelled, path: str) -> None:
        if not spelled.known:
            self._lost = self._lost or f"where modules are looked for is computed at {each.span}"
            return
        beside = posixpath.dirname(path) or "."
        origin = spelled.place or (self.working if path.endswith(".py") else beside)
        start, _, star = spelled.fixed.partition("*")
        whole = joined(origin, start.rstrip("/") or ".")
        if whole is None:
            return
        for place in self._subdirectories(whole) if star or "*" in spelled.fixed else [whole]:
            self.root(place)
            self.root(below(place, "src"))
            if not path.endswith(".py") and place != beside:
                for manifest in self.search.manifests(place):
                    self.read(manifest, f"what `{path}` installs says so")

    def _subdirectories(self, directory: str) -> list[str]:
        return [
            below(directory, name)
            for name, kind in self.search.names(directory).items()
            if kind == "directory"
        ]

    # ------------------------------------------------------------------------------------------------- paths

    def _opened(self, each: FileReference, spelled: Spelled) -> None:
        because = f"opened at {each.span}"
        start, origin = spelled.fixed.partition("*")[0], spelled.place or self.working
        if spelled.known and not is_glob(spelled.fixed):
            found = self.found.reach(origin, spelled.fixed or ".", because, each.span)
            if found is not None:
                self._kept(found, because)
        elif spelled.place or "/" in start:
            self._widened(origin, start.rpartition("/")[0], f"a path at {each.span} is computed")
        else:
            self.whole(f"a path at {each.span} is computed", runs=False)
            self._ends(each, spelled)

    def _ends(self, each: FileReference, spelled: Spelled) -> None:
        """Of a text nothing may be known but its end."""
        if "." in spelled.ending or "/" in spelled.ending:
            self._endings.setdefault(spelled.ending, f"its name ends as the text at {each.span} does")

    def _text(self, each: FileReference, spelled: Spelled, path: str) -> None:
        if spelled.known and (mark := _FILLED_IN.search(spelled.fixed)):
            start, end = spelled.fixed[: mark.start()], _ENDING.search(spelled.fixed)
            spelled = Spelled(spelled.place, start, False, end[0] if end else "")
        because = f"`{spelled.fixed}` at {each.span} may name it"
        beside = posixpath.dirname(path) or "."
        origins = (
            [spelled.place] if spelled.place else list(dict.fromkeys((self.working, self.directory, beside)))
        )
        if spelled.known:
            for origin in origins:
                self._named(origin, spelled.fixed or ".", because)
        elif spelled.place or spelled.whole_segments:
            for origin in origins:
                place = joined(origin, spelled.whole_segments or ".")
                if place is not None and located(self.found.code, place).kind == "directory":
                    self._widened(origin, spelled.whole_segments, f"a path at {each.span} is computed")
        else:
            self._ends(each, spelled)

    def _named(self, origin: str, written: str, because: str) -> None:
        whole = joined(origin, written)
        if whole is None:
            return
        found = located(self.found.code, whole)
        if found.node is None and not found.links:
            self.found.watch(whole, "**", because)
        elif (reached := self.found.reach(origin, written, because, None)) is not None:
            self._kept(reached, because)

    def _listed(self, each: FileReference, spelled: Spelled, path: str) -> None:
        if each.function == "unlisted":
            self._unlisted(path, f"`{path}` names more files than are looked for")
        elif spelled.known:
            for origin in dict.fromkeys((posixpath.dirname(path) or ".", self.working, self.directory)):
                self._existing(origin, spelled.fixed, f"`{spelled.fixed}` at {each.span} may name it")

    def _unlisted(self, path: str, because: str) -> None:
        """A file that may name any other: whatever lies beside it, and all of the project, counts."""
        self.whole(because, runs=False)
        self.widen(posixpath.dirname(path) or ".", because, runs=False)

    def _existing(self, origin: str, written: str, because: str) -> None:
        whole = joined(origin, written)
        if whole is not None and (found := located(self.found.code, whole)).kind in FILES:
            self._kept(found, because)

    def _kept(self, found: Found, because: str) -> None:
        if found.kind == "directory":
            self.everything(found.path, because, runs=False)
            return
        self.found.file(found, because)
        if found.kind in FILES and found.path.endswith(LISTING) and found.path not in self._because:
            self._listings.add(found.path)
            self.read(found.path, because)

    def _widened(self, origin: str, segments: str, because: str) -> None:
        found = self.found.reach(origin, segments or ".", because, None)
        if found is not None and found.kind == "directory":
            self.widen(found.path, because, runs=False)
        elif found is not None:
            self.found.file(found, because)

    def _up(self, each: FileReference, written: str, beside: str) -> None:
        """A path of another language that leads out of its directory; an import may leave its ending away."""
        because = f"`{written}` at {each.span} may name it"
        for origin in dict.fromkeys((beside, self.directory)):
            whole = joined(origin, written)
            if whole is None or f"{whole}/".startswith(f"{self.directory}/"):
                continue
            kind = located(self.found.code, whole).kind
            if kind == "directory":
                self.everything(whole, because, runs=True)
            elif kind in FILES:
                self.read(whole, because, each.span)
            else:
                self._without_ending(whole, because)

    def _without_ending(self, whole: str, because: str) -> None:
        place, name = posixpath.dirname(whole) or ".", posixpath.basename(whole)
        self.found.watch(place, f"{name}{{,.*,/**}}", because)
        for each, kind in self.search.names(place).items():
            if each.startswith(f"{name}.") and kind in FILES:
                self.read(below(place, each), because)

    # -------------------------------------------------------------------------------------------- at the end

    def _last(self) -> None:
        """What can be told only when nothing else is left: where paths are computed, places count whose names other
        modules use."""
        places = {spelled: said for spelled, said in self._places.items() if said[0] in self._borrowed}
        for spelled, (_, because) in places.items() if self._whole else ():
            self._named(spelled.place, spelled.fixed or ".", because)
        if self._endings:
            named = {joined(each.place, each.fixed or ".") for each in places}
            for place in {self.directory, self.working, *(each for each in named if each)}:
                self._ending(place)
            self._from_above()
            self._endings.clear()
        if self._lost:
            self._anywhere(self._lost)
            self._lost = ""

    def _ending(self, place: str) -> None:
        """What lies below a directory and ends as a computed text does, or below a directory that does."""
        for ending, because in self._endings.items():
            self.found.watch(place, f"**{'' if ending.startswith('/') else '/*'}{ending}{{,/**}}", because)
        for node in (
            self.found.code.walk(place) if located(self.found.code, place).kind == "directory" else ()
        ):
            for ending, because in self._endings.items():
                if (node.path.endswith(ending) or f"{ending}/" in node.path) and not self.found.unread(
                    node.path
                ):
                    self.read(node.path, because)

    def _from_above(self) -> None:
        """What lies where a computed text ends, from one of the directories above: programs look for the top."""
        for ending, because in self._endings.items():
            written = ending.lstrip("/")
            for place in directories_above(self.working) if written[:1] not in ("", ".") else ():
                self._named(place, written, because)

    def _anywhere(self, because: str) -> None:
        """Every directory of the repository that holds something of an imported name."""
        self.found.widened.setdefault(f"modules are looked for everywhere: {because}")
        wanted = {names[0] for names in self._imports}
        for node in list(self.found.code.walk(".")):
            place, name = posixpath.split(node.path)
            if name.endswith(".py") and name[:-3] in wanted:
                self.root(place or ".")
            elif name == "__init__.py" and posixpath.basename(place) in wanted:
                self.root(posixpath.dirname(place) or ".")
