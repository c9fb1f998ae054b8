"""What `${secret:…}` may name, and what it gives."""

from __future__ import annotations

import pytest

from runner.conformance.state_store import refused
from runner.model.references import SecretReference
from runner.vault.secret_sources import FetchedSecrets, Secrets, VariableSecrets


def env(name: str) -> SecretReference:
    """`env:NAME`."""
    return SecretReference(scheme="env", name=name)


def test_a_variable_gives_its_value() -> None:
    secrets = Secrets({"env": VariableSecrets({"DB_PASSWORD": "x", "EMPTY": ""})}, None)
    assert secrets.value(env("DB_PASSWORD")) == "x"
    assert secrets.value(env("EMPTY")) == ""
    refused("secret-not-set", lambda: secrets.value(env("OTHER")))


@pytest.mark.parametrize(
    "name",
    [
        "GITOPS_RUNNER_KEY",
        "GITHUB_TOKEN",
        "MY_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "CI_JOB_ID",
        "AWS_SECRET_ACCESS_KEY",
        "github_token",
    ],
)
def test_power_of_the_runner_and_of_ci_is_never_handed_out(name: str) -> None:
    secrets = Secrets({"env": VariableSecrets({name: "power"})}, ("env:*",))
    refused("secret-forbidden", lambda: secrets.value(env(name)))


def test_only_what_the_environment_allows_may_be_named() -> None:
    secrets = Secrets(
        {"env": VariableSecrets({"DB_PASSWORD": "x", "OTHER": "y"})}, ("env:DB_*", "ssm:/prod/*")
    )
    assert secrets.value(env("DB_PASSWORD")) == "x"
    refused("secret-not-allowed", lambda: secrets.value(env("OTHER")))
    refused("secret-not-allowed", lambda: secrets.value(SecretReference(scheme="ssm", name="/dev/x")))
    refused("secret-scheme-unknown", lambda: secrets.value(SecretReference(scheme="ssm", name="/prod/x")))
    refused("secret-not-allowed", lambda: Secrets({}, ()).value(env("DB_PASSWORD")))


def test_a_secret_is_asked_for_once() -> None:
    asked: list[tuple[str, str]] = []

    def fetch(name: str, key: str) -> str:
        asked.append((name, key))
        return f"{name}-{key}"

    secrets = Secrets({"secretsmanager": FetchedSecrets(fetch)}, None)
    one = SecretReference(scheme="secretsmanager", name="db", key="password")
    assert [secrets.value(one), secrets.value(one)] == ["db-password", "db-password"]
    assert secrets.value(SecretReference(scheme="secretsmanager", name="db")) == "db-"
    assert asked == [("db", "password"), ("db", "")]
