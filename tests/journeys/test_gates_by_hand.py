"""What closes `up` for a person: the branch, a dirty tree, the calendar, a freeze, a key that nobody enforces yet."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.codes import NETWORK, ONE
from tests.journeys.conftest import Setting
from tests.journeys.stage import Stage

ENVIRONMENT = ONE["environments/prod.yaml"]
MORE = NETWORK + 'output "more" { value = 1 }\n'


def test_a_commit_that_is_not_pushed_is_refused_with_the_push_that_mends_it(one: Stage) -> None:
    before = one.refs()
    one.change({"stacks/network/main.tf": MORE}, push=False)
    told = one.run("up", "prod", "--yes", code=3)
    assert told.diagnostic("not-pushed")["hint"] == "git push origin HEAD:main"
    assert one.refs() == before
    one.clone.git(*told.diagnostic("not-pushed")["hint"].split()[1:])
    one.run("up", "prod", "--yes")


def test_a_commit_that_is_behind_is_refused_with_the_pull_that_mends_it(
    one: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    colleague(one).change({"stacks/network/main.tf": MORE})
    told = one.run("up", "prod", "--yes", code=3)
    hint = told.diagnostic("behind-branch")["hint"]
    assert hint == "git switch main && git pull --ff-only"
    for command in hint.split(" && "):
        one.clone.git(*command.split()[1:])
    one.run("up", "prod", "--yes")
    assert one.outputs("prod")["prod/network.more"] == 1


def test_another_branch_is_refused_and_off_branch_is_in_the_entry(one: Stage) -> None:
    one.clone.git("switch", "--quiet", "--create", "topic")
    commit = one.change({"stacks/network/main.tf": MORE}, push=False)
    one.clone.push("topic")
    assert "not-pushed" in one.run("up", "prod", "--yes", code=3).codes
    told = one.run("up", "prod", "--yes", "--off-branch")
    assert "off-branch" in told.codes
    entry = one.entries()[-1]
    assert (entry["overrides"], entry["commit"]) == ({"off-branch": "yes"}, commit)


def test_branches_that_have_gone_apart_are_refused(one: Stage, colleague: Callable[[Stage], Stage]) -> None:
    colleague(one).change({"README.md": "theirs\n"})
    one.change({"README.md": "ours\n"}, push=False)
    assert "not-on-branch" in one.run("up", "prod", "--yes", code=3).codes
    assert one.entries() == []


def test_a_dirty_closure_is_refused_or_applied_as_a_commit_of_its_own(one: Stage) -> None:
    head = one.clone.git("rev-parse", "HEAD")
    one.clone.write({"stacks/network/main.tf": MORE, "notes.txt": "of no target\n"})
    told = one.run("up", "prod", "--yes", code=3)
    assert "`stacks/network/main.tf`" in told.diagnostic("dirty")["message"]
    assert "notes.txt" not in told.diagnostic("dirty")["message"]
    told = one.run("up", "prod", "--yes", "--allow-dirty")
    entry = one.entries()[-1]
    assert entry["overrides"] == {"allow-dirty": "yes"}
    applied = one.on_remote("rev-list", "-1", "--parents", entry["id"]).split()[2]
    assert applied == entry["commit"] != head
    assert one.on_remote("rev-parse", f"{applied}^") == head, "it was made on top of the checked-out one"
    assert one.on_remote("show", f"{applied}:stacks/network/main.tf") == MORE.rstrip("\n")
    assert one.clone.git("rev-parse", "HEAD") == head
    assert " M stacks/network/main.tf" in one.clone.git("status", "--porcelain").split("\n")
    assert one.outputs("prod")["prod/network.more"] == 1


def test_what_no_target_reads_may_be_dirty(one: Stage) -> None:
    one.clone.write({"notes.txt": "of no target\n", "README.md": "changed\n"})
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "succeeded"}
    assert one.entries()[-1]["overrides"] == {}


@pytest.mark.parametrize(
    ("key", "code", "override"),
    [
        ("freezes: [{from: 2020-01-01, to: 2020-01-02, reason: past}, FREEZE]", "frozen", "break-glass"),
        ('windows: [{days: DAY, from: "08:00", to: "09:00", zone: UTC}]', "window-closed", "emergency"),
    ],
)
def test_a_closed_calendar_waits_and_who_goes_past_it_is_on_the_record(
    setting: Setting, key: str, code: str, override: str
) -> None:
    other_day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    key = key.replace("DAY", other_day).replace(
        "FREEZE", "{from: 2020-01-01, to: 2199-01-01, reason: holidays}"
    )
    stage = setting({**ONE, "environments/prod.yaml": f"{ENVIRONMENT}{key}\n"})
    assert stage.run("up", "prod", "--yes", code=8).codes == {code}
    assert stage.entries() == []
    stage.run("preview", "prod")
    told = stage.run("up", "prod", "--yes", f"--{override}", "the site is down")
    assert "whom nobody has confirmed: the site is down" in told.diagnostic("break-glass")["message"]
    assert stage.entries()[-1]["overrides"] == {override: "the site is down"}
    assert stage.entries()[-1]["actor"]["confirmed"] is False


def test_a_freeze_by_hand_stops_everybody_until_it_thaws(
    one: Stage, colleague: Callable[[Stage], Stage]
) -> None:
    one.run("up", "prod", "--yes")
    other = colleague(one)
    other.run("freeze", "prod", "--reason", "incident 42")
    told = one.run("up", "prod", "--yes", code=8)
    assert "incident 42" in told.diagnostic("frozen-by-hand")["message"]
    assert told.diagnostic("frozen-by-hand")["hint"] == "runner thaw env/prod"
    one.run("thaw", "env/prod", "--reason", "it is over")
    assert one.run("up", "prod", "--yes").outcomes == {"prod/network": "unchanged"}
    assert [each["kind"] for each in one.entries()] == ["apply", "freeze", "thaw"]


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("deferred: apply-if-policy-passes", "deferred"),
        ("policies: [{path: policies}]", "policies"),
    ],
)
def test_a_gate_that_nobody_enforces_yet_closes_up_and_warns_in_a_preview(
    setting: Setting, key: str, named: str
) -> None:
    stage = setting(
        {**ONE, "environments/prod.yaml": f"{ENVIRONMENT}{key}\n", "environments/staging.yaml": ""}
    )
    told = stage.run("up", "prod", "--yes", code=3)
    assert f"`{named}" in told.diagnostic("gate-not-enforced")["message"]
    assert stage.run("preview", "prod").diagnostic("gate-not-enforced")["severity"] == "warning"
    assert stage.entries("prod") == []


def test_what_needs_reviews_is_closed_by_hand_where_no_forge_tells_of_any_and_glass_can_be_broken(
    setting: Setting,
) -> None:
    reviews = f"{ENVIRONMENT}requires: {{reviews: {{count: 2}}}}\n"
    stage = setting({**ONE, "environments/prod.yaml": reviews})
    told = stage.run("up", "prod", "--yes", code=3)
    assert "`requires.reviews`" in told.diagnostic("approval-missing")["message"]
    assert stage.entries("prod") == []
    stage.run("up", "prod", "--yes", "--break-glass", "incident 7")
    assert [each["overrides"] for each in stage.entries("prod")] == [{"break-glass": "incident 7"}]


def test_gates_come_from_the_default_branch_and_never_from_a_dirty_tree(one: Stage) -> None:
    one.change(
        {
            "environments/prod.yaml": ENVIRONMENT
            + "freezes: [{from: 2020-01-01, to: 2199-01-01, reason: no}]\n"
        }
    )
    one.clone.write({"environments/prod.yaml": ENVIRONMENT})
    assert "frozen" in one.run("up", "prod", "--yes", "--allow-dirty", code=8).codes
    one.clone.git("switch", "--quiet", "--create", "topic")
    one.change({"environments/prod.yaml": ENVIRONMENT}, push=False)
    told = one.run("up", "prod", "--yes", "--off-branch", code=8)
    assert "frozen" in told.codes


def test_a_branch_cannot_call_itself_the_default_branch(one: Stage) -> None:
    frozen = "freezes: [{from: 2020-01-01, to: 2090-01-01, reason: never}]\n"
    one.change({"environments/prod.yaml": ENVIRONMENT + frozen})
    one.clone.git("switch", "--quiet", "--create", "topic")
    runner = "ledger: {remote: origin}\ndefault_branch: topic\n"
    one.clone.commit({"runner.yaml": runner, "environments/prod.yaml": ENVIRONMENT}, "mine")
    one.clone.push("topic")
    told = one.run("up", "prod", "--yes", code=3)
    assert {"frozen", "not-pushed"} <= set(told.codes)
    # Nor in a clone that has no other branch.
    alone = one.clone.path.parent / "alone"
    one.clone.git(
        "clone", "--quiet", "--single-branch", "--branch", "topic", str(one.clone.remote), str(alone)
    )
    ran = one.program("up", "prod", "--yes", cwd=alone)
    assert (ran.code, "frozen" in ran.stderr) == (3, True), ran


def test_a_branch_cannot_take_its_record_and_with_it_the_gates_into_a_clone_of_its_own(one: Stage) -> None:
    frozen = "freezes: [{from: 2020-01-01, to: 2090-01-01, reason: never}]\n"
    one.change({"environments/prod.yaml": ENVIRONMENT + frozen})
    one.clone.git("switch", "--quiet", "--create", "topic")
    one.clone.commit(
        {"runner.yaml": "ledger: {remote: none}\n", "environments/prod.yaml": ENVIRONMENT}, "mine"
    )
    one.clone.push("topic")
    alone = one.clone.path.parent / "alone"
    one.clone.git(
        "clone", "--quiet", "--single-branch", "--branch", "topic", str(one.clone.remote), str(alone)
    )
    for clone in (one.clone.path, alone):
        ran = one.program("up", "prod", "--yes", "--off-branch", cwd=clone)
        assert (ran.code, "frozen" in ran.stderr) == (8, True), ran
        assert not (clone / ".git/refs/runner").exists()


def test_an_environment_that_the_default_branch_does_not_know_waits(one: Stage) -> None:
    one.clone.git("switch", "--quiet", "--create", "topic")
    one.change({"environments/new.yaml": ENVIRONMENT}, push=False)
    told = one.run("up", "new", "--yes", "--off-branch", code=8)
    assert "environment-unknown" in told.codes
    assert one.run("preview", "new").plans["new/network"]["kind"] == "planned"
    assert not any("new" in ref for ref in one.refs())


def test_two_environments_are_wanted_on_purpose(setting: Setting) -> None:
    stage = setting({**ONE, "environments/dev.yaml": ENVIRONMENT})
    before = stage.refs()
    for verb in ("up", "destroy"):
        assert "--all-environments" in str(stage.run(verb, "stacks/network", "--yes", code=2).diagnostics)
    assert stage.refs() == before
    told = stage.run("up", "stacks/network", "--all-environments", "--yes")
    assert told.outcomes == {"dev/network": "succeeded", "prod/network": "succeeded"}
    assert {"refs/runner/live/dev", "refs/runner/live/prod"} <= set(stage.refs())


def test_an_environment_of_any_branch_takes_any_commit(setting: Setting) -> None:
    stage = setting({**ONE, "environments/prod.yaml": ENVIRONMENT + 'branch: "*"\n'})
    stage.clone.git("switch", "--quiet", "--create", "topic")
    commit = stage.change({"stacks/network/main.tf": MORE}, push=False)
    stage.run("up", "prod", "--yes")
    assert stage.entries()[-1]["overrides"] == {}
    assert commit in stage.on_remote("rev-list", "refs/runner/live/prod").split()


def test_what_is_applied_off_branch_has_what_the_branch_has_of_its_targets(
    setting: Setting, colleague: Callable[[Stage], Stage]
) -> None:
    undiverged = f"{ENVIRONMENT}requires: {{undiverged: true}}\n"
    stage = setting({**ONE, "environments/prod.yaml": undiverged})
    stage.clone.git("switch", "--quiet", "--create", "topic")
    stage.change({"stacks/network/more.tf": 'output "more" { value = 1 }\n'}, push=False)
    stage.clone.push("topic")
    theirs = colleague(stage)
    theirs.change({"README.md": "of no target\n"})
    stage.run("up", "prod", "--yes", "--off-branch")
    stage.change({"stacks/network/more.tf": 'output "more" { value = 2 }\n'}, push=False)
    commit = theirs.change({"stacks/network/theirs.tf": 'output "theirs" { value = 1 }\n'})
    told = stage.run("up", "prod", "--yes", "--off-branch", code=3).diagnostic("head-diverged")
    assert commit[:12] in told["message"]
    assert len(stage.entries()) == 1
    stage.clone.git("merge", "--quiet", "--no-edit", "origin/main")
    stage.run("up", "prod", "--yes", "--off-branch")
    assert stage.outputs("prod").items() >= {"prod/network.more": 2, "prod/network.theirs": 1}.items()


def test_the_same_code_has_to_be_live_where_it_is_promoted_from(setting: Setting) -> None:
    promote = "promote: {{after: [staging], soak: {soak}}}\n"
    stage = setting(
        {
            **ONE,
            "environments/prod.yaml": ENVIRONMENT + promote.format(soak="0s"),
            "environments/staging.yaml": ENVIRONMENT,
            "stacks/network/prod.tfvars": "",
            "stacks/network/staging.tfvars": "# other values than those of prod\n",
        }
    )
    told = stage.run("up", "prod", "--yes", code=8).diagnostic("promotion-missing")
    assert (told["hint"], "`prod/network`" in told["message"]) == ("runner up staging/network", True)
    stage.run("up", "staging", "--yes")
    assert stage.run("up", "prod", "--yes").outcomes == {"prod/network": "succeeded"}

    stage.change({"stacks/network/main.tf": NETWORK + 'output "more" { value = 1 }\n'})
    assert (
        "other code is live there"
        in stage.run("up", "prod", "--yes", code=8).diagnostic("promotion-missing")["message"]
    )
    stage.run("up", "staging", "--yes")
    stage.change({"environments/prod.yaml": ENVIRONMENT + promote.format(soak="1h")})
    told = stage.run("up", "prod", "--yes", code=8).diagnostic("promotion-soaking")
    assert "has to stay so until" in told["message"]
    assert len(stage.entries("prod")) == 1, "nothing was applied"
    stage.run("up", "prod", "--yes", "--break-glass", "it burns")
    assert stage.entries("prod")[-1]["overrides"] == {"break-glass": "it burns"}
    stage.run("up", "prod", "--yes")
