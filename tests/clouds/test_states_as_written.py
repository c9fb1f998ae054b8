"""The code's own `backend "s3"`: Terraform keeps the state and locks it, and the record names what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.clouds.aws_repository import BUILT_IN, client, outcomes, published, runner_file
from tests.program import Program

pytestmark = pytest.mark.usefixtures("terraform_binary")

BUCKET = "acme-written"

BACKEND = """\
terraform {
  backend "s3" {
    region                      = "eu-west-1"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
    skip_region_validation      = true
  }
}
"""
PROD = """\
settings:
  terraform:
    backend_config: [{bucket: acme-written, key: "{environment}/{stack}.tfstate"}]
inputs: {size: %s}
"""


@pytest.fixture
def written(repository: Checkout, aws_environment: dict[str, str]) -> Checkout:
    """A stack whose backend is half in the code and half in the environment, as people write it."""
    client("s3", aws_environment).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": PROD % "one",
            "stacks/one/main.tf": BACKEND + BUILT_IN,
        },
    )
    return repository


def _object(environment: Mapping[str, str], key: str) -> bytes:
    found: bytes = client("s3", environment).get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return found


def _keys(environment: Mapping[str, str]) -> list[str]:
    listed = client("s3", environment).list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [each["Key"] for each in listed]


def test_the_codes_own_bucket_keeps_the_state_and_the_record_names_it(
    written: Checkout, run_runner: Program, aws_environment: dict[str, str]
) -> None:
    ran = run_runner("up", "prod", "--yes", "--json", cwd=written.path, env=aws_environment)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/one": "succeeded"}), ran
    assert _keys(aws_environment) == ["prod/one.tfstate"]
    state = json.loads(_object(aws_environment, "prod/one.tfstate"))
    assert state["outputs"]["size"]["value"] == "one"
    assert written.git("ls-remote", "origin", "refs/runner/state/*") == ""
    written.git("fetch", "--quiet", "origin", "refs/runner/live/prod:refs/check")
    record = written.git("show", "refs/check:targets/one/deployment.json")
    assert state["lineage"] in record

    again = run_runner("up", "prod", "--yes", "--json", cwd=written.path, env=aws_environment)
    assert (again.code, outcomes(again.objects)) == (0, {"prod/one": "unchanged"}), again
    gone = run_runner("destroy", "prod", "--yes", cwd=written.path, env=aws_environment)
    assert gone.code == 0, gone
    assert json.loads(_object(aws_environment, "prod/one.tfstate"))["resources"] == []


def test_the_engines_own_lock_of_somebody_else_is_exit_4_with_its_words(
    written: Checkout, run_runner: Program, aws_environment: dict[str, str], tmp_path: Path
) -> None:
    ran = run_runner("up", "prod", "--yes", cwd=written.path, env=aws_environment)
    assert ran.code == 0, ran
    before = _object(aws_environment, "prod/one.tfstate")
    lock = {
        "ID": "8a6f0fa8-6a1f-4d0f-9c2e-3f3f4a0f9a11",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "eve@elsewhere",
        "Version": "1.11.4",
        "Created": "2026-01-01T00:00:00Z",
        "Path": f"{BUCKET}/prod/one.tfstate",
    }
    client("s3", aws_environment).put_object(
        Bucket=BUCKET, Key="prod/one.tfstate.tflock", Body=json.dumps(lock).encode()
    )
    published(written, {"environments/prod.yaml": PROD % "two"})
    ran = run_runner("up", "prod", "--yes", "--json", cwd=written.path, env=aws_environment)
    assert ran.code == 4, ran
    assert "is locked by eve@elsewhere since 2026-01-01" in ran.stdout
    assert "force-unlock 8a6f0fa8" in ran.stdout
    pulled = run_runner("state", "pull", "prod/one", cwd=written.path, env=aws_environment)
    moved = json.loads(pulled.stdout) | {"serial": 90}
    (file := tmp_path / "moved.tfstate").write_text(json.dumps(moved))
    pushed = ("state", "push", "prod/one", str(file), "--yes", "--json")
    ran = run_runner(*pushed, cwd=written.path, env=aws_environment)
    assert ran.code == 4, ran
    assert "is locked by eve@elsewhere" in ran.stdout
    assert _object(aws_environment, "prod/one.tfstate") == before
    client("s3", aws_environment).delete_object(Bucket=BUCKET, Key="prod/one.tfstate.tflock")
    ran = run_runner("up", "prod", "--yes", "--json", cwd=written.path, env=aws_environment)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/one": "succeeded"}), ran
