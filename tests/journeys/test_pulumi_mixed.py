"""A repository that mixes both engines, as a new user meets it: applied, changed, rolled back, destroyed."""

import json
import sys
from pathlib import Path

import pytest

from tests.abuse.traces import ArgumentLists, in_files, in_objects, traces
from tests.journeys.conftest import Setting
from tests.journeys.pulumi_codes import APP, ENVIRONMENT, MIXED, SECRET, one_program, stash
from tests.journeys.stage import Stage, kinds

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

KEPT = "urn:pulumi:dev::app::pulumi:index:Stash::kept"


def test_both_engines_are_applied_changed_rolled_back_and_destroyed(programs: Setting, home: Path) -> None:
    stage = programs(MIXED)
    with ArgumentLists() as lists:
        _begun(stage)
        rolled_back = _changed_and_rolled_back(stage)
        _destroyed(stage)
    assert len(stage.entries("dev/app")) == 4, "applied, changed, rolled back, destroyed"
    assert stage.entries("dev/app")[2]["commit"] == rolled_back
    for place in (stage.clone.path, stage.clone.remote):
        assert in_objects(SECRET, place) == []
    assert in_files(SECRET, stage.clone.path, stage.clone.remote, home) == []
    pulumis = [each for each in lists.seen if b"pulumi" in each]
    assert pulumis, "its command lines were seen"
    assert not [each for each in lists.seen if SECRET.encode() in each]
    assert not [each for each in pulumis if b"config\0set" in each], (
        "no process for a secret that we can seal"
    )
    assert stage.clone.git("status", "--porcelain") == "", "no changed Pulumi.dev.yaml is left"


def _begun(stage: Stage) -> None:
    previewed = stage.run("preview", "env/dev")
    assert previewed.plans["dev/app"]["kind"] == "deferred"
    assert stage.refs().keys() == {"refs/heads/main"}, "a preview writes nothing outside the clone"
    up = stage.run("up", "env/dev", "--yes")
    assert set(up.outcomes.values()) == {"succeeded"}
    assert kinds(up.plans["dev/app"]) == {KEPT: "create"}
    assert "dev/app" in up.diagnostic("program-runs")["message"]
    hidden = stage.outputs("dev")
    assert hidden["dev/app.where"] == f"eu-west-1/{hidden['dev/network.subnet_id']}"
    assert hidden["dev/web.web"] == hidden["dev/app.where"], "from Terraform to Pulumi and back"
    assert SECRET not in str(hidden)
    assert stage.outputs("dev/app", "--reveal")["dev/app.password"] == SECRET
    assert not traces(SECRET, json.dumps(stage.state("dev/app")).encode())
    again = stage.run("up", "env/dev", "--yes")
    assert set(again.outcomes.values()) == {"unchanged"}


def _changed_and_rolled_back(stage: Stage) -> str:
    stage.change({"environments/dev.yaml": ENVIRONMENT.replace("10.0.0.0", "10.9.0.0")})
    assert stage.standing("dev/network") == {"dev/network": "behind"}
    changed = stage.run("up", "env/dev", "--yes")
    assert kinds(changed.plans["dev/app"]) == {KEPT: "update"}
    assert "10.9.0.0/16" in changed.plans["dev/app"]["because"] or changed.plans["dev/app"]["changed"]
    assert stage.outputs("dev/app")["dev/app.kept"] == "10.9.0.0/16"
    stage.clone.git("revert", "--no-edit", "HEAD")
    stage.clone.push()
    back = stage.run("up", "env/dev", "--yes")
    assert back.outcomes["dev/app"] == "succeeded"
    assert stage.outputs("dev/app")["dev/app.kept"] == "10.0.0.0/16"
    return stage.clone.git("rev-parse", "HEAD")


def _destroyed(stage: Stage) -> None:
    going = stage.run("destroy", "env/dev", "--yes")
    assert list(going.outcomes) == ["dev/web", "dev/app", "dev/network"], "what needs others goes first"
    assert set(going.outcomes.values()) == {"succeeded"}
    assert stage.run("state", "list", "dev/app").rows("row") == []
    assert set(stage.standing("dev").values()) == {"held"}


