"""The only room that speaks to AWS (boto3): S3 objects with conditional writes, STS, SSM, Secrets Manager, KMS.

Refuses to know what a plan is. This file has the Protocol and no boto3; the rest is imported only through `wiring`,
when used (extra `aws`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct, field


class StoredObject(Struct, frozen=True, kw_only=True):
    """An object as it stands. `etag` is opaque: it changes with every write, and names what a next write replaces."""

    content: bytes
    etag: str
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    __repr__ = object.__repr__  # what it holds is not to be read in a traceback


class ObjectStore(Protocol):
    """Objects with conditional writes, strongly consistent. Errors: NoAnswer `cloud-no-answer`, Denied `cloud-denied`,
    AskedWrongly `cloud-not-found` (no such bucket), `cloud-no-credentials`."""

    def get(self, key: str) -> StoredObject | None:
        """The object, or None."""

    def put(self, key: str, content: bytes, *, after: str | None, metadata: Mapping[str, str]) -> str | None:
        """Writes the object where the one with the ETag `after` stands (None: where none stands). The new ETag, or None
        when something else stands there. Two writers must not write equal contents (put a nonce in): a write whose
        answer was lost is told apart from a lost race by its content."""

    def delete(self, key: str) -> None:
        """Removes the object, whatever it is; nothing when there is none."""

    def names(self, prefix: str) -> Sequence[str]:
        """All keys that begin with `prefix`, sorted."""
