"""A named place: its gates (who may change what, and how) and its wishes (what should be there). As believed.

Durations are seconds, sizes bytes, instants aware datetimes. Law 2: gates come from the default branch, wishes from
the head; so they are two types, read from two trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from runner.model.references import Inputs, Written


class ApplyMode(StrEnum):
    """When a change is applied."""

    ON_MERGE = "on-merge"
    BEFORE_MERGE = "before-merge"
    MANUAL = "manual"


class Reviews(Struct, frozen=True, kw_only=True):
    """Approvals that a pull request needs."""

    count: int = 0
    teams: tuple[str, ...] = ()
    codeowners: bool = False


class RequiredCheck(Struct, frozen=True, kw_only=True):
    """A check that must be green, from `app` where that is named."""

    name: str
    app: str = ""


class Requires(Struct, frozen=True, kw_only=True):
    """`destroys` None: no limit; `plan_age` seconds, None: no limit."""

    reviews: Reviews | None = None
    checks: tuple[RequiredCheck, ...] = ()
    undiverged: bool = False
    destroys: int | None = None
    plan_age: float | None = None


class Notify(Struct, frozen=True, kw_only=True):
    """Whom to tell (`url`, an address of apprise, with secrets in it) of what: `on` is some of failed, applied,
    pending, foreign, break-glass, drift."""

    url: Written
    on: tuple[str, ...]


class Promote(Struct, frozen=True, kw_only=True):
    """The same code digest must be live in all of `after`, unfailed, for `soak` seconds. `missing`: block | allow."""

    after: tuple[str, ...]
    soak: float = 0.0
    missing: str = "block"


class Window(Struct, frozen=True, kw_only=True):
    """Weekly hours in which applies may start. `days` 0 is Monday; minutes since midnight in `zone`, start included,
    end excluded; an end at or before the start is on the next day."""

    days: frozenset[int]
    start: int
    end: int
    zone: str


class Freeze(Struct, frozen=True, kw_only=True):
    """No applies from `start` to `end`. A bare end date includes its whole day in `zone`."""

    start: date | datetime
    end: date | datetime
    reason: str
    zone: str = "UTC"


class Allow(Struct, frozen=True, kw_only=True):
    """What code may touch; globs. None means: the key is absent, DESIGN's default holds."""

    providers: tuple[str, ...] | None = None
    modules: tuple[str, ...] | None = None
    code: tuple[str, ...] | None = None
    secrets: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """Credentials of one job: an AWS role, globs of variable names, files (variable name -> path), the ssh agent."""

    role_arn: str = ""
    variables: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ssh_agent: bool = False


class Credentials(Struct, frozen=True, kw_only=True):
    """None: ambient (by hand), and the entry says so."""

    preview: Identity | None = None
    apply: Identity | None = None


class KeySource(Struct, frozen=True, kw_only=True):
    """`kind`: env | file | kms; `value`: the variable's name, the path, the KMS key's ARN."""

    kind: str
    value: str


class StateBackend(StrEnum):
    """Where states live."""

    GIT = "git"
    LOCAL = "local"
    S3 = "s3"
    AS_WRITTEN = "as-written"


class StateSettings(Struct, frozen=True, kw_only=True):
    """`path` (local; `{environment}` and `{stack}` are replaced), `bucket`, `prefix`, `region`, `endpoint` (s3)."""

    backend: StateBackend
    path: str = ""
    bucket: str = ""
    prefix: str = ""
    region: str = ""
    endpoint: str = ""


class PlanSettings(Struct, frozen=True, kw_only=True):
    """How plans are kept and judged at a merge."""

    on_merge: str = "same-digest"
    max_age: float = 600.0
    store: str = "git"
    max_bytes: int = 1 << 20


class LeaseSettings(Struct, frozen=True, kw_only=True):
    """`term` seconds; `store`: git | s3 (then with the state's bucket)."""

    term: float = 60.0
    store: str = "git"


class DriftIgnore(Struct, frozen=True, kw_only=True):
    """A known difference that is not reported, until a day."""

    address: str
    attribute: str = ""
    reason: str = ""
    until: date | None = None


class DriftSettings(Struct, frozen=True, kw_only=True):
    """`every` seconds."""

    every: float
    ignore: tuple[DriftIgnore, ...] = ()
    issue: bool = False


class Hook(Struct, frozen=True, kw_only=True):
    """A program that runs beside an engine; no shell. `run` may hold `{stack}`; `timeout` seconds."""

    run: tuple[str, ...]
    writes: tuple[str, ...] = ()
    timeout: float = 300.0


class Hooks(Struct, frozen=True, kw_only=True):
    """Programs around plan and apply."""

    before_preview: tuple[Hook, ...] = ()
    after_preview: tuple[Hook, ...] = ()
    before_apply: tuple[Hook, ...] = ()
    after_apply: tuple[Hook, ...] = ()


class TerraformSettings(Struct, frozen=True, kw_only=True):
    """`backend_config`: `-backend-config` files or key=value maps; templates keep `{environment}` and `{stack}`.
    `arguments`: verb (`plan`, `apply`, `init`) -> more arguments."""

    backend_config: tuple[str | Mapping[str, str], ...] = ()
    workspace: str = ""
    var_files: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


class PolicySource(Struct, frozen=True, kw_only=True):
    """A directory or file of rules, and how much its word weighs."""

    path: str
    level: str = "deny"
    input: str = "runner/1"
    tags: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()


class Gates(Struct, frozen=True, kw_only=True):
    """Every gate of one environment, believed. `state` None: DESIGN's default per stack. `branch` is a branch or `*`,
    already resolved. `unenforced` names the keys in use that this version cannot enforce: they close `up`."""

    environment: str
    branch: str
    apply: ApplyMode = ApplyMode.ON_MERGE
    requires: Requires | None = None
    promote: Promote | None = None
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    policies: tuple[PolicySource, ...] = ()
    deferred: str = "wait"
    allow: Allow = field(default_factory=Allow)
    break_glass: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
    key: KeySource | None = None
    state: StateSettings | None = None
    plans: PlanSettings = field(default_factory=PlanSettings)
    leases: LeaseSettings = field(default_factory=LeaseSettings)
    ledger_values: str = "sealed"
    drift: DriftSettings | None = None
    hooks: Hooks = field(default_factory=Hooks)
    notify: tuple[Notify, ...] = ()
    terraform: TerraformSettings = field(default_factory=TerraformSettings)
    unenforced: tuple[str, ...] = ()


class TargetWish(Struct, frozen=True, kw_only=True):
    """The settings of one target; `depends_on` names targets `environment/stack`, resolved."""

    inputs: Inputs = field(default_factory=lambda: MappingProxyType({}))
    depends_on: tuple[str, ...] = ()


class Wishes(Struct, frozen=True, kw_only=True):
    """What should be there. `members` are globs, `!` excludes; `removed`: stack -> destroy | forget."""

    environment: str
    members: tuple[str, ...] = ("*",)
    inputs: Inputs = field(default_factory=lambda: MappingProxyType({}))
    targets: Mapping[str, TargetWish] = field(default_factory=lambda: MappingProxyType({}))
    removed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
