"""What AWS answered instead of an answer, in one sentence and with the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, Denied, NoAnswer, RunnerError

_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    TokenRetrievalError,
)
_NOT_FOUND = frozenset(
    {
        "NoSuchBucket",
        "NoSuchKey",
        "NotFoundException",
        "ParameterNotFound",
        "ResourceNotFoundException",
        "404",
    }
)
_WRONG = frozenset(
    {
        "InvalidBucketName",
        "InvalidCiphertextException",
        "InvalidParameterException",
        "InvalidRequestException",
        "KMSInvalidStateException",
        "PermanentRedirect",
        "ValidationException",
        "ValidationError",
    }
)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Around a call of AWS; `what` completes "could not …": `read the parameter `/prod/x``."""
    try:
        yield
    except ClientError as error:
        raise _answered(what, error) from None
    except _CREDENTIALS as error:
        hint = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a profile, or `credentials:` of the environment"
        raise AskedWrongly(_diagnostic("cloud-no-credentials", what, type(error).__name__, hint)) from None
    except (NoRegionError, ParamValidationError) as error:
        hint = "set `AWS_REGION`, or `state.region` for a bucket"
        raise AskedWrongly(_diagnostic("cloud-asked-wrongly", what, str(error), hint)) from None
    except BotoCoreError as error:
        hint = "check the network and `AWS_ENDPOINT_URL`, then run it again"
        raise NoAnswer(_diagnostic("cloud-no-answer", what, str(error), hint)) from None


def code_of(error: ClientError) -> str:
    """AWS's word for the error, or the HTTP status where it has none."""
    return str(error.response.get("Error", {}).get("Code", "")) or str(status_of(error))


def status_of(error: ClientError) -> int:
    """The HTTP status; 0 when unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answered(what: str, error: ClientError) -> RunnerError:
    code, status = code_of(error), status_of(error)
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}".strip(": ")
    if code in _NOT_FOUND:
        return AskedWrongly(
            _diagnostic("cloud-not-found", what, said, "check the name, the account and the region")
        )
    if code in _WRONG:
        return AskedWrongly(
            _diagnostic("cloud-asked-wrongly", what, said, "check the name, the account and the region")
        )
    if status >= 500 or status == 429 or "Throttl" in code or code in {"SlowDown", "RequestLimitExceeded"}:
        return NoAnswer(_diagnostic("cloud-no-answer", what, said, "run it again"))
    hint = "the identity in use lacks the permission, or has expired"
    return Denied(_diagnostic("cloud-denied", what, said, hint))


def _diagnostic(code: str, what: str, said: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, message=f"AWS could not {what}: {' '.join(said.split())}", hint=hint)
