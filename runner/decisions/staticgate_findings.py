"""What the static gate finds in a stack: one thing that is code, or that is not allowed, with its place.

A finding's *word* is what `allow.code` names: its kind, and what it is about (`provisioner:local-exec`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from runner.diagnostics import Span
from runner.kit.canonical import digest
from runner.model.gate_facts import Setting


class FindingKind(StrEnum):
    """The first part of a finding's word. The last two are about sources that `allow:` does not admit."""

    PROVISIONER = "provisioner"
    EXTERNAL = "external"
    EXEC = "exec"
    CREDENTIALS = "credentials-file"
    HOST = "host"
    HTTP = "http"
    FUNCTION = "function"
    PATH = "path"
    MODULE = "module"
    PROVIDER = "provider"
    BACKEND = "backend"
    ENGINE_FILE = "engine-file"
    LINK = "link"
    PROGRAM = "program"
    UNREADABLE = "unreadable"
    FOREIGN_PROVIDER = "foreign-provider"
    FOREIGN_MODULE = "foreign-module"


class News(StrEnum):
    """How a finding stands to the base: not there; there, and written otherwise; written the same, while something
    that it may read is not; all the same."""

    BROUGHT = "brought"
    CHANGED = "changed"
    REACHED = "reached"
    STANDING = "standing"


class Finding(Struct, frozen=True, kw_only=True):
    """`subject` is what the word names beside the kind; `address` where it stands in the code's own terms, and with
    `digest` what makes it the same finding in another commit; `because` is the law that makes code of it. `admitted`:
    `allow.code` names it."""

    kind: FindingKind
    message: str
    span: Span
    subject: str = ""
    because: str = ""
    address: str = ""
    digest: str = ""
    news: News = News.BROUGHT
    admitted: bool = False

    @property
    def word(self) -> str:
        """What `allow.code` would name to admit it."""
        return f"{self.kind}:{self.subject}" if self.subject else str(self.kind)


class ModuleUse(Struct, frozen=True, kw_only=True):
    """A module that is called. `source` None where it is computed; `place` is its directory, empty where it is none of
    this repository's."""

    name: str
    source: str | None
    version: str
    span: Span
    place: str = ""


class ProviderUse(Struct, frozen=True, kw_only=True):
    """A provider that is needed, or locked: its whole address (`registry.terraform.io/hashicorp/aws`)."""

    address: str
    span: Span


class Reading(Struct, frozen=True, kw_only=True):
    """All that the gate reads of one stack in one commit. `locked`: address -> the hashes that the lock file has of it;
    `reach`: a digest of everything that code of the stack may read."""

    directory: str
    findings: tuple[Finding, ...] = ()
    modules: tuple[ModuleUse, ...] = ()
    providers: tuple[ProviderUse, ...] = ()
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    backend: tuple[Setting, ...] = ()
    reach: str = ""


def digest_of(settings: Iterable[Setting]) -> str:
    """What makes two blocks the same one: the paths and the values as written, in their order."""
    return digest([[list(each.path), each.digest] for each in settings])[:16]
