"""kill -9 at every happening of an apply, and at random instants: the next command goes on, and nothing is lost."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.nets.soak import IN_FULL, Round
from tests.program import Program
from tests.rudeness.scene import TARGET, Scene, Watched, scene_of
from tests.waiting import until

# The end of `d` writes `b` into the state, whose own provisioner has not ended.
PROVISIONED = """\
variable "n" {}
variable "gates" {}
resource "terraform_data" "b" {
  triggers_replace = var.n
  provisioner "local-exec" {
    command = "touch ${var.gates}/reached-${var.n}; while [ ! -e ${var.gates}/open-${var.n} ]; do sleep 0.05; done"
  }
  provisioner "local-exec" { command = "touch ${var.gates}/whole-${self.id}" }
}
resource "terraform_data" "d" {
  triggers_replace = var.n
  provisioner "local-exec" { command = "while [ ! -e ${var.gates}/reached-${var.n} ]; do sleep 0.05; done" }
}
"""

BOTH = pytest.mark.parametrize("engines", [False, True], ids=["the-runner", "and-all-it-started"])


@pytest.mark.soak
@BOTH
def test_a_run_killed_at_any_happening_is_gone_on_with_and_loses_nothing(scene: Scene, engines: bool) -> None:
    scene.run("up", "prod", "--yes")
    scene.wish("counted")
    counted = scene.start("up", "prod", "--yes")
    assert counted.finish() == 0
    handed_over: set[str] = set()
    for number in gaps(counted.kinds(), engines=engines):
        scene.wish(number)
        watched = scene.start("up", "prod", "--yes")
        if any(watched.line() is None for _ in range(number)):
            assert watched.end() == 0
            break
        watched.kill(engines=engines)
        handed_over |= gone_on(scene, watched)
    assert handed_over
    scene.all_is_told()


def gaps(kinds: list[str], *, engines: bool) -> list[int]:
    """After how many lines to kill. In a soak after each; else each way of killing takes every other gap of the apply,
    the other way takes the ones between, and before the apply, where nothing changes, a few will do."""
    if os.environ.get(IN_FULL) == "1":
        return list(range(1, len(kinds)))
    begins = kinds.index("target_progress announcing")
    return [*range(1 + engines, begins, 6), *range(begins + engines, len(kinds), 2)]


@BOTH
def test_a_run_killed_at_a_random_instant_is_gone_on_with_and_loses_nothing(
    scene: Scene, engines: bool, rounds: Callable[[int], Iterator[Round]]
) -> None:
    scene.run("up", "prod", "--yes")
    began = time.monotonic()
    scene.wish("measured")
    scene.run("up", "prod", "--yes")
    usual = time.monotonic() - began
    for turn in rounds(100):
        scene.wish(f"{turn.number}-{turn.seed}")
        watched = scene.start("up", "prod", "--yes")
        instant = time.monotonic() + random.Random(turn.seed).uniform(0.2, 1.0) * usual
        while time.monotonic() < instant and watched.line_before(instant):
            pass
        watched.kill(engines=engines)
        gone_on(scene, watched)
    scene.all_is_told()


def gone_on(scene: Scene, watched: Watched) -> set[str]:
    """Holds the next commands to law 8; the ids that were handed over before the kill."""
    told = scene.goes_on()
    named = {
        text for each in told for diagnostic in each.diagnostics for text in diagnostic["message"].split()
    }
    named = {word.strip(",;`") for word in named}
    ids = watched.applied_ids()
    with suppress(StopIteration):
        assert told[-1].outcomes["prod/slow"] in ("succeeded", "unchanged")
    # What this very apply made is live, was replaced by the apply that went on, or is named as unknown.
    replaced = {each["id"] for one in told for each in one.rows("applied") if each["action"] == "delete"}
    missing = ids - set(scene.ids().values()) - replaced - named
    assert not missing, f"lost: {missing}\n{watched.kinds()}"
    return ids


def test_a_resource_in_the_state_whose_provisioners_nobody_saw_end_is_named_and_can_be_made_anew(
    repository: Checkout, run_runner: Program, tmp_path: Path, terraform_binary: Path
) -> None:
    scene = scene_of(repository, run_runner, tmp_path / "gates", stack=PROVISIONED)
    watched = scene.start("up", "prod", "--yes")
    watched.until(lambda each: each["type"] == "applied" and each["address"] == "terraform_data.d")
    until(lambda: any(whole_with(state, "b", "d") for state in states_under_way(scene)))
    assert {run.stat().st_mode & 0o777 for run in scene.runs()} == {0o700}, "where a plain state lies"
    watched.kill(engines=True)
    until(scene.nobody_is_left)

    (row,) = scene.run("status", "prod").rows("status")
    assert (row["state"], "was killed" in row["because"]) == ("unknown", True)
    refused = scene.run("up", "prod", "--yes", code=9)
    assert "terraform_data.b" in refused.diagnostic("outcome-unknown")["message"]
    assert scene.entries("prod")[-1]["unknown"] == ["terraform_data.b"]
    half = scene.ids()["terraform_data.b"]
    again = f"runner up {TARGET} --replace terraform_data.b"
    shown = scene.run("state", "recover", TARGET, "--yes")
    assert again in shown.result["text"]
    assert "import {" not in shown.result["text"]
    assert again in shown.result["next"]
    scene.open_gate(0)
    scene.run(*again.split()[1:], "--yes")
    whole = scene.ids()["terraform_data.b"]
    assert (scene.gates / f"whole-{whole}").exists()
    assert not (scene.gates / f"whole-{half}").exists()
    scene.run("up", "prod", "--yes")
    scene.all_is_told()


def states_under_way(scene: Scene) -> list[Path]:
    """The state files that engines write in this clone."""
    return [file for run in scene.runs() for file in (run / "work").rglob("*.tfstate")]


def whole_with(state: Path, *names: str) -> bool:
    """Whether that state is written to its end, and has those resources."""
    with suppress(ValueError):
        return {each["name"] for each in json.loads(state.read_bytes())["resources"]} >= set(names)
    return False
