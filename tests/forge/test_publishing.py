"""The publish stage on the real Gitea: what people read, what they approve by it, and what of a preview is believed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from runner.errors import Denied, NoAnswer
from runner.kit.clock import SetClock
from runner.model.check import CheckState
from runner.model.names import TargetName
from runner.model.previewed import Outcome, TargetPreview
from runner.operations.answering import answer
from runner.operations.check_alone import report_nothing
from runner.operations.publishing import publish
from runner.operations.queued_requests import publish_queued
from runner.operations.request_endings import clean_up, drop_old
from runner.operations.stale_previews import mark_stale
from runner.operations.standpoint import standpoint
from runner.report.comment_marker import MARKER
from tests.forge.gitea_bench import GiteaBench, GiteaPeople
from tests.forge.loopback_forge import Fault
from tests.forge.published_request import NETWORK, PROD, PublishedRequest, network
from tests.forge.watched_forge import watched
from tests.report.previews import many


@pytest.fixture(scope="module")
def scene(gitea_people: GiteaPeople, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublishedRequest]:
    """A repository in which prod wants one review, and in which each test has a pull request of its own. Git reaches
    it over HTTP, on loopback."""
    gitea = GiteaBench(gitea_people)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("GIT_ALLOW_PROTOCOL", "file:http")
        yield PublishedRequest(gitea, tmp_path_factory.mktemp("published") / "clone")
    gitea.leave()


def test_a_review_of_what_the_comment_shows_turns_the_check_green(scene: PublishedRequest) -> None:
    pull = scene.open()
    told = scene.publish(pull, scene.preview(pull))
    assert told.state is CheckState.WAITING
    assert told.approvable == (NETWORK,)
    scene.approve(pull)
    counted = scene.recount(pull)
    assert counted.state is CheckState.PASSED
    [comment] = scene.comments(pull)
    assert "**approved** by `bob`" in comment.body
    assert {each.name for each in counted.checks} == {"runner", "runner/prod"}


def test_an_approval_stands_for_a_new_head_with_the_same_digests_and_for_no_other(
    scene: PublishedRequest,
) -> None:
    pull = scene.open()
    scene.publish(pull, scene.preview(pull))
    scene.approve(pull)
    scene.push(pull.head, 2, {"README.md": "words"})
    pull = scene.forge.pull_request(pull.number)
    assert scene.publish(pull, scene.preview(pull)).state is CheckState.PASSED
    scene.push(pull.head, 3)
    pull = scene.forge.pull_request(pull.number)
    assert scene.publish(pull, scene.preview(pull, network("second"))).state is CheckState.WAITING
    [comment] = scene.comments(pull)
    assert "is outdated" in comment.body
    assert "2 superseded previews" in comment.body


def test_a_comment_that_somebody_else_faked_with_our_mark_stays_theirs(scene: PublishedRequest) -> None:
    pull = scene.open()
    scene.gitea.say(pull.number, scene.gitea.author, f"{MARKER}\n\n### Preview: all is well")
    scene.publish(pull, scene.preview(pull))
    faked, ours = scene.comments(pull)
    assert faked.author.login == "alice"
    assert "all is well" in faked.body
    assert ours.author.login == "robot"


def test_what_was_approved_while_the_comment_was_somebody_elses_text_does_not_count(
    scene: PublishedRequest,
) -> None:
    pull = scene.open()
    told = scene.publish(pull, scene.preview(pull))
    scene.gitea.rewrite(pull.number, told.comment, scene.gitea.author, f"{MARKER}\n\nnothing to see")
    scene.approve(pull)
    counted = scene.recount(pull)
    assert counted.state is CheckState.WAITING
    [comment] = scene.comments(pull)
    assert "edited this comment" in comment.body
    assert "nothing to see" not in comment.body
    scene.approve(pull)
    assert scene.recount(pull).state is CheckState.PASSED


def test_a_record_that_somebody_pushed_makes_no_approval_count(scene: PublishedRequest) -> None:
    """Who may push replaces what was shown to bob by what he never saw."""
    pull = scene.open()
    scene.publish(pull, scene.preview(pull))
    scene.approve(pull)
    clone, ref = scene.clone, f"refs/runner/plans/{pull.number}"
    remote = scene.gitea.server.remote(scene.gitea.accounts["alice"], scene.gitea.path)
    clone.git("fetch", "--quiet", "origin", ref)
    clone.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    [record] = (clone.path / "shown").iterdir()
    forged = record.read_text().replace("-first", "-evil").replace(b"first".hex(), b"evil".hex())
    assert forged != record.read_text()
    clone.commit({f"shown/{record.name}": forged}, "forged")
    clone.git("push", "--quiet", "--force", remote, f"HEAD:{ref}")
    evil = scene.publish(pull, scene.preview(pull, network("evil")))
    assert evil.state is CheckState.WAITING
    [comment] = scene.comments(pull)
    assert "approvals that were given until now do not count" in comment.body


def test_an_older_preview_is_told_to_nobody_once_the_head_has_moved_on(scene: PublishedRequest) -> None:
    old = scene.open()
    late = scene.preview(old, network("late"))
    scene.push(old.head, 3)
    new = scene.forge.pull_request(old.number)
    scene.publish(new, scene.preview(new))
    told = scene.publish(old, late)
    assert "superseded" in told.because
    assert scene.report(old.head_commit).title.startswith("superseded: the head is")
    [comment] = scene.comments(new)
    assert new.head_commit in comment.body
    assert "superseded preview" not in comment.body
    # A job of the old event that planned what the forge has now is as good as one of the new event.
    with scene.job() as bench:
        again = scene.preview(new, network("again"))
        told = publish(bench, scene.forge, new, again, heard=old.head_commit)
    assert told.comment == comment.id


def test_an_artifact_cannot_choose_whose_pull_request_it_is_told_on(scene: PublishedRequest) -> None:
    mine, victim = scene.open(2), scene.open(3)
    with pytest.raises(Denied, match="made for"):
        scene.publish(mine, replace(scene.preview(victim), number=victim.number))
    assert not scene.comments(victim)
    assert not scene.forge.checks(victim.head_commit)
    foreign = replace(scene.preview(mine), commit=victim.head_commit)
    with pytest.raises(Denied, match="made for"):
        scene.publish(mine, foreign)
    assert not scene.forge.checks(victim.head_commit)


def test_a_plan_stage_hides_nothing_that_git_says_is_affected(scene: PublishedRequest) -> None:
    pull = scene.open()
    empty = replace(scene.preview(pull), targets=(), because="nothing to see")
    told = scene.publish(pull, empty)
    assert told.state is CheckState.WAITING
    assert "prod/network" in told.because
    applied = TargetPreview(target=NETWORK, outcome=Outcome.APPLIED, plan=network("first").plan)
    assert scene.publish(pull, scene.preview(pull, applied)).state is CheckState.FAILED


def test_two_pull_requests_of_one_head_keep_their_approvals(scene: PublishedRequest) -> None:
    one = scene.open()
    scene.clone.git("push", "--quiet", "origin", f"{one.head_commit}:refs/heads/again-{one.number}")
    other = scene.forge.pull_request(scene.gitea.open(f"again-{one.number}", scene.gitea.author, "again"))
    for pull in (one, other):
        scene.publish(pull, scene.preview(pull))
    for pull in (one, other):
        scene.approve(pull)
        assert scene.recount(pull).state is CheckState.PASSED
    assert "does not count" not in "".join(
        each.body for each in (*scene.comments(one), *scene.comments(other))
    )


def test_where_nothing_is_affected_the_check_is_green_and_says_so(scene: PublishedRequest) -> None:
    pull = scene.open(size=1, files={"README.md": "words"})
    preview = replace(scene.preview(pull), targets=(), because="no target reads `README.md`")
    told = scene.publish(pull, preview)
    assert told.state is CheckState.PASSED
    assert "nothing is affected" in told.because


def test_a_token_that_may_not_comment_is_a_clear_sentence_and_a_red_check(scene: PublishedRequest) -> None:
    pull = scene.open()
    with watched(scene.gitea) as seen:
        seen.server.faults.append(Fault("/comments$", "POST", status=403, words={"message": "no scope"}))
        with pytest.raises(Denied) as refused:
            scene.publish(pull, scene.preview(pull), forge=seen.forge)
    assert refused.value.diagnostics[0].code == "comment-refused"
    assert scene.report(pull.head_commit).state is CheckState.FAILED


@pytest.mark.parametrize(("path", "method"), [("/comments$", "POST"), ("/statuses/", "POST")])
def test_a_run_that_the_forge_left_halfway_is_mended_by_the_next(
    scene: PublishedRequest, path: str, method: str
) -> None:
    pull = scene.open()
    preview = scene.preview(pull)
    with watched(scene.gitea) as seen:
        seen.server.faults += [Fault(path, method, status=502) for _ in range(30)]
        with pytest.raises(NoAnswer):
            scene.publish(pull, preview, forge=seen.forge)
        seen.server.faults.clear()
        first = scene.publish(pull, preview, forge=seen.forge)
    again = scene.publish(pull, preview)
    assert len(scene.comments(pull)) == 1
    assert (first.state, first.comment) == (again.state, again.comment)
    scene.approve(pull)
    assert scene.recount(pull).state is CheckState.PASSED


def test_the_forge_is_asked_at_most_eight_times_and_four_an_environment(scene: PublishedRequest) -> None:
    pull = scene.open()
    with watched(scene.gitea) as seen:
        scene.publish(pull, scene.preview(pull), forge=seen.forge)
        first = seen.calls()
        assert len(first) <= 8 + 4, first
    scene.approve(pull)
    scene.push(pull.head, 2, {"README.md": "words"})
    pull = scene.forge.pull_request(pull.number)
    with watched(scene.gitea) as seen:
        scene.publish(pull, scene.preview(pull), forge=seen.forge)
        again = seen.calls()
        # One more where an approval stands: Gitea tells in two places who pushed.
        assert len(again) <= 8 + 4 + 1, again


def test_two_thousand_targets_are_one_comment_within_the_limit_and_few_calls(scene: PublishedRequest) -> None:
    pull = scene.open()
    targets = (network("first"), *(replace(each) for each in many(2_000)))
    with watched(scene.gitea) as seen:
        scene.publish(pull, scene.preview(pull, *targets), forge=seen.forge)
        # Environments that only the artifact knows get no checks of their own.
        assert len(seen.calls()) <= 8 + 4
    [comment] = scene.comments(pull)
    assert len(comment.body.encode()) <= scene.forge.limits.comment


def test_foreign_words_neither_break_out_nor_name_a_record(scene: PublishedRequest) -> None:
    pull = scene.open()
    forged = f"x [shown {'0' * 32}]"
    report_nothing(scene.forge, pull.head_commit, forged)
    assert scene.report(pull.head_commit).title == "nothing is planned: x"
    rude = "</details>|\n::add-mask::x\x1b[2J\u202e@bob " + forged
    name = TargetName(environment="prod", stack=rude)
    failed = TargetPreview(target=name, outcome=Outcome.FAILED, because=rude)
    scene.publish(pull, scene.preview(pull, network("first"), failed))
    report = scene.report(pull.head_commit)
    assert not report.title.endswith(f"[shown {'0' * 32}]")
    assert "\n" not in report.title
    [comment] = scene.comments(pull)
    assert "\x1b" not in comment.body
    assert "\u202e" not in comment.body
    assert "\n::add-mask::" not in comment.body


def test_an_apply_elsewhere_marks_the_previews_that_it_made_stale(scene: PublishedRequest) -> None:
    pull, other = scene.open(), scene.open(1, {"README.md": "words"})
    scene.publish(pull, scene.preview(pull))
    scene.publish(other, replace(scene.preview(other), targets=()))
    scene.approve(pull)
    assert scene.recount(pull).state is CheckState.PASSED
    with scene.job() as bench:
        stand = standpoint(bench)
        pulls = (pull, other)
        assert mark_stale(bench, stand, scene.forge, pulls, {NETWORK}, "pull request 9") == (pull.number,)
    with scene.job() as bench:
        assert not mark_stale(bench, standpoint(bench), scene.forge, pulls, {NETWORK}, "pull request 9")
    assert "waits for a new preview" in scene.report(pull.head_commit).title
    assert scene.recount(pull).state is CheckState.WAITING
    assert scene.publish(pull, scene.preview(pull)).state is CheckState.PASSED


def test_what_is_closed_unmerged_says_so_and_can_be_opened_again(scene: PublishedRequest) -> None:
    pull = scene.open()
    scene.publish(pull, scene.preview(pull))
    scene.gitea.close(pull.number)
    with scene.job() as bench:
        clean_up(bench, scene.forge, scene.forge.pull_request(pull.number))
    [comment] = scene.comments(pull)
    assert "closed without a merge" in comment.body
    scene.gitea.ask(scene.gitea.author, "PATCH", f"pulls/{pull.number}", {"state": "open"})
    scene.publish(pull, scene.preview(pull))
    [comment] = scene.comments(pull)
    assert "closed without a merge" not in comment.body
    assert "edited this comment" not in comment.body


def test_what_is_not_approved_fails_at_the_head_of_the_queue(scene: PublishedRequest) -> None:
    pull = scene.open()
    scene.publish(pull, scene.preview(pull))
    queue = scene.push(f"queue-{pull.number}", 2, {"README.md": "others came before"})
    preview = replace(scene.preview(pull), commit=queue)
    with scene.job() as bench:
        told = publish_queued(bench, scene.forge, (pull,), preview, heard=queue)
    assert told.state is CheckState.FAILED
    assert "nobody can do that in the queue" in scene.report(queue).title
    scene.approve(pull)
    with scene.job() as bench:
        assert publish_queued(bench, scene.forge, (), preview, heard=queue).state is CheckState.FAILED
        told = publish_queued(bench, scene.forge, (pull,), preview, heard=queue)
    assert told.state is CheckState.PASSED
    assert scene.report(queue).state is CheckState.PASSED


def test_what_ended_long_ago_is_taken_away_and_nothing_else(scene: PublishedRequest) -> None:
    ended, still = scene.open(), scene.open(3)
    for pull in (ended, still):
        scene.publish(pull, scene.preview(pull))
    scene.gitea.close(ended.number)
    with scene.job() as bench:
        assert not drop_old(bench, standpoint(bench), scene.forge)
        later = SetClock(bench.clock.now() + timedelta(days=15))
        stand = standpoint(bench)
        dropped = drop_old(replace(bench, clock=later), stand, scene.forge)
    assert ended.number in dropped
    assert still.number not in dropped
    ref = f"refs/runner/plans/{ended.number}"
    scene.clone.git("fetch", "--quiet", "origin", ref)
    assert scene.clone.git("ls-tree", "-r", "FETCH_HEAD") == ""


def test_a_command_is_answered_once_however_often_the_job_runs(scene: PublishedRequest) -> None:
    pull = scene.open()
    asked = scene.gitea.say(pull.number, scene.gitea.author, "runner preview")
    for _ in range(2):
        answer(scene.forge, pull.number, asked, "it names no commit", "runner preview abc")
    said = [each for each in scene.forge.comments(pull.number) if each.author.login == "robot"]
    assert len(said) == 1
    assert "runner preview abc" in said[0].body


def test_code_owners_of_the_default_branch_are_asked_for(scene: PublishedRequest) -> None:
    gates = PROD.replace("count: 1", "count: 0, codeowners: true")
    scene.clone.git("switch", "--quiet", "--detach", "origin/main")
    scene.clone.commit({"CODEOWNERS": "stacks/.* @carol\n", "environments/prod.yaml": gates})
    scene.clone.push("main")
    pull = scene.open(files={"CODEOWNERS": "stacks/.* @bob\n"})
    scene.publish(pull, scene.preview(pull))
    scene.approve(pull)
    assert scene.recount(pull).state is CheckState.WAITING
    [comment] = scene.comments(pull)
    assert "an approval by `@carol`" in comment.body
