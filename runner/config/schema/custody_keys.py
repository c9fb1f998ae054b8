"""Keys that say who we are in the cloud, and where states, plans, leases and the record are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from runner.config.schema.scalars import (
    AsWritten,
    Duration,
    InsidePath,
    RoleArn,
    Size,
    VariableName,
    VariablePattern,
    Word,
    wrong,
)


class AwsKeys(AsWritten):
    """An identity at AWS."""

    role_arn: RoleArn
    """The role to take."""


class IdentityKeys(AsWritten):
    """The credentials of one job."""

    aws: AwsKeys | None = None
    """A role at AWS."""
    env: list[VariablePattern] = Field(default=[])
    """Environment variables that an engine gets, by name or pattern."""
    files: dict[VariableName, Word] = Field(default={})
    """Files of credentials: variable name -> path."""
    ssh_agent: bool = False
    """Whether an engine may use the ssh agent."""


class CredentialKeys(AsWritten):
    """Who plans and who applies."""

    preview: IdentityKeys | None = None
    """For plans."""
    apply: IdentityKeys | None = None
    """For applies."""


class KeyKeys(AsWritten):
    """Where the environment's key comes from: one of the three."""

    env: VariableName | None = None
    """An environment variable with 32 bytes in base64."""
    file: Word | None = None
    """A file with 32 bytes in base64."""
    kms: Word | None = None
    """The ARN of a key at AWS KMS."""

    @model_validator(mode="after")
    def _one(self) -> KeyKeys:
        if sum(value is not None for value in (self.env, self.file, self.kms)) != 1:
            raise wrong("a key comes from one source", "write one of `env`, `file` and `kms`")
        return self


_BELONGS = {"path": "local", "bucket": "s3", "prefix": "s3", "region": "s3", "endpoint": "s3"}


class StateKeys(AsWritten):
    """Where states live."""

    backend: Literal["git", "local", "s3", "as-written"]
    """`git` (encrypted, in a ref), `local` (a path), `s3`, or `as-written` (the code's own backend)."""
    path: Word = ""
    """For `local`: where, from the repository's root; `{environment}` and `{stack}` are replaced."""
    bucket: Word = ""
    """For `s3`."""
    prefix: str = ""
    """For `s3`: what the object's name begins with."""
    region: Word = ""
    """For `s3`."""
    endpoint: Word = ""
    """For `s3`: another service that speaks its language."""

    @model_validator(mode="after")
    def _of_its_backend(self) -> StateKeys:
        for name in sorted(self.model_fields_set & set(_BELONGS)):
            if _BELONGS[name] != self.backend:
                message = f"`{name}` means nothing to backend `{self.backend}`"
                raise wrong(message, f"remove it, or write `backend: {_BELONGS[name]}`")
        if self.backend == "s3" and not self.bucket:
            raise wrong("backend `s3` needs a `bucket`", "write `bucket: NAME`")
        return self


def _named_backend(value: object) -> object:
    return {"backend": value} if isinstance(value, str) else value


State = Annotated[StateKeys, BeforeValidator(_named_backend, json_schema_input_type=str | StateKeys)]


class PlanKeys(AsWritten):
    """How plans are kept, and judged at a merge."""

    on_merge: Literal["same-digest", "fresh", "saved-only"] = "same-digest"
    """What may be applied at a merge."""
    max_age: Duration = 600.0
    """How long a kept plan answers a second preview."""
    store: Literal["git", "s3", "digest-only"] = "git"
    """Where saved plans are kept."""
    max_bytes: Size = 1 << 20
    """Larger plans are not kept."""


class LeaseKeys(AsWritten):
    """How targets are locked."""

    term: Annotated[Duration, Field(ge=1)] = 60.0
    """A lease that was not renewed for so long has ended."""
    store: Literal["git", "s3"] = "git"
    """Where leases are kept: in a Git ref beside the record, or in the bucket of `state: {backend: s3}`."""


class LedgerValueKeys(AsWritten):
    """What the record shows."""

    values: Literal["sealed", "plain", "none"] = "sealed"
    """Attribute values: sealed under the environment's key, plain, or not at all."""


class LedgerKeys(AsWritten):
    """Where the record is kept and who signs it."""

    remote: Word = ""
    """The remote that holds the branches, or `none`: all stays in the clone."""
    refs: Literal["hidden", "branches"] = "hidden"
    """`refs/runner/` or `refs/heads/runner/`, which forges can protect."""
    sign: Literal["auto", "required", "never"] = "auto"
    """Whether entries are signed: where Git is set up for it, always, or never."""
    signers: InsidePath = ""
    """The file of allowed signers, from the repository's root."""
