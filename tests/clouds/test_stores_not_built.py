"""Stores that this version does not have close `up` by name, instead of being taken for the one that it has."""

from __future__ import annotations

import pytest

from tests.checkout import Checkout
from tests.clouds.aws_repository import BUILT_IN, published, runner_file
from tests.program import Program

pytestmark = pytest.mark.usefixtures("terraform_binary")


def test_a_store_in_s3_that_nothing_keeps_closes_up_and_names_the_key(
    repository: Checkout, run_runner: Program
) -> None:
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": "plans: {store: s3}\n",
            "stacks/one/main.tf": BUILT_IN,
        },
    )
    ran = run_runner("up", "prod", "--yes", cwd=repository.path)
    assert ran.code == 3, ran
    assert "plans.store" in ran.stderr
    assert repository.git("ls-remote", "origin", "refs/runner/*") == ""
    assert run_runner("preview", "prod", cwd=repository.path).code == 0


def test_where_only_digests_are_to_be_kept_nothing_has_to_be_built_and_up_applies(
    repository: Checkout, run_runner: Program
) -> None:
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": "plans: {store: digest-only}\n",
            "stacks/one/main.tf": BUILT_IN,
        },
    )
    ran = run_runner("up", "prod", "--yes", cwd=repository.path)
    assert ran.code == 0, ran
    assert repository.git("ls-remote", "origin", "refs/runner/live/prod") != ""
    assert repository.git("ls-remote", "origin", "refs/runner/plans/*") == ""
