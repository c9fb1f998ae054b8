"""Reads one stack of one commit for the static gate: its code, the modules of the repository that it calls, and what
lies beside them. Nothing is run, and nothing that cannot be read is passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from runner.decisions.lookup import FILES, Files, joined, located
from runner.decisions.modules import loaded_files
from runner.decisions.staticgate_beside import beside, linked_out, reach_of
from runner.decisions.staticgate_findings import (
    Finding,
    FindingKind,
    ModuleUse,
    ProviderUse,
    Reading,
    digest_of,
)
from runner.decisions.staticgate_paths import Locals, call_finding, file_reading, place_of
from runner.decisions.staticgate_programs import program_findings
from runner.decisions.staticgate_rules import findings_in
from runner.decisions.staticgate_sources import is_local, locked_in, providers_in
from runner.diagnostics import Span
from runner.model.code import literal
from runner.model.code_files import LOCK_FILE
from runner.model.gate_facts import OPENING, Call, Setting, WrittenFile
from runner.model.stack import EngineName

MOST_MODULES = 1000
"""Of one stack, each a directory; people have tens."""

_TERRAFORM = (("terraform",), ("tofu",))
_BACKENDS = (("backend",), ("cloud",))
_OVERRIDE = re.compile(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?")


class GateCode(Files, Protocol):
    """A tree of files, and what they say to the gate."""

    def written(self, path: str) -> WrittenFile | None:
        """A file of HCL in either syntax, or a Pulumi project's; None where there is none."""

    def template(self, path: str) -> WrittenFile | None:
        """A file as `templatefile` reads it."""


class StackPlace(Struct, frozen=True, kw_only=True):
    """Which stack: its directory, and the engine whose rules say what is loaded."""

    directory: str
    engine: EngineName = EngineName.TERRAFORM


def read_stack(stack: StackPlace, code: GateCode) -> Reading:
    """All that the gate wants to know of a stack."""
    place = located(code, stack.directory)
    if place.kind != "directory":
        return Reading(directory=stack.directory, findings=(_unseen(stack.directory),))
    if stack.engine is EngineName.PULUMI:
        directory = place.path
        found = (*program_findings(directory, code), *linked_out(directory, code))
        return Reading(directory=directory, findings=tuple(found), reach=reach_of([directory], code))
    reader = _Reader(stack, code)
    reader.run()
    return reader.reading()


