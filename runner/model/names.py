"""Names of environments, stacks and targets, and their form in refs and trees."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from msgspec import Struct

ENVIRONMENT_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]*")
RESERVED_ENVIRONMENTS = frozenset({"env", "stacks", "environments", "secret", "runner"})


class TargetName(Struct, frozen=True, kw_only=True, order=True):
    """A stack in an environment, written `prod/network`. A stack's name may itself hold slashes."""

    environment: str
    stack: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.stack}"


def encoded(name: str) -> str:
    """`name` as one segment of a ref or a tree path: percent-encoded, `/` too; never hidden, `..` or `*.lock`."""
    text = quote(name, safe="-_.=,@+")
    risky = text.startswith(".") or text.endswith((".", ".lock")) or ".." in text
    return text.replace(".", "%2E") if risky else text


def decoded(segment: str) -> str:
    """The name that `encoded` made `segment` of."""
    return unquote(segment)
