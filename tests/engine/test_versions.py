"""Versions and constraints mean what they mean to Terraform."""

from __future__ import annotations

import pytest

from runner.engine.versions import meets


@pytest.mark.parametrize(
    ("version", "constraint", "met"),
    [
        ("1.11.4", "1.11.4", True),
        ("1.11.4", "= 1.11.4", True),
        ("1.11.4", "v1.11.4", True),
        ("1.11.0", "1.11", True),
        ("1.11.4", "1.11", False),
        ("1.11.4", "~> 1.11", True),
        ("1.15.5", "~> 1.11", True),
        ("2.0.0", "~> 1.11", False),
        ("1.12.0", "~> 1.11.0", False),
        ("1.11.9", "~> 1.11.4", True),
        ("1.11.3", "~> 1.11.4", False),
        ("9.0.0", "~> 1", True),
        ("1.5.0", ">= 1.5, < 2", True),
        ("2.0.0", ">= 1.5, < 2", False),
        ("1.10.1", "!= 1.10.1", False),
        ("1.10.2", ">1.5,!=1.10.1", True),
        ("1.11.0-rc1", ">= 1.10", False),
        ("1.11.0-rc1", ">= 1.11.0-beta1", True),
        ("1.11.0-rc1", ">= 1.10.0-beta1", False),
        ("1.11.0", ">= 1.11.0-rc1", True),
        ("1.11.0", "~> 1.11.0-rc1", False),
        ("1.11.0-rc2", "~> 1.11.0-rc1", True),
        ("1.11.0-rc10", "> 1.11.0-rc9", False),
        ("1.11.0-rc.10", "> 1.11.0-rc.9", True),
        ("1.12.6-dev", ">= 1.12.6", True),
        ("1.11.4", "latest", True),
        ("1.11.4", "latest:^1.5", False),
        ("1.11.4", "latest:^1.11", True),
    ],
)
def test_a_constraint_is_read_as_terraform_reads_it(version: str, constraint: str, met: bool) -> None:
    assert meets(version, constraint) is met


@pytest.mark.parametrize(
    "constraint", ["", "one", ">= ", ">= 1.5, oops", "1.x", "=> 1", "latest:(a+)+$", "99, oops"]
)
def test_what_is_no_constraint_is_refused(constraint: str) -> None:
    with pytest.raises(ValueError):
        meets("1.11.4", constraint)
