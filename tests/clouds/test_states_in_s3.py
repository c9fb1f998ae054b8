"""States in a bucket that answers as S3 does: shared by clones, encrypted, locked, and never believed unseen."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout, new_clone
from tests.clouds.aws_repository import BUILT_IN, client, codes, outcomes, published, runner_file
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

BUCKET = "acme-state"
KEY = "live/prod/one/terraform.tfstate.sealed"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The environment to run in, and what the bucket holds."""

    environment: Mapping[str, str]

    def contents(self) -> dict[str, str]:
        """Key -> ETag."""
        listed = client("s3", self.environment).list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {each["Key"]: each["ETag"] for each in listed}

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        found: bytes = client("s3", self.environment).get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return found

    def labels(self, key: str) -> dict[str, str]:
        """An object's metadata; none where there is no object."""
        if key not in self.contents():
            return {}
        found = client("s3", self.environment).head_object(Bucket=BUCKET, Key=key)
        return dict(found["Metadata"])

    def write(self, key: str, content: bytes, labels: Mapping[str, str] | None = None) -> None:
        """Writes an object under these labels, or those that it had."""
        labels = self.labels(key) if labels is None else labels
        client("s3", self.environment).put_object(Bucket=BUCKET, Key=key, Body=content, Metadata=dict(labels))

    def remove(self, key: str) -> None:
        """Removes an object."""
        client("s3", self.environment).delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def bucket(aws_environment: dict[str, str]) -> Bucket:
    """An empty bucket."""
    client("s3", aws_environment).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    key = base64.b64encode(bytes(range(32))).decode()
    return Bucket({**aws_environment, "GITOPS_RUNNER_KEY": key})


def _prod(bucket: Bucket, size: int, canary: str = "") -> str:
    endpoint = bucket.environment["AWS_ENDPOINT_URL"]
    return (
        f"state: {{backend: s3, bucket: {BUCKET}, prefix: live, region: eu-west-1, endpoint: {endpoint!r}}}\n"
        f"inputs: {{size: {canary or size!r}}}\n"
    )


@pytest.fixture
def applied(repository: Checkout, run_runner: Program, bucket: Bucket) -> Checkout:
    """One target, live, with its state in the bucket."""
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": _prod(bucket, 1, "canary-in-the-state"),
            "stacks/one/main.tf": BUILT_IN,
        },
    )
    ran = _up(run_runner, repository, bucket)
    assert ran.code == 0, ran
    return repository


def _up(run_runner: Program, clone: Checkout, bucket: Bucket) -> Ran:
    return run_runner("up", "prod", "--yes", "--json", cwd=clone.path, env=_without_endpoint(bucket))


def _without_endpoint(bucket: Bucket) -> dict[str, str]:
    """The bucket is found by `state.endpoint` alone."""
    return {name: value for name, value in bucket.environment.items() if name != "AWS_ENDPOINT_URL"}


def _pulled(run_runner: Program, clone: Checkout, bucket: Bucket) -> dict[str, Any]:
    ran = run_runner("state", "pull", "prod/one", cwd=clone.path, env=_without_endpoint(bucket))
    assert ran.code == 0, ran
    state: dict[str, Any] = json.loads(ran.stdout)
    return state


def test_a_second_clone_goes_on_with_the_state_that_the_first_one_left(
    applied: Checkout, run_runner: Program, bucket: Bucket, tmp_path: Path
) -> None:
    first = _pulled(run_runner, applied, bucket)
    assert KEY in bucket.contents()
    assert not [key for key in bucket.contents() if key.endswith(".tflock")]
    assert all(b"canary" not in bucket.read(key) for key in bucket.contents())
    assert applied.git("ls-remote", "origin", "refs/runner/state/*") == ""

    other = new_clone(applied.remote, tmp_path / "other", person="Grace Example")
    published(other, {"environments/prod.yaml": _prod(bucket, 2)})
    ran = _up(run_runner, other, bucket)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/one": "succeeded"}), ran
    second = _pulled(run_runner, other, bucket)
    assert second["lineage"] == first["lineage"]
    assert second["outputs"]["size"]["value"] == 2
    assert int(str(second["serial"])) > int(str(first["serial"]))
    applied.git("pull", "--quiet")
    again = _up(run_runner, applied, bucket)
    assert (again.code, outcomes(again.objects)) == (0, {"prod/one": "unchanged"}), again


