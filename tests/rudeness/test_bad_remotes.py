"""A remote that refuses, hangs, or moves away: nothing begins that cannot be recorded, and what was done is kept."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout, git
from tests.program import Program
from tests.rudeness.scene import TARGET, Scene, ref, scene_of

LIVE = "refs/runner/live/prod"
STATES = "refs/runner/state/prod"
ANNOUNCED = "refs/runner/locks/prod"


def hook(scene: Scene, text: str) -> Path:
    """The remote's pre-receive hook: a shell script, which may wait for files."""
    place = scene.clone.remote / "hooks/pre-receive"
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def refusing(name: str) -> str:
    """Refuses pushes that touch a ref whose name has this in it."""
    return f'while read old new ref; do case "$ref" in *{name}*) echo "not today" >&2; exit 1;; esac; done; exit 0'


def test_a_remote_that_refuses_the_leases_is_told_and_nothing_is_changed(scene: Scene) -> None:
    hook(scene, refusing("refs/runner/"))
    before = scene.refs()
    told = scene.run("up", "prod", "--yes", code=6)
    assert told.rows("applied") == []
    assert scene.refs() == before
    hook(scene, "exit 0")
    scene.run("up", "prod", "--yes")
    scene.all_is_told()


@pytest.mark.parametrize("way", ["refuses", "hangs", "is-moved-away"])
def test_what_was_applied_is_kept_when_the_remote_fails_after_the_intent_and_sent_by_the_next_command(
    gated: Callable[..., Scene], way: str
) -> None:
    scene = gated()
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    watched = scene.start("up", "prod", "--yes", env={"GITOPS_RUNNER_NETWORK_TIMEOUT": "2"})
    watched.until(lambda each: scene.reached(1))
    mend = _break(scene, way)
    head = ref(scene.clone.remote, LIVE) if way != "is-moved-away" else ""
    scene.open_gate(1)
    assert watched.finish() == 9, watched.kinds()
    finished = next(each for each in watched.told if each["type"] == "target_finished")
    assert finished["diagnostics"][-1]["code"] == "not-recorded"
    assert len(scene.outbox()) == 1
    made = watched.applied_ids()
    assert len(made) == 3

    again = scene.program(
        "up", "prod", "--yes", "--json", cwd=scene.clone.path, env={"GITOPS_RUNNER_NETWORK_TIMEOUT": "2"}
    )
    assert again.code == 6, again.stdout
    assert "Traceback" not in again.stderr
    mend()
    if head:
        assert ref(scene.clone.remote, LIVE) == head
    sent = scene.run("up", "prod", "--yes")
    assert "record-sent" in sent.codes
    assert sent.outcomes == {TARGET: "unchanged"}
    assert made == set(scene.ids().values())
    scene.all_is_told()


@pytest.fixture
def short(repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path) -> Scene:
    """A target that is changed in place, and whose leases end soon."""
    stack = 'variable "n" {}\nresource "terraform_data" "a" { input = var.n }\n'
    scene = scene_of(repository, run_runner, tmp_path / "gates", stack=stack, settings="leases: {term: 5s}\n")
    scene.run("up", "prod", "--yes")
    return scene


def test_what_could_not_be_sent_in_time_goes_when_the_record_has_gone_on_and_nothing_was_made(
    short: Scene,
) -> None:
    short.wish(1)
    hook(short, refusing(LIVE))
    short.run("up", "prod", "--yes", code=9)
    hook(short, "exit 0")
    assert len(short.outbox()) == 1
    short.another("other").patiently("state", "recover", TARGET, "--yes")
    again = short.run("up", "prod", "--yes")
    assert "apply: succeeded" in again.diagnostic("record-dropped")["message"]
    assert short.attributes(TARGET, "terraform_data.a")["output"]["value"] == "1"
    short.all_is_told()


def test_a_state_put_there_by_hand_that_was_not_sent_in_time_stays_until_a_person_has_looked(
    short: Scene, tmp_path: Path
) -> None:
    pushed = tmp_path / "pushed.tfstate"
    pushed.write_text(json.dumps({**short.state(TARGET), "serial": 40}))
    hook(short, refusing(LIVE))
    short.run("state", "push", TARGET, pushed, "--yes", code=9)
    hook(short, "exit 0")
    short.another("other").patiently("state", "recover", TARGET, "--yes")
    assert "record-overtaken" in short.run("up", "prod", "--yes").codes
    assert len(short.outbox()) == 1
    shown = short.run("state", "recover", TARGET, code=9)
    assert "state serial 40" in shown.result["text"]
    assert len(short.outbox()) == 1
    assert "record-dropped" in short.run("state", "recover", TARGET, "--yes").codes
    short.run("up", "prod", "--yes")
    short.all_is_told()


