"""Programs of Pulumi, as the atlas keeps them: what each asked of a tree, and which stacks it names. One that no
difference between two trees crosses, and that is set as it was, says in the newer what it said in the older."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from runner.decisions.affected import Side
from runner.decisions.footprint import Footprint, Touched, touched_by
from runner.decisions.pulumi_closure import traced_closure
from runner.decisions.reaching import settings_that_reach
from runner.decisions.referred_stacks import NamedStack, ProgramWords, program_words
from runner.diagnostics import Span
from runner.git.ranges import changed_paths
from runner.git.walked_tree import WalkedTree
from runner.kit import canonical
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.references import Json
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.code_tools import CodeTools
from runner.source.known_code import KnownCode
from runner.source.pages import Pages, PagesDamaged

PROGRAM = "f:"
"""How the key of a directory with a program begins: by environment, how it is set and which stacks it names."""
_ASKED = {"places": "p:", "listed": "l:", "walked": "w:"}
"""Of what was asked of a tree: who asked."""

Home: TypeAlias = tuple[str, str]
"""The directory and the environment of a target."""


class KnownProgram(Struct, frozen=True, kw_only=True):
    """`settings`: the digest of what the configuration says of the target."""

    settings: str
    words: ProgramWords
    footprint: Footprint


class KnownPrograms(Struct, frozen=True):
    """See decisions.referred_stacks.Programs."""

    found: Mapping[TargetName, KnownProgram]

    def words(self, target: Target) -> ProgramWords:
        """See Programs."""
        return self.found[target.name].words

    def crossed(self, touched: Touched) -> frozenset[TargetName]:
        """Those that a change may reach."""
        return frozenset(name for name, each in self.found.items() if each.footprint.crosses(touched))


def programs_of(side: Side, code: KnownCode, kept: Mapping[Home, KnownProgram]) -> KnownPrograms:
    """Those of all Pulumi targets of a tree; `kept` are as they are in it, but for their settings."""
    found = {}
    for name, target in side.targets.items():
        if target.stack.engine.name is EngineName.PULUMI:
            gates = side.gates[name.environment]
            known = kept.get((target.stack.directory, name.environment))
            if known is None or known.settings != _settings(target, gates):
                known = program_at(target, gates, code)
            found[name] = known
    return KnownPrograms(found)


def program_at(target: Target, gates: Gates, code: KnownCode) -> KnownProgram:
    """What the program of one target is in the tree of `code`."""
    _, trace = traced_closure(target, gates, code)
    words = program_words(target, trace.project, trace.stacks)
    return KnownProgram(settings=_settings(target, gates), words=words, footprint=trace.footprint)


def _settings(target: Target, gates: Gates) -> str:
    said = settings_that_reach(target, gates, None)
    return canonical.digest({name: value for name, (value, _) in said.items()})


def kept_programs(tools: CodeTools, tree_id: str) -> Mapping[Home, KnownProgram]:
    """Those that this clone keeps, and that are the same in the tree `tree_id`."""
    pages = tools.pages()
    if pages is None:
        return {}
    try:
        known, repository = str(pages.head["tree"]), tools.repository
        if not repository.objects.has((known,)):
            return {}
        before, after = WalkedTree(repository, known), WalkedTree(repository, tree_id)
        differing = changed_paths(repository, known, tree_id) if known != tree_id else ()
        touched = touched_by((each.path for each in differing), before, after)
        return {home: each for home, each in _read(pages) if not each.footprint.crosses(touched)}
    except PagesDamaged:
        return {}
    finally:
        pages.close()


def crossing(pages: Pages, touched: Touched) -> frozenset[Home]:
    """The targets whose programs, in the tree of the atlas, a change crosses."""
    found: set[Home] = set()
    asked = {"places": touched.places, "listed": touched.listings, "walked": touched.above}
    for kind, paths in asked.items():
        for path in paths:
            who: Any = pages.get(_ASKED[kind] + path) or ()
            for directory, *environments in who:
                found.update((directory, each) for each in environments or words_kept(pages, directory))
    return frozenset(found)


def words_kept(pages: Pages, directory: str) -> Mapping[str, ProgramWords]:
    """By environment, what the program in a directory says."""
    kept: Any = pages.get(PROGRAM + directory) or {}
    return {environment: _words(written) for environment, (_, written) in kept.items()}


def kept_form(side: Side, programs: KnownPrograms) -> Iterator[tuple[str, Json]]:
    """Keys and values of the atlas."""
    homes: dict[str, dict[str, KnownProgram]] = {}
    for name, program in programs.found.items():
        homes.setdefault(side.targets[name].stack.directory, {})[name.environment] = program
    askers: dict[str, list[Json]] = {}
    for directory, there in homes.items():
        yield (
            PROGRAM + directory,
            {environment: [each.settings, _written(each.words)] for environment, each in there.items()},
        )
        for environment, key in _asked(there):
            askers.setdefault(key, []).append([directory, environment] if environment else [directory])
    yield from askers.items()


def _asked(there: Mapping[str, KnownProgram]) -> Iterator[tuple[str, str]]:
    """(environment, key) of all that the targets of one directory asked; no environment where each of them did."""
    keys = {
        environment: {
            start + path for kind, start in _ASKED.items() for path in getattr(each.footprint, kind)
        }
        for environment, each in there.items()
    }
    shared = frozenset.intersection(*map(frozenset, keys.values()))
    yield from (("", key) for key in sorted(shared))
    for environment, some in keys.items():
        yield from ((environment, key) for key in sorted(some - shared))


def _read(pages: Pages) -> Iterator[tuple[Home, KnownProgram]]:
    values: dict[str, Any] = dict(pages.items())
    asked: dict[Home, dict[str, set[str]]] = {}
    kept = {key[2:]: each for key, each in values.items() if key.startswith(PROGRAM)}
    for kind, start in _ASKED.items():
        for key, who in values.items():
            for directory, *environments in who if key.startswith(start) else ():
                for environment in environments or kept[directory]:
                    asked.setdefault((directory, environment), {}).setdefault(kind, set()).add(key[2:])
    for directory, there in kept.items():
        for environment, (settings, written) in there.items():
            paths = asked.get((directory, environment), {})
            footprint = Footprint(**{kind: frozenset(some) for kind, some in paths.items()})
            program = KnownProgram(settings=settings, words=_words(written), footprint=footprint)
            yield (directory, environment), program


def _written(words: ProgramWords) -> Json:
    stacks: Iterable[Json] = (
        [each.project, each.stack, each.span.file, each.span.line, each.span.column] for each in words.stacks
    )
    return [words.project, *stacks]


def _words(written: Any) -> ProgramWords:
    project, *stacks = written
    return ProgramWords(
        project=project,
        stacks=tuple(
            NamedStack(project=owner, stack=stack, span=Span(file=file, line=line, column=column))
            for owner, stack, file, line, column in stacks
        ),
    )
