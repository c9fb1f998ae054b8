"""Which known targets a Pulumi program's stack references mean: `organization/project/stack`, spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from runner.decisions.closure import Code
from runner.decisions.pulumi_closure import said_by_program
from runner.diagnostics import Span
from runner.model.code import FileReference, Symbol, SymbolKind, Text
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.model.target import Target

_COMPUTED = "\0"


class NamedStack(Struct, frozen=True, kw_only=True):
    """A stack that a program names; an empty project is its own."""

    project: str
    stack: str
    span: Span


class ProgramWords(Struct, frozen=True, kw_only=True):
    """What the code of a Pulumi target says of stacks: the name of its project, and those to which it refers."""

    project: str
    stacks: tuple[NamedStack, ...] = ()

    def same_stacks(self, other: ProgramWords) -> bool:
        """Whether both say the same, wherever in the code."""
        return self.project == other.project and {(each.project, each.stack) for each in self.stacks} == {
            (each.project, each.stack) for each in other.stacks
        }


class Programs(Protocol):
    """The programs of a tree."""

    def words(self, target: Target) -> ProgramWords:
        """What the program of a Pulumi target says."""


class ReadPrograms(Struct, frozen=True):
    """Programs, each read when it is asked for."""

    code: Code

    def words(self, target: Target) -> ProgramWords:
        """See Programs."""
        return program_words(target, *said_by_program(target, self.code))


def program_words(target: Target, project: str, references: tuple[FileReference, ...]) -> ProgramWords:
    """References, spelled out. What is computed is no stack's name."""
    found = []
    for each in references:
        words = _spelled(each.path, target.name.environment).split("/")
        owner = words[-2] or _COMPUTED if len(words) > 1 else ""
        found.append(NamedStack(project=owner, stack=words[-1], span=each.span))
    return ProgramWords(project=project, stacks=tuple(found))


class ReferredStack(Struct, frozen=True, kw_only=True):
    """A program refers to the stack of `target`, at `span`."""

    target: TargetName
    because: str
    span: Span


class ReferredStacks:
    """Looks up owners of stacks. What is computed matches nothing: an edge that is guessed orders what nobody asked to
    be ordered."""

    def __init__(self, targets: Mapping[TargetName, Target], programs: Programs) -> None:
        self._said: dict[TargetName, ProgramWords] = {}
        self._owners: dict[tuple[str, str], list[TargetName]] = {}
        for name, target in targets.items():
            if target.stack.engine.name is EngineName.PULUMI:
                said = self._said[name] = programs.words(target)
                self._owners.setdefault((said.project, name.environment), []).append(name)

    def of(self, target: Target) -> Iterator[ReferredStack]:
        """The stacks to which the program of `target` refers; its own is none."""
        said = self._said.get(target.name) or ProgramWords(project="")
        for each in said.stacks:
            project = each.project or said.project
            for owner in self._owners.get((project, each.stack), ()):
                if owner != target.name:
                    because = f"its program refers to the stack `{project}/{each.stack}`"
                    yield ReferredStack(target=owner, because=because, span=each.span)


def _spelled(text: Text, stack: str) -> str:
    def word(part: str | Symbol) -> str:
        if isinstance(part, str):
            return part
        return stack if part.kind is SymbolKind.WORKSPACE else _COMPUTED

    return "".join(map(word, text))
