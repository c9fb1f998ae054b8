"""Each gate: open, closed, and its way out."""

from __future__ import annotations

import pytest

from runner.decisions.engine_gate import engine_verdict
from runner.decisions.gates import (
    BranchFacts,
    branch_verdict,
    broken_glass,
    dirty_verdict,
    environment_verdict,
    hand_freeze_verdict,
    reference_verdicts,
    secret_verdict,
    superseded_verdict,
    unenforced_verdict,
)
from runner.model.entry import Actor
from runner.model.environment import Allow
from runner.model.references import OutputReference, SecretReference
from runner.model.stack import EngineIdentity, EngineName
from runner.model.verdict import Answer
from tests.decisions.code_on_paper import gates_of, named, target_of


@pytest.mark.parametrize(
    ("facts", "code", "way_out"),
    [
        (BranchFacts(commit="a" * 40, head="a" * 40, remote="origin"), "", ""),
        (
            BranchFacts(commit="a" * 40, head=None, remote="origin"),
            "branch-missing",
            "git push origin HEAD:main",
        ),
        (
            BranchFacts(commit="a" * 40, head="b" * 40, remote="origin", ahead=2),
            "not-pushed",
            "git push origin HEAD:main",
        ),
        (
            BranchFacts(commit="a" * 40, head="b" * 40, remote="origin", behind=1),
            "behind-branch",
            "git switch main",
        ),
        (BranchFacts(commit="a" * 40, head="b" * 40, ahead=1, behind=1), "not-on-branch", "git switch main"),
        (BranchFacts(commit="a" * 40, head="b" * 40), "not-on-branch", "git switch main"),
    ],
)
def test_only_the_head_of_the_branch_is_applied(facts: BranchFacts, code: str, way_out: str) -> None:
    verdict = branch_verdict(gates_of(), facts)
    assert verdict.code == code
    assert verdict.hint.startswith(way_out)
    assert (verdict.answer is Answer.ALLOW) == (not code)
    assert branch_verdict(gates_of(), facts, off_branch=True).answer in (Answer.ALLOW, Answer.WARN)
    assert branch_verdict(gates_of(branch="*"), facts).answer is Answer.ALLOW


def test_history_goes_forward_and_the_way_back_is_told() -> None:
    closed = superseded_verdict(named("prod/app"), "1" * 40, "2" * 40)
    assert (closed.answer, closed.code) == (Answer.DENY, "superseded")
    assert "`222222222222`" in closed.because
    assert "git revert" in closed.hint


def test_a_dirty_closure_is_refused_unless_asked_for() -> None:
    facts = BranchFacts(commit="a", head="a", dirty=("stacks/app/main.tf",))
    assert dirty_verdict(facts).answer is Answer.DENY
    assert "stacks/app/main.tf" in dirty_verdict(facts).because
    assert dirty_verdict(facts, allow_dirty=True).answer is Answer.WARN
    assert dirty_verdict(BranchFacts(commit="a", head="a")).answer is Answer.ALLOW


@pytest.mark.parametrize(
    ("allowed", "reference", "code"),
    [
        (None, "env:DB_PASSWORD", "secret-not-allowed"),
        (("env:DB_*",), "env:DB_PASSWORD", ""),
        (("env:DB_*",), "env:OTHER", "secret-not-allowed"),
        (("ssm:/prod/*",), "ssm:/prod/deep/er", ""),
        (("ssm:/prod/*",), "ssm:/production", "secret-not-allowed"),
        (("secretsmanager:db",), "secretsmanager:db#password", ""),
        (("*", "!env:ROOT"), "env:ROOT", "secret-not-allowed"),
        (("*",), "env:GITOPS_RUNNER_KEY", "secret-forbidden"),
        (("*",), "env:github_token", "secret-forbidden"),
        (("*",), "env:AWS_SECRET_ACCESS_KEY", "secret-forbidden"),
        (("*",), "env:CI_JOB_JWT", "secret-forbidden"),
    ],
)
def test_secrets_need_a_permission_and_some_have_none(
    allowed: tuple[str, ...] | None, reference: str, code: str
) -> None:
    scheme, _, rest = reference.partition(":")
    name, _, key = rest.partition("#")
    secret = SecretReference(scheme=scheme, name=name, key=key)
    assert secret_verdict(gates_of(allow=Allow(secrets=allowed)), secret).code == code


