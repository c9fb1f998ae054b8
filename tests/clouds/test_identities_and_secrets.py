"""Who plans, who applies, and what they are told: roles, secrets and keys of an AWS on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.checkout import Checkout, new_clone
from tests.clouds.aws_repository import BUILT_IN, PROVIDER, client, codes, outcomes, published, runner_file
from tests.components.fixtures import MotoServer
from tests.program import Program

pytestmark = pytest.mark.usefixtures("terraform_binary")

WHO = """
data "aws_caller_identity" "planner" {
}
variable "file" {
  type = string
}
resource "terraform_data" "it" {
  provisioner "local-exec" {
    command = "env > ${var.file}"
  }
}
output "planner" {
  value = data.aws_caller_identity.planner.arn
}
"""

SECRETIVE = """
variable "password" {
  type      = string
  sensitive = true
}
variable "token" {
  type      = string
  sensitive = true
}
resource "terraform_data" "it" {
  input = [var.password, var.token]
}
"""


def _role(environment: Mapping[str, str], name: str) -> str:
    trust = {"Version": "2012-10-17", "Statement": []}
    made = client("iam", environment).create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    arn: str = made["Role"]["Arn"]
    return arn


def _who(environment: Mapping[str, str], seen: Mapping[str, str]) -> str:
    """Whom AWS takes the holder of these variables for."""
    asked: Any = boto3.client(
        "sts",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id=seen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=seen["AWS_SESSION_TOKEN"],
    )
    arn: str = asked.get_caller_identity()["Arn"]
    return arn


def test_one_role_plans_another_applies_and_the_record_names_it(
    repository: Checkout,
    run_runner: Program,
    aws_provider: Path,
    aws_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    planner, applier = (_role(aws_environment, name) for name in ("planner", "applier"))
    seen = tmp_path / "seen"
    published(
        repository,
        {
            "runner.yaml": runner_file(aws_provider),
            "environments/prod.yaml": (
                "credentials:\n"
                f"  preview: {{aws: {{role_arn: {planner!r}}}}}\n"
                f"  apply: {{aws: {{role_arn: {applier!r}}}}}\n"
                f"inputs: {{endpoint: {aws_environment['AWS_ENDPOINT_URL']!r}, file: {seen}}}\n"
            ),
            "stacks/who/main.tf": PROVIDER + WHO,
        },
    )
    ambient = {**aws_environment, "AWS_PROFILE_NOTE": "ambient", "ARM_CLIENT_SECRET": "canary-ambient"}
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=ambient)
    assert ran.code == 0, ran
    variables = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    assert ":assumed-role/applier/" in _who(aws_environment, variables)
    assert variables["AWS_ACCESS_KEY_ID"] != aws_environment["AWS_ACCESS_KEY_ID"]
    assert "ARM_CLIENT_SECRET" not in variables
    told = run_runner("outputs", "prod/who", "--json", cwd=repository.path, env=aws_environment)
    assert ":assumed-role/planner/" in told.stdout, told
    entry = repository.git(
        "fetch", "--quiet", "origin", "refs/runner/live/prod:refs/check"
    ) or repository.git("log", "-1", "--format=%B", "refs/check")
    record = repository.git("show", "refs/check:targets/who/deployment.json")
    assert applier in entry + record
    secret = variables["AWS_SECRET_ACCESS_KEY"]
    assert secret not in ran.stdout + ran.stderr
    assert variables["AWS_SESSION_TOKEN"] not in ran.stdout + ran.stderr


def test_without_roles_only_the_named_variables_reach_the_engine(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": "credentials: {preview: {env: [ARM_*]}, apply: {env: [AWS_REGION]}}\n",
            "stacks/who/main.tf": f"""
