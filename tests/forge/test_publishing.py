"""The publish stage on the real Gitea: what people read, what they approve by it, and what of a preview is believed."""

from pathlib import Path

import pytest

from runner.model.check import CheckState
from runner.model.pull_request import ReviewState
from tests.forge.gitea_bench import GiteaBench
from tests.forge.published_request import NETWORK, PublishedRequest


@pytest.fixture
def request_scene(gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublishedRequest:
    """A repository in which prod wants one review. Git reaches it over HTTP, on loopback."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    return PublishedRequest(gitea, tmp_path / "clone")


def test_a_review_of_what_the_comment_shows_turns_the_check_green(request_scene: PublishedRequest) -> None:
    scene = request_scene
    pull = scene.open()
    told = scene.publish(pull, scene.preview(pull))
    assert told.state is CheckState.WAITING, told
    assert told.approvable == (NETWORK,)
    scene.gitea.review(pull.number, scene.gitea.reviewer, ReviewState.APPROVED, "good")
    counted = scene.recount(pull)
    assert counted.state is CheckState.PASSED, counted
    [comment] = scene.comments(pull)
    assert "**approved** by `bob`" in comment.body
