"""What every Engine promises, as checks that a plugin's tests run one by one: `for check in CHECKS: check(bench)`.

A bench has an engine and writes code in its language. Failures are AssertionErrors.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from runner.engine import Applied, Engine, EngineEvent, PlanOptions, Workspace
from runner.errors import Interrupted, RunnerError, TargetFailed
from runner.kit.process import Stop
from runner.model.change import SENSITIVE, ChangeKind
from runner.model.plan import Planned

CANARY = "kanarien-vogel-5e1f"  # the value of the sensitive input `password`
PATIENCE = 60.0  # seconds for what should take one


class Code(StrEnum):
    """What the bench can write; each has one input `password`, which it must treat as secret.

    `empty`: no resource. `one`: a resource `one` with the value `first`; outputs `words` (the list `["a", "b"]`),
    `count` (the number 3) and `secret` (the password, sensitive). `updated`: its value is `second`, changed in place.
    `replaced`: its value is `second`, and it has to be made anew. `broken`: `one`, and a second resource that needs it
    and cannot be made; the error repeats the password. `slow`: `one`, then a resource that makes the file `begun` in
    the workspace's root and takes ten minutes, then one that needs it.
    """

    EMPTY = "empty"
    ONE = "one"
    UPDATED = "updated"
    REPLACED = "replaced"
    BROKEN = "broken"
    SLOW = "slow"


class EngineBench(Protocol):
    """A fresh place with an engine. Each call of `work` writes other code over the same state."""

    @property
    def shortest(self) -> float:
        """Seconds that are enough for every command of a plan, and for an apply of `slow` to get to its second one."""

    @property
    def engine(self) -> Engine:
        """The engine that is tried."""

    def work(self, code: Code, timeout: float | None = None) -> Workspace:
        """The workspace, with that code in it, its redactor knowing CANARY, its state in a file of ours."""

    def resources(self) -> frozenset[str]:
        """The addresses in the state, read without running the engine."""


def check_a_new_resource_is_created(bench: EngineBench) -> None:
    """Planned as create, applied, and then in the state."""
    planned = _plan(bench, bench.work(Code.ONE))
    assert [change.kind for change in planned.changes] == [ChangeKind.CREATE], planned.changes
    assert planned.changed
    assert planned.complete
    assert not planned.errored
    applied = _apply(bench, bench.work(Code.ONE))
    assert applied.ok, applied
    assert [action for _, action, _ in applied.finished] == ["create"], applied
    assert not applied.unfinished
    assert len(bench.resources()) == 1


def check_what_is_there_is_not_changed(bench: EngineBench) -> None:
    """A second plan has nothing to apply."""
    _made(bench, Code.ONE)
    planned = _plan(bench, bench.work(Code.ONE))
    assert not planned.changed
    assert not planned.changes, planned.changes


def check_a_change_in_place_is_an_update(bench: EngineBench) -> None:
    """And says which attribute differs."""
    _made(bench, Code.ONE)
    planned = _plan(bench, bench.work(Code.UPDATED))
    assert [change.kind for change in planned.changes] == [ChangeKind.UPDATE], planned.changes
    assert planned.changes[0].diff
    assert not any(difference.forces_replace for difference in planned.changes[0].diff)
    assert _apply(bench, bench.work(Code.UPDATED)).ok


def check_a_forced_change_is_a_replacement(bench: EngineBench) -> None:
    """One change, with an order, and the attribute that forces it."""
    _made(bench, Code.ONE)
    planned = _plan(bench, bench.work(Code.REPLACED))
    assert [change.kind for change in planned.changes] == [ChangeKind.REPLACE], planned.changes
    assert planned.changes[0].order in ("create-first", "delete-first")
    assert any(difference.forces_replace for difference in planned.changes[0].diff)
    assert _apply(bench, bench.work(Code.REPLACED)).ok
    assert len(bench.resources()) == 1


def check_code_that_is_gone_is_deleted(bench: EngineBench) -> None:
    """A resource that the code no longer has."""
    _made(bench, Code.ONE)
    planned = _plan(bench, bench.work(Code.EMPTY))
    assert [change.kind for change in planned.changes] == [ChangeKind.DELETE], planned.changes
    assert _apply(bench, bench.work(Code.EMPTY)).ok
    assert not bench.resources()


def check_destroy_deletes_everything(bench: EngineBench) -> None:
    """Whatever the code says."""
    _made(bench, Code.ONE)
    work = bench.work(Code.ONE)
    planned = _plan(bench, work, PlanOptions(destroy=True))
    assert [change.kind for change in planned.changes] == [ChangeKind.DELETE], planned.changes
    assert bench.engine.apply(work, Stop(), _ignored).ok
    assert not bench.resources()


def check_a_failure_keeps_what_was_made(bench: EngineBench) -> None:
    """What was made is in the state; what failed is named with its reason; no secret is in the reason."""
    work = bench.work(Code.BROKEN)
    _plan(bench, work)
    told: list[EngineEvent] = []
    applied = bench.engine.apply(work, Stop(), told.append)
    assert not applied.ok
    assert not applied.stopped
    assert applied.because
    assert len(applied.finished) == 1, applied
    assert len(applied.failed) == 1, applied
    assert applied.finished[0][0] in bench.resources()
    assert CANARY not in f"{applied}{told}"


def check_outputs_have_types_and_marks(bench: EngineBench) -> None:
    """As the code gave them, from the engine and from the state's bytes alike."""
    work = _made(bench, Code.ONE)
    outputs = bench.engine.outputs(work, Stop())
    contents = bench.engine.contents(bench.engine.state(work, Stop()), work.passphrase)
    assert not contents.sealed
    for found in (outputs, contents.outputs):
        assert found["words"].value == ["a", "b"]
        assert found["count"].value == 3
        assert found["secret"].value == CANARY
        assert {name: output.sensitive for name, output in found.items()} == {
            "words": False,
            "count": False,
            "secret": True,
        }
    assert CANARY not in str(contents.resources)


