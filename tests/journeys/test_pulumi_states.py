"""States of Pulumi programs: in a backend of their own, brought home from there, and never overlooked."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from tests.abuse.traces import in_files, in_objects, traces
from tests.journeys.conftest import Setting
from tests.journeys.pulumi_codes import PASSPHRASE, SECRET, one_program, stack_made, stash
from tests.journeys.stage import Stage, kinds

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

BACKEND = 'backend: {url: "file://../../../states"}\n'
INPUTS = """\
allow: {secrets: ["env:DB_*"]}
targets: {app: {inputs: {password: "${secret:env:DB_PASSWORD}"}}}
"""
PROGRAM = "config: {password: {type: string, secret: true}}\n" + stash(
    "one", more='  held: {type: "pulumi:index:Stash", properties: {input: "${password}"}}\n'
)


def test_a_stack_in_its_own_backend_is_driven_there_and_then_brought_home(
    programs: Setting, pulumi_binary: Path
) -> None:
    program = PROGRAM.replace("outputs:\n", 'outputs:\n  password: "${password}"\n')
    stage = programs(one_program(BACKEND + program, INPUTS))
    (states := stage.clone.path.parent / "states").mkdir()
    missing = stage.run("up", "dev", "--yes", code=1, env=PASSPHRASE)
    assert missing.diagnostic("stack-missing")["hint"].endswith("`pulumi stack init dev`")

    stack_made(stage, pulumi_binary)
    stage.change({}, "what `stack init` has written")
    assert stage.run("up", "dev", "--yes", env=PASSPHRASE).outcomes == {"dev/app": "succeeded"}
    assert stage.run("up", "dev", "--yes", env=PASSPHRASE).outcomes == {"dev/app": "unchanged"}
    assert list((states / ".pulumi/stacks/app").glob("dev.json"))
    assert "refs/runner/state/dev" not in stage.refs()
    assert _password(stage) == SECRET

    stage.run("state", "migrate", "dev/app", "--to", "git", "--yes", env=PASSPHRASE)
    stage.change({"stacks/app/Pulumi.yaml": program}, "without a backend")
    home = stage.run("up", "dev", "--yes", env=PASSPHRASE)
    assert home.plans["dev/app"]["changed"] is False, "nothing is made twice"
    assert _password(stage) == SECRET, "sealed with a passphrase that only its user has"
    assert in_objects(SECRET, stage.clone.remote) == []
    assert in_files(SECRET, stage.clone.path, states) == []
    stays = stage.run("state", "migrate", "dev/app", "--to", "as-written", "--yes", code=2, env=PASSPHRASE)
    assert stays.codes == {"state-stays-home"}


def _password(stage: Stage) -> str:
    rows = stage.run("outputs", "dev/app", "--reveal", env=PASSPHRASE).rows("output")
    found: str = next(row["value"] for row in rows if row["name"] == "password")
    return found


def test_a_state_that_lies_beside_a_program_is_not_overlooked(programs: Setting) -> None:
    stage = programs({**one_program(stash("one")), ".gitignore": ".pulumi/\n"})
    stage.run("up", "dev", "--yes")
    beside = stage.clone.path / "stacks/app/.pulumi/stacks/app/dev.json"
    beside.parent.mkdir(parents=True)
    beside.write_text(stage.plain("state", "pull", "dev/app").stdout)
    assert stage.run("preview", "dev").plans["dev/app"]["changed"] is False, (
        "it is on record: that one counts"
    )
    stage.change({"environments/dev.yaml": "removed: {app: forget}\nstacks: ['*', '!app']\n"})
    stage.run("up", "dev", "--yes")
    stage.change({"environments/dev.yaml": "{}\n"})
    told = stage.run("up", "dev", "--yes", code=2)
    assert told.diagnostic("state-overlooked")["message"].startswith(
        "`stacks/app/.pulumi/stacks/app/dev.json`"
    )
    stage.run("state", "migrate", "dev/app", "--yes")
    assert kinds(stage.run("up", "dev", "--yes").plans["dev/app"]) == {}


def test_a_state_in_a_bucket_is_sealed_and_goes_on_in_another_clone(
    programs: Setting, aws_environment: dict[str, str], colleague: Callable[[Stage], Stage]
) -> None:
    session = boto3.Session("x", "x", region_name="us-east-1")
    url = aws_environment["AWS_ENDPOINT_URL"]
    with closing(session.client("s3", endpoint_url=url)) as s3:
        s3.create_bucket(Bucket="programs")
        kept = f"state: {{backend: s3, bucket: programs, region: us-east-1, endpoint: {url!r}}}\n"
        first = programs(one_program(PROGRAM, kept + INPUTS))
        stage = Stage(
            clone=first.clone, program=first.program, environment={**first.environment, **aws_environment}
        )
        assert stage.run("up", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="programs")["Contents"]]
        [held] = [key for key in keys if key.endswith(".sealed")]
        sealed = s3.get_object(Bucket="programs", Key=held)["Body"].read()
        assert not traces(SECRET, sealed)
        assert b"checkpoint" not in sealed
    assert "refs/runner/state/dev" not in stage.refs()
    other = colleague(stage)
    assert other.run("up", "dev", "--yes").outcomes == {"dev/app": "unchanged"}
    other.change({"stacks/app/Pulumi.yaml": PROGRAM.replace("one", "two")})
    assert kinds(other.run("up", "dev", "--yes").plans["dev/app"]) == {
        "urn:pulumi:dev::app::pulumi:index:Stash::kept": "update"
    }
    assert other.run("destroy", "dev", "--yes").outcomes == {"dev/app": "succeeded"}
