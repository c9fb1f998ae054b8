"""What every Forge promises, as checks that a plugin's tests run one by one: `for check in CHECKS: check(bench)`.

A bench is one fresh repository on a forge, whose people push, open, review and comment by the forge's own means.
Failures are AssertionErrors.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from runner.conformance.forge_bench import ForgeBench as ForgeBench
from runner.conformance.forge_rights_checks import RIGHTS_CHECKS
from runner.errors import RunnerError
from runner.model.check import Check, CheckState, Rollout, RolloutState
from runner.model.person import Permission, Person, same_person
from runner.model.pull_request import Merge, MergeKind, PullState, ReviewState

MARKER = "<!-- runner:conformance -->"
# What a careless layer between us and the forge would change.
RUDE = "`a` | <b>&amp;</b> \\n ::error:: @nobody ${x} ünïcödé 🦀 \u202egnp.\n\n  indented\n```\n\ttab\n```"


def check_we_are_who_the_token_is(bench: ForgeBench) -> None:
    """And know what we may do."""
    ours = bench.forge.identity()
    assert ours.person.login
    assert ours.repository is Permission.ADMIN
    theirs = bench.forge_of(bench.author).identity()
    assert same_person(theirs.person, bench.author)
    assert theirs.repository is Permission.WRITE


def check_a_pull_request_is_read(bench: ForgeBench) -> None:
    """As it was opened, and as it is after a push."""
    first = bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, RUDE.split("\n")[0])
    pull = bench.forge.pull_request(number)
    assert pull.number == number
    assert pull.title == RUDE.split("\n")[0]
    assert same_person(pull.author, bench.author)
    assert (pull.into, pull.head, pull.head_commit) == ("main", "feature", first)
    assert pull.state is PullState.OPEN
    assert not pull.draft
    assert not pull.fork
    assert pull.into_commit
    assert not pull.merge_commit
    assert not pull.labels
    bench.label(number, "risky")
    second = bench.push("feature", bench.author)
    pull = bench.forge.pull_request(number)
    assert pull.head_commit == second
    assert pull.labels == {"risky"}


def check_a_draft_says_so(bench: ForgeBench) -> None:
    """Nobody is asked to look at it yet."""
    bench.push("draft", bench.author)
    assert bench.forge.pull_request(bench.open("draft", bench.author, "not yet", draft=True)).draft


def check_a_fork_is_a_strangers(bench: ForgeBench) -> None:
    """The head lies elsewhere, also when its branch is called as ours."""
    bench.fork(bench.reader)
    commit = bench.push("feature", bench.reader)
    pull = bench.forge.pull_request(bench.open("feature", bench.reader, "from outside"))
    assert pull.fork
    assert pull.head_commit == commit
    assert pull.head_repository != bench.forge.project.path
    assert same_person(pull.author, bench.reader)


def check_what_is_open_is_listed_by_its_branch(bench: ForgeBench) -> None:
    """In order; what is closed, and what wants elsewhere, is not."""
    numbers = []
    for name in ("one", "two", "three"):
        bench.push(name, bench.author)
        numbers.append(bench.open(name, bench.author, name))
    bench.close(numbers[1])
    found = bench.forge.open_pull_requests("main")
    assert [each.number for each in found] == [numbers[0], numbers[2]]
    assert not bench.forge.open_pull_requests("elsewhere")
    assert bench.forge.pull_request(numbers[1]).state is PullState.CLOSED


def check_exactly_the_looked_at_head_is_merged(bench: ForgeBench) -> None:
    """Another head is refused; the merge is told from then on, and can be asked for again."""
    first = bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "merge me")
    second = bench.push("feature", bench.author)
    refused("forge-merge-refused", lambda: bench.forge.merge(Merge(number=number, head=first)))
    assert bench.forge.pull_request(number).state is PullState.OPEN
    merged = bench.forge.merge(Merge(number=number, head=second))
    assert merged.state is PullState.MERGED
    assert merged.merge_commit
    assert merged.merged_at
    assert same_person(merged.merged_by, bench.forge.identity().person)
    assert bench.forge.merge(Merge(number=number, head=second)).merge_commit == merged.merge_commit
    found = bench.forge.pull_requests_of(merged.merge_commit)
    assert [each.number for each in found][:1] == [number]
    assert found[0].state is PullState.MERGED
    assert not bench.forge.pull_requests_of("0" * 40)


def check_a_squash_is_one_commit(bench: ForgeBench) -> None:
    """Which the forge knows the pull request of."""
    bench.push("feature", bench.author)
    head = bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "squash me")
    merged = bench.forge.merge(Merge(number=number, head=head, kind=MergeKind.SQUASH, title="one"))
    assert merged.merge_commit not in ("", head)
    assert [each.number for each in bench.forge.pull_requests_of(merged.merge_commit)][:1] == [number]


def check_everyone_who_had_a_part_is_named(bench: ForgeBench) -> None:
    """Who authored, who committed, and who pushed."""
    commits = [bench.push("feature", bench.author)]
    number = bench.open("feature", bench.author, "together")
    commits.append(bench.push("feature", bench.reviewer))
    found = bench.forge.contributions(bench.forge.pull_request(number))
    assert found.complete
    assert sorted(each.commit for each in found.commits) == sorted(commits)
    emails = {each.author.email for each in found.commits}
    assert len(emails) == 2, found
    assert all(each.committer.email for each in found.commits)
    assert found.pushers is not None, found.because
    assert {each.login for each in found.pushers} >= {bench.author.login, bench.reviewer.login}


def check_a_review_is_of_a_commit(bench: ForgeBench) -> None:
    """Of the one that was the head then, whatever comes later."""
    first = bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "look")
    bench.review(number, bench.reviewer, ReviewState.APPROVED, "fine")
    bench.push("feature", bench.author)
    found = bench.forge.reviews(bench.forge.pull_request(number))
    given = [each for each in found if each.state in (ReviewState.APPROVED, ReviewState.DISMISSED)]
    assert len(given) == 1, found
    assert same_person(given[0].author, bench.reviewer)
    assert given[0].commit == first
    assert given[0].submitted_at


def check_a_review_that_was_taken_back_does_not_approve(bench: ForgeBench) -> None:
    """Nor does one that asks for changes."""
    bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "look")
    bench.review(number, bench.reviewer, ReviewState.APPROVED, "fine")
    bench.dismiss(number, bench.reviewer)
    states = [each.state for each in bench.forge.reviews(bench.forge.pull_request(number))]
    assert ReviewState.APPROVED not in states
    bench.review(number, bench.reviewer, ReviewState.CHANGES_REQUESTED, "no")
    states = [each.state for each in bench.forge.reviews(bench.forge.pull_request(number))]
    assert ReviewState.APPROVED not in states
    assert ReviewState.CHANGES_REQUESTED in states


def check_a_comment_arrives_as_written(bench: ForgeBench) -> None:
    """Every character of it, up to the longest."""
    bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "talk")
    forge = bench.forge
    written = forge.write_comment(number, RUDE)
    assert written.body.strip() == RUDE.strip()
    assert same_person(written.author, forge.identity().person)
    assert not written.edited
    assert forge.read_comment(number, written.id) == written
    longest = "ü" * forge.limits.comment
    assert forge.edit_comment(number, written, longest).body == longest


def check_ours_is_ours_by_its_author(bench: ForgeBench) -> None:
    """A marker in somebody else's comment makes it nobody's but theirs."""
    bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "talk")
    forge = bench.forge
    bench.say(number, bench.reader, f"{MARKER}\nbelieve me")
    assert forge.own_comment(number, MARKER) is None
    ours = forge.write_comment(number, f"{MARKER}\nfirst")
    forge.write_comment(number, f"{MARKER}\nsecond")
    found = bench.forge.own_comment(number, MARKER)
    assert found is not None
    assert found.id == ours.id
    changed = forge.edit_comment(number, found, f"{MARKER}\nchanged")
    assert changed.id == ours.id
    bodies = [each.body.splitlines()[-1] for each in forge.comments(number)]
    assert bodies == ["believe me", "changed", "second"]
    theirs = forge.comments(number)[0]
    refused("forge-not-ours", lambda: forge.edit_comment(number, theirs, "changed"))
    assert forge.comments(number)[0].body == theirs.body


def check_an_edit_by_another_is_not_ours(bench: ForgeBench) -> None:
    """Where the forge tells who it was; else it says that it does not."""
    bench.push("feature", bench.author)
    number = bench.open("feature", bench.author, "talk")
    ours = bench.forge.write_comment(number, MARKER)
    editor = bench.forge.last_editor(number, ours)
    assert (editor is not None) == bench.forge.limits.editors
    assert editor is None or same_person(editor, bench.forge.identity().person)
    bench.rewrite(number, ours.id, bench.author, f"{MARKER} approved by everybody")
    found = bench.forge.read_comment(number, ours.id)
    assert found is not None
    assert found.body.endswith("approved by everybody")
    assert found.edited == (found.updated_at > found.created_at)
    editor = bench.forge.last_editor(number, found)
    assert (editor is not None) == bench.forge.limits.editors
    assert editor is None or same_person(editor, bench.author)
    assert bench.forge.read_comment(number + 1, ours.id) is None
    bench.remove(number, ours.id)
    assert bench.forge.read_comment(number, ours.id) is None


def check_a_permission_is_confirmed_or_none(bench: ForgeBench) -> None:
    """Of a writer, a reader, and of somebody who is not there."""
    forge = bench.forge
    assert forge.permission(bench.author).permission is Permission.WRITE
    assert not forge.permission(bench.reader).permission.covers(Permission.WRITE)
    nobody = forge.permission(Person(login="no-such-person-anywhere", id="999999"))
    assert not nobody.permission.covers(Permission.WRITE)
    assert nobody.because or nobody.permission is Permission.READ


def check_a_membership_is_confirmed_or_none(bench: ForgeBench) -> None:
    """Of a member, of somebody else, and of a team that is not there."""
    forge = bench.forge
    assert forge.membership(bench.reviewer, f"@{bench.team}").confirmed
    other = forge.membership(bench.author, bench.team)
    assert not other.confirmed
    assert other.because
    missing = forge.membership(bench.reviewer, f"{bench.team}-that-is-not")
    assert not missing.confirmed
    assert missing.because
    assert not forge.membership(bench.reviewer, "platform").confirmed


def check_a_check_is_replaced_and_not_doubled(bench: ForgeBench) -> None:
    """By its id, and without it."""
    commit = bench.push("feature", bench.author)
    wanted = Check(name="runner", commit=commit, state=CheckState.RUNNING, title="planning", summary="soon")
    known = bench.forge.report_check(wanted)
    assert known.id
    passed = bench.forge.report_check(
        replace(known, state=CheckState.PASSED, title="2 targets, nothing skipped")
    )
    found = [each for each in bench.forge.checks(commit) if each.name == "runner"]
    assert [(each.state, each.title) for each in found] == [(CheckState.PASSED, "2 targets, nothing skipped")]
    assert found[0].app
    bench.forge.report_check(replace(passed, id="", state=CheckState.FAILED, title="failed"))
    found = [each for each in bench.forge.checks(commit) if each.name == "runner"]
    assert [each.state for each in found] == [CheckState.FAILED]


def check_a_check_is_somebodys(bench: ForgeBench) -> None:
    """Two with one name are told apart by who reported them; what waits is not green."""
    commit = bench.push("feature", bench.author)
    bench.report(commit, "scan", bench.author, passed=True)
    bench.forge.report_check(Check(name="scan", commit=commit, state=CheckState.WAITING, title="waits"))
    found = {each.app: each.state for each in bench.forge.checks(commit) if each.name == "scan"}
    assert len(found) == 2, found
    assert sorted(state is CheckState.PASSED for state in found.values()) == [False, True]


def check_every_page_is_read(bench: ForgeBench) -> None:
    """More checks than the forge answers at once."""
    commit = bench.push("feature", bench.author)
    names = {f"check-{number}" for number in range(bench.page)}
    for name in names:
        bench.report(commit, name, bench.author, passed=True)
    assert {each.name for each in bench.forge.checks(commit)} == names


def check_a_rollout_moves_on(bench: ForgeBench) -> None:
    """Where the forge keeps deployments; elsewhere it stays as it was."""
    commit = bench.push("feature", bench.author)
    begun = Rollout(environment="prod", commit=commit, branch="feature", state=RolloutState.RUNNING)
    known = bench.forge.report_rollout(begun)
    assert bool(known.id) == bench.forge.limits.rollouts
    ended = bench.forge.report_rollout(replace(known, state=RolloutState.SUCCEEDED, description="3 changed"))
    assert ended.id == known.id


def check_a_protection_is_told(bench: ForgeBench) -> None:
    """Of a branch that has one, and of one that has none."""
    free = bench.forge.protection("main")
    assert free.protected is False
    assert free.pushes is True
    bench.protect("main", "runner", 1)
    guarded = bench.forge.protection("main")
    assert guarded.protected
    assert guarded.pushes is False, guarded
    assert guarded.rewinds is False, guarded
    if guarded.checks is not None:
        assert "runner" in [name for name, _ in guarded.checks]
    seen = bench.forge_of(bench.author).protection("main")
    assert seen.protected is not False
    assert seen.pushes is not True


def check_what_is_not_there_is_said_so(bench: ForgeBench) -> None:
    """A pull request that nobody opened."""
    refused("forge-not-found", lambda: bench.forge.pull_request(4711))


CHECKS: tuple[Callable[[ForgeBench], None], ...] = (
    check_we_are_who_the_token_is,
    check_a_pull_request_is_read,
    check_a_draft_says_so,
    check_a_fork_is_a_strangers,
    check_what_is_open_is_listed_by_its_branch,
    check_exactly_the_looked_at_head_is_merged,
    check_a_squash_is_one_commit,
    check_everyone_who_had_a_part_is_named,
    check_a_review_is_of_a_commit,
    check_a_review_that_was_taken_back_does_not_approve,
    check_a_comment_arrives_as_written,
    check_ours_is_ours_by_its_author,
    check_an_edit_by_another_is_not_ours,
    check_a_permission_is_confirmed_or_none,
    check_a_membership_is_confirmed_or_none,
    check_a_check_is_replaced_and_not_doubled,
    check_a_check_is_somebodys,
    check_every_page_is_read,
    check_a_rollout_moves_on,
    check_a_protection_is_told,
    *RIGHTS_CHECKS,
    check_what_is_not_there_is_said_so,
)


def refused(code: str, call: Callable[[], object]) -> None:
    """Asserts that `call` ends with the diagnostic `code`."""
    try:
        answer = call()
    except RunnerError as error:
        found = error.diagnostics[0].code
    else:
        raise AssertionError(f"not refused with {code}, but answered {answer!r}")
    assert found == code, f"refused with {found}, not {code}"