def test_outputs_of_another_environment_need_a_permission() -> None:
    other = OutputReference(target=named("shared/dns"), output="zone_id")
    own = OutputReference(target=named("dev/dns"), output="zone_id")
    assert environment_verdict(gates_of(), other).code == "environment-not-allowed"
    assert environment_verdict(gates_of(allow=Allow(environments=("shared",))), other).answer is Answer.ALLOW
    assert environment_verdict(gates_of(), own).answer is Answer.ALLOW
    assert [each.code for each in reference_verdicts(gates_of(), [other, own, other])] == [
        "environment-not-allowed"
    ]


def test_a_freeze_by_hand_names_who_and_the_way_out() -> None:
    verdict = hand_freeze_verdict("prod", ["ann@acme, 2026-03-27: incident 7"])
    assert "ann@acme" in verdict.because
    assert "incident 7" in verdict.because
    assert verdict.hint == "runner thaw env/prod"
    assert hand_freeze_verdict("prod", []).answer is Answer.ALLOW


def test_what_cannot_be_enforced_closes_up_and_only_warns_preview() -> None:
    gates = gates_of(unenforced=("requires.reviews",))
    assert unenforced_verdict(gates, "up").answer is Answer.DENY
    assert "requires.reviews" in unenforced_verdict(gates, "up").because
    assert unenforced_verdict(gates, "preview").answer is Answer.WARN


@pytest.mark.parametrize(
    ("last", "version", "code"),
    [
        ("", "1.11.4", ""),
        ("terraform 1.11.9 (PATH)", "1.11.4", ""),
        ("terraform 1.10.1 (PATH)", "1.11.4", ""),
        ("terraform 1.15.5 (embedded)", "1.11.4", "engine-older"),
        ("terraform 2.0.0 (PATH)", "1.11.4", "engine-older"),
        ("opentofu 1.10.1 (PATH)", "1.11.4", "engine-foreign"),
        ("something else", "1.11.4", "engine-older"),
    ],
)
def test_a_foreign_engine_or_an_older_minor_is_refused(last: str, version: str, code: str) -> None:
    now = EngineIdentity(name=EngineName.TERRAFORM, version=version, origin="PATH")
    verdict = engine_verdict(target_of(), last, now)
    assert verdict.code == code
    assert (verdict.answer is Answer.DENY) == bool(code)
    assert engine_verdict(target_of(), last, now, change_engine=True).answer is not Answer.DENY


def test_broken_glass_opens_what_waits_and_not_what_is_unknown() -> None:
    frozen = hand_freeze_verdict("dev", ["ann: x"])
    secret = secret_verdict(gates_of(), SecretReference(scheme="env", name="X"))
    ann = Actor(name="ann")
    verdicts = broken_glass(gates_of(), [frozen, secret], "fire", ann)
    assert [each.answer for each in verdicts] == [Answer.WARN, Answer.DENY]
    assert "glass broken by `ann`, whom nobody has confirmed: fire" in verdicts[0].because
    assert broken_glass(gates_of(), [frozen], "", ann) == (frozen,)
    denied = broken_glass(gates_of(break_glass=("@acme/oncall",)), [frozen], "fire", ann)
    assert [each.answer for each in denied] == [Answer.WAIT, Answer.DENY]
    (opened,) = broken_glass(gates_of(), [frozen], "fire", Actor(name="ann", confirmed=True))
    assert "glass broken by `ann`: fire" in opened.because
