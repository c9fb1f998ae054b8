"""The facts of a directory from those of its files, as the engine merges them: override files last, locals resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from runner.model.code import (
    UNKNOWN_TEXT,
    BackendBlock,
    DeclaredOutput,
    FileFacts,
    FileReference,
    ModuleCall,
    ModuleFacts,
    Symbol,
    SymbolKind,
    Text,
    Variable,
)
from runner.model.code_files import OPENTOFU_CODE, TERRAFORM_CODE

MOST_LOCAL_STEPS = 32
MOST_TEXT = 4096
"""Characters of a path; the longest that Linux takes."""
Declared = TypeVar("Declared", Variable, DeclaredOutput)


def loaded_files(names: Sequence[str], *, opentofu: bool) -> tuple[str, ...]:
    """Those of the names of a directory that the engine loads, override files last, as it orders them. OpenTofu takes
    `x.tofu` instead of `x.tf`."""
    wanted = [name for name in names if name.endswith(TERRAFORM_CODE) and not _ignored(name)]
    if opentofu:
        own = {name for name in names if name.endswith(OPENTOFU_CODE) and not _ignored(name)}
        replaced = {name.replace(".tofu", ".tf") for name in own}
        wanted = [name for name in wanted if name not in replaced] + sorted(own)
    return tuple(sorted(wanted, key=lambda name: (_overrides(name), name)))


def _ignored(name: str) -> bool:
    """Editors' files, which Terraform skips (`configs.IsIgnoredFile`)."""
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _overrides(name: str) -> bool:
    stem = name.split(".", 1)[0] if name.startswith("override.") else _stem(name)
    return stem == "override" or stem.endswith("_override")


def _stem(name: str) -> str:
    for suffix in (*OPENTOFU_CODE, *TERRAFORM_CODE):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def module_of(directory: str, files: Mapping[str, FileFacts], links: Sequence[str] = ()) -> ModuleFacts:
    """`files`: path -> facts, in the engine's order (`loaded_files`)."""
    facts = list(files.values())
    variables: dict[str, Variable] = {}
    outputs: dict[str, DeclaredOutput] = {}
    texts: dict[str, Text] = {}
    calls: dict[str, list[ModuleCall]] = {}
    backend: BackendBlock | None = None
    for each in facts:
        _declare(variables, each.variables)
        _declare(outputs, each.outputs)
        texts.update(each.locals)
        for call in each.calls:
            calls.setdefault(call.name, []).append(call)
        backend = each.backends[-1] if each.backends else backend
    resolver = _Resolver(texts)
    return ModuleFacts(
        directory=directory,
        files=tuple(files),
        links=tuple(links),
        variables=variables,
        outputs=outputs,
        calls=_called(calls, resolver),
        references=_referred(facts, resolver),
        backend=backend,
        required_version=tuple(one for each in facts for one in each.required_version),
        required_providers=tuple(one for each in facts for one in each.required_providers),
        providers=tuple(one for each in facts for one in each.providers),
        resources=tuple(one for each in facts for one in each.resources),
        remote_states=tuple(one for each in facts for one in each.remote_states),
        provisioners=tuple(one for each in facts for one in each.provisioners),
        functions=frozenset(name for each in facts for name in each.functions),
        diagnostics=tuple(one for each in facts for one in each.diagnostics),
    )


def _called(calls: Mapping[str, Sequence[ModuleCall]], resolver: _Resolver) -> tuple[ModuleCall, ...]:
    """An overridden source stays in: both count as read, which is wider and never wrong."""
    return tuple(
        replace(call, source=resolver.resolved(call.source) if call.source is not None else None)
        for named in calls.values()
        for call in named
        if call.source is not None or len(named) == 1
    )


def _referred(facts: Sequence[FileFacts], resolver: _Resolver) -> tuple[FileReference, ...]:
    return tuple(
        replace(ref, path=path, pattern=resolver.resolved(ref.pattern) if ref.pattern is not None else None)
        for each in facts
        for ref in each.references
        for path in [resolver.resolved(ref.path)]
        if ref.function != "path" or _is_place(path)
    )


def _declare(known: dict[str, Declared], found: Sequence[Declared]) -> None:
    """Adds declarations; a second one (an override) changes only what it sets."""
    for each in found:
        before = known.get(each.name)
        known[each.name] = each if before is None else _merged(before, each)


def _merged(before: Declared, after: Declared) -> Declared:
    sensitive = before.sensitive if after.sensitive is None else after.sensitive
    ephemeral = before.ephemeral if after.ephemeral is None else after.ephemeral
    if isinstance(before, Variable):
        assert isinstance(after, Variable)
        return replace(
            before,
            sensitive=sensitive,
            ephemeral=ephemeral,
            has_default=before.has_default or after.has_default,
            type=after.type or before.type,
        )
    return replace(before, sensitive=sensitive, ephemeral=ephemeral)


def _is_place(text: Text) -> bool:
    """Whether a text begins at a place in the tree: else it is a local that has nothing to do with files."""
    places = {SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING}
    return any(isinstance(part, Symbol) and part.kind in places for part in text)


class _Resolver:
    """Replaces locals by their texts, each worked out once; a cycle, or a local that is no text, is unknown."""

    def __init__(self, texts: Mapping[str, Text]) -> None:
        self._texts = texts
        self._known: dict[str, Text] = {}

    def resolved(self, text: Text, steps: int = 0) -> Text:
        if all(isinstance(part, str) or part.kind is not SymbolKind.LOCAL for part in text):
            return text
        parts: list[str | Symbol] = []
        for part in text:
            if isinstance(part, str) or part.kind is not SymbolKind.LOCAL:
                parts.append(part)
            else:
                parts.extend(self._local(part.name, steps))
        return _merged_text(parts)

    def _local(self, name: str, steps: int) -> Text:
        if name not in self._known:
            # Stands for itself while it is worked out: a cycle meets this.
            self._known[name] = UNKNOWN_TEXT
            if name in self._texts and steps <= MOST_LOCAL_STEPS:
                self._known[name] = self.resolved(self._texts[name], steps + 1)
        return self._known[name]


def _merged_text(parts: Sequence[str | Symbol]) -> Text:
    """Neighbouring literals as one; unknown where locals that double one another would grow without end."""
    merged: list[str | Symbol] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        else:
            merged.append(part)
    size = sum(len(part) if isinstance(part, str) else 16 for part in merged)
    return UNKNOWN_TEXT if size > MOST_TEXT else tuple(merged)