@pytest.mark.parametrize("harm", ["a flipped bit", "an older version", "nothing there", "another's object"])
def test_a_state_that_is_not_the_one_on_record_stops_everything(
    applied: Checkout, run_runner: Program, bucket: Bucket, harm: str
) -> None:
    older, head = bucket.read(KEY), applied.git("ls-remote", "origin", "refs/runner/live/prod")
    match harm:
        case "a flipped bit":
            bucket.write(KEY, older[:-1] + bytes([older[-1] ^ 1]))
        case "an older version":
            published(applied, {"environments/prod.yaml": _prod(bucket, 2)})
            assert _up(run_runner, applied, bucket).code == 0
            head = applied.git("ls-remote", "origin", "refs/runner/live/prod")
            bucket.write(KEY, older)
        case "nothing there":
            bucket.remove(KEY)
        case _:
            bucket.write(KEY, b'{"version": 4, "serial": 9, "resources": []}')
    before = bucket.contents()
    published(applied, {"environments/prod.yaml": _prod(bucket, 3)})
    ran = _up(run_runner, applied, bucket)
    assert ran.code == 7, ran
    assert bucket.contents() == before
    assert applied.git("ls-remote", "origin", "refs/runner/live/prod") == head


def test_a_lock_of_somebody_else_is_respected(applied: Checkout, run_runner: Program, bucket: Bucket) -> None:
    foreign = {
        "ID": "0d1f",
        "Operation": "OperationTypeApply",
        "Who": "eve@elsewhere",
        "Info": "",
        "Path": KEY,
    }
    bucket.write(f"{KEY}.tflock", json.dumps({**foreign, "Created": "2026-01-01T00:00:00Z"}).encode())
    before = bucket.contents()
    published(applied, {"environments/prod.yaml": _prod(bucket, 2)})
    ran = _up(run_runner, applied, bucket)
    assert ran.code == 4, ran
    assert "state-locked" in codes(ran.objects)
    assert bucket.contents() == before
    bucket.remove(f"{KEY}.tflock")
    ran = _up(run_runner, applied, bucket)
    assert ran.code == 0, ran


def test_of_two_clones_at_once_none_overwrites_the_other(
    applied: Checkout, run_runner: Program, bucket: Bucket, tmp_path: Path
) -> None:
    other = new_clone(applied.remote, tmp_path / "other", person="Grace Example")
    published(applied, {"environments/prod.yaml": _prod(bucket, 2)})
    other.git("pull", "--quiet")
    started = [
        run_runner.start("up", "prod", "--yes", cwd=clone.path, env=_without_endpoint(bucket))
        for clone in (applied, other)
    ]
    said = [run.communicate(timeout=120) for run in started]
    assert 0 in [run.returncode for run in started], said
    assert {run.returncode for run in started} <= {0, 4}, said
    ran = _up(run_runner, other, bucket)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/one": "unchanged"}), ran
    assert not [key for key in bucket.contents() if key.endswith(".tflock")]


def test_destroy_leaves_an_end_mark_and_a_new_up_begins_again(
    applied: Checkout, run_runner: Program, bucket: Bucket
) -> None:
    gone = run_runner("destroy", "prod", "--yes", cwd=applied.path, env=_without_endpoint(bucket))
    assert gone.code == 0, gone
    ran = run_runner("up", "prod/one", "--yes", cwd=applied.path, env=_without_endpoint(bucket))
    assert ran.code == 0, ran
    assert _pulled(run_runner, applied, bucket)["resources"]


@pytest.mark.parametrize("dies", ["not", "after-the-entry"])
def test_what_was_forgotten_and_returns_begins_anew_wherever_the_forgetting_died(
    applied: Checkout, run_runner: Program, bucket: Bucket, dies: str
) -> None:
    labels, before = bucket.labels(KEY), bucket.read(KEY)
    wishes = _prod(bucket, 1, "canary-in-the-state")
    code = (applied.path / "stacks/one/main.tf").read_text()
    gone = {"environments/prod.yaml": f"{wishes}removed: {{one: forget}}\n", "stacks/one/main.tf": None}
    published(applied, {**gone, "stacks/two/main.tf": code})
    ran = _up(run_runner, applied, bucket)
    assert (ran.code, outcomes(ran.objects)["prod/one"]) == (0, "succeeded"), ran
    assert "ended" in bucket.labels(KEY)
    if dies != "not":
        bucket.write(KEY, before, labels)
    published(applied, {"environments/prod.yaml": wishes, "stacks/one/main.tf": code})
    ran = run_runner("preview", "prod", "--json", cwd=applied.path, env=_without_endpoint(bucket))
    counts = {each["target"]: each["counts"] for each in ran.objects if each["type"] == "plan_ready"}
    found = counts["prod/one"]
    assert isinstance(found, dict)
    assert found["create"] == 1, "the forgotten one is nobody's"
    ran = _up(run_runner, applied, bucket)
    assert (ran.code, outcomes(ran.objects)["prod/one"]) == (0, "succeeded"), ran
    made = _pulled(run_runner, applied, bucket)
    assert made["lineage"] != labels["lineage"]
    assert len(made["resources"]) == 1
