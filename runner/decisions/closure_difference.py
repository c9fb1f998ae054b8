"""What differs between two closures of one target, each difference with its because.

A file counts by where it stands as seen from the stack; a module by how it is called. So a directory that moved without
a change of content is no difference, unless an expression can see its path.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from runner.decisions.closure import CONTENT, Closure, ClosureItem, Code, ItemKind
from runner.decisions.lookup import joined, located
from runner.model.code import ModuleCall, ModuleFacts, Symbol, SymbolKind, literal

_SHAPED = (".tf", ".tofu")


class Difference(Struct, frozen=True, kw_only=True):
    """`subject` is a path, or the key of a setting; `what`: changed | added | removed | moved; `because` says how it
    reaches the target, `steps` the same one by one, the nearest first; `module` the directory whose code reads it,
    empty for a setting."""

    subject: str
    what: str
    because: str
    module: str = ""
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"`{self.subject}` {self.what}: {self.because}"


class Reading(Struct, frozen=True, kw_only=True):
    """A closure, with the code that it was read from. `called`: directory -> who calls it, by which call; the stack's
    own directory is not called."""

    closure: Closure
    code: Code
    called: Mapping[str, tuple[str, ModuleCall]]

    @classmethod
    def of(cls, closure: Closure, code: Code, *, opentofu: bool) -> Reading:
        """Follows the calls of the closure's modules, breadth first: each has its shortest chain."""
        called: dict[str, tuple[str, ModuleCall]] = {}
        pending = [closure.directory]
        for directory in pending:
            for call, place in calls_of(directory, code, opentofu=opentofu):
                if place != closure.directory and place not in called:
                    called[place] = (directory, call)
                    pending.append(place)
        return cls(closure=closure, code=code, called=called)

    def facts(self, directory: str, *, opentofu: bool) -> ModuleFacts | None:
        """The facts of a module."""
        return self.code.module(directory, opentofu=opentofu)

    def owner(self, path: str) -> str:
        """The loaded directory that holds `path`, the nearest one; empty where none does."""
        while path not in ("", "."):
            path = posixpath.dirname(path) or "."
            if path == self.closure.directory or path in self.called:
                return path
        return ""

    def chain(self, directory: str) -> tuple[str, ...]:
        """How the stack comes to call `directory`, in words, the nearest call first; empty for the stack's own."""
        steps = []
        while directory in self.called:
            directory, call = self.called[directory]
            steps.append(f"module `{call.name}` of `{directory}`")
        return tuple(steps)

    def reader(self, item: ClosureItem, *, opentofu: bool) -> str:
        """The directory whose code brings `item` in: the one that loads it, or whose expression names it."""
        for directory in (self.closure.directory, *self.called):
            facts = self.facts(directory, opentofu=opentofu)
            for reference in facts.references if facts else ():
                if f" at {reference.span}" in item.because:
                    return directory
        return self.owner(item.name) or self.closure.directory


def calls_of(directory: str, code: Code, *, opentofu: bool) -> Iterator[tuple[ModuleCall, str]]:
    """The local calls of a directory whose source is literal, each with the directory that it leads to."""
    facts = code.module(directory, opentofu=opentofu)
    for call in facts.calls if facts else ():
        written = literal(call.source or ())
        if written and written.startswith(("./", "../")):
            whole = joined(directory, written)
            if whole is not None:
                yield call, located(code, whole).path


def differences(before: Reading, after: Reading, *, opentofu: bool = False) -> tuple[Difference, ...]:
    """Every file that differs. Empty where the target plans the same from both."""
    if _same_code(before.closure, after.closure):
        return ()
    moves, plain = _moves(before, after, opentofu=opentofu)
    found = list(_files(before, after, moves, opentofu=opentofu, shaped=plain))
    if not found:
        found.extend(_seen_moves(before, after, moves, opentofu=opentofu))
    return tuple(found)


def _same_code(before: Closure, after: Closure) -> bool:
    """Whether their code digests are equal; where the stack stayed in its place nobody has to compute them."""
    if before.directory != after.directory:
        return before.code == after.code
    old, new = (
        [(item.name, item.id, item.kind) for item in closure.items if item.kind in CONTENT]
        for closure in (before, after)
    )
    return old == new and before.remote == after.remote and before.fetched == after.fetched


def too_large(closure: Closure) -> bool:
    """Whether the closure is not whole, so that nothing may be said from it."""
    return any(each.code == "closure-too-large" for each in closure.diagnostics)


