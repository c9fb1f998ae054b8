"""`outputs`: what targets give to others and to people, read from the states that the record names."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.model.change import SENSITIVE, Output
from runner.model.names import TargetName
from runner.model.selection_request import SelectionRequest
from runner.operations.bench import Bench
from runner.operations.opening import opened
from runner.operations.survey import recorded_names, survey
from runner.operations.upstream import live_outputs


class OutputsRequest(Struct, frozen=True, kw_only=True):
    """`name` narrows to one output; `reveal` shows sensitive values, which needs the key."""

    selection: SelectionRequest = field(default_factory=SelectionRequest)
    name: str = ""
    reveal: bool = False


class OutputsResult(Struct, frozen=True, kw_only=True):
    """Outputs by target; sensitive ones are SENSITIVE unless they were to be revealed."""

    values: Mapping[TargetName, Mapping[str, Output]]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def outputs(request: OutputsRequest, bench: Bench) -> OutputsResult:
    """Reads each chosen target's state. Targets that were never applied are named in a note."""
    whole = survey(bench, worktree=False)
    found: dict[TargetName, Mapping[str, Output]] = {}
    notes = list(whole.notes)
    with opened(bench, whole, "outputs") as session:
        for name in sorted(recorded_names(request.selection, whole)):
            values = live_outputs(session, name)
            if values is None:
                notes.append(_never(name))
                continue
            found[name] = {
                key: _shown(output, reveal=request.reveal) for key, output in sorted(values.items())
            }
    if request.name:
        found = {
            name: {request.name: each[request.name]} for name, each in found.items() if request.name in each
        }
        if not found:
            raise AskedWrongly.of(
                "no-such-output",
                f"no chosen target has an output `{request.name}`",
                hint="`runner outputs` without a name lists them",
            )
    return OutputsResult(values=found, notes=tuple(notes))


def _shown(output: Output, *, reveal: bool) -> Output:
    return output if reveal or not output.sensitive else replace(output, value=dict(SENSITIVE))


def _never(name: TargetName) -> Diagnostic:
    return Diagnostic(
        code="never-applied",
        message=f"`{name}` was never applied, so it has no outputs",
        hint=f"runner up {name}",
        severity=Severity.NOTE,
    )
