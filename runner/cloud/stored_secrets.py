"""Secrets that AWS keeps: SSM parameters and Secrets Manager."""

from __future__ import annotations

import json

from runner.cloud.clients import Cloud
from runner.cloud.refused import asking
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly


def ssm_parameter(cloud: Cloud, name: str) -> str:
    """A parameter's value, decrypted. AskedWrongly `cloud-not-found`."""
    with asking(f"read the parameter `{name}`"):
        client = cloud.session.client(
            "ssm", endpoint_url=cloud.endpoint("ssm"), config=cloud.settings(), verify=cloud.verify
        )
        return client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def managed_secret(cloud: Cloud, id: str, key: str = "") -> str:
    """A secret's text, or the value of `key` where it is a JSON object. AskedWrongly `cloud-not-found`,
    `secret-no-such-key`, `secret-not-text` (binary, or a key of something that is no object)."""
    with asking(f"read the secret `{id}`"):
        client = cloud.session.client(
            "secretsmanager",
            endpoint_url=cloud.endpoint("secretsmanager"),
            config=cloud.settings(),
            verify=cloud.verify,
        )
        answer = client.get_secret_value(SecretId=id)
    text = answer.get("SecretString")
    if text is None:
        raise _not_text(id, "is binary")
    return _part(id, text, key) if key else text


def _part(id: str, text: str, key: str) -> str:
    try:
        table = json.loads(text)
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise _not_text(id, f"is no JSON object, so it has no key `{key}`")
    if key not in table:
        message = f"the secret `{id}` has no key `{key}`"
        raise AskedWrongly(
            Diagnostic(code="secret-no-such-key", message=message, hint="name one of its keys")
        )
    value = table[key]
    return value if isinstance(value, str) else json.dumps(value)


def _not_text(id: str, what: str) -> AskedWrongly:
    return AskedWrongly(Diagnostic(code="secret-not-text", message=f"the secret `{id}` {what}"))