def _moves(before: Reading, after: Reading, *, opentofu: bool) -> tuple[dict[str, str], bool]:
    """Where each loaded directory of `before` is in `after`, by the calls that lead to both; and whether each is in one
    place. One that is in two is left out, and then the source of a call says which of them is meant."""
    moves = {before.closure.directory: after.closure.directory}
    lost: set[str] = set()
    pending = [before.closure.directory]
    for old in pending:
        new = {call.name: place for call, place in calls_of(moves[old], after.code, opentofu=opentofu)}
        for call, place in calls_of(old, before.code, opentofu=opentofu):
            goal = new.get(call.name)
            if goal is None or place in lost:
                continue
            if moves.setdefault(place, goal) != goal:
                lost.add(place)
            elif place not in pending:
                pending.append(place)
    return {old: new for old, new in moves.items() if old not in lost}, not lost


def _files(
    before: Reading, after: Reading, moves: Mapping[str, str], *, opentofu: bool, shaped: bool
) -> Iterator[Difference]:
    old: dict[str, list[ClosureItem]] = {}
    for each in before.closure.items:
        if each.kind in CONTENT:
            old.setdefault(_moved(each.name, before, after, moves), []).append(each)
    new = {item.name: item for item in after.closure.items if item.kind in CONTENT}
    for name in sorted(old.keys() | new.keys()):
        item = new.get(name)
        sources = old.get(name, [])
        if item is None:
            yield _difference(sources[0], "removed", before, opentofu=opentofu)
        elif not sources:
            yield _difference(item, "added", after, opentofu=opentofu)
        elif not all(
            _same(source, item) or (shaped and _same_shape(source, item, before.code, after.code))
            for source in sources
        ):
            yield _difference(item, "changed", after, opentofu=opentofu)


def _difference(item: ClosureItem, what: str, reading: Reading, *, opentofu: bool) -> Difference:
    module = reading.reader(item, opentofu=opentofu)
    chain = reading.chain(module)
    steps = (*((item.because,) if item.because not in chain else ()), *chain) or ("the stack's own code",)
    return Difference(subject=item.name, what=what, because=", ".join(steps), module=module, steps=steps)


def _moved(path: str, before: Reading, after: Reading, moves: Mapping[str, str]) -> str:
    """Where `path` of the older tree is to be looked for in the newer: with its module, or as seen from the stack."""
    owner = before.owner(path)
    old, new = before.closure.directory, after.closure.directory
    if owner in moves:
        old, new = owner, moves[owner]
    return path if old == new else posixpath.normpath(posixpath.join(new, posixpath.relpath(path, old)))


def _same(old: ClosureItem, new: ClosureItem) -> bool:
    return old.kind is new.kind and old.id == new.id


def _same_shape(old: ClosureItem, new: ClosureItem, before: Code, after: Code) -> bool:
    """Whether two files of code differ in the sources of their local modules alone."""
    if old.kind is not new.kind or old.kind not in (ItemKind.FILE, ItemKind.EXECUTABLE):
        return False
    if not new.name.endswith(_SHAPED) or not old.name.endswith(_SHAPED):
        return False
    shapes = [facts.shape for facts in (before.facts(old.name), after.facts(new.name)) if facts is not None]
    return len(shapes) == 2 and shapes[0] == shapes[1] != ""


def _seen_moves(
    before: Reading, after: Reading, moves: Mapping[str, str], *, opentofu: bool
) -> Iterator[Difference]:
    """Modules that stand elsewhere, and whose code can say where."""
    for old, new in moves.items():
        where = posixpath.relpath(old, before.closure.directory)
        if where == posixpath.relpath(new, after.closure.directory):
            continue
        facts = after.facts(new, opentofu=opentofu)
        seen = _sees_its_path(facts)
        if seen:
            steps = (f"{seen} can see its path", *after.chain(new))
            yield Difference(
                subject=new, what=f"moved from `{old}`", because=", ".join(steps), module=new, steps=steps
            )


def _sees_its_path(facts: ModuleFacts | None) -> str:
    if facts is None or facts.diagnostics:
        return "what could not be read"
    for reference in facts.references:
        texts: Sequence[str | Symbol] = reference.path
        own = any(isinstance(part, Symbol) and part.kind is SymbolKind.MODULE for part in texts)
        if reference.function == "path" and own:
            return f"the expression at {reference.span}"
    return ""
