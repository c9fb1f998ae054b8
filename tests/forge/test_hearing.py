"""Why a CI job runs, as GitHub's published payloads, Gitea's and GitLab's variables tell it."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.errors import AskedWrongly
from runner.forge.event_payloads import actions_rumour
from runner.forge.hearing import heard
from runner.model.rumour import PullAction, Rumour, RumourKind

Payload = dict[str, Any]


@pytest.fixture(scope="module")
def published(github_payloads: Path) -> dict[str, list[Payload]]:
    """The examples of each event."""
    return {each["name"]: each["examples"] for each in json.loads(github_payloads.read_bytes())}


def of_job(tmp_path: Path, name: str, payload: object, **more: str) -> Rumour:
    """What a job of GitHub's hears."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload))
    found = heard(
        {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), **more}
    )
    assert found
    return found


def test_every_published_payload_is_understood_or_of_no_interest(published: dict[str, list[Payload]]) -> None:
    for name, examples in published.items():
        for example in examples:
            found = actions_rumour(json.dumps(example).encode(), {"GITHUB_EVENT_NAME": name})
            assert (found.kind is RumourKind.OTHER) or found.sender.login, (name, found)


def test_a_pull_request_is_heard_with_its_head(published: dict[str, list[Payload]], tmp_path: Path) -> None:
    words = {"opened": PullAction.OPENED, "synchronize": PullAction.PUSHED, "closed": PullAction.CLOSED}
    seen = set()
    for example in published["pull_request"]:
        found = of_job(tmp_path, "pull_request", example)
        pull = example["pull_request"]
        assert found.kind is RumourKind.PULL_REQUEST
        assert (found.number, found.commit, found.branch) == (
            example["number"],
            pull["head"]["sha"],
            pull["base"]["ref"],
        )
        assert found.pull is words.get(str(example["action"]), found.pull)
        seen.add(found.pull)
    assert seen >= set(words.values()) | {PullAction.READY, PullAction.REOPENED, PullAction.OTHER}


def test_a_comment_is_of_a_pull_request_only(published: dict[str, list[Payload]], tmp_path: Path) -> None:
    for example in published["issue_comment"]:
        found = of_job(tmp_path, "issue_comment", example)
        of_pull = bool(example["issue"].get("pull_request"))
        assert (found.kind is RumourKind.COMMENT) == of_pull
        assert found.created == (example["action"] == "created")
        assert found.comment == str(example["comment"]["id"])
        assert not found.commit


def test_only_branches_that_are_there_were_pushed_to(
    published: dict[str, list[Payload]], tmp_path: Path
) -> None:
    kinds = set()
    for example in published["push"]:
        found = of_job(tmp_path, "push", example)
        ref = str(example["ref"])
        there = ref.startswith("refs/heads/") and not example["deleted"]
        assert (found.kind is RumourKind.PUSH) == there
        assert found.branch == (ref.removeprefix("refs/heads/") if there else "")
        kinds.add(found.kind)
    assert kinds == {RumourKind.PUSH, RumourKind.OTHER}


def test_a_queue_is_heard_by_its_head_and_its_branch(
    published: dict[str, list[Payload]], tmp_path: Path
) -> None:
    example = published["merge_group"][0]
    found = of_job(tmp_path, "merge_group", example)
    assert (found.kind, found.branch) == (RumourKind.MERGE_QUEUE, "main")
    assert found.commit == example["merge_group"]["head_sha"]


def test_a_job_that_runs_again_says_so(published: dict[str, list[Payload]], tmp_path: Path) -> None:
    again = of_job(tmp_path, "push", published["push"][0], GITHUB_RUN_ATTEMPT="2", GITHUB_RUN_ID="77")
    assert again.rerun
    assert again.job == "77"
    assert not of_job(tmp_path, "push", published["push"][0], GITHUB_RUN_ATTEMPT="1").rerun


def test_gitea_has_words_of_its_own(tmp_path: Path) -> None:
    pull = {"number": 3, "base": {"ref": "main"}, "head": {"sha": "a" * 40}}
    found = of_job(tmp_path, "pull_request", {"action": "synchronized", "number": 3, "pull_request": pull})
    assert (found.pull, found.number) == (PullAction.PUSHED, 3)
    said = {"action": "created", "is_pull": True, "issue": {"number": 3}, "comment": {"id": 9}}
    assert of_job(tmp_path, "issue_comment", said).kind is RumourKind.COMMENT