class _Reader:
    def __init__(self, stack: StackPlace, code: GateCode) -> None:
        self.code = code
        self.opentofu = stack.engine is EngineName.OPENTOFU
        self.directory = located(code, stack.directory).path
        self.findings: list[Finding] = []
        self.modules: list[ModuleUse] = []
        self.providers: list[ProviderUse] = []
        self.backend: list[Setting] = []
        self.templates: set[str] = set()
        self.read: dict[str, None] = {}
        self.walked: list[str] = []

    def run(self) -> None:
        """Reads the stack, then each module that it calls, once."""
        self.findings += beside(self.directory, self.code)
        queue = deque([self.directory])
        while queue:
            directory = queue.popleft()
            if len(self.read) >= MOST_MODULES:
                self.findings.append(_too_many(self.directory))
                break
            if directory not in self.read:
                self.read[directory] = None
                queue.extend(self._module(directory))

    def reading(self) -> Reading:
        """What was found."""
        lock = self.code.written(located(self.code, _below(self.directory, LOCK_FILE)).path)
        if lock is not None:
            self._unreadable(lock)
        return Reading(
            directory=self.directory,
            findings=tuple(self.findings),
            modules=tuple(self.modules),
            providers=tuple(self.providers),
            locked=locked_in(lock.settings) if lock is not None else {},
            backend=tuple(self.backend),
            reach=reach_of(list(self.read), self.code),
        )

    def _module(self, directory: str) -> Iterator[str]:
        """Reads one directory; the directories of the modules that it calls."""
        if not any(f"{directory}/".startswith(f"{each}/") or each == "." for each in self.walked):
            self.walked.append(directory)
            self.findings += linked_out(directory, self.code)
        nodes = {posixpath.basename(node.path): node for node in self.code.children(directory)}
        files = []
        for name in loaded_files(list(nodes), opentofu=self.opentofu):
            found = located(self.code, nodes[name].path)
            if found.kind not in FILES:
                continue
            file = self.code.written(found.path)
            if file is not None and not self._unreadable(file):
                files.append((name, file))
        settings = [setting for _, file in files for setting in file.settings]
        known = Locals(settings)
        for name, file in files:
            self.findings += findings_in(file.settings)
            self._backends(name, file)
            for call in (*file.calls, *file_reading(file.settings)):
                self._call(call, known, directory)
        self.providers += providers_in(settings, opentofu=self.opentofu)
        yield from self._called(settings, directory)

    def _unreadable(self, file: WrittenFile) -> bool:
        self.findings += [
            Finding(
                kind=FindingKind.UNREADABLE,
                subject=file.path,
                address=file.path,
                message=each.message,
                because="what cannot be read is not known to be harmless",
                span=each.span or Span(file=file.path, line=1, column=1),
            )
            for each in file.doubts
        ]
        return bool(file.doubts)

    def _backends(self, name: str, file: WrittenFile) -> None:
        own = [each for each in file.settings if each.path[:1] in _TERRAFORM and each.path[1:2] in _BACKENDS]
        self.backend += own
        for each in own:
            opens = each.value == OPENING and len(each.path) == (3 if each.path[1] == "backend" else 2)
            if opens and _OVERRIDE.fullmatch(name):
                self.findings.append(
                    Finding(
                        kind=FindingKind.BACKEND,
                        subject="override",
                        address=f"{file.path}:{each.path[-1]}",
                        message=f"`{posixpath.basename(file.path)}` overrides where the state is kept",
                        because="an override file is merged over the block that a reader finds",
                        span=each.span,
                        digest=digest_of(own),
                    )
                )

    def _call(self, call: Call, known: Locals, directory: str) -> None:
        if finding := call_finding(call, known, self.directory, directory, self.code):
            self.findings.append(finding)
        elif call.function == "templatefile" and call.path is not None:
            place = place_of(known.resolved(call.path), self.directory, directory)
            found = located(self.code, place or "")
            if found.kind in FILES and found.path not in self.templates:
                self.templates.add(found.path)
                file = self.code.template(found.path)
                if file is not None and not self._unreadable(file):
                    for each in file.calls:
                        # A template knows nothing of the module that renders it.
                        self._call(each, Locals(), self.directory)

    def _called(self, settings: Sequence[Setting], directory: str) -> Iterator[str]:
        versions = {
            each.path[1]: literal(each.value) or ""
            for each in settings
            if len(each.path) == 3 and each.path[0] == "module" and each.path[2] == "version"
        }
        for each in settings:
            if len(each.path) != 3 or each.path[0] != "module" or each.path[2] != "source":
                continue
            name, source = each.path[1], literal(each.value)
            written = joined(directory, source) if source is not None and is_local(source) else None
            found = located(self.code, written) if written is not None else None
            place = found.path if found is not None and found.kind == "directory" else ""
            version = versions.get(name, "")
            self.modules.append(
                ModuleUse(name=name, source=source, version=version, span=each.span, place=place)
            )
            if source is None or not is_local(source):
                continue
            if found is None or found.problem:
                self.findings.append(_lost(name, each, "outside", "leaves the repository"))
            elif place:
                yield place
            else:
                self.findings.append(_lost(name, each, "unseen", f"is not in this repository's `{written}`"))


def _lost(name: str, setting: Setting, subject: str, what: str) -> Finding:
    return Finding(
        kind=FindingKind.MODULE,
        subject=subject,
        address=f"module.{name}",
        message=f"the source of module `{name}` {what}",
        because="a module that nobody can read here may do anything",
        span=setting.span,
        digest=setting.digest,
    )


def _too_many(directory: str) -> Finding:
    return Finding(
        kind=FindingKind.UNREADABLE,
        subject=directory,
        address=directory,
        message=f"`{directory}` calls more than {MOST_MODULES:,} modules",
        because="what cannot be read is not known to be harmless",
        span=Span(file=directory, line=1, column=1),
    )


def _unseen(directory: str) -> Finding:
    return Finding(
        kind=FindingKind.UNREADABLE,
        subject=directory,
        address=directory,
        message=f"`{directory}` is no directory of this repository",
        because="what cannot be read is not known to be harmless",
        span=Span(file=directory, line=1, column=1),
    )


def _below(directory: str, name: str) -> str:
    return name if directory == "." else f"{directory}/{name}"