def check_a_plan_holds_no_secret(bench: EngineBench) -> None:
    """Neither as data nor in the engine's words; another secret is another fingerprint."""
    work = bench.work(Code.ONE)
    planned = _plan(bench, work, PlanOptions(fingerprint=_fingerprint))
    assert CANARY not in str(planned)
    assert CANARY not in bench.engine.shown(work, Stop())
    secret = next(output for output in planned.outputs if output.name == "secret")
    assert secret.sensitive
    assert secret.after == SENSITIVE
    assert secret.fingerprint


def check_facts_follow_the_state(bench: EngineBench) -> None:
    """No state has no lineage; a later state has the same lineage and a higher serial."""
    assert bench.engine.facts(b"").lineage == ""
    first = bench.engine.facts(bench.engine.state(_made(bench, Code.ONE), Stop()))
    second = bench.engine.facts(bench.engine.state(_made(bench, Code.UPDATED), Stop()))
    assert first.lineage
    assert second.lineage == first.lineage
    assert second.serial > first.serial
    assert second.digest != first.digest


def check_a_stop_is_graceful(bench: EngineBench) -> None:
    """The engine ends what it does, keeps what it made, and names what it left."""
    work = bench.work(Code.SLOW)
    _plan(bench, work)
    stop = Stop()
    asked = _when_there(work.root / "begun", stop.request)
    applied = bench.engine.apply(work, stop, _ignored)
    asked.join()
    assert not applied.ok
    assert applied.stopped
    assert applied.finished[0][0] in bench.resources()
    assert len(applied.finished) == 1, applied


def check_a_stop_before_the_start_starts_nothing(bench: EngineBench) -> None:
    """Nothing is made, and a plan is Interrupted."""
    stop = Stop()
    work = bench.work(Code.ONE)
    _plan(bench, work)
    stop.request()
    assert bench.engine.apply(work, stop, _ignored).stopped
    assert not bench.resources()
    _refused(lambda: bench.engine.plan(work, PlanOptions(), stop, _ignored), Interrupted)


def check_time_runs_out(bench: EngineBench) -> None:
    """An apply that takes too long is interrupted, and keeps what it made."""
    work = bench.work(Code.SLOW, timeout=bench.shortest)
    _plan(bench, work)
    applied = bench.engine.apply(work, Stop(), _ignored)
    assert not applied.ok
    assert not applied.stopped
    assert f"interrupted after {bench.shortest:g} seconds" in applied.because, applied
    assert applied.finished[0][0] in bench.resources()


CHECKS: tuple[Callable[[EngineBench], None], ...] = (
    check_a_new_resource_is_created,
    check_what_is_there_is_not_changed,
    check_a_change_in_place_is_an_update,
    check_a_forced_change_is_a_replacement,
    check_code_that_is_gone_is_deleted,
    check_destroy_deletes_everything,
    check_a_failure_keeps_what_was_made,
    check_outputs_have_types_and_marks,
    check_a_plan_holds_no_secret,
    check_facts_follow_the_state,
    check_a_stop_is_graceful,
    check_a_stop_before_the_start_starts_nothing,
    check_time_runs_out,
)


def _plan(bench: EngineBench, work: Workspace, options: PlanOptions | None = None) -> Planned:
    bench.engine.prepare(work, Stop(), _ignored)
    return bench.engine.plan(work, options or PlanOptions(), Stop(), _ignored)


def _apply(bench: EngineBench, work: Workspace) -> Applied:
    return bench.engine.apply(work, Stop(), _ignored)


def _made(bench: EngineBench, code: Code) -> Workspace:
    work = bench.work(code)
    _plan(bench, work)
    applied = _apply(bench, work)
    assert applied.ok, applied
    return work


def _ignored(_: EngineEvent) -> None:
    return


def _fingerprint(value: bytes) -> str:
    return hmac.new(b"key", value, hashlib.sha256).hexdigest()


def _refused(call: Callable[[], object], family: type[RunnerError] = TargetFailed) -> None:
    try:
        answer = call()
    except family:
        return
    raise AssertionError(f"not refused: {answer}")


def _when_there(file: Path, act: Callable[[], None]) -> threading.Thread:
    def watch() -> None:
        until = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.02)
        act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    return watcher
