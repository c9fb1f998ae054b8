"""A Pulumi project to the static gate: all of it is a program, and what its project file adds to that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from runner.decisions.lookup import FILES, Files, located
from runner.decisions.staticgate_beside import reach_of
from runner.decisions.staticgate_findings import Finding, FindingKind
from runner.diagnostics import Span
from runner.model.code import literal
from runner.model.code_files import PROJECT_FILES
from runner.model.gate_facts import WrittenFile

_SAID = {
    "options": "the runtime's options choose the program that runs it",
    "plugins": "plugins are programs, and these come from the repository",
    "packages": "packages bring programs of their own",
}


class ProgramCode(Files, Protocol):
    """A tree, and what its project files say."""

    def written(self, path: str) -> WrittenFile | None:
        """None where there is no such file."""


def program_findings(directory: str, code: ProgramCode) -> Iterator[Finding]:
    """The program in `directory`: one finding for it, and one for each way in which its project file names more."""
    found = None
    for name in PROJECT_FILES:
        place = located(code, name if directory == "." else f"{directory}/{name}")
        found = found or (code.written(place.path) if place.kind in FILES else None)
    path = found.path if found else directory
    said = {each.path[0]: each for each in found.settings} if found else {}
    runtime = literal(said["runtime"].value) if "runtime" in said else ""
    start = Span(file=path, line=1, column=1)
    yield Finding(
        kind=FindingKind.PROGRAM,
        subject=runtime or "unknown",
        address=directory,
        message=f"`{directory}` is a program" + (f" for `{runtime}`" if runtime else ""),
        because="a Pulumi program is run to find out what it wants",
        span=said["runtime"].span if "runtime" in said else start,
        digest=reach_of([directory], code),
    )
    for key, because in _SAID.items():
        if key in said:
            yield Finding(
                kind=FindingKind.PROGRAM,
                subject=key,
                address=f"{path}:{key}",
                message=f"`{path}` has `{key}`",
                because=because,
                span=said[key].span,
                digest=said[key].digest,
            )
    for problem in found.doubts if found else ():
        yield Finding(
            kind=FindingKind.UNREADABLE,
            subject=path,
            address=path,
            message=problem.message,
            because="what cannot be read is not known to be harmless",
            span=problem.span or start,
        )
