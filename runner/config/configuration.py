"""What is believed of a repository, whole: gates from the law's tree, wishes from the head's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from runner.config.branches import branches_of
from runner.diagnostics import Diagnostic
from runner.model.environment import Gates, TerraformSettings, Wishes
from runner.model.names import TargetName
from runner.model.stack import EngineName, Stack
from runner.model.target import Target


class BranchFacts(Struct, frozen=True, kw_only=True):
    """What Git says of branches: short names; `remote_head` empty where there is no remote or it has no HEAD."""

    remote_head: str = ""
    local: tuple[str, ...] = ()


class Limits(Struct, frozen=True, kw_only=True):
    """Law 14. `plan_bytes` bytes; `preview` and `lease` seconds; the others are counts."""

    targets: int = 2000
    tree_files: int = 200_000
    yaml_nodes: int = 100_000
    plan_bytes: int = 256 << 20
    preview: float = 1200.0
    lease: float = 7200.0
    commands_per_hour: int = 20


class LedgerSettings(Struct, frozen=True, kw_only=True):
    """`remote`: a remote's name, `none`, or empty (unset: DESIGN, section 4). `refs`: hidden | branches. `sign`: auto |
    required | never. `signers`: a path in the tree, or empty."""

    remote: str = ""
    refs: str = "hidden"
    sign: str = "auto"
    signers: str = ""


class EngineSettings(Struct, frozen=True, kw_only=True):
    """`path` names the program, empty where it is looked for; `mirror` and `direct` say where providers come from
    (`direct` None: any registry, empty: none); `versions` are globs of stack directories with their constraint, in
    written order. `plans` is Pulumi's. `mirror_missing` is what to say where `mirror` names no directory: only who has
    a disk can look."""

    version: str = ""
    path: str = ""
    mirror: str = ""
    direct: tuple[str, ...] | None = None
    versions: tuple[tuple[str, str], ...] = ()
    plans: bool = False
    mirror_missing: Diagnostic | None = None


class ForgeSettings(Struct, frozen=True, kw_only=True):
    """`type` empty: found from the remote. `app`: id, installation and key's place, as written."""

    type: str = ""
    url: str = ""
    app: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))


class GatesConfiguration(Struct, frozen=True, kw_only=True):
    """runner.yaml and the gates of the environments, from the law's tree. `environments` are those with a file or a
    layout directory there; others get `defaults` (see `united`). `written` are the gates as checked, by file, to tell
    what another tree changes; `branches` are pairs of a branch pattern and an environment pattern."""

    environments: Mapping[str, Gates]
    default_branch: str
    layout: tuple[str, ...]
    branches: tuple[tuple[str, str], ...]
    limits: Limits
    ledger: LedgerSettings
    engines: Mapping[EngineName, EngineSettings]
    forge: ForgeSettings
    terraform: TerraformSettings
    defaults: Gates
    written: Mapping[str, Mapping[str, object]]
    warnings: tuple[Diagnostic, ...] = ()


class WishesConfiguration(Struct, frozen=True, kw_only=True):
    """The wishes of the environments and the stacks, from the head's tree. `unknown` are environments that exist there
    and that the gates do not know (law 2). `foreign` are directories that another orchestrator owns."""

    wishes: Mapping[str, Wishes]
    stacks: tuple[Stack, ...]
    targets: Mapping[TargetName, Target]
    unknown: frozenset[str] = frozenset()
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Diagnostic, ...] = ()


class Configuration(Struct, frozen=True, kw_only=True):
    """Both together. `environments` has the gates of every environment of the head, and of those that only the law
    knows (their targets, if any are live, are orphans)."""

    environments: Mapping[str, Gates]
    wishes: Mapping[str, Wishes]
    stacks: tuple[Stack, ...]
    targets: Mapping[TargetName, Target]
    limits: Limits
    ledger: LedgerSettings
    engines: Mapping[EngineName, EngineSettings]
    forge: ForgeSettings
    default_branch: str
    unknown: frozenset[str] = frozenset()
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Diagnostic, ...] = ()


def united(law: GatesConfiguration, head: WishesConfiguration) -> Configuration:
    """Gates and wishes as one configuration."""
    strangers = {
        name: replace(
            law.defaults,
            environment=name,
            branch=(branches_of(name, law.branches) or (law.default_branch,))[0],
        )
        for name in sorted(head.unknown)
    }
    return Configuration(
        environments={**law.environments, **strangers},
        wishes=head.wishes,
        stacks=head.stacks,
        targets=head.targets,
        limits=law.limits,
        ledger=law.ledger,
        engines=law.engines,
        forge=law.forge,
        default_branch=law.default_branch,
        unknown=head.unknown,
        foreign=head.foreign,
        warnings=(*law.warnings, *head.warnings),
    )
