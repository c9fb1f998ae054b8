"""Merges on the real Gitea, applied by real Terraform: what was approved is applied, and all else waits."""

from pathlib import Path

import pytest

from runner.decisions.intent import CatchUp
from runner.errors import AskedWrongly
from runner.model.check import CheckState
from runner.model.pull_request import MergeKind
from runner.operations.catching_up import catch_up
from tests.forge.gitea_bench import GiteaBench
from tests.forge.merged_request import MergedRequest
from tests.forge.published_request import NETWORK, PROD, STACK
from tests.listening_room import listening
from tests.program import Program
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("terraform_binary")


@pytest.fixture
def scene(gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MergedRequest:
    """A repository in which prod wants one review, and is live as main has it."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    return MergedRequest(gitea, tmp_path / "clone")


@pytest.mark.parametrize("kind", [MergeKind.MERGE, MergeKind.SQUASH, MergeKind.REBASE])
def test_a_merge_applies_what_was_approved_and_the_entry_names_who(
    scene: MergedRequest, kind: MergeKind
) -> None:
    pull = scene.open()
    scene.show(pull)
    scene.approve(pull)
    scene.merge(pull, kind)
    done = scene.catch_up()
    assert done.exit_code == 0, done.pending
    assert {str(name): each.outcome for name, each in done.outcomes.items()} == {"prod/network": "succeeded"}
    newest = scene.record(NETWORK)[0]
    assert newest["Approved-by"] == "bob"
    assert newest["Pull-Request"] == str(pull.number)
    assert ["### Applied at" in each for each in scene.told(pull)] == [True]
    again = scene.catch_up()
    assert (again.exit_code, again.outcomes) == (0, {}), again
    assert len(scene.record(NETWORK)) == 2


def test_without_an_approval_it_waits_and_an_approval_of_that_plan_releases_it(
    scene: MergedRequest, run_runner: Program
) -> None:
    pull = scene.open()
    plans = scene.show(pull)
    scene.merge(pull)
    waiting = scene.catch_up()
    assert waiting.exit_code == 8, waiting
    [pending] = waiting.pending
    assert (pending.target, pending.digest, pending.pulls) == (
        NETWORK, plans[NETWORK].digest, (pull.number,)
    )  # fmt: skip
    assert "1 more approval" in pending.because
    [row] = scene.status(NETWORK)
    assert (row.state, row.digest, "1 more approval" in row.because) == ("pending", pending.digest, True)
    assert len(scene.record(NETWORK)) == 1
    scene.gitea.say(pull.number, scene.gitea.author, f"runner approve {NETWORK} {pending.digest}")
    assert scene.resume().exit_code == 8, "nobody approves their own"
    approving = ("approve", str(NETWORK), pending.digest)
    own = run_runner("--json", *approving, cwd=scene.clone.path, env=scene.as_person("alice"))
    assert (own.code, "may-not-approve" in own.stdout) == (3, True), own
    stale = run_runner("--json", *approving[:2], "c1:00", cwd=scene.clone.path, env=scene.as_person("bob"))
    assert (stale.code, "plan-stale" in stale.stdout) == (3, True), stale
    said = run_runner("--json", *approving, cwd=scene.clone.path, env=scene.as_person("bob"))
    assert said.code == 0, said
    assert scene.resume().exit_code == 0
    assert scene.record(NETWORK)[0]["Approved-by"] == "bob"
    assert [each.state for each in scene.status(NETWORK)] == ["live"]


def test_a_plan_that_is_not_the_approved_one_waits_with_both_side_by_side(scene: MergedRequest) -> None:
    pull = scene.open()
    scene.show(pull)
    scene.approve(pull)
    pushed = scene.push(pull.head, 3, {})
    until(lambda: scene.forge.pull_request(pull.number).head_commit == pushed)
    scene.merge(scene.forge.pull_request(pull.number))
    done = scene.catch_up()
    assert done.exit_code == 8, done
    [pending] = done.pending
    assert {each.name for each in pending.differing} >= {"changes", "code"}
    assert all(each.approved != each.now for each in pending.differing)
    [told] = scene.told(pull)
    assert f"runner approve {NETWORK} {pending.digest}" in told
    assert pending.differing[0].approved in told


def test_one_merge_that_lowers_the_reviews_and_changes_a_stack_is_judged_by_what_was_before(
    scene: MergedRequest,
) -> None:
    pull = scene.open(files={"environments/prod.yaml": "requires:\n  reviews: {count: 0}\n"})
    scene.show(pull)
    scene.merge(pull)
    assert scene.catch_up().exit_code == 8
    assert len(scene.record(NETWORK)) == 1


def test_what_reads_a_changed_output_is_applied_with_it_as_it_was_shown(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    output = 'output "size" {{ value = {size} }}\n'
    scene = MergedRequest(
        gitea,
        tmp_path / "clone",
        {
            "stacks/network/main.tf": output.format(size=1),
            "stacks/app/main.tf": STACK.format(size=0),
            "environments/prod.yaml": PROD + 'targets: {app: {inputs: {size: "${network.size}"}}}\n',
        },
    )
    pull = scene.open(2, {"stacks/network/main.tf": output.format(size=2)})
    assert {str(name) for name in scene.show(pull)} == {"prod/network", "prod/app"}
    scene.approve(pull)
    scene.merge(pull)
    done = scene.catch_up()
    assert {str(name): each.outcome for name, each in done.outcomes.items()} == {
        "prod/network": "succeeded",
        "prod/app": "succeeded",
    }, done.pending
    assert "prod/app" in scene.told(pull)[0]


def test_no_key_is_made_in_a_job_that_would_lose_it(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    scene = MergedRequest(gitea, tmp_path / "clone", {"environments/prod.yaml": ""}, begun=False)
    with pytest.raises(AskedWrongly, match="key"):
        scene.catch_up()
    assert not (scene.clone.path / ".git/runner/key").exists()


def test_two_pull_requests_merged_seconds_apart_are_both_applied(scene: MergedRequest) -> None:
    one = scene.open(2)
    two = scene.open(1, {"stacks/app/main.tf": STACK.format(size=5)})
    for pull in (one, two):
        scene.show(pull)
        scene.approve(pull)
        scene.merge(pull)
    done = scene.catch_up()
    assert done.exit_code == 0, done.pending
    assert {str(name) for name in done.outcomes} == {"prod/network", "prod/app"}
    assert scene.record(NETWORK)[0]["Pull-Request"] == str(one.number)


def test_what_is_promoted_waits_until_the_same_code_is_live_where_it_comes_from(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    promoted = {"environments/prod.yaml": "promote: {after: [staging]}\n", "environments/staging.yaml": ""}
    scene = MergedRequest(gitea, tmp_path / "clone", promoted)
    pull = scene.open()
    plans = scene.show(pull)
    assert "until the same code is live in `staging`" in scene.comments(pull)[0].body
    assert set(map(str, plans)) == {"prod/network", "staging/network", "staging/app"}
    scene.merge(pull)
    staging = ("app", "network")
    with scene.job() as bench:
        asked = CatchUp(branch="main", environments=("prod",), because="staging's job was lost")
        waiting = catch_up(bench, scene.forge, asked)
    [pending] = waiting.pending
    assert (waiting.exit_code, pending.target, "`staging`" in pending.because) == (8, NETWORK, True)
    done = scene.resume()
    assert {str(name) for name in done.outcomes} >= {f"staging/{stack}" for stack in staging}
    resumed = scene.resume()
    assert (resumed.exit_code, resumed.pending) == (0, ()), resumed
    assert scene.record(NETWORK)[0]["Pull-Request"] == str(pull.number)


def test_a_head_without_what_its_branch_has_of_a_target_is_told_before_the_merge_and_waits_after_it(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    undiverged = {"environments/prod.yaml": "requires: {undiverged: true}\n"}
    scene = MergedRequest(gitea, tmp_path / "clone", undiverged)
    more = {"stacks/network/more.tf": 'resource "terraform_data" "more" {}\n'}
    first, second = scene.open(), scene.open(size=1, files=more)
    app = scene.open(size=1, files={"stacks/app/main.tf": STACK.format(size=3)})
    scene.show(first)
    scene.merge(first, MergeKind.SQUASH)
    assert scene.catch_up().exit_code == 0
    merged = scene.forge.pull_request(first.number).merge_commit
    scene.show(app)
    assert scene.report(app.head_commit).state is CheckState.PASSED, "nothing of its target has changed"
    scene.show(second)
    told = scene.report(second.head_commit)
    assert (told.state, f"the head lacks `{merged[:12]}`" in told.title) == (CheckState.FAILED, True), told
    scene.merge(app, MergeKind.REBASE)
    scene.merge(second, MergeKind.REBASE)
    done = scene.catch_up()
    assert {str(name): each.outcome for name, each in done.outcomes.items()} == {
        "prod/app": "succeeded", "prod/network": "pending",
    }  # fmt: skip
    [pending] = done.pending
    assert merged[:12] in pending.because


def test_people_hear_once_of_what_waits(
    gitea: GiteaBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise", reason="the extra `notify` is not installed")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file:http")
    with listening() as (place, heard):
        notify = f"notify: [{{url: 'json://{place}/room', on: [pending, applied]}}]\n"
        scene = MergedRequest(gitea, tmp_path / "clone", {"environments/prod.yaml": PROD + notify})
        heard.clear()
        pull = scene.open()
        scene.show(pull)
        scene.merge(pull)
        for _ in range(2):
            done = scene.catch_up()
            assert done.exit_code == 8
            assert not done.notes, done.notes
        [(_, message)] = heard
        assert message["title"] == "runner: prod: 1 pending"
        assert "prod/network pending: " in message["message"]
