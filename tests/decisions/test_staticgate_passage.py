"""Who may let a stack's code run: everybody what is harmless, nobody what is refused, a stranger what was named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decisions.staticgate import Outcome, judged
from runner.decisions.staticgate_passage import (
    Change,
    Origin,
    asks,
    hand_notes,
    hand_refusals,
    passage,
    told_of,
)
from runner.decisions.staticgate_sources import is_pinned, module_admitted, provider_admitted
from runner.model.environment import Allow
from runner.model.verdict import Answer
from tests.decisions.abuses_on_paper import STACK, judgement_of, reading_of

HEAD = "0123456789" * 4
EXEC = 'resource "terraform_data" "x" {\n  provisioner "local-exec" {}\n}\n'
CODE = judgement_of({f"{STACK}/x.tf": EXEC})
UNKNOWN = judgement_of({f"{STACK}/x.tf": "{"})
REFUSED = judgement_of({f"{STACK}/x.tf": EXEC}, Allow(providers=()))
HARMLESS = judgement_of({})


@pytest.mark.parametrize("judgement", [CODE, UNKNOWN], ids=["code", "unknown"])
def test_code_is_told_of_everybody_and_a_strangers_waits_for_its_commit(judgement: object) -> None:
    assert judgement in (CODE, UNKNOWN)
    found = CODE if judgement is CODE else UNKNOWN
    own = passage(found, Change(head=HEAD, origin=Origin.OWN), "prod")
    assert (own.answer, own.code) == (Answer.WARN, "code-found")
    stranger = passage(found, Change(head=HEAD, origin=Origin.STRANGER), "prod")
    assert (stranger.answer, stranger.code) == (Answer.WAIT, "code-of-a-stranger")
    assert stranger.hint.endswith(f"`runner preview {HEAD}`")
    earlier = Change(head=HEAD, origin=Origin.STRANGER, named=frozenset({"f" * 40, HEAD[:39], ""}))
    assert passage(found, earlier, "prod").answer is Answer.WAIT
    named = Change(head=HEAD, origin=Origin.STRANGER, named=frozenset({HEAD}))
    assert passage(found, named, "prod").answer is Answer.WARN


@given(origin=st.sampled_from(Origin), named=st.frozensets(st.sampled_from([HEAD, "f" * 40])))
def test_what_is_refused_runs_for_nobody_and_what_is_harmless_for_everybody(
    origin: Origin, named: frozenset[str]
) -> None:
    change = Change(head=HEAD, origin=origin, named=named)
    denied = passage(REFUSED, change, "prod")
    assert (denied.answer, denied.code) == (Answer.DENY, "provider-not-allowed")
    assert "`allow: {providers: ['hashicorp/aws']}`" in denied.hint
    assert passage(HARMLESS, change, "prod").answer is Answer.ALLOW


def test_by_hand_only_the_keys_that_are_written_close() -> None:
    assert [asks(each) for each in (Allow(), Allow(secrets=()), Allow(code=()), Allow(modules=()))] == [
        False, False, True, True,
    ]  # fmt: skip
    allow = Allow(providers=("hashicorp/*",))
    assert hand_refusals(judgement_of({f"{STACK}/x.tf": EXEC}, allow), allow, "prod") == ()
    allow = Allow(code=())
    (refused,) = hand_refusals(judgement_of({f"{STACK}/x.tf": EXEC}, allow), allow, "prod")
    assert (refused.code, str(refused.span)) == ("code-not-allowed", f"{STACK}/x.tf:2:3")
    assert "`allow: {code: ['provisioner:local-exec']}`" in refused.hint
    allow = Allow(code=("provisioner",))
    admitted = judgement_of({f"{STACK}/x.tf": EXEC}, allow)
    assert hand_refusals(admitted, allow, "prod") == ()
    assert [each.code for each in hand_notes(admitted, allow)] == ["code-found"]
    assert hand_notes(admitted, Allow()) == ()


def test_what_is_told_says_what_is_new() -> None:
    before = reading_of({f"{STACK}/x.tf": EXEC})
    after = reading_of({f"{STACK}/x.tf": EXEC, f"{STACK}/y.tf": EXEC.replace('"x"', '"y"')})
    lines = [each.message for each in told_of(judged(after, Allow(), before))]
    assert [line.partition(":")[0] for line in lines] == ["new", "as before, but it may read what changed"]
    assert judged(after, Allow(), before).outcome is Outcome.CODE


SHA = "0123456789abcdef0123456789abcdef01234567"
PINNED = [
    (f"git::https://git.acme.dev/vpc.git?ref={SHA}", ""),
    (f"git::https://git.acme.dev/vpc.git//a/b?depth=1&ref={SHA}", ""),
    (f"git::ssh://git@git.acme.dev:2222/vpc.git?ref={SHA}", ""),
    (f"git@github.com:acme/vpc.git?ref={SHA.upper()}", ""),
    (f"github.com/acme/vpc?ref={SHA}", ""),
    ("oci://ghcr.io/acme/vpc?digest=sha256:" + "0" * 64, ""),
    ("terraform-aws-modules/vpc/aws", "5.0.0"),
    ("terraform-aws-modules/vpc/aws//modules/x", "= 5.0.0-rc1"),
    ("registry.acme.dev/net/vpc/aws", "5.0.0"),
]
MOVING = [
    ("git::https://git.acme.dev/vpc.git", ""),
    ("git::https://git.acme.dev/vpc.git?ref=v1.0.0", ""),
    (f"git::https://git.acme.dev/vpc.git?ref={SHA[:7]}", ""),
    (f"git::https://git.acme.dev/vpc.git?ref=main&ref={SHA}", ""),
    (f"git::https://git.acme.dev/vpc.git?ref={SHA}&sshkey=x", ""),
    (f"git::https://git.acme.dev/a/../../vpc.git?ref={SHA}", ""),
    (f"https://git.acme.dev/vpc.zip?ref={SHA}", ""),
    (f"git::ext::sh -c touch% x ?ref={SHA}", ""),
    (f"git::ssh://-oProxyCommand=x/y?ref={SHA}", ""),
    (f"git::ssh://git@-oProxyCommand=x/y?ref={SHA}", ""),
    (f"git@-oProxyCommand=x:y?ref={SHA}", ""),
    (f"git::file:///tmp/x?ref={SHA}", ""),
    (f"git::https://u:p@git.acme.dev/x?ref={SHA}", ""),
    (f"git::https://git.acme.dev/x?ref={SHA}\n", ""),
    (f"s3::https://s3.amazonaws.com/b/x.zip?ref={SHA}", ""),
    ("oci://ghcr.io/acme/vpc?tag=v1", ""),
    ("/abs/path", ""),
    ("terraform-aws-modules/vpc/aws", ""),
    ("terraform-aws-modules/vpc/aws", "~> 5.0"),
    ("terraform-aws-modules/vpc/aws", ">= 5.0.0"),
    ("terraform-aws-modules/vpc/aws", "5.0.0, 5.0.1"),
    ("https://acme.dev/vpc.zip", "5.0.0"),
]


def test_a_module_is_pinned_by_what_can_name_one_content_only() -> None:
    assert [each for each in PINNED if not is_pinned(*each)] == []
    assert [each for each in MOVING if is_pinned(*each)] == []


def test_patterns_of_sources_mean_what_they_say() -> None:
    assert module_admitted(("./",), "../x", "modules/x")
    assert module_admitted(("./modules/",), "../x", "modules/x")
    assert not module_admitted(("./modules/",), "../x", "other/x")
    assert not module_admitted(("./",), "./x/../../../y", "")
    assert not module_admitted(("./",), None, "")
    assert module_admitted(("git::https://git.acme.dev/*",), "git::https://git.acme.dev/a/b.git//c?ref=x", "")
    assert not module_admitted(
        ("git::https://git.acme.dev/*",), "git::https://git.acme.dev.evil.example/a", ""
    )
    assert provider_admitted(("hashicorp/*",), "registry.terraform.io/hashicorp/aws")
    assert provider_admitted(("HashiCorp/*",), "registry.opentofu.org/hashicorp/aws")
    assert not provider_admitted(("hashicorp/*",), "evil.example/hashicorp/aws")
    assert not provider_admitted(("*/*",), "evil.example/hashicorp/aws")
    assert provider_admitted(("acme.dev/*/*",), "acme.dev/net/vpn")
    assert not provider_admitted(
        ("hashicorp/*", "!hashicorp/external"), "registry.terraform.io/hashicorp/external"
    )
