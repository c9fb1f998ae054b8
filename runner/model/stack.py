"""One directory of infrastructure code."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field


class EngineName(StrEnum):
    """The program that changes the cloud."""

    TERRAFORM = "terraform"
    OPENTOFU = "opentofu"
    PULUMI = "pulumi"


class EngineWish(Struct, frozen=True, kw_only=True):
    """What a stack wants of its engine. `constraints` are version constraints (`~> 1.11`, `1.5.7`), each with where it
    was written (`stacks/app/.terraform-version`); all must hold. `path` names a program explicitly."""

    name: EngineName
    constraints: tuple[tuple[str, str], ...] = ()
    path: str = ""
    explicit: bool = False


class EngineIdentity(Struct, frozen=True, kw_only=True):
    """The program that was chosen: `origin` is `named`, `PATH`, `installed` (where its installer puts it) or
    `embedded`; `version` as it prints it."""

    name: EngineName
    version: str
    origin: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.origin})"


class Stack(Struct, frozen=True, kw_only=True):
    """`directory` is a POSIX path from the repository's root, `.` for the root itself. `captures` are the layout's
    other names (`region: eu`), which are inputs and tags (`region:eu`) too. `environment` is set when the layout ties
    it to one. `reads` are globs from the repository's root; `timeout` is in seconds."""

    name: str
    directory: str
    engine: EngineWish
    environment: str = ""
    captures: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: frozenset[str] = frozenset()
    reads: tuple[str, ...] = ()
    timeout: float | None = None
    renamed_from: str = ""
