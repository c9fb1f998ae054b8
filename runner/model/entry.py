"""One line of the record: an apply, or another thing that happened to a target, with everything that binds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts
from runner.model.references import Json


class EntryKind(StrEnum):
    """Why the entry was written. `environment` kinds (freeze, thaw) have a target with an empty stack."""

    APPLY = "apply"
    DESTROY = "destroy"
    FORGET = "forget"
    ADOPT = "adopt"
    SURGERY = "surgery"
    RECOVERY = "recovery"
    UNLOCK = "unlock"
    CANCEL = "cancel"
    FREEZE = "freeze"
    THAW = "thaw"
    MIGRATE = "migrate"


class Result(StrEnum):
    """How it ended. After `partial` or `failed` the state has moved as far as the engine came."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


NOBODY = "unknown"
"""The actor of whom Git knows no name: never an invented one."""


class Actor(Struct, frozen=True, kw_only=True):
    """Who did it: `name` is a signing key's principal or user.email, else NOBODY; `confirmed` only where somebody
    vouched."""

    name: str
    confirmed: bool = False


class StoredState(Struct, frozen=True, kw_only=True):
    """Which state the entry names. `version` counts the writes of this target's state from 1; `ciphertext` is the
    sha256 hex of the stored object; `store` the backend's word (git, s3, local, as-written)."""

    facts: StateFacts
    store: str
    version: int = 0
    ciphertext: str = ""
    location: str = ""


class Resource(Struct, frozen=True, kw_only=True):
    """One live resource as recorded: attribute values are sealed, plain or absent, as the environment's `ledger`
    says; sensitive ones are never there."""

    address: str
    type: str
    provider: str
    id: str = ""
    attributes: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))


class Entry(Struct, frozen=True, kw_only=True):
    """`id` is the ledger commit (empty before it is written); `commit` the source commit that was applied; `law` the
    commit whose gates were believed; `overrides` each flag that opened a gate, with its reason; `unknown` the
    resources whose outcome nobody saw. `counts` as in the plan. `settings`: the digest of the configuration's keys that
    reach the target, as written: with the code's it says whether another commit would be planned differently;
    `modules`: that of the modules as fetched, which the code's counts in, empty for none. `policies`: what those of the
    engine said of the plan and let pass, each `policy: level: address: words`. `stacks`: of a freeze or
    a thaw, whom it is of; empty for all of the environment."""

    target: TargetName
    kind: EntryKind
    result: Result
    commit: str
    law: str
    actor: Actor
    run: str
    at: datetime
    id: str = ""
    digests: Digests | None = None
    settings: str = ""
    modules: str = ""
    engine: str = ""
    state: StoredState | None = None
    fence: int = 0
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    partial: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    approvers: tuple[str, ...] = ()
    pull_request: str = ""
    credentials: str = "ambient"
    because: str = ""
    unknown: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    signature: str = ""


class Reading(Struct, frozen=True, kw_only=True):
    """What a target was applied with of another: the entry that its outputs were read from (that before it, where
    the same run applied it), and a keyed digest of each of them that counts, empty where nobody can say."""

    entry: str = ""
    outputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Deployment(Struct, frozen=True, kw_only=True):
    """What is live of a target: the last entry that moved it (`last`), the last one that succeeded (`good`, None
    where none did), its outputs' names with their sensitivity, and whether it is held (destroyed by hand), or ended.
    `directory` and `inputs_digest` let an orphan be found and destroyed without its files at the head. `marks` are
    keyed digests of its outputs, those that nobody can read left out; `read` is what `good` was applied with of others,
    None where an older version wrote the record, which did not say."""

    target: TargetName
    last: Entry
    good: Entry | None
    outputs: Mapping[str, bool]
    directory: str
    held: bool = False
    ended: bool = False
    depends_on: tuple[TargetName, ...] = ()
    resources: int = 0
    marks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    read: Mapping[TargetName, Reading] | None = None
