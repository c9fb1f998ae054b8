"""`logs`: the engine's whole log of a run, redacted, as this clone kept it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.kit.journal import is_held, read
from runner.model.names import decoded
from runner.operations.bench import Bench
from runner.operations.run_directory import kept_runs


class LogsRequest(Struct, frozen=True, kw_only=True):
    """A run (or a unique beginning of its name, or `last`), nothing for the list; `target` narrows."""

    run: str = ""
    target: str = ""


class RunFacts(Struct, frozen=True, kw_only=True):
    """A kept run. `outcome`: ended | recovered | running | killed."""

    id: str
    started: datetime
    verb: str
    outcome: str


class LogsResult(Struct, frozen=True, kw_only=True):
    """Target -> log, or the runs. `shown`: the targets whose plan that run did not make but showed, each with the run
    that made it."""

    text: Mapping[str, str]
    shown: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[RunFacts, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def logs(request: LogsRequest, bench: Bench) -> LogsResult:
    """Reads what lies in the Git directory. AskedWrongly `no-such-run`."""
    places = list(kept_runs(bench.tools.repository.git_directory))
    if not request.run and not request.target:
        return LogsResult(text={}, runs=tuple(_facts(place) for place in places))
    fitting = [place for place in places if _fits(place, request)]
    if not fitting:
        raise AskedWrongly.of(
            "no-such-run",
            f"this clone has no log of {request.run or request.target}",
            hint="`runner logs` lists the runs that it keeps",
        )
    if request.run not in ("", "last") and len({place.name for place in fitting}) > 1:
        names = ", ".join(place.name for place in fitting[:5])
        raise AskedWrongly.of(
            "no-such-run", f"`{request.run}` could be any of {names}", hint="write more of it"
        )
    text = {
        target: file.read_text(encoding="utf-8", errors="replace")
        for file in sorted((fitting[0] / "logs").glob("*.log"))
        if (target := decoded(file.stem)) == request.target or not request.target
    }
    shown = _shown(fitting[0]) if request.run not in ("", "last") else {}
    named = {
        target: run for target, run in shown.items() if target not in text and request.target in ("", target)
    }
    made = sorted(set(named.values()) & {place.name for place in places})
    return LogsResult(text=text, shown=named, next=tuple(f"runner logs {run}" for run in made))


def _shown(place: Path) -> Mapping[str, str]:
    """The targets whose plan that run took from an earlier one, with its name."""
    ends = [line.get("shown") for line in read(place) if line["event"] == "end"]
    found = ends[-1] if ends else None
    return {str(target): str(run) for target, run in found.items()} if isinstance(found, dict) else {}


def _fits(place: Path, request: LogsRequest) -> bool:
    if request.target and not any(
        decoded(file.stem) == request.target for file in (place / "logs").glob("*.log")
    ):
        return request.run not in ("", "last") and _named(place, request) and request.target in _shown(place)
    if request.run in ("", "last"):
        return (place / "logs").is_dir()
    return _named(place, request)


def _named(place: Path, request: LogsRequest) -> bool:
    return place.name.startswith(request.run)


def _facts(place: Path) -> RunFacts:
    lines = list(read(place))
    first = lines[0] if lines else {}
    ends = [str(line["outcome"]) for line in lines if line["event"] == "end"]
    outcome = ends[-1] if ends else "running" if is_held(place) else "killed"
    started = (
        datetime.fromisoformat(str(first["at"]))
        if "at" in first
        else datetime.strptime(place.name[:15] + "+0000", "%Y%m%dT%H%M%S%z")
    )
    return RunFacts(id=place.name, started=started, verb=str(first.get("verb", "")), outcome=outcome)
