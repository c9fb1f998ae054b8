"""Real Pulumi beyond plain applies: its own plans, packs, locks, keys in the cloud, and what is installed."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

import boto3
import pytest
from msgspec.structs import replace

from runner.conformance.engine import CANARY
from runner.engine import BackendChoice, EngineLock, LockKeeper, ReferredStack, Workspace
from runner.engine.child import granted_variables
from runner.engine.pulumi_install import installation_of, installing
from runner.engine.pulumi_project import project_of
from runner.errors import AskedWrongly, Denied, TargetFailed
from runner.kit.process import Stop
from runner.model.change import Output
from tests.engine.pulumi_bench import PROVIDER, PulumiBench
from tests.engine.unheard import ignored, planned

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

ONE = PROVIDER + 'Made(Thing(), "one", value="VALUE", trigger=1)\n'
TWO_FACED = PROVIDER + (
    'Made(Thing(), "one", value="shown" if pulumi.runtime.is_dry_run() else "hidden", trigger=1)\n'
)
STASH = """\
name: demo
runtime: yaml
resources: {kept: {type: "pulumi:index:Stash", properties: {input: "said"}}}
outputs: {kept: "${kept.output}", word: {"fn::secret": "CANARY"}}
""".replace("CANARY", CANARY)
REFERRING = """\
name: other
runtime: yaml
resources:
  first: {type: "pulumi:pulumi:StackReference", properties: {name: "organization/demo/dev"}}
