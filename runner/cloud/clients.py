"""An AWS session made of the variables that it is given, and of nothing that the process happens to have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import ContainerProvider, EnvProvider

from runner.cloud.refused import asking

# Bounded: a lease may be waiting. Five tries of at most 5 + 20 seconds.
CONNECT_SECONDS = 5
READ_SECONDS = 20
TRIES = 5


class Cloud:
    """Clients of one identity. `variables`: the names that AWS documents (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`,
    `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_CA_BUNDLE`, `HOME` for `~/.aws`, …). Web identities
    (`AWS_WEB_IDENTITY_TOKEN_FILE`) are exchanged by `identity`."""

    def __init__(self, variables: Mapping[str, str], region: str = "") -> None:
        self._variables = dict(variables)
        self.region = region or variables.get("AWS_REGION", "") or variables.get("AWS_DEFAULT_REGION", "")
        self._session: boto3.Session | None = None

    @property
    def session(self) -> boto3.Session:
        """The session, made when first asked for."""
        if self._session is None:
            with asking("find credentials"):
                self._session = boto3.Session(botocore_session=self._core(), region_name=self.region or None)
        return self._session

    def settings(self, *, path_style: bool = False) -> Config:
        """How every client of the session asks."""
        return Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"max_attempts": TRIES, "mode": "standard"},
            s3={"addressing_style": "path" if path_style else "auto"},
        )

    def endpoint(self, service: str) -> str | None:
        """The address to ask instead of AWS's own: `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`."""
        own = self._variables.get(f"AWS_ENDPOINT_URL_{service.upper()}", "")
        return own or self._variables.get("AWS_ENDPOINT_URL", "") or None

    @property
    def verify(self) -> str | None:
        """The file of authorities to trust, or None for the usual ones."""
        return self._variables.get("AWS_CA_BUNDLE") or None

    def variable(self, name: str) -> str:
        """One of the variables; empty when unset."""
        return self._variables.get(name, "")

    def _core(self) -> botocore.session.Session:
        variables = self._variables
        profile = variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE") or None
        core = botocore.session.Session(profile=profile)
        core.set_config_variable("ignore_configured_endpoint_urls", True)  # `endpoint` says them
        home = Path(variables.get("HOME") or "/nonexistent")
        core.set_config_variable("config_file", variables.get("AWS_CONFIG_FILE") or str(home / ".aws/config"))
        credentials = variables.get("AWS_SHARED_CREDENTIALS_FILE") or str(home / ".aws/credentials")
        core.set_config_variable("credentials_file", credentials)
        if variables.get("AWS_ACCESS_KEY_ID") and not profile:
            core.set_credentials(
                variables["AWS_ACCESS_KEY_ID"],
                variables.get("AWS_SECRET_ACCESS_KEY", ""),
                variables.get("AWS_SESSION_TOKEN") or None,
            )
            return core
        resolver = core.get_component("credential_provider")
        # These two would look into the process's own environment.
        for name, provider in (
            ("env", EnvProvider(variables)),
            ("container-role", ContainerProvider(variables)),
        ):
            if any(name == each.METHOD for each in resolver.providers):
                resolver.insert_after(name, provider)
                resolver.remove(name)
        resolver.remove("assume-role-with-web-identity")
        if variables.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            resolver.remove("iam-role")
        return core