def test_forced_the_state_that_was_left_here_is_taken_also_from_a_newer_one_and_the_loss_is_named(
    repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path
) -> None:
    scene = scene_of(repository, run_runner, tmp_path / "gates", settings="leases: {term: 5s}\n")
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    hook(scene, refusing("/live/*|*/state/"))
    left = scene.run("up", "prod", "--yes", code=9)
    made = {each["id"] for each in left.rows("applied") if each["action"] == "create"}
    hook(scene, "exit 0")
    other = scene.another("other")
    other.patiently("state", "recover", TARGET, "--yes")
    for number in (2, 3):
        other.wish(number)
        other.run("up", "prod", "--yes")
    newer, serial = set(other.ids().values()), other.state(TARGET)["serial"]
    scene.clone.git("pull", "--quiet")
    shown = scene.run("state", "recover", TARGET, "--force", code=9).result["text"]
    assert f"serial {serial}" in shown
    assert all(each in shown for each in newer)
    assert set(scene.ids().values()) == newer
    scene.run("state", "recover", TARGET, "--force", "--yes")
    assert set(scene.ids().values()) == made
    assert scene.state(TARGET)["serial"] == serial + 1
    assert f"(serial {serial})" in scene.entries("prod")[-1]["because"]
    assert scene.outbox() == []


def test_a_state_that_could_not_be_stored_is_told_and_one_that_arrived_too_late_is_gone_on_from(
    gated: Callable[..., Scene],
) -> None:
    scene = gated()
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    before, held = ref(scene.clone.remote, STATES), scene.gates / "held"
    # Refuses states that come without an entry, but keeps the first of them: its push seems to fail, and arrives later.
    keep = f'[ -e {held} ] || {{ cp -r "$GIT_QUARANTINE_PATH"/* "$GIT_DIR/objects/"; echo $state >{held}; }}'
    sorts = f'case "$ref" in {STATES}) state=$new;; {LIVE}) entry=$new;; esac'
    hook(
        scene,
        f'while read old new ref; do {sorts}; done; [ -n "$entry" ] || [ -z "$state" ] || {{ {keep}; exit 1; }}',
    )
    watched = scene.start("up", "prod", "--yes")
    told = watched.until(lambda each: each["type"] == "noted" and each["target"] == TARGET)
    assert told["diagnostic"]["code"] == "states-not-stored"
    hook(scene, "exit 0")
    late = held.read_text().strip()
    git("update-ref", STATES, late, before, cwd=scene.clone.remote)
    scene.open_gate(1)
    assert watched.finish() == 0, watched.told[-3:]
    assert watched.applied_ids() == set(scene.ids().values())
    assert sum(each["type"] == "noted" for each in watched.told) == 1
    scene.all_is_told()


def test_a_remote_that_hangs_before_anything_began_is_told_in_time(scene: Scene, tmp_path: Path) -> None:
    scene.run("up", "prod", "--yes")
    scene.wish(1)
    mend = _break(scene, "hangs")
    before = scene.refs()
    told = scene.run("up", "prod", "--yes", code=6, env={"GITOPS_RUNNER_NETWORK_TIMEOUT": "2"})
    assert told.rows("applied") == []
    assert scene.refs() == before
    mend()
    scene.run("up", "prod", "--yes")
    scene.all_is_told()


def test_a_network_timeout_that_is_no_number_is_a_mistake(scene: Scene) -> None:
    told = scene.run("status", code=2, env={"GITOPS_RUNNER_NETWORK_TIMEOUT": "soon"})
    assert told.codes == {"bad-network-timeout"}


def _break(scene: Scene, way: str) -> Callable[[], object]:
    """Breaks the remote; returns what mends it."""
    remote = scene.clone.remote
    match way:
        case "refuses":
            return _mended_hook(scene, refusing("refs/runner/"))
        case "hangs":
            gate = scene.gates / "mended"
            waits = f'[ ! -e "{gate}" ] && [ $n -lt 2000 ]'
            return _mended_hook(scene, f"n=0; while {waits}; do sleep 0.05; n=$((n+1)); done; exit 1", gate)
        case _:
            away = remote.with_name("moved.git")
            shutil.move(remote, away)
            return lambda: shutil.move(away, remote)


def _mended_hook(scene: Scene, text: str, gate: Path | None = None) -> Callable[[], object]:
    place = hook(scene, text)

    def mend() -> None:
        place.unlink()
        if gate:
            gate.touch()

    return mend
