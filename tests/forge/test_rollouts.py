"""Deployment records: begun by the first plan that may be applied, ended with what became of it, by the forges that
keep any; and an apply goes on where its forge takes none."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.decisions.intent import CatchUp
from runner.forge import Forge, ForgeLimits
from runner.model.check import Rollout, RolloutState
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.operations.catching_up import CaughtUp, catch_up
from runner.operations.rolling_out import Rollouts
from tests.forge.double_bench import DoubleBench
from tests.forge.gitea_bench import GiteaBench
from tests.forge.loopback_forge import Fault
from tests.forge.merged_request import MergedRequest


def ended(stack: str, outcome: str, code: int = 0) -> TargetFinished:
    """How a target of prod ended."""
    return TargetFinished(
        target=TargetName(environment="prod", stack=stack), outcome=outcome, because="", exit_code=code
    )


@pytest.mark.parametrize("brand", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([ended("a", "succeeded"), ended("b", "pending", 8)], "success"),
        ([ended("a", "succeeded"), ended("b", "failed", 1)], "failure"),
        ([ended("a", "failed", 130)], "cancelled"),
    ],
)
def test_one_record_an_environment_says_what_became_of_it(
    brand: str, outcomes: list[TargetFinished], state: str, request: pytest.FixtureRequest
) -> None:
    bench: DoubleBench = request.getfixturevalue(brand)
    commit = bench.push("feature", bench.author)
    rollouts = Rollouts(forge=bench.forge, branch="main", commit=commit, link="https://forge.test/runs/1")
    for _ in range(3):
        rollouts.begin("prod")
    rollouts.end(outcomes)
    (record,) = bench.world.rollouts
    assert not rollouts.notes
    words = {"github": {"success": "success", "failure": "failure", "cancelled": "error"}}
    words["gitlab"] = {"success": "success", "failure": "failed", "cancelled": "canceled"}
    assert words[brand][state] in str(record.words)


def test_a_record_that_the_forge_does_not_take_is_a_warning(github: DoubleBench) -> None:
    commit = github.push("feature", github.author)
    github.server.faults.append(Fault("/deployments$", "POST", status=403, words={"message": "no scope"}))
    rollouts = Rollouts(forge=github.forge, branch="main", commit=commit)
    rollouts.begin("prod")
    rollouts.begin("prod")
    rollouts.end([ended("a", "succeeded")])
    assert [str(each.severity) for each in rollouts.notes] == ["warning"]
    assert not github.world.rollouts


class KeepsRollouts:
    """The real Gitea, and beside it what it lacks: deployment records."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self.kept: list[Rollout] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._forge, name)

    @property
    def limits(self) -> ForgeLimits:
        """With them."""
        return replace(self._forge.limits, rollouts=True)

    def report_rollout(self, rollout: Rollout) -> Rollout:
        """See Forge."""
        self.kept.append(rollout)
        return replace(rollout, id=rollout.id or "1")


def test_what_waits_is_no_deployment_and_what_is_applied_is_one(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terraform_binary: Path
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_RUN_ID": "17"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://forge.test")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/infra")
    scene = MergedRequest(gitea, tmp_path / "clone")
    pull = scene.open()
    scene.show(pull)
    scene.merge(pull)

    def caught(forge: KeepsRollouts) -> CaughtUp:
        wanted = CatchUp(branch="main", environments=("prod",), because="a push")
        with scene.job() as bench:
            return catch_up(bench, forge, wanted)  # type: ignore[arg-type]

    forge = KeepsRollouts(scene.forge)
    waiting = caught(forge)
    assert waiting.exit_code == 8
    assert not forge.kept
    digest = waiting.pending[0].digest
    gitea.say(pull.number, gitea.reviewer, f"runner approve prod/network {digest}")
    assert caught(forge).exit_code == 0
    tip = scene.clone.git("ls-remote", "origin", "refs/heads/main").split()[0]
    begun, over = forge.kept
    assert (begun.environment, begun.commit, begun.branch, begun.state) == (
        "prod",
        tip,
        "main",
        RolloutState.RUNNING,
    )
    assert begun.link == "https://forge.test/acme/infra/actions/runs/17"
    assert (over.id, over.state, over.description) == ("1", RolloutState.SUCCEEDED, "1 succeeded")
    assert caught(forge).exit_code == 0
    assert len(forge.kept) == 2, "nothing was behind"
