"""Who a job is: a role taken through STS, as the variables that a child is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from botocore import UNSIGNED
from botocore.config import Config
from msgspec import Struct

from runner.cloud.clients import Cloud
from runner.cloud.refused import asking
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly

DEFAULT_SECONDS = 3600


class TakenRole(Struct, frozen=True, kw_only=True):
    """`variables` are what AWS's tools read, secret; `expires` aware UTC."""

    role_arn: str
    variables: Mapping[str, str]
    expires: datetime

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback


class Identities:
    """Asks STS with the identity of `cloud`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        region = cloud.region or "us-east-1"  # STS's global endpoint is there
        address = cloud.endpoint("sts")
        unsigned = cloud.settings().merge(Config(signature_version=UNSIGNED))
        with asking("reach STS"):
            self._signed = cloud.session.client(
                "sts", region_name=region, endpoint_url=address, config=cloud.settings(), verify=cloud.verify
            )
            self._unsigned = cloud.session.client(
                "sts", region_name=region, endpoint_url=address, config=unsigned, verify=cloud.verify
            )

    def take(self, role_arn: str, session_name: str, seconds: int = DEFAULT_SECONDS) -> TakenRole:
        """Takes a role with the identity at hand, or with the web identity that the variables name
        (`AWS_WEB_IDENTITY_TOKEN_FILE`, as CI's OIDC leaves it). `session_name` is what CloudTrail shows;
        characters that STS does not take are replaced. Denied `cloud-denied` when the role's trust says no."""
        name = re.sub(r"[^\w+=,.@-]", "-", session_name, flags=re.ASCII)[:64].ljust(2, "-")
        token_file = self._cloud.variable("AWS_WEB_IDENTITY_TOKEN_FILE")
        with asking(f"take the role `{role_arn}`"):
            if token_file and not self._cloud.variable("AWS_ACCESS_KEY_ID"):
                by_token = self._unsigned.assume_role_with_web_identity(
                    RoleArn=role_arn,
                    RoleSessionName=name,
                    WebIdentityToken=_token(token_file),
                    DurationSeconds=seconds,
                )
                granted = by_token["Credentials"]
            else:
                answer = self._signed.assume_role(
                    RoleArn=role_arn, RoleSessionName=name, DurationSeconds=seconds
                )
                granted = answer["Credentials"]
        variables = {
            "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
            "AWS_SESSION_TOKEN": granted["SessionToken"],
        }
        if self._cloud.region:
            variables["AWS_REGION"] = self._cloud.region
        return TakenRole(role_arn=role_arn, variables=variables, expires=granted["Expiration"])

    def caller(self) -> str:
        """The ARN of the identity in use."""
        with asking("say who this identity is"):
            return self._signed.get_caller_identity()["Arn"]


def _token(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        message = f"the web identity's token `{file}` cannot be read"
        hint = "it is what `AWS_WEB_IDENTITY_TOKEN_FILE` names"
        raise AskedWrongly(Diagnostic(code="cloud-no-credentials", message=message, hint=hint)) from None
