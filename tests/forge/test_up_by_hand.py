"""`up` by hand where something is required: the forge is asked with the user's own token, of each plan."""

from pathlib import Path

import pytest

from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.test_whole_loop import NETWORK
from tests.journeys.stage import Told
from tests.program import Program


class Hand:
    """bob's, at the program in the clone, with main checked out as it is on the forge."""

    def __init__(self, scene: MergedRequest, program: Program) -> None:
        self.scene = scene
        self._program = program

    def up(self, *words: str, code: int = 0, token: bool = True) -> Told:
        """Brings the network to the tip of main."""
        self.scene.clone.git("fetch", "--quiet", "origin", "main")
        self.scene.clone.git("switch", "--quiet", "--detach", "FETCH_HEAD")
        env = self.scene.as_person("bob") if token else {"GIT_ALLOW_PROTOCOL": "file:http"}
        ran = self._program(
            "up", "prod/network", "--yes", *words, "--json", cwd=self.scene.clone.path, env=env
        )
        assert ran.code == code, f"{ran.code}\n{ran.stdout}\n{ran.stderr}"
        return Told(ran)


@pytest.fixture
def hand(
    gitea: GiteaBench,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Hand:
    """What prod wants is one review."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    path = f"repos/{gitea.path}/collaborators/bob"
    # To whom Gitea tells what others may do.
    gitea.server.ask(gitea.server.admin, "PUT", path, {"permission": "admin"})
    return Hand(MergedRequest(gitea, tmp_path / "clone"), run_runner)


def test_what_was_shown_and_approved_is_applied_and_the_entry_says_who_approved(hand: Hand) -> None:
    scene = hand.scene
    pull = scene.open(size=2)
    scene.show(pull)
    scene.approve(pull)
    scene.merge(pull)
    without = hand.up(token=False, code=3).diagnostic("approval-missing")
    assert "`requires.reviews`" in without["message"]
    assert "it cannot be asked" in without["message"]
    assert hand.up().outcomes == {"prod/network": "succeeded"}
    newest = scene.record(NETWORK)[0]
    assert (newest["Approved-by"], newest["Pull-Request"]) == ("bob", str(pull.number))
    assert "Override" not in newest


def test_what_nobody_approved_waits_for_a_comment_or_a_broken_glass(hand: Hand) -> None:
    scene = hand.scene
    pull = scene.open(size=2)
    scene.show(pull)
    scene.merge(pull)
    waiting = hand.up(code=8)
    assert waiting.outcomes == {"prod/network": "pending"}
    told = waiting.diagnostic("apply-pending")
    digest = waiting.plans["prod/network"]["digest"]
    assert f"`runner approve prod/network {digest}` on pull request {pull.number}" in told["hint"]
    assert len(scene.record(NETWORK)) == 1, "nothing was applied"
    scene.gitea.say(pull.number, scene.gitea.reader, f"runner approve prod/network {digest}")
    hand.up(code=8)
    scene.gitea.say(pull.number, scene.gitea.reviewer, f"runner approve prod/network {digest}")
    assert hand.up().outcomes == {"prod/network": "succeeded"}
    assert scene.record(NETWORK)[0]["Approved-by"] == "bob"


def test_what_was_pushed_past_every_pull_request_needs_the_glass(hand: Hand) -> None:
    scene = hand.scene
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.push("sneaked", size=7)
    scene.clone.git("push", "--quiet", "origin", "sneaked:main")
    told = hand.up(code=8)
    assert "came by no pull request" in told.becauses["prod/network"]
    hand.up("--break-glass", "the site is down")
    newest = scene.record(NETWORK)[0]
    assert "break-glass" in newest["Override"]
    assert "Approved-by" not in newest


def test_another_plan_than_the_approved_one_waits(hand: Hand) -> None:
    scene = hand.scene
    pull = scene.open(size=2)
    scene.show(pull)
    scene.approve(pull)
    scene.merge(pull)
    scene.push("sneaked", size=3)
    told = hand.up("--replace", "terraform_data.x", code=8)
    assert told.outcomes == {"prod/network": "pending"}
    assert hand.up().outcomes == {"prod/network": "succeeded"}