def test_eight_programs_are_applied_at_once(programs: Setting) -> None:
    names = [f"app{number}" for number in range(8)]
    files: dict[str, str | bytes | None] = one_program(stash("x", name="app"), stack="app0")
    files |= {f"stacks/{name}/Pulumi.yaml": stash(name, name="app") for name in names}
    stage = programs(files)
    up = stage.run("up", "env/dev", "--yes", "--jobs", "8")
    assert up.outcomes == {f"dev/{name}": "succeeded" for name in names}
    assert stage.outputs("dev") == {f"dev/{name}.kept": name for name in names}, (
        "one project name, eight states"
    )


def test_a_secret_of_a_program_is_taken_only_by_what_is_declared_sensitive(programs: Setting) -> None:
    exposed = MIXED["stacks/web/main.tf"]
    assert isinstance(exposed, str)
    stage = programs({**MIXED, "stacks/web/main.tf": exposed.replace("  sensitive = true\n", "")})
    up = stage.run("up", "env/dev", "--yes", code=1)
    assert up.outcomes["dev/web"] == "failed"
    assert up.diagnostic("sensitive-output-exposed")["message"].startswith("the sensitive output")


def test_a_program_is_given_the_inputs_of_its_environment_over_its_own_settings(programs: Setting) -> None:
    own = "config:\n  app:region: mars-north-1\n  app:cidr: 1.2.3.4/32\n"
    program = APP.replace('"${region}/${subnet}"', '"${region}/${cidr}"').replace(
        "  subnet: {type: string}\n", ""
    )
    environment = "inputs: {region: eu-west-1}\ntargets: {app: {inputs: {password: p4ssw0rd-in-the-open}}}\n"
    stage = programs({**one_program(program, environment), "stacks/app/Pulumi.dev.yaml": own})
    assert stage.run("up", "env/dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert stage.outputs("dev")["dev/app.where"] == "eu-west-1/1.2.3.4/32"
    assert (stage.clone.path / "stacks/app/Pulumi.dev.yaml").read_text() == own


REFERRED = (
    stash("one", name="found")
    .replace("outputs:\n", 'outputs:\n  word: {"fn::secret": "SECRET"}\n')
    .replace("SECRET", SECRET)
)
REFERRING = """\
name: app
runtime: yaml
resources:
  other: {type: "pulumi:pulumi:StackReference", properties: {name: "organization/found/ENVIRONMENT"}}
  kept: {type: "pulumi:index:Stash", properties: {input: '${other.outputs["kept"]}'}}
outputs: {kept: "${kept.input}", word: '${other.outputs["word"]}'}
"""


def test_a_program_finds_the_stack_of_another_target_by_its_name(programs: Setting, home: Path) -> None:
    there = REFERRING.replace("ENVIRONMENT", "dev")
    stage = programs(one_program(there) | one_program(REFERRED, stack="found"))
    assert stage.run("preview", "dev").plans["dev/app"]["kind"] == "deferred"
    up = stage.run("up", "dev", "--yes")
    assert list(up.outcomes.items()) == [("dev/found", "succeeded"), ("dev/app", "succeeded")]
    assert stage.outputs("dev/app", "--reveal") == {"dev/app.kept": "one", "dev/app.word": SECRET}
    stage.change({"stacks/found/Pulumi.yaml": REFERRED.replace("one", "two")})
    assert stage.run("preview", "dev").plans["dev/app"]["kind"] == "provisional"
    assert set(stage.run("up", "dev", "--yes").outcomes.values()) == {"succeeded"}
    assert stage.outputs("dev/app")["dev/app.kept"] == "two"
    assert set(stage.run("up", "dev", "--yes").outcomes.values()) == {"unchanged"}
    assert in_files(SECRET, stage.clone.path / ".git", stage.clone.remote, home) == []


def test_the_stack_of_another_environment_is_found_only_where_its_outputs_may_be_read(
    programs: Setting,
) -> None:
    there = REFERRING.replace("ENVIRONMENT", "shared")
    files = one_program(there, "stacks: [app]\n") | {
        "environments/shared.yaml": "stacks: [found]\n",
        "stacks/found/Pulumi.yaml": REFERRED,
    }
    stage = programs(files)
    stage.run("up", "shared", "--yes")
    denied = stage.run("up", "dev", "--yes", code=3)
    assert denied.diagnostic("environment-not-allowed")["hint"].endswith("`allow: {environments: [shared]}`")
    stage.change({"environments/dev.yaml": "stacks: [app]\nallow: {environments: [shared]}\n"})
    stage.run("up", "dev", "--yes")
    assert stage.outputs("dev/app")["dev/app.kept"] == "one"


PACK_PROJECT = """\
name: house
version: 0.0.1
runtime: {name: python, options: {virtualenv: PREFIX}}
""".replace("PREFIX", json.dumps(sys.prefix))
PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def bad(args, report):
    if args.props.get("input") == "bad":
        report("a stash may not be bad")


def advice(args, report):
    if args.resource_type == "pulumi:index:Stash":
        report("think of it")


PolicyPack("house", policies=[
    ResourceValidationPolicy("no-bad", "no bad stash", bad, enforcement_level=EnforcementLevel.MANDATORY),
    ResourceValidationPolicy("think", "advice", advice, enforcement_level=EnforcementLevel.ADVISORY),
])
"""


def test_a_policy_pack_of_the_repository_denies_and_its_advice_is_on_record(programs: Setting) -> None:
    pytest.importorskip("pulumi_policy", reason="the package pulumi-policy is not installed")
    gate = "policies: [{path: packs/house, input: pulumi}]\n"
    stage = programs(one_program(stash("bad"), gate))
    missing = stage.run("up", "dev", "--yes", code=3)
    assert missing.diagnostic("policy-pack-missing")
    stage.change({"packs/house/PulumiPolicy.yaml": PACK_PROJECT, "packs/house/__main__.py": PACK})
    denied = stage.run("up", "dev", "--yes", code=3)
    assert "house/no-bad" in denied.diagnostic("policy-pack-violated")["message"]
    assert stage.standing() == {"dev/app": "never applied"}
    stage.change({"stacks/app/Pulumi.yaml": stash("good")})
    assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
    [told] = stage.entries("dev")[-1]["policies"]
    assert told.startswith("house/think: advisory")
    assert told.endswith("think of it")


SAYS_MORE = """\
#!/bin/sh
"REAL" "$@"
code=$?
log=
for word; do
  [ "$before" = --event-log ] && log=$word
  before=$word
done
case " $* " in *" preview "*) [ -n "$log" ] && printf '%s\\n' 'EVENT' >> "$log" ;; esac
exit $code
"""
UNKNOWN_STEP = {
    "sequence": 9999,
    "timestamp": 1,
    "resourcePreEvent": {
        "metadata": {"op": "teleport", "urn": KEPT, "type": "pulumi:index:Stash", "new": {"custom": True}}
    },
}
UNKNOWN_EVENT = {"sequence": 9999, "timestamp": 1, "quantumEvent": {"spin": "up"}}


@pytest.mark.parametrize("event", [UNKNOWN_STEP, UNKNOWN_EVENT], ids=["step", "event"])
def test_what_nobody_knows_of_an_event_log_counts_as_a_change(
    programs: Setting, pulumi_binary: Path, tmp_path: Path, event: dict[str, object]
) -> None:
    stage = programs(one_program(stash("one")))
    assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
    assert stage.run("preview", "dev", "--exit-code").plans["dev/app"]["changed"] is False
    (more := tmp_path / "more").mkdir()
    for each in pulumi_binary.parent.iterdir():
        if each.name != "pulumi":
            (more / each.name).symlink_to(each)
    shim = more / "pulumi"
    shim.write_text(SAYS_MORE.replace("REAL", str(pulumi_binary)).replace("EVENT", json.dumps(event)))
    shim.chmod(0o755)
    path = {"PATH": f"{more}:{stage.environment['PATH']}"}
    plan = stage.run("preview", "dev", "--exit-code", code=10, env=path).plans["dev/app"]
    assert plan["changed"] is True
    assert kinds(plan) == ({KEPT: "unknown"} if event is UNKNOWN_STEP else {})