outputs: {kept: '${first.outputs["kept"]}', word: '${first.outputs["word"]}'}
"""


def elsewhere(pulumi: PulumiBench, work: Workspace, url: str, **variables: str) -> Workspace:
    """The workspace over a backend that is not ours, its stack made there."""
    backend = BackendChoice(file=None, config=(url,), workspace="dev")
    theirs = {"PULUMI_CONFIG_PASSPHRASE": "theirs", **variables}
    made = replace(
        work,
        backend=backend,
        environment={**work.environment, **theirs},
        passphrase="",
        inputs={},
        secret_inputs=frozenset(),
    )
    assert pulumi.engine.execute(made, ["stack", "init", "dev", "--no-select"], Stop()) == 0
    return made


def test_an_apply_is_held_to_the_plan_that_pulumi_made_itself(pulumi: PulumiBench) -> None:
    work = replace(pulumi.work_on({"__main__.py": TWO_FACED}), constrained=True)
    planned(pulumi, work)
    applied = pulumi.engine.apply(work, Stop(), ignored)
    assert not applied.ok
    assert "violates plan" in f"{applied.because}{applied.failed}"
    assert not pulumi.resources()
    honest = replace(pulumi.work_on({"__main__.py": ONE}), constrained=True)
    planned(pulumi, honest)
    assert pulumi.engine.apply(honest, Stop(), ignored).ok
    assert not planned(pulumi, honest).changed


def test_without_that_belt_a_program_with_two_faces_does_what_it_did_not_show(pulumi: PulumiBench) -> None:
    work = pulumi.work_on({"__main__.py": TWO_FACED})
    planned(pulumi, work)
    assert pulumi.engine.apply(work, Stop(), ignored).ok


def test_a_pack_s_mandatory_word_denies_and_its_advice_does_not(pulumi: PulumiBench, tmp_path: Path) -> None:
    pytest.importorskip("pulumi_policy", reason="the package pulumi-policy is not installed")
    pack = tmp_path / "pack"
    pack.mkdir()
    runtime = f"runtime: {{name: python, options: {{virtualenv: {json.dumps(sys.prefix)}}}}}\n"
    (pack / "PulumiPolicy.yaml").write_text(f"name: house\nversion: 0.0.1\n{runtime}")
    (pack / "__main__.py").write_text(PACK)
    bad = replace(pulumi.work_on({"Pulumi.yaml": STASH.replace("said", "bad")}), packs=(pack,))
    with pytest.raises(Denied) as denied:
        planned(pulumi, bad)
    assert [each.code for each in denied.value.diagnostics] == ["policy-pack-violated"]
    assert "house/no-bad: no bad stash a stash may not be bad" in str(denied.value)
    good = replace(pulumi.work_on({"Pulumi.yaml": STASH}), packs=(pack,))
    assert [each["status"] for each in planned(pulumi, good).checks] == ["house/think: advisory"]
    assert pulumi.engine.apply(good, Stop(), ignored).ok


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


def test_one_lock_of_a_dead_run_is_removed_and_no_other(pulumi: PulumiBench, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    work = elsewhere(pulumi, pulumi.work_on({"Pulumi.yaml": STASH}), f"file://{tmp_path}/elsewhere")
    engine = pulumi.engine
    assert isinstance(engine, LockKeeper)
    assert engine.locks(work, Stop()) == ()
    place = tmp_path / "elsewhere/.pulumi/locks/organization/demo/dev"
    place.mkdir(parents=True, exist_ok=True)
    said = '{"pid": %d, "username": "ann", "hostname": "there", "timestamp": "2026-01-0%dT00:00:00Z"}'
    for number in (2, 1):
        (place / f"lock-{number}.json").write_text(said % (number, number))
    (place / "lock-3.json").write_text("half")
    unreadable, first, second = engine.locks(work, Stop())
    assert first == EngineLock(id="lock-1", host="there", user="ann", pid=1, since="2026-01-01T00:00:00Z")
    assert (unreadable.id, unreadable.pid) == ("lock-3", 0)
    assert not engine.unlock(work, replace(first, pid=7), Stop()), "it is not the one that was looked at"
    assert engine.unlock(work, first, Stop())
    assert not engine.unlock(work, first, Stop())
    assert engine.locks(work, Stop()) == (unreadable, second)
    assert engine.unlock(work, unreadable, Stop())
    planned(pulumi, work)
    assert pulumi.engine.apply(work, Stop(), ignored).locked is not None
    assert engine.unlock(work, second, Stop())
    assert pulumi.engine.apply(work, Stop(), ignored).ok
    assert engine.locks(work, Stop()) == ()


def test_a_bucket_keeps_a_stack_and_a_key_in_the_cloud_seals_it(
    pulumi: PulumiBench, moto_server: str, aws_environment: dict[str, str]
) -> None:
    session = boto3.Session("x", "x", region_name="us-east-1")
    with closing(session.client("s3", endpoint_url=moto_server)) as s3:
        s3.create_bucket(Bucket="pulumi-states")
    with closing(session.client("kms", endpoint_url=moto_server)) as kms:
        key = kms.create_key()["KeyMetadata"]["KeyId"]
    url = "s3://pulumi-states?region=us-east-1"
    provider = f"awskms:///{key}?region=us-east-1"
    work = pulumi.work_on({"Pulumi.yaml": STASH})
    cloud = {**aws_environment, "AWS_ENDPOINT_URL": moto_server, "AWS_S3_USE_PATH_STYLE": "true"}
    backend = BackendChoice(file=None, config=(url + "&s3ForcePathStyle=true",), workspace="dev")
    work = replace(
        work,
        backend=backend,
        environment={**work.environment, **cloud},
        passphrase="",
        inputs={},
        secret_inputs=frozenset(),
    )
    init = ["stack", "init", "dev", "--no-select", "--secrets-provider", provider]
    assert pulumi.engine.execute(work, init, Stop()) == 0
    settings = (work.directory / "Pulumi.dev.yaml").read_bytes()
    assert b"encryptedkey" in settings
    (work.scratch / "settings.yaml").unlink(missing_ok=True)  # as a user commits them
    assert planned(pulumi, work).changed
    assert pulumi.engine.apply(work, Stop(), ignored).ok
    assert pulumi.engine.outputs(work, Stop())["word"].value == CANARY
    assert not planned(pulumi, work).changed
    _one_lock_of_the_bucket_is_removed(pulumi, work, session, moto_server)


def _one_lock_of_the_bucket_is_removed(
    pulumi: PulumiBench, work: Workspace, session: boto3.Session, moto_server: str
) -> None:
    engine, place = pulumi.engine, ".pulumi/locks/organization/demo/dev/"
    assert isinstance(engine, LockKeeper)
    with closing(session.client("s3", endpoint_url=moto_server)) as s3:
        for number in (1, 2):
            said = {
                "pid": number,
                "username": "ann",
                "hostname": "there",
                "timestamp": "2026-01-01T00:00:00Z",
            }
            s3.put_object(
                Bucket="pulumi-states", Key=f"{place}lock-{number}.json", Body=json.dumps(said).encode()
            )
    planned(pulumi, work)
    assert engine.apply(work, Stop(), ignored).locked is not None
    first, second = engine.locks(work, Stop())
    assert (first.id, first.pid, first.host) == ("lock-1", 1, "there")
    assert not engine.unlock(work, replace(first, pid=7), Stop()), "it is not the one that was looked at"
    assert engine.unlock(work, first, Stop())
    assert engine.locks(work, Stop()) == (second,)
    elsewhere = replace(work, backend=BackendChoice(file=None, config=("gs://bucket",), workspace="dev"))
    with pytest.raises(AskedWrongly) as failure:
        engine.locks(elsewhere, Stop())
    assert failure.value.diagnostics[0].code == "engine-locks-elsewhere"


def test_a_stack_beside_it_is_referred_to_and_one_that_is_not_known_is_a_clear_error(
    pulumi: PulumiBench, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    url = f"file://{tmp_path}/elsewhere"
    first = elsewhere(pulumi, pulumi.work_on({"Pulumi.yaml": STASH}), url)
    planned(pulumi, first)
    assert pulumi.engine.apply(first, Stop(), ignored).ok
    again = PulumiBench(pulumi.engine, tmp_path / "again")
    second = elsewhere(again, again.work_on({"Pulumi.yaml": REFERRING}), url)
    assert {each.name: each.after for each in planned(again, second).outputs}["kept"] == "said"
    alone = PulumiBench(pulumi.engine, tmp_path / "alone")
    work = replace(alone.work_on({"Pulumi.yaml": REFERRING}), inputs={}, secret_inputs=frozenset())
    with pytest.raises(TargetFailed) as failure:
        planned(alone, work)
    told = failure.value.diagnostics[0]
    assert told.code == "stack-reference-unknown"
    assert "organization/demo/dev" in told.message
    assert "`${stack.output}`" in told.hint
    given = {"kept": Output(value={"a": [1, None]}), "word": Output(value=CANARY, sensitive=True)}
    work = replace(work, referred=(ReferredStack(project="demo", stack="dev", outputs=given),))
    outputs = {each.name: each for each in planned(alone, work).outputs}
    assert outputs["kept"].after == {"a": [1, None]}
    assert outputs["word"].sensitive
    assert alone.engine.apply(work, Stop(), ignored).ok
    assert alone.engine.outputs(work, Stop())["word"] == Output(value=CANARY, sensitive=True)
    for file in (alone.file, *work.scratch.rglob("*.json")):
        assert CANARY not in file.read_text(), file


def test_what_one_trust_installed_no_other_takes(pulumi: PulumiBench, tmp_path: Path) -> None:
    files = {"Pulumi.yaml": "name: demo\nruntime: {name: python, options: {virtualenv: venv}}\n"}
    work = pulumi.work_on({**files, "requirements.txt": "pulumi>=3,<4  # the SDK\nmore[x]==1.0\n"})
    work = replace(work, cache=tmp_path / "cache", trust="preview")
    kept = installation_of(work, project_of(work), "3.0.0")
    assert kept is not None
    assert not kept.taken()
    (work.directory / "venv").mkdir()
    (work.directory / "venv/marker").write_text("made")
    kept.keep()
    (work.directory / "venv/marker").unlink()
    (work.directory / "venv").rmdir()
    assert kept.taken()
    assert (work.directory / "venv/marker").read_text() == "made"
    (work.directory / "venv/marker").write_text("changed by the program")
    (work.directory / "venv").rename(work.directory / "old")
    assert kept.taken()
    assert (work.directory / "venv/marker").read_text() == "made"
    (work.directory / "venv").rename(work.directory / "older")
    applying = installation_of(replace(work, trust="apply"), project_of(work), "3.0.0")
    assert applying is not None
    assert not applying.taken()
    newer = installation_of(work, project_of(work), "3.1.0")
    assert newer is not None
    assert not newer.taken()
    for elsewhere_too in ("-r ../more.txt\n", "./local\n", "x @ file:///x\n", "-e .\n", "local/dir\n"):
        (work.directory / "requirements.txt").write_text(elsewhere_too)
        assert installation_of(work, project_of(work), "3.0.0") is None, elsewhere_too


def test_who_installs_is_told_where_from_and_no_credential_and_who_runs_the_reverse(
    pulumi: PulumiBench, tmp_path: Path
) -> None:
    given = {
        "PATH": os.environ["PATH"],
        "PIP_INDEX_URL": "https://u:p@example.com/simple",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "PULUMI_CONFIG_PASSPHRASE": CANARY,
        "npm_config_registry": "r",
    }
    from_us = granted_variables(given, None, {}, by_hand=True)
    code = f'import os, json\nopen({str(tmp_path / "seen")!r}, "w").write(json.dumps(dict(os.environ)))\n'
    work = pulumi.work_on({"__main__.py": "import pulumi\n" + code})
    work = replace(work, environment={**work.environment, **from_us})
    assert "AWS_SECRET_ACCESS_KEY" not in (seen := installing(work.environment))
    assert not any(CANARY in value for value in seen.values())
    assert {"PIP_INDEX_URL", "npm_config_registry"} <= seen.keys()
    planned(pulumi, work)
    run = json.loads((tmp_path / "seen").read_text())
    assert not {"PIP_INDEX_URL", "npm_config_registry"} & run.keys()
    assert run["AWS_SECRET_ACCESS_KEY"] == CANARY
