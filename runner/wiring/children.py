"""What an engine's child is given, by purpose: preview and apply have their own identities (law 4)."""

from __future__ import annotations

from collections.abc import Mapping

from runner.engine.child import granted_variables, is_secret_name
from runner.model.environment import Gates, Identity
from runner.operations.tools import ChildView
from runner.wiring.clouds import cloud_tool

SESSION_NAME = "gitops-runner"

SHORTEST = 8
"""Characters: a shorter value that somebody set by hand (`test`) is a stand-in, and would be found in every text."""


def ambient_variables(variables: Mapping[str, str], gates: Gates, purpose: str) -> Mapping[str, str]:
    """What a child gets of `variables`, before any role is assumed for it."""
    return granted_variables(variables, _identity(gates, purpose), {}, by_hand=True)


def child_view(variables: Mapping[str, str], gates: Gates, purpose: str) -> ChildView:
    """The listed environment. Without `credentials` it is the ambient one, and the record says so."""
    identity = _identity(gates, purpose)
    granted: Mapping[str, str] = {}
    if identity and identity.role_arn:
        taken = cloud_tool("roles")(cloud_tool("cloud")(variables)).take(identity.role_arn, SESSION_NAME)
        granted = taken.variables
    given = granted_variables(variables, identity, granted, by_hand=True)
    return ChildView(
        variables=given,
        identity=_named(identity),
        secrets={
            name: value
            for name, value in given.items()
            if is_secret_name(name) and (name in granted or len(value) >= SHORTEST)
        },
        temporary=bool(granted),
    )


def _identity(gates: Gates, purpose: str) -> Identity | None:
    return gates.credentials.preview if purpose == "preview" else gates.credentials.apply


def _named(identity: Identity | None) -> str:
    if identity is None:
        return "ambient"
    return identity.role_arn or ", ".join(identity.variables) or "none"