def test_a_manual_start_has_inputs(tmp_path: Path) -> None:
    payload = {"ref": "refs/heads/main", "inputs": {"environment": "prod", "force": True, "none": None}}
    found = of_job(tmp_path, "workflow_dispatch", payload)
    assert (found.kind, found.branch) == (RumourKind.MANUAL, "main")
    assert found.inputs == {"environment": "prod", "force": "true", "none": ""}


def test_gitlabs_pipelines_are_told_apart() -> None:
    job = {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": "c" * 40,
        "GITLAB_USER_LOGIN": "alice",
        "GITLAB_USER_ID": "7",
    }
    merge = {
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "d" * 40,
    }
    pull = heard({**job, **merge, "CI_PIPELINE_SOURCE": "merge_request_event"})
    assert pull
    assert (pull.kind, pull.number, pull.branch, pull.commit) == (
        RumourKind.PULL_REQUEST,
        12,
        "main",
        "d" * 40,
    )
    assert pull.sender.login == "alice"
    train = {
        **job,
        **merge,
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train",
    }
    queued = heard(train)
    assert queued
    assert (queued.kind, queued.commit) == (RumourKind.MERGE_QUEUE, "c" * 40)
    for source, branch, kind in (
        ("push", "env/prod", RumourKind.PUSH),
        ("push", "", RumourKind.OTHER),
        ("schedule", "main", RumourKind.SCHEDULE),
        ("web", "main", RumourKind.MANUAL),
        ("parent_pipeline", "main", RumourKind.OTHER),
    ):
        found = heard({**job, "CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": branch})
        assert found
        assert (found.kind, found.branch) == (kind, branch)


def test_a_comment_on_gitlab_comes_by_a_triggered_pipeline(tmp_path: Path) -> None:
    hook = {
        "object_kind": "note",
        "user": {"id": 7, "username": "alice"},
        "merge_request": {"iid": 5, "target_branch": "main"},
        "object_attributes": {"id": 1241, "action": "create", "note": "runner preview"},
    }
    file = tmp_path / "payload"
    file.write_text(json.dumps(hook))
    job = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "trigger",
        "TRIGGER_PAYLOAD": str(file),
        "CI_COMMIT_SHA": "c" * 40,
    }
    found = heard(job)
    assert found
    assert (found.kind, found.number, found.comment, found.created) == (RumourKind.COMMENT, 5, "1241", True)
    assert (found.sender.login, found.commit) == ("alice", "")


def test_outside_of_ci_nothing_is_heard() -> None:
    assert heard({"GITHUB_EVENT_NAME": "push"}) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"number": "seven"}', b"\xff\xfe"])
def test_an_event_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "event.json"
    job = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(file)}
    for _ in range(2):  # not there, then not readable
        with pytest.raises(AskedWrongly) as refused:
            heard(job)
        assert refused.value.diagnostics[0].code == "forge-event-unreadable"
        file.write_bytes(content)


def test_where_people_find_what_a_job_keeps_is_as_its_forge_has_it(tmp_path: Path) -> None:
    told = {"GITHUB_SERVER_URL": "https://forge.test/", "GITHUB_REPOSITORY": "acme/infra"}
    told |= {"GITHUB_RUN_ID": "17", "GITHUB_RUN_NUMBER": "3", "GITHUB_STEP_SUMMARY": "/tmp/summary.md"}
    github = of_job(tmp_path, "push", {}, **told)
    gitea = of_job(tmp_path, "push", {}, **told, GITEA_ACTIONS="true")
    forgejo = of_job(tmp_path, "push", {}, **told, GITEA_ACTIONS="true", FORGEJO_ACTIONS="true")
    assert (github.page, github.summary) == (
        "https://forge.test/acme/infra/actions/runs/17",
        "/tmp/summary.md",
    )
    assert (gitea.page, gitea.summary) == (github.page, ""), "its machine names a file that nobody is shown"
    assert (forgejo.page, forgejo.summary) == ("https://forge.test/acme/infra/actions/runs/3", "")
    gitlab = heard({"GITLAB_CI": "true", "CI_JOB_URL": "https://forge.test/acme/infra/-/jobs/5"})
    assert gitlab
    assert gitlab.page == "https://forge.test/acme/infra/-/jobs/5/artifacts/browse"
    assert of_job(tmp_path, "push", {}, GITHUB_SERVER_URL="https://forge.test").page == ""
