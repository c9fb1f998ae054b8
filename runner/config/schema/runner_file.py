"""runner.yaml, key by key; all of it gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from runner.config.schema.activity_keys import SettingKeys
from runner.config.schema.custody_keys import LedgerKeys
from runner.config.schema.scalars import AsWritten, Constraint, Period, ProviderPattern, Size, Word

Count = Annotated[int, Field(ge=1, le=10_000_000)]


class ProviderKeys(AsWritten):
    """Where Terraform's providers come from."""

    mirror: str = ""
    """The address or directory of a mirror."""
    direct: list[ProviderPattern] = Field(default=["*/*"])
    """Providers that are installed from their own registry; `[]` for none."""


class TerraformEngineKeys(AsWritten):
    """Terraform or OpenTofu."""

    version: Constraint = ""
    """A version constraint, `~> 1.11`."""
    path: str = ""
    """The program; empty: from PATH, else the embedded one."""
    providers: ProviderKeys = ProviderKeys()
    """Where providers come from."""
    versions: dict[Word, Constraint] = Field(default={})
    """Globs of stack directories -> a constraint instead of `version`; of several that match the last one holds."""


class PulumiEngineKeys(AsWritten):
    """Pulumi."""

    version: Constraint = ""
    """A version constraint, `>=3.200`."""
    path: str = ""
    """The program; empty: from PATH."""
    versions: dict[Word, Constraint] = Field(default={})
    """Globs of stack directories -> a constraint instead of `version`; of several that match the last one holds."""
    plans: bool = False
    """Whether Pulumi's own update plans are used as a second belt."""


class EngineKeys(AsWritten):
    """The programs that change the cloud."""

    terraform: TerraformEngineKeys = TerraformEngineKeys()
    """Terraform."""
    opentofu: TerraformEngineKeys = TerraformEngineKeys()
    """OpenTofu."""
    pulumi: PulumiEngineKeys = PulumiEngineKeys()
    """Pulumi."""


class AppKeys(AsWritten):
    """A GitHub App."""

    id: Annotated[int, Field(ge=1)] | Word | None = None
    """Its id."""
    installation: Annotated[int, Field(ge=1)] | None = None
    """Its installation here."""
    key: Word = ""
    """The environment variable or file that holds its private key."""


class ForgeKeys(AsWritten):
    """The site around Git; found by itself from the remote where it can be."""

    type: Literal["github", "gitlab", "gitea", "forgejo", "none"] | None = None
    """Which."""
    url: str = ""
    """Its address, where it is your own."""
    app: AppKeys = AppKeys()
    """The GitHub App to speak as."""


class LimitKeys(AsWritten):
    """Limits on what a stranger could enlarge; met, they are named, and nothing goes on."""

    targets: Count = 2000
    """Targets in all."""
    tree_files: Count = 200_000
    """Files that are looked at."""
    yaml_nodes: Count = 100_000
    """YAML nodes in all configuration files, aliases counted each time."""
    plan_bytes: Size = 256 << 20
    """The size of one plan."""
    preview: Period = 1200.0
    """The time of one plan."""
    lease: Period = 7200.0
    """The longest time that a lease is renewed."""
    commands_per_hour: Count = 20
    """Commands in comments that one person may give."""


class RunnerFile(AsWritten):
    """The repository's own settings; all are gates, believed from the default branch."""

    default_branch: Word = ""
    """Default: the remote's HEAD, else the only local branch."""
    layout: Annotated[list[Word], Field(min_length=1)] = Field(default=["stacks/{stack}"])
    """Where stacks lie: `{stack}`, `{environment}` and other names are one segment, `{stack*}` several."""
    branches: dict[Word, Word] = Field(default={})
    """Branches -> the environments that they apply to: `env/{environment}: "{environment}"`."""
    ledger: LedgerKeys = LedgerKeys()
    """Where the record is kept."""
    engines: EngineKeys = EngineKeys()
    """Which programs, and of which versions."""
    forge: ForgeKeys = ForgeKeys()
    """The site around Git."""
    limits: LimitKeys = LimitKeys()
    """Limits on what a stranger could enlarge."""
    settings: SettingKeys = SettingKeys()
    """How engines are called; an environment's own come first."""
