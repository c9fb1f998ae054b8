"""Where things stand in the ledger's tree, and how its refs are called."""

from __future__ import annotations

import hashlib

from runner.model.names import decoded, encoded

LIVE = "refs/runner/live/"
LOCKS = "refs/runner/locks/"
TARGETS = "targets/"
ENVIRONMENT_FILE = "environment.json"
_LONGEST = 200
"""Bytes of a file name; common file systems end at 255, and somebody will check a ledger out."""


def live_ref(environment: str) -> str:
    """The ref of an environment's ledger."""
    return f"{LIVE}{encoded(environment)}"


def locks_ref(environment: str) -> str:
    """The ref of an environment's leases."""
    return f"{LOCKS}{encoded(environment)}"


def target_directory(stack: str) -> str:
    """All that the ledger holds of a target."""
    return f"{TARGETS}{segment(stack)}/"


def deployment_path(stack: str) -> str:
    """The target's newest entry and what is live of it."""
    return f"{target_directory(stack)}deployment.json"


def outputs_path(stack: str) -> str:
    """The target's outputs."""
    return f"{target_directory(stack)}outputs.json"


def resources_directory(stack: str) -> str:
    """The target's resources, sharded."""
    return f"{target_directory(stack)}resources/"


def resource_path(stack: str, address: str) -> str:
    """One resource. Two hex digits of its hash are the shard: a flat directory of 5,000 costs 129 KB an apply, this
    one 7 KB (facts/speed.md)."""
    return f"{resources_directory(stack)}{_hash(address)[:2]}/{segment(address)}.json"


def segment(name: str) -> str:
    """`name` percent-encoded as one path segment; what is too long for a file name ends in its hash."""
    text = encoded(_scrubbed(name)) or "%"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 65]}={_hash(name)}"


def name_of(text: str) -> str:
    """The name that `segment` made `text` of, where it was not too long."""
    return "" if text == "%" else decoded(text)


def _hash(name: str) -> str:
    return hashlib.sha256(_scrubbed(name).encode()).hexdigest()


def _scrubbed(name: str) -> str:
    return name.encode("utf-8", "replace").decode()  # a lone surrogate has no bytes


def together(environment: str) -> tuple[str, ...]:
    """The refs of an environment that are pushed atomically, and so must be fetched at once: a state that is read is
    the one that the entry beside it names."""
    return (f"{LIVE}{environment}", f"refs/runner/state/{environment}")
