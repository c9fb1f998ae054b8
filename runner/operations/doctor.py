"""`doctor`: looks at this machine and this repository, or at the forge, and says what is not well and what mends it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import RunnerError, strongest
from runner.operations.bench import Bench
from runner.operations.checkup import Check, Checked, looked
from runner.operations.forge_checks import of_forge
from runner.operations.machine_checks import of_engines, of_machine
from runner.operations.repository_checks import of_repository
from runner.operations.survey import Survey, survey

__all__ = ["Check", "DoctorRequest", "DoctorResult", "doctor"]


class DoctorRequest(Struct, frozen=True, kw_only=True):
    """`install` names an engine to fetch; `forge`: the forge is looked at, not this machine."""

    install: str = ""
    forge: bool = False


class DoctorResult(Struct, frozen=True, kw_only=True):
    """All checks, in the order in which they were made."""

    checks: tuple[Check, ...]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def doctor(request: DoctorRequest, bench: Bench) -> DoctorResult:
    """Makes every check that can be made; one that fails stops no other. Writes nothing but what it removes again.
    With `install` it only fetches that engine: NoAnswer or ToolUnavailable where that cannot be had as it is pinned."""
    if request.install:
        said = bench.tools.install(request.install)
        return DoctorResult(
            checks=(Check(name=request.install, ok=True, found=said),), next=("runner doctor",)
        )
    found = tuple(of_forge(bench) if request.forge else _all(bench))
    exit_code = strongest([each.exit_code for each in found])
    following = () if exit_code else ("runner status",)
    return DoctorResult(checks=tuple(each.check for each in found), next=following, exit_code=exit_code)


def _all(bench: Bench) -> Iterator[Checked]:
    yield from of_machine(bench)
    whole = _surveyed(bench)
    if isinstance(whole, Survey):
        yield from of_repository(bench, whole)
        yield from of_engines(bench, whole)
    else:
        yield whole


def _surveyed(bench: Bench) -> Survey | Checked:
    """The survey without the network; what stands against it is itself a finding."""
    try:
        return survey(bench, worktree=False, refresh=False)
    except RunnerError as error:
        failure = error

    def look() -> Check:
        raise failure

    return looked("configuration", look)
