"""Where `${secret:…}` is fetched from, for one environment."""

from __future__ import annotations

from collections.abc import Mapping

from runner.model.environment import Gates
from runner.vault.secret_sources import FetchedSecrets, Secrets, SecretSource, VariableSecrets
from runner.wiring.clouds import cloud_tool

__all__ = ["Secrets", "secrets_of"]


def secrets_of(variables: Mapping[str, str], gates: Gates) -> Secrets:
    """The three schemes; AWS is asked for nothing until a reference needs it."""
    sources: dict[str, SecretSource] = {
        "env": VariableSecrets(variables),
        "ssm": FetchedSecrets(lambda name, _: str(cloud_tool("ssm")(cloud_tool("cloud")(variables), name))),
        "secretsmanager": FetchedSecrets(
            lambda name, key: str(cloud_tool("secretsmanager")(cloud_tool("cloud")(variables), name, key))
        ),
    }
    return Secrets(sources, gates.allow.secrets)