resource "terraform_data" "it" {{
  provisioner "local-exec" {{
    command = "env > {seen}"
  }}
}}
""",
        },
    )
    given = {"AWS_REGION": "eu-west-1", "AWS_SECRET_ACCESS_KEY": "canary", "ARM_TENANT": "acme"}
    ran = run_runner("up", "prod", "--yes", cwd=repository.path, env=given)
    assert ran.code == 0, ran
    names = {line.split("=", 1)[0] for line in seen.read_text().splitlines()}
    assert "AWS_REGION" in names
    assert not names & {"AWS_SECRET_ACCESS_KEY", "ARM_TENANT"}


def test_a_role_that_cannot_be_taken_changes_nothing(
    repository: Checkout, run_runner: Program, tmp_path: Path
) -> None:
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": "credentials: {apply: {aws: {role_arn: 'arn:aws:iam::1:role/absent'}}}\n",
            "stacks/one/main.tf": BUILT_IN,
        },
    )
    nobody = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}
    closed = {**nobody, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=closed)
    assert ran.code == 6, ran
    again = run_runner("status", "--json", cwd=repository.path)
    assert again.code == 0, again
    assert repository.git("ls-remote", "origin", "refs/runner/state/*") == ""


def test_secrets_come_from_ssm_and_secrets_manager_and_go_nowhere_but_the_engine(
    repository: Checkout, run_runner: Program, aws_environment: dict[str, str]
) -> None:
    client("ssm", aws_environment).put_parameter(
        Name="/prod/token", Value="canary-ssm-8c1e", Type="SecureString"
    )
    client("secretsmanager", aws_environment).create_secret(
        Name="database", SecretString=json.dumps({"password": "canary-sm-77aa"})
    )
    prod = (
        "allow: {secrets: ['ssm:/prod/*', 'secretsmanager:database*']}\n"
        "inputs: {password: '${secret:secretsmanager:database#password}', token: '${secret:ssm:/prod/token}'}\n"
    )
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": prod,
            "stacks/one/main.tf": SECRETIVE,
        },
    )
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=aws_environment)
    assert ran.code == 0, ran
    assert "canary" not in ran.stdout + ran.stderr
    pulled = run_runner("state", "pull", "prod/one", cwd=repository.path, env=aws_environment)
    assert "canary-sm-77aa" in pulled.stdout, pulled
    assert "canary-ssm-8c1e" in pulled.stdout

    published(repository, {"environments/prod.yaml": prod.replace("ssm:/prod/token", "ssm:/dev/token")})
    refused = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=aws_environment)
    assert refused.code == 3, refused
    published(repository, {"environments/prod.yaml": prod.replace("ssm:/prod/token", "ssm:/prod/gone")})
    missing = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=aws_environment)
    assert missing.code == 2, missing
    assert "cloud-not-found" in codes(missing.objects)


def test_a_key_in_kms_serves_every_clone_until_it_is_gone(
    repository: Checkout,
    run_runner: Program,
    aws_environment: dict[str, str],
    moto_server: MotoServer,
    tmp_path: Path,
) -> None:
    key = client("kms", aws_environment).create_key()["KeyMetadata"]
    published(
        repository,
        {
            "runner.yaml": runner_file(),
            "environments/prod.yaml": f"key: {{kms: {key['Arn']!r}}}\ninputs: {{size: canary-sealed}}\n",
            "stacks/one/main.tf": BUILT_IN,
        },
    )
    ran = run_runner("up", "prod", "--yes", "--json", cwd=repository.path, env=aws_environment)
    assert ran.code == 0, ran
    other = new_clone(repository.remote, tmp_path / "other", person="Grace Example")
    ran = run_runner("up", "prod", "--yes", "--json", cwd=other.path, env=aws_environment)
    assert (ran.code, outcomes(ran.objects)) == (0, {"prod/one": "unchanged"}), ran
    assert not (other.path / ".git" / "runner" / "key").exists()

    moto_server.reset()
    kept = ("refs/runner/live/*", "refs/runner/state/*")
    head = repository.git("ls-remote", "origin", *kept)
    published(other, {"stacks/one/main.tf": BUILT_IN.replace('"1"', '"2"') + "# changed\n"})
    ran = run_runner("up", "prod", "--yes", "--json", cwd=other.path, env=aws_environment)
    assert ran.code == 2, ran
    assert repository.git("ls-remote", "origin", *kept) == head
