"""A user's repository whose stacks live in an AWS that answers on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from tests.checkout import Checkout

PROVIDER = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "endpoint" {
  type = string
}
provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  s3_force_path_style         = true
  endpoints {
    dynamodb = var.endpoint
    ec2 = var.endpoint
    iam = var.endpoint
    s3 = var.endpoint
    sqs = var.endpoint
    ssm = var.endpoint
    sts = var.endpoint
  }
}
"""

BUILT_IN = """\
variable "size" {
  default = "1"
}
resource "terraform_data" "it" {
  input = var.size
}
output "size" {
  value = terraform_data.it.output
}
"""


def runner_file(mirror: Path | None = None, remote: str = "origin") -> str:
    """A runner.yaml with the ledger at `remote`, and providers from the mirror alone."""
    engines = f"engines: {{terraform: {{providers: {{mirror: {mirror}, direct: []}}}}}}\n" if mirror else ""
    return f"ledger: {{remote: {remote}}}\n{engines}"


def published(
    repository: Checkout, files: Mapping[str, str | bytes | None], message: str = "a change"
) -> str:
    """Commits the files and pushes them to main."""
    commit = repository.commit(files, message)
    repository.push()
    repository.git("fetch", "--quiet", "origin")
    return commit


def client(service: str, environment: Mapping[str, str]) -> Any:
    """A client of the AWS that the variables name, as another program would have it."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def outcomes(objects: list[dict[str, object]]) -> dict[str, str]:
    """Target -> how it ended, of a run's JSON lines."""
    return {
        str(each["target"]): str(each["outcome"]) for each in objects if each["type"] == "target_finished"
    }


def codes(objects: list[dict[str, object]]) -> set[str]:
    """Every diagnostic code that stands anywhere in the JSON lines."""
    found: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("code"), str):
                found.add(value["code"])
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(json.loads(json.dumps(objects)))
    return found
