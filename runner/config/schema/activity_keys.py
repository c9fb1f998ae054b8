"""Keys that say what else happens: drift detection, hooks, messages, and how Terraform is called."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from runner.config.schema.scalars import AsWritten, Date, InsidePath, Period, Word, wrong

_HARMLESS = ("-parallelism=", "-lock-timeout=", "-compact-warnings")
"""How an engine works, not what it does: everything else (`-target`, `-destroy`, `-state`, `-var`, …) would make a plan
mean another thing than the record says of it."""


def _harmless(argument: str) -> str:
    if not argument.startswith(_HARMLESS):
        raise wrong(
            f"`{argument}` cannot be given to the engine by a setting: it could change what a plan means",
            f"these can: {', '.join(f'`{each}`' for each in _HARMLESS)}; `up` and `preview` have options for the rest",
        )
    return argument


EngineArgument = Annotated[Word, AfterValidator(_harmless)]


class DriftIgnoreKeys(AsWritten):
    """A known difference."""

    address: Word
    """A pattern of resource addresses."""
    attribute: str = ""
    """The attribute that differs; all without."""
    reason: str = ""
    """Why it is known."""
    until: Date | None = None
    """The last day on which it is not reported."""


class DriftKeys(AsWritten):
    """Looking for what differs from the last applied commit."""

    every: Period
    """How often."""
    ignore: list[DriftIgnoreKeys] = Field(default=[])
    """Known differences."""
    issue: bool = False
    """Whether an issue is opened on the forge."""


class HookKeys(AsWritten):
    """A program beside an engine; no shell."""

    run: Annotated[list[Word], Field(min_length=1)]
    """The program and its arguments; `{stack}` is replaced by the stack's directory."""
    writes: list[InsidePath] = Field(default=[])
    """Files that it makes."""
    timeout: Period = 300.0
    """When it is stopped."""


class HooksKeys(AsWritten):
    """Programs around plan and apply."""

    before_preview: list[HookKeys] = Field(default=[])
    """Before each plan."""
    after_preview: list[HookKeys] = Field(default=[])
    """After each plan."""
    before_apply: list[HookKeys] = Field(default=[])
    """Before each apply."""
    after_apply: list[HookKeys] = Field(default=[])
    """After each apply."""


class NotifyKeys(AsWritten):
    """Whom to tell."""

    url: Word
    """Where: an address of apprise; `${secret:env:NAME}` keeps it out of the repository."""
    on: Annotated[
        list[Literal["failed", "applied", "pending", "foreign", "break-glass", "drift"]], Field(min_length=1)
    ]
    """What about."""


class ArgumentKeys(AsWritten):
    """More arguments for single commands of the engine."""

    init: list[EngineArgument] = Field(default=[])
    """For `init`."""
    plan: list[EngineArgument] = Field(default=[])
    """For `plan`."""
    apply: list[EngineArgument] = Field(default=[])
    """For `apply`."""


class TerraformKeys(AsWritten):
    """How Terraform or OpenTofu is called. `{environment}`, `{stack}` and the layout's names are replaced."""

    backend_config: list[Word | dict[str, str]] = Field(default=[])
    """Files, or maps of keys, for `-backend-config`."""
    workspace: Word = ""
    """The workspace to select."""
    var_files: list[Word] = Field(default=[])
    """Files for `-var-file`, from the stack's directory."""
    args: ArgumentKeys = ArgumentKeys()
    """More arguments."""


class SettingKeys(AsWritten):
    """How engines are called; the environment's own come before runner.yaml's, key by key."""

    terraform: TerraformKeys = TerraformKeys()
    """For Terraform and OpenTofu."""


Values = dict[str, JsonValue]
