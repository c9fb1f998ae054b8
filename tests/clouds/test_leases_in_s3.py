"""Leases in the bucket of the states: the same contract, for people and for what was killed, as in Git."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout, git, new_clone
from tests.clouds.aws_repository import client, codes, outcomes, published, runner_file
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

BUCKET = "acme-leases"
KEY = "live/prod.leases.json"
STATE = "live/prod/one/terraform.tfstate.sealed"

GATED = """\
variable "gates" {}
resource "terraform_data" "made" {}
resource "terraform_data" "it" {
  triggers_replace = terraform_data.made.id
  provisioner "local-exec" {
    command = "touch ${var.gates}/reached; while [ ! -e ${var.gates}/open ]; do sleep 0.05; done"
  }
}
output "made" { value = terraform_data.made.id }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A clone whose one target, `prod/one`, waits while it applies until its gate opens."""

    clone: Checkout
    program: Program
    variables: Mapping[str, str]
    gates: Path

    def run(self, *arguments: str, code: int = 0) -> Ran:
        """Runs a verb."""
        ran = self.program(*arguments, "--json", cwd=self.clone.path, env=self.variables)
        assert ran.code == code, ran
        return ran

    def rows(self, *arguments: str, type: str) -> list[dict[str, object]]:
        """The objects of one type that a verb prints."""
        return [each for each in self.run(*arguments).objects if each["type"] == type]

    def another(self, name: str) -> Scene:
        """The same in another clone."""
        clone = new_clone(self.clone.remote, self.clone.path.parent / name, person=name.title())
        clone.git("remote", "set-head", "origin", "main")
        return Scene(clone=clone, program=self.program, variables=self.variables, gates=self.gates)

    def open_gate(self) -> None:
        """Lets the engine end, now and ever after."""
        (self.gates / "open").touch()

    @contextmanager
    def while_it_applies(self) -> Iterator[subprocess.Popen[str]]:
        """An `up` whose engine waits."""
        run = self.program.start("up", "prod", "--yes", "--json", cwd=self.clone.path, env=self.variables)
        while not (self.gates / "reached").exists():
            assert run.poll() is None, run.communicate()
            time.sleep(0.02)
        yield run

    def objects(self) -> set[str]:
        """What the bucket holds."""
        listed = client("s3", self.variables).list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {each["Key"] for each in listed}

    def leases(self) -> dict[str, Any]:
        """The files in the object of the leases, as another program would read them."""
        body = client("s3", self.variables).get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
        found: dict[str, Any] = json.loads(body)["files"]
        return found

    def take_as(self, holder: str) -> None:
        """Somebody who takes the lease as another program would, and is not heard of again."""
        cloud = client("s3", self.variables)
        content = json.loads(cloud.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
        lease = content["files"]["leases/one.json"]
        lease |= {
            "holder": holder,
            "run": f"run-of-{holder}",
            "released": False,
            "fence": lease["fence"] + 1,
            "nonce": "2" * 32,
        }
        cloud.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(content).encode())

    def refs(self) -> set[str]:
        """The refs of the runner at the remote."""
        lines = self.clone.git("ls-remote", "origin", "refs/runner/*").splitlines()
        return {line.split("\t")[1] for line in lines}

    def kinds(self) -> list[object]:
        """The kinds of the entries, newest first."""
        return [each["kind"] for each in self.rows("log", "prod", type="entry")]


@pytest.fixture
def scene(
    repository: Checkout, run_runner: Program, aws_environment: dict[str, str], tmp_path: Path
) -> Scene:
    client("s3", aws_environment).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    gates = tmp_path / "gates"
    gates.mkdir()
    settings = f"state: {{backend: s3, bucket: {BUCKET}, prefix: live, region: eu-west-1}}\n"
    settings += "leases: {store: s3, term: 30s}\n"
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": f"{settings}inputs: {{gates: {str(gates)!r}}}\n",
            "stacks/one/main.tf": GATED,
        },
    )
    repository.git("remote", "set-head", "origin", "main")
    key = base64.b64encode(bytes(range(32))).decode()
    variables = {**aws_environment, "GITOPS_RUNNER_KEY": key}
    return Scene(clone=repository, program=run_runner, variables=variables, gates=gates)


def test_up_locks_and_destroy_with_states_and_leases_in_a_bucket(scene: Scene) -> None:
    other = scene.another("grace")
    with scene.while_it_applies() as run:
        (held,) = other.rows("locks", type="lease")
        assert (held["target"], held["holder"]) == ("prod/one", "ada.example@example.test")
        lease = scene.leases()["leases/one.json"]
        assert (lease["fence"], lease["released"], lease["intent"]["purpose"]) == (1, False, "apply")
        assert "lease-held" in codes(other.run("up", "prod", "--yes", code=4).objects)
        told = other.run("unlock", "prod/one", "--reason", "impatient", "--yes", code=2)
        assert "lease-with-intent" in codes(told.objects)
        scene.open_gate()
        said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert {key for key in scene.objects() if ".versions/" not in key} == {KEY, STATE}
    assert scene.refs() == {"refs/runner/live/prod", "refs/runner/locks/prod"}
    listed = git("ls-tree", "-r", "--name-only", "refs/runner/locks/prod", cwd=scene.clone.remote)
    assert listed.split() == ["places.json"], (
        "neither leases nor states are in Git, but where to look for them"
    )
    assert list(scene.leases()) == ["leases/one.json"], "nobody gives a sign of life any more"
    ended = scene.leases()["leases/one.json"]
    assert (ended["released"], ended["fence"], "intent" in ended) == (True, 1, False)
    assert other.rows("locks", type="lease") == []
    gone = other.run("destroy", "prod", "--yes")
    assert outcomes(gone.objects) == {"prod/one": "succeeded"}
    assert scene.leases()["leases/one.json"]["fence"] == 2
    assert scene.kinds() == ["destroy", "apply"]


def test_a_lease_in_a_bucket_is_broken_on_the_record(scene: Scene) -> None:
    scene.open_gate()
    scene.run("up", "prod", "--yes")
    scene.take_as("eve")
    (held,) = scene.rows("locks", type="lease")
    assert (held["holder"], held["fence"]) == ("eve", 2)
    assert "lease-held" in codes(scene.run("up", "prod", "--yes", code=4).objects)
    broken = scene.run("unlock", "prod/one", "--reason", "eve is gone", "--yes")
    assert broken.objects[-1]["entry"]
    assert scene.kinds() == ["unlock", "apply"]
    assert scene.leases()["leases/one.json"]["broken_by"] == "ada.example@example.test"
    assert scene.rows("locks", type="lease") == []
    assert outcomes(scene.run("up", "prod", "--yes").objects) == {"prod/one": "unchanged"}


def test_a_run_that_was_killed_while_it_applied_is_recovered_by_the_next_one(scene: Scene) -> None:
    with scene.while_it_applies() as run:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate(timeout=60)
    scene.open_gate()
    assert scene.leases()["leases/one.json"]["intent"]["purpose"] == "apply"
    told = scene.another("grace").run("up", "prod", "--yes", code=4)
    assert "lease-held" in codes(told.objects), "who is elsewhere waits for its term"
    told = scene.run("up", "prod", "--yes")
    assert "run-recovered" in codes(told.objects)
    assert scene.rows("locks", type="lease") == []
    assert scene.kinds() == ["apply", "recovery"]
    assert not [key for key in scene.objects() if key.endswith(".tflock")]
    made = json.loads(
        scene.program("state", "pull", "prod/one", cwd=scene.clone.path, env=scene.variables).stdout
    )
    assert len([each for each in made["resources"] if each["name"] == "made"]) == 1


def test_an_entry_that_arrives_with_the_next_command_settles_the_lease_that_stood_in_the_bucket(
    scene: Scene,
) -> None:
    refusal = scene.clone.remote / "hooks" / "pre-receive"
    with scene.while_it_applies() as run:
        refusal.write_text("#!/bin/sh\necho no more today >&2\nexit 1\n")
        refusal.chmod(0o755)
        scene.open_gate()
        said = run.communicate(timeout=120)
    assert run.returncode == 9, said
    assert scene.leases()["leases/one.json"]["intent"]["purpose"] == "apply"
    refusal.unlink()
    told = scene.run("up", "prod", "--yes")
    assert "record-sent" in codes(told.objects)
    assert outcomes(told.objects) == {"prod/one": "unchanged"}
    assert scene.kinds() == ["apply"]
    assert scene.rows("locks", type="lease") == []
