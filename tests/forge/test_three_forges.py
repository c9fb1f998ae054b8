"""The main loop over every brand: the real Gitea, and GitHub and GitLab as doubles with real Git behind them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.pull_request import MergeKind
from tests.forge.forge_jobs import TOKENS, ForgeJob
from tests.forge.git_double_bench import github_over_git, gitlab_over_git
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import AnyBench
from tests.journeys.stage import Told
from tests.program import Program

pytestmark = pytest.mark.usefixtures("terraform_binary")
NETWORK = TargetName(environment="prod", stack="network")
WAITING = (CheckState.WAITING, CheckState.QUEUED)  # Gitea knows one word for both


@contextmanager
def bench_of(brand: str, root: Path, request: pytest.FixtureRequest) -> Iterator[AnyBench]:
    """A fresh repository on such a forge."""
    match brand:
        case "github":
            with github_over_git(request.getfixturevalue("github_description"), root) as bench:
                yield bench
        case "gitlab":
            with gitlab_over_git(root) as bench:
                yield bench
        case _:
            yield request.getfixturevalue("gitea")


class Loop:
    """A scene on one forge, and its jobs: the real program in a clone."""

    def __init__(self, scene: MergedRequest[AnyBench], program: Program, place: Path) -> None:
        self.scene = scene
        self.brand = scene.gitea.brand
        self.told = ForgeJob(self.brand, scene.gitea.server.url, scene.gitea.path, place)
        self._program = program

    def job(self, event: Mapping[str, str], *words: str, token: bool = True, code: int = 0) -> Told:
        """One job; `token`: it has the robot's."""
        variables = {**event, "GIT_ALLOW_PROTOCOL": "file:http"}
        if token:
            variables[TOKENS[self.brand]] = self.scene.gitea.accounts["robot"].token
        ran = self._program("ci", *words, "--json", cwd=self.scene.clone.path, env=variables)
        assert ran.code == code, f"{ran.code}\n{ran.stdout}\n{ran.stderr}"
        return Told(ran)


@pytest.fixture(params=["gitea", "github", "gitlab"])
def loop(
    request: pytest.FixtureRequest, run_runner: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Loop]:
    """A repository whose first commit is live in prod, which wants one review."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with bench_of(request.param, tmp_path / "forge", request) as bench:
        yield Loop(MergedRequest(bench, tmp_path / "clone"), run_runner, tmp_path)


def test_what_was_shown_and_approved_is_what_the_merge_applies(loop: Loop, tmp_path: Path) -> None:
    scene = loop.scene
    pull = scene.open(size=2)
    artifact = ("--artifact", str(tmp_path / "handed" / "preview.json"))
    planned = loop.job(loop.told.pull(pull), "--stage", "plan", *artifact, token=False)
    assert [each["outcome"] for each in planned.rows("target_previewed")] == ["planned"]
    assert not scene.comments(pull), "the plan stage tells nobody"

    loop.job(loop.told.pull(pull), "--stage", "publish", *artifact)
    (comment,) = scene.comments(pull)
    assert "prod/network" in comment.body
    assert scene.report(pull.head_commit).state in WAITING
    scene.approve(pull)
    loop.job(loop.told.review(pull), "--stage", "publish")
    assert scene.report(pull.head_commit).state is CheckState.PASSED

    scene.merge(pull)
    loop.job(loop.told.push(), "--stage", "apply")
    newest = scene.record(NETWORK)[0]
    approved = (newest["Result"], newest["Approved-by"], newest["Pull-Request"])
    assert approved == ("succeeded", "bob", str(pull.number))
    entries = len(scene.record(NETWORK))
    assert not loop.job(loop.told.push(), "--stage", "apply").rows("applied")
    assert len(scene.record(NETWORK)) == entries, "a rerun applies nothing twice"


def test_an_event_that_nobody_knows_is_no_error_and_says_why_nothing_is_done(loop: Loop) -> None:
    assert "moon_phase" in str(loop.job(loop.told.unknown()).result)


@pytest.mark.parametrize(
    ("brand", "kind"),
    [("github", MergeKind.SQUASH), ("github", MergeKind.REBASE), ("gitlab", MergeKind.SQUASH)],
)
def test_whatever_kind_the_merge_is_what_was_approved_is_applied(
    brand: str,
    kind: MergeKind,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with bench_of(brand, tmp_path / "forge", request) as bench:
        scene = MergedRequest(bench, tmp_path / "clone")
        pull = scene.open()
        other = scene.open(size=1, files={"README.md": "words\n"})
        scene.merge(other)
        scene.show(pull)
        scene.approve(pull)
        scene.merge(pull, kind)
        done = scene.catch_up()
        assert done.exit_code == 0, done.pending
        newest = scene.record(NETWORK)[0]
        assert (newest["Approved-by"], newest["Pull-Request"]) == ("bob", str(pull.number))
        assert ["### Applied at" in each for each in scene.told(pull)] == [True]
        assert scene.catch_up().outcomes == {}
