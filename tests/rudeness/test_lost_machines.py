"""A machine is lost in the middle of an apply, with its clone and work directory: another one names what is unknown."""

import shutil
from collections.abc import Callable

from tests.rudeness.scene import TARGET, Scene
from tests.waiting import until

SHORT = "leases: {term: 5s}\n"


def test_a_lost_machine_s_run_is_named_outcome_unknown_and_what_it_had_sent_is_kept(
    gated: Callable[..., Scene],
) -> None:
    scene = gated(SHORT)
    lost = scene.another("lost")
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    _give_key(scene, lost)
    before = scene.ids()
    scene.wish(1)
    lost.clone.git("pull", "--quiet")
    watched = lost.start("up", "prod", "--yes")
    made = watched.until(lambda each: each["type"] == "applied" and each["action"] == "create")
    assert made["address"] == "terraform_data.a"
    # Longer than the interval at which states are saved: until the remote has one that nobody has recorded.
    watched.until(lambda each: scene.reached(1))
    until(lambda: kept(scene, made["id"]))
    watched.kill(engines=True)
    shutil.rmtree(lost.clone.path)

    refused = scene.patiently("up", "prod", "--yes", code=9)
    assert "outcome-unknown" in refused.codes
    assert scene.entries("prod")[-1]["kind"] == "apply", "nothing was recorded by looking"
    recovered = scene.run("state", "recover", TARGET, "--yes")
    assert recovered.result["exit_code"] == 0
    assert scene.ids()["terraform_data.a"] == made["id"] != before["terraform_data.a"]
    scene.open_gate(1)
    scene.run("up", "prod", "--yes")
    assert scene.ids()["terraform_data.a"] == made["id"]
    assert set(scene.ids()) == {f"terraform_data.{name}" for name in "abc"}
    scene.all_is_told()


def test_a_machine_that_is_lost_before_it_announced_anything_leaves_nothing_unknown(
    gated: Callable[..., Scene],
) -> None:
    scene = gated(SHORT)
    scene.open_gate(0)
    scene.run("up", "prod", "--yes")
    lost = scene.another("lost")
    scene.wish(1)
    lost.clone.git("pull", "--quiet")
    watched = lost.start("up", "prod", "--yes")
    watched.until(lambda each: each["type"] == "plan_ready")
    watched.kill(engines=True)
    shutil.rmtree(lost.clone.path)
    scene.open_gate(1)
    scene.patiently("up", "prod", "--yes")
    assert [each["kind"] for each in scene.entries("prod")] == ["apply", "apply"]
    scene.all_is_told()


def kept(scene: Scene, identity: str) -> bool:
    """Whether the newest state at the remote, which no entry names, holds that id."""
    newest = max(row["version"] for row in scene.run("state", "versions", TARGET).rows("row"))
    return identity in scene.plain("state", "pull", TARGET, "--version", str(newest)).stdout


def _give_key(giver: Scene, taker: Scene) -> None:
    place = taker.clone.path / ".git/runner"
    place.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(giver.clone.path / ".git/runner/key", place / "key")
