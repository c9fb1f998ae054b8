"""Ctrl-C, SIGTERM, a lease lost halfway: the engine ends as it should, and what it did is on the record or kept."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.journeys.stage import Told
from tests.rudeness.scene import TARGET, Scene, Watched, descendants
from tests.waiting import until

SHORT = "leases: {term: 5s}\n"


@pytest.fixture
def waiting(gated: Callable[..., Scene]) -> tuple[Scene, Watched]:
    """In the middle of its second apply: `a` is made, `b` waits for its gate, `c` has not begun."""
    scene = gated()
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    watched = scene.start("up", "prod", "--yes")
    watched.until(lambda each: scene.reached(1))
    return scene, watched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_asked_the_run_ends_what_is_under_way_records_it_and_goes_on_next_time(
    waiting: tuple[Scene, Watched], number: signal.Signals
) -> None:
    scene, watched = waiting
    watched.signal(number)
    assert watched.finish() == 130
    newest = scene.entries("prod")[-1]
    assert newest["result"] in ("interrupted", "unknown")
    assert [each["type"] for each in watched.told][-1] == "run_finished"
    made = watched.first_made()
    assert made in scene.ids().values()
    assert "terraform_data.c" not in scene.ids()
    scene.open_gate(1)
    scene.goes_on()
    assert made == scene.ids()["terraform_data.a"]
    scene.all_is_told()


def test_twice_asked_it_ends_at_once_and_what_is_unknown_is_named(waiting: tuple[Scene, Watched]) -> None:
    scene, watched = waiting
    watched.signal(signal.SIGINT)
    until(lambda: b"press Ctrl-C again" in watched.errors.read_bytes())
    watched.signal(signal.SIGINT)
    assert watched.finish() == 130
    assert scene.entries("prod")[-1]["result"] in ("interrupted", "unknown")
    scene.open_gate(1)
    scene.goes_on()
    scene.all_is_told()


def test_asked_before_the_apply_nothing_is_changed(scene: Scene) -> None:
    watched = scene.start("up", "prod", "--yes")
    watched.until(lambda each: each["type"] == "target_started")
    watched.signal(signal.SIGTERM)
    assert watched.finish() == 130
    assert watched.applied_ids() == set()
    assert scene.entries("prod") == []
    scene.run("up", "prod", "--yes")
    scene.all_is_told()


def test_a_lease_lost_halfway_stops_the_engine_and_its_state_is_kept(gated: Callable[..., Scene]) -> None:
    scene = gated(SHORT)
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    other = scene.another("grace")
    scene.wish(1)
    other.clone.git("pull", "--quiet")
    watched = scene.start("up", "prod", "--yes")
    watched.until(lambda each: scene.reached(1))
    # The machine sleeps: nobody renews the lease, and somebody else takes it over.
    watched.signal(signal.SIGSTOP)
    other.patiently("state", "recover", TARGET, "--yes")
    taken = other.entries("prod")[-1]
    watched.signal(signal.SIGCONT)
    code = watched.finish()
    assert code == 9, (code, watched.told[-3:])
    finished = next(each for each in watched.told if each["type"] == "target_finished")
    assert finished["outcome"] == "failed"
    assert finished["diagnostics"][-1]["code"] == "lease-lost"
    assert f"runner state recover {TARGET}" in watched.told[-1]["next"]
    assert other.entries("prod")[-1] == taken, "who lost it writes nothing"
    made = watched.first_made()
    assert [run for run in scene.runs() if (run / "work").exists()], "its state is kept in this clone"
    scene.open_gate(1)
    # What the other took over may have had it already, or only the state that was kept here has.
    again = scene.program("up", "prod", "--yes", "--json", cwd=scene.clone.path, seconds=120)
    assert again.code in (0, 9), again.stdout[-3000:]
    if again.code == 9:
        assert made in Told(again).diagnostic("outcome-unknown")["message"]
        assert Told(again).plans == {}
        scene.run("state", "recover", TARGET, "--yes", "--force")
        scene.run("up", "prod", "--yes")
    assert made in scene.ids().values()
    scene.all_is_told()


def test_a_lease_that_could_not_be_renewed_is_a_failure_and_no_interruption_by_hand(
    gated: Callable[..., Scene],
) -> None:
    scene = gated(SHORT)
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    watched = scene.start("up", "prod", "--yes")
    watched.until(lambda each: scene.reached(1))
    # What has no entry is refused: signs of life, and states on the way.
    hook = scene.clone.remote / "hooks/pre-receive"
    hook.write_text(
        '#!/bin/sh\nwhile read old new ref; do case "$ref" in */live/*) exit 0;; esac; done; exit 1\n'
    )
    hook.chmod(0o755)
    code = watched.finish()
    hook.unlink()
    finished = next(each for each in watched.told if each["type"] == "target_finished")
    newest = scene.entries("prod")[-1]
    assert newest["result"] in ("interrupted", "unknown")
    assert code == (9 if newest["unknown"] else 1)
    assert finished["diagnostics"][0]["code"] == "apply-stopped"
    assert "lease" in finished["diagnostics"][0]["message"]
    scene.open_gate(1)
    scene.goes_on()
    scene.all_is_told()


def test_an_engine_that_is_killed_alone_is_named_unknown(waiting: tuple[Scene, Watched]) -> None:
    scene, watched = waiting
    for pid in descendants(watched.child.pid):
        with suppress(OSError):
            if b"apply" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
    code = watched.finish()
    assert code in (1, 9)
    made = watched.first_made()
    assert made in {*scene.ids().values(), *scene.unknown_ever()}
    scene.open_gate(1)
    scene.goes_on()
    scene.all_is_told()
