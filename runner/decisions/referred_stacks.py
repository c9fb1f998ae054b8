"""Which known targets a Pulumi program's stack references mean: `organization/project/stack`, spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from runner.decisions.closure import Code
from runner.decisions.lookup import located
from runner.decisions.pulumi_closure import project_of, stack_references
from runner.diagnostics import Span
from runner.model.code import Symbol, SymbolKind, Text
from runner.model.names import TargetName
from runner.model.stack import EngineName
from runner.model.target import Target

_COMPUTED = "\0"


class ReferredStack(Struct, frozen=True, kw_only=True):
    """A program refers to the stack of `target`, at `span`."""

    target: TargetName
    because: str
    span: Span


class ReferredStacks:
    """Looks up owners of stacks. What is computed matches nothing: an edge that is guessed orders what nobody asked to
    be ordered."""

    def __init__(self, targets: Mapping[TargetName, Target], code: Code) -> None:
        self._code = code
        programs = [target for target in targets.values() if target.stack.engine.name is EngineName.PULUMI]
        self._projects = {
            directory: project_of(located(code, directory).path, code).name
            for directory in sorted({target.stack.directory for target in programs})
        }
        self._owners: dict[tuple[str, str], list[TargetName]] = {}
        for target in programs:
            key = (self._projects[target.stack.directory], target.name.environment)
            self._owners.setdefault(key, []).append(target.name)

    def of(self, target: Target) -> Iterator[ReferredStack]:
        """The stacks to which the program of `target` refers; its own is none."""
        if target.stack.engine.name is not EngineName.PULUMI:
            return
        for each in stack_references(target, self._code):
            words = _spelled(each.path, target.name.environment).split("/")
            project = words[-2] if len(words) > 1 else self._projects[target.stack.directory]
            for owner in self._owners.get((project, words[-1]), ()):
                if owner != target.name:
                    because = f"its program refers to the stack `{project}/{words[-1]}`"
                    yield ReferredStack(target=owner, because=because, span=each.span)


def _spelled(text: Text, stack: str) -> str:
    def word(part: str | Symbol) -> str:
        if isinstance(part, str):
            return part
        return stack if part.kind is SymbolKind.WORKSPACE else _COMPUTED

    return "".join(map(word, text))
