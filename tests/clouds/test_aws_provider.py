"""The real hashicorp/aws provider, driven by the real program, against an AWS on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout
from tests.clouds.aws_repository import PROVIDER, client, outcomes, published, runner_file
from tests.program import Program, Ran

pytestmark = pytest.mark.usefixtures("terraform_binary")

CLOUD = """
variable "days" {
  default = 1
}
resource "aws_s3_bucket" "logs" {
  bucket = "acme-logs"
}
resource "aws_sqs_queue" "jobs" {
  name                      = "jobs"
  message_retention_seconds = 86400 * var.days
}
resource "aws_dynamodb_table" "sessions" {
  name         = "sessions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_iam_role" "worker" {
  name = "worker"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
resource "aws_security_group" "door" {
  name        = "door"
  description = "who may come in"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}
output "queue" {
  value = aws_sqs_queue.jobs.id
}
"""


def _environment_file(endpoint: str, days: int) -> str:
    return f"inputs: {{endpoint: {endpoint!r}, days: {days}}}\n"


def _standing(environment: Mapping[str, str]) -> dict[str, list[str]]:
    groups = client("ec2", environment).describe_security_groups()["SecurityGroups"]
    return {
        "buckets": [each["Name"] for each in client("s3", environment).list_buckets()["Buckets"]],
        "queues": [
            each.rsplit("/", 1)[1] for each in client("sqs", environment).list_queues().get("QueueUrls", [])
        ],
        "tables": client("dynamodb", environment).list_tables()["TableNames"],
        "roles": [each["RoleName"] for each in client("iam", environment).list_roles()["Roles"]],
        "groups": [each["GroupName"] for each in groups if each["GroupName"] != "default"],
    }


def _days(environment: Mapping[str, str]) -> float:
    queues = client("sqs", environment)
    url = queues.get_queue_url(QueueName="jobs")["QueueUrl"]
    found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])["Attributes"]
    return int(found["MessageRetentionPeriod"]) / 86400


def _up(run_runner: Program, repository: Checkout, environment: Mapping[str, str]) -> Ran:
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=environment)
    assert ran.code == 0, ran.stdout + ran.stderr
    return ran


def test_aws_is_created_left_alone_changed_and_destroyed(
    repository: Checkout, run_runner: Program, aws_provider: Path, aws_environment: dict[str, str]
) -> None:
    endpoint = aws_environment["AWS_ENDPOINT_URL"]
    published(
        repository,
        {
            "runner.yaml": runner_file(aws_provider),
            "environments/prod.yaml": _environment_file(endpoint, 1),
            "stacks/cloud/main.tf": PROVIDER + CLOUD,
        },
    )
    assert outcomes(_up(run_runner, repository, aws_environment).objects) == {"prod/cloud": "succeeded"}
    standing = {
        "buckets": ["acme-logs"],
        "queues": ["jobs"],
        "tables": ["sessions"],
        "roles": ["worker"],
        "groups": ["door"],
    }
    assert _standing(aws_environment) == standing
    assert _days(aws_environment) == 1
    head = repository.git("ls-remote", "origin", "refs/runner/live/prod")

    again = _up(run_runner, repository, aws_environment)
    assert outcomes(again.objects) == {"prod/cloud": "unchanged"}
    assert repository.git("ls-remote", "origin", "refs/runner/live/prod") == head

    published(repository, {"environments/prod.yaml": _environment_file(endpoint, 3)})
    changed = _up(run_runner, repository, aws_environment)
    planned: list[Any] = [each["changes"] for each in changed.objects if each["type"] == "plan_ready"]
    kinds = [(change["address"], change["kind"]) for change in planned[0] if change["kind"] != "no-op"]
    assert kinds == [("aws_sqs_queue.jobs", "update")]
    assert _days(aws_environment) == 3

    gone = run_runner("destroy", "prod", "--yes", "--json", cwd=repository.path, env=aws_environment)
    assert gone.code == 0, gone.stdout + gone.stderr
    assert _standing(aws_environment) == {name: [] for name in standing}
