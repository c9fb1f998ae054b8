"""The cloud's tools, by string: boto3 is paid for when a setting names it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from runner.cloud import ObjectStore
from runner.errors import ToolUnavailable
from runner.model.environment import StateSettings

PLACES: Mapping[str, str] = {
    "cloud": "runner.cloud.clients:Cloud",
    "objects": "runner.cloud.s3:S3Objects",
    "roles": "runner.cloud.identity:Identities",
    "keys": "runner.cloud.kms:KmsDataKeys",
    "ssm": "runner.cloud.stored_secrets:ssm_parameter",
    "secretsmanager": "runner.cloud.stored_secrets:managed_secret",
}


def cloud_tool(name: str) -> Any:
    """The class or function that `PLACES` names. ToolUnavailable `aws-extra-missing` without the extra `aws`."""
    module, _, attribute = PLACES[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as missing:
        raise ToolUnavailable.of(
            "aws-extra-missing",
            f"the configuration needs AWS, and `{missing.name}` is not installed",
            hint="pip install 'gitops-runner[aws]'",
        ) from missing


def bucket_of(settings: StateSettings, variables: Mapping[str, str]) -> ObjectStore:
    """The bucket that `settings` name."""
    cloud = cloud_tool("cloud")(variables, settings.region)
    found: ObjectStore = cloud_tool("objects")(cloud, settings.bucket, endpoint=settings.endpoint)
    return found
