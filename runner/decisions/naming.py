"""What the code of a directory names, and who names what: the edges of a repository, turned round.

Says too much, and never too little: a word is the last name of a path, wherever that path leads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct, field

from runner.decisions.closure import Code
from runner.decisions.closure_difference import calls_of
from runner.decisions.lookup import joined
from runner.model.code import FileReference, ModuleFacts, Symbol, SymbolKind, literal
from runner.model.mentions import Mentions

CALLS, NAMES, FILLS, VALUES, ALWAYS = "u:", "n:", "t:", "v:", "a:"
"""How the keys of edges begin: of a directory that is called, a word that is named, a template that is filled in, a
word in files of values. Behind `ALWAYS` nothing stands: these may name anything."""

_PLACES = (SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING)


class Naming(Struct, frozen=True, kw_only=True):
    """`goals`: directories that it may call; `words`: last names of paths in it, `through` the other names, where they
    were looked for; `templates`: last names of those that it may fill in; `values`: as `words`, of its files of values;
    `always`: it may name anything. `remote_state`, `backend`: it may hold such blocks."""

    goals: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    always: bool = False
    remote_state: bool = False
    backend: bool = False

    def found_by(self) -> Iterator[str]:
        """The keys under which the directory is found."""
        for start, some in (
            (CALLS, self.goals),
            (NAMES, self.words),
            (FILLS, self.templates),
            (VALUES, self.values),
        ):
            for each in some:
                yield start + each
        if self.always:
            yield ALWAYS


class Edges(Protocol):
    """Who names what."""

    def of(self, key: str) -> Collection[str]:
        """The directories that are found under `key`, perhaps more than once."""


class GatheredEdges(Struct):
    """Edges in memory."""

    found: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def over(cls, namings: Mapping[str, Naming]) -> GatheredEdges:
        """Those of all directories."""
        made = cls()
        for directory, naming in namings.items():
            for key in naming.found_by():
                made.found.setdefault(key, []).append(directory)
        return made

    def of(self, key: str) -> Collection[str]:
        """See Edges."""
        return self.found.get(key, ())


def naming_of(directory: str, said: Mentions | None, values: Mentions | None, code: Code) -> Naming:
    """What `said` (its code) and `values` (its files of values) come to; doubtful code is read in full."""
    said = said or Mentions()
    goals = {whole for source in said.sources if (whole := joined(directory, source)) is not None}
    words, through, templates = set(said.words), set(said.through), set(said.templates)
    always = False
    for opentofu in ((False, True) if said.tofu else (False,)) if said.doubtful else ():
        facts = code.module(directory, opentofu=opentofu)
        goals |= {place for _, place in calls_of(directory, code, opentofu=opentofu)}
        always = always or _computed(facts)
        for reference in facts.references if facts else ():
            names = _names(reference)
            through.update(names)
            words.update(names[-1:])
            always = always or names[-1:] == [".."]
            if reference.function == "templatefile":
                templates.update(names[-1:], _ending(reference))
    return Naming(
        goals=frozenset(goals),
        words=frozenset(words),
        through=frozenset(through | (values.through if values else frozenset())),
        templates=frozenset(templates),
        values=values.words if values else frozenset(),
        always=always,
        remote_state=said.remote_state,
        backend=said.backend,
    )


def _computed(facts: ModuleFacts | None) -> bool:
    """Whether a module is called that only an evaluation could tell."""
    return any(
        call.source is not None and literal(call.source) is None for call in (facts.calls if facts else ())
    )


def _names(reference: FileReference) -> list[str]:
    """The names of the path, as far as they are known; without one it is the module's directory or the stack's. Of what
    is computed from nothing known, none: closures take it for any file of their modules, which are looked at anyway,
    and for what values and inputs name."""
    text = reference.path
    if text and isinstance(text[0], Symbol) and text[0].kind not in _PLACES:
        return []
    known = ""
    for part in text:
        if isinstance(part, Symbol):
            if part.kind in _PLACES and not known:
                known = "."
                continue
            known = known.rpartition("/")[0]
            break
        known += part
    if reference.pattern is not None:
        known += "/" + "/".join(_fixed(literal(reference.pattern) or ""))
    return [name for name in known.split("/") if name not in ("", ".")]


def _fixed(pattern: str) -> Iterable[str]:
    """The names of a pattern before the first one with a wildcard."""
    for name in pattern.split("/"):
        if any(mark in name for mark in "*?[{"):
            return
        yield name


def _ending(reference: FileReference) -> Iterable[str]:
    last = reference.path[-1] if reference.path else ""
    return [last.rpartition("/")[2]] if isinstance(last, str) else []
