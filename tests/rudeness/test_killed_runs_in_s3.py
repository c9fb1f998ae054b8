"""kill -9 at random instants where states and leases stand in a bucket, and no push moves them with the record."""

import base64
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.clouds.aws_repository import client
from tests.nets.soak import Round
from tests.program import Program
from tests.rudeness.scene import QUICK, Scene, inputs, scene_of
from tests.rudeness.test_killed_runs import gone_on

SETTINGS = """\
state: {backend: s3, bucket: acme-killed, region: eu-west-1}
leases: {store: s3}
"""


@pytest.fixture
def in_s3(
    repository: Checkout,
    run_runner: Program,
    tmp_path: Path,
    terraform_binary: Path,
    aws_environment: dict[str, str],
) -> Scene:
    """A target that applies as fast as it can, with its state and its lease in a bucket."""
    client("s3", aws_environment).create_bucket(
        Bucket="acme-killed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    scene = scene_of(repository, run_runner, tmp_path / "gates", stack=QUICK, settings=SETTINGS)
    key = base64.b64encode(bytes(range(32))).decode()
    return replace(scene, environment={**aws_environment, "GITOPS_RUNNER_KEY": key})


@pytest.mark.soak
def test_a_run_killed_while_it_applies_or_records_is_gone_on_with_and_loses_nothing(
    in_s3: Scene, rounds: Callable[[int], Iterator[Round]]
) -> None:
    in_s3.run("up", "prod", "--yes")
    for turn in rounds(20):
        in_s3.wish(f"{turn.number}-{turn.seed}")
        watched = in_s3.start("up", "prod", "--yes")
        lottery = random.Random(turn.seed)
        watched.until(lambda line: line["type"] == "target_progress" and line["phase"] == "announcing")
        instant = time.monotonic() + lottery.uniform(0.0, 1.5)
        while time.monotonic() < instant and watched.line_before(instant):
            pass
        watched.kill(engines=lottery.random() < 0.5)
        gone_on(in_s3, watched)
    in_s3.all_is_told()


def test_leases_move_from_the_bucket_to_git_and_back_while_the_record_goes_on(in_s3: Scene) -> None:
    in_s3.run("up", "prod", "--yes")
    for number, store in enumerate(("git", "s3"), start=1):
        settings = SETTINGS.replace("store: s3", f"store: {store}")
        in_s3.change({"environments/prod.yaml": settings + inputs(number, in_s3.gates)}, f"leases in {store}")
        in_s3.run("up", "prod", "--yes")
    assert [each["result"] for each in in_s3.entries("prod")] == ["succeeded"] * 3
    in_s3.all_is_told()
