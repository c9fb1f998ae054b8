"""Engines: the programs that change the cloud, each behind one Protocol; one file conducts, one pure file parses.

Refuses to choose words, to decide, and to know the ledger or the vault. What a child may see is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from runner.diagnostics import Diagnostic
from runner.kit.process import Stop
from runner.kit.redaction import Redactor
from runner.model.change import Output
from runner.model.entry import Resource
from runner.model.installation import InstalledModule
from runner.model.plan import Planned, StateFacts
from runner.model.references import Json
from runner.model.stack import EngineIdentity


class BackendChoice(Struct, frozen=True, kw_only=True):
    """Where the engine keeps its state while it runs. `file`: a state file in our private directory (git, local, s3
    states), absent where there is no state yet; None: as written in the code, with `config` given to init (each a
    `key=value` or a file). `workspace`: Terraform's, with a state as written; Pulumi's stack, always."""

    file: Path | None
    config: tuple[str, ...] = ()
    workspace: str = ""


class ReferredStack(Struct, frozen=True, kw_only=True):
    """A stack of another target to which a program may refer by its name, and its outputs, in plain."""

    project: str
    stack: str
    outputs: Mapping[str, Output]


class Workspace(Struct, frozen=True, kw_only=True):
    """A target's private place for one run. `root` is the materialised closure (no `.git`), `directory` the stack's
    directory in it, `scratch` ours (plan, var file, logs, HOME), all mode 0700. `environment` is all that the child
    gets. `inputs` are resolved; `secret_inputs` names those that came from secrets or sensitive outputs. `var_files`
    are absolute. `modules` are what `init` would install, where it has nothing else to do; None where only it can tell.
    `cache` holds provider plugins, shared by runs of one trust (None: no cache). `timeout` seconds for
    each command, `plan_bytes` the most that a plan may have (law 14). `descriptors` are inherited by children, so that
    a lock outlives us with them. `passphrase` is ours for what the engine itself seals in its state (Pulumi's secrets,
    where the stack's own settings say nothing of them). `trust` names whose code may write what is cached: what one
    trust has written, no other reads (law 12). `packs` are directories of policy packs that the engine itself holds
    against the plan. `constrained`: an apply is also held to the engine's own record of what was previewed.
    `referred` are the stacks of others that the program finds beside its own, where its state is ours."""

    root: Path
    directory: Path
    scratch: Path
    environment: Mapping[str, str]
    redactor: Redactor
    backend: BackendChoice
    inputs: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    secret_inputs: frozenset[str] = frozenset()
    var_files: tuple[Path, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    cache: Path | None = None
    modules: tuple[InstalledModule, ...] | None = None
    timeout: float | None = None
    plan_bytes: int = 256 << 20
    descriptors: tuple[int, ...] = ()
    passphrase: str = ""
    trust: str = "preview"
    packs: tuple[Path, ...] = ()
    constrained: bool = False
    referred: tuple[ReferredStack, ...] = ()


class PlanOptions(Struct, frozen=True, kw_only=True):
    """`refresh_only` compares, and changes only the state. `targets`/`replace` are resource addresses."""

    destroy: bool = False
    refresh: bool = True
    refresh_only: bool = False
    targets: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    fingerprint: Callable[[bytes], str] | None = None


class EngineEvent(Struct, frozen=True, kw_only=True):
    """A line of the engine's stream, redacted. `kind`: start | complete | errored | provisioning | progress | message |
    output; `address`, `action`, `id` for resources. A resource that is *provisioning* is made, and a program that
    belongs to its making has begun. `process`, without words, is what changes something: its id is in `id`."""

    kind: str
    text: str
    address: str = ""
    action: str = ""
    id: str = ""
    seconds: float = 0.0


class Applied(Struct, frozen=True, kw_only=True):
    """What an apply did. `ok` False: it failed, was stopped or timed out, with `because`. `finished` are the resources
    that completed, `unfinished` those that started and were not seen to end, each `(address, action, id)`;
    `provisioning` the addresses among the unfinished whose provisioners had begun. `locked`: the engine's own lock is
    somebody else's, in words that name who; nothing was begun then."""

    ok: bool
    because: str = ""
    stopped: bool = False
    finished: tuple[tuple[str, str, str], ...] = ()
    unfinished: tuple[tuple[str, str, str], ...] = ()
    provisioning: frozenset[str] = frozenset()
    failed: tuple[tuple[str, str], ...] = ()
    locked: Diagnostic | None = None


class StateContents(Struct, frozen=True, kw_only=True):
    """A state, read. `outputs` hold plain values, sensitive ones too (the caller marks them secret at once);
    `resources` have no sensitive attribute. `sealed` are the outputs that are there and could not be opened; `pending`
    what it says was begun and has not ended, each `(address, action, id)`; `tainted` the addresses that the next plan
    replaces because a part of their creation failed."""

    facts: StateFacts
    outputs: Mapping[str, Output]
    resources: tuple[Resource, ...]
    sealed: frozenset[str] = frozenset()
    pending: tuple[tuple[str, str, str], ...] = ()
    tainted: frozenset[str] = frozenset()


class EngineLock(Struct, frozen=True, kw_only=True):
    """A lock of the engine's own. `since` is a moment as the engine writes it; empty and 0 for what it does not say."""

    id: str
    host: str = ""
    user: str = ""
    pid: int = 0
    since: str = ""


Listener = Callable[[EngineEvent], None]


class Engine(Protocol):
    """One program of one version, ready to run. Each method runs in the caller's thread, may be called for many
    workspaces at once, and raises TargetFailed (redacted, with the engine's own diagnostics) when the engine says no,
    LeaseHeld `engine-locked` when its own lock is somebody else's, Interrupted when `stop` was requested."""

    @property
    def identity(self) -> EngineIdentity:
        """Which program this is."""

    def prepare(self, work: Workspace, stop: Stop, listen: Listener) -> None:
        """Initialises the directory: backend, providers, modules; `-lockfile=readonly` where there is a lock file."""

    def modules(self, work: Workspace) -> str:
        """The digest of the code that `prepare` fetched from elsewhere; empty where it fetched none."""

    def plan(self, work: Workspace, options: PlanOptions, stop: Stop, listen: Listener) -> Planned:
        """Plans into `work.scratch`, and returns what it means. The saved plan stays there for `apply`."""

    def shown(self, work: Workspace, stop: Stop) -> str:
        """The saved plan in the engine's own words, redacted."""

    def apply(self, work: Workspace, stop: Stop, listen: Listener) -> Applied:
        """Applies exactly the saved plan; one whose program runs again plans again first, and raises Denied, before
        anything is changed, where that differs. Never raises for a failed apply: what happened is data."""

    def outputs(self, work: Workspace, stop: Stop) -> Mapping[str, Output]:
        """The outputs of the state as it is."""

    def state(self, work: Workspace, stop: Stop) -> bytes:
        """The state's bytes (pulled, where the engine keeps it elsewhere); empty where there is none."""

    def push(self, work: Workspace, state: Path, stop: Stop, *, force: bool) -> None:
        """Puts the state in that file in the place of the one in the code's own backend. `force`: also another lineage,
        or an older serial."""

    def execute(self, work: Workspace, arguments: Sequence[str], stop: Stop) -> int:
        """Runs the engine's own command on the user's terminal; its exit code."""

    def facts(self, state: bytes) -> StateFacts:
        """Lineage, serial and digest of a state's bytes."""

    def contents(self, state: bytes, passphrase: str = "") -> StateContents:
        """What a state's bytes say, read without running anything. `passphrase`: that of its workspace."""

    def renumbered(self, state: bytes, serial: int) -> bytes:
        """The same state under another serial: an older one that is to become the newest."""

    def settled(self, state: bytes) -> bytes:
        """The same state without what is pending in it: a person has looked at that."""

    def is_export(self, state: bytes) -> bool:
        """Whether the state is in the form in which it leaves a backend, secrets in plain, and not in the one in which
        a backend of files keeps it: then only `push` can put it there."""


@runtime_checkable
class LockKeeper(Protocol):
    """An engine whose own locks have no end, and can be removed one by one. Which of them is a dead run's is not for
    the engine to say: whoever calls decides by our lease, and puts it on the record."""

    def locks(self, work: Workspace, stop: Stop) -> tuple[EngineLock, ...]:
        """The locks on the workspace's stack, the oldest first. AskedWrongly where they cannot be looked at."""

    def unlock(self, work: Workspace, lock: EngineLock, stop: Stop) -> bool:
        """Removes exactly that lock; False where it is not there any more, or not as it was."""
