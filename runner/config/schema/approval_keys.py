"""Keys that say when and after whose word a change is applied."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from runner.config.schema.scalars import (
    AsWritten,
    Days,
    Duration,
    EnvironmentName,
    InsidePath,
    Instant,
    Person,
    ProviderPattern,
    SecretPattern,
    TimeOfDay,
    Word,
    Zone,
    wrong,
)


class ReviewKeys(AsWritten):
    """Approvals that a pull request needs."""

    count: Annotated[int, Field(ge=0, le=100)] = 1
    """How many people must approve."""
    people: Annotated[list[Person], Field(alias="from")] = Field(default=[])
    """Teams or people whose approval counts."""
    codeowners: bool = False
    """Whether the owners of the changed files must approve."""


class CheckKeys(AsWritten):
    """A check that must be green."""

    name: Word
    """The check's name, as the forge shows it."""
    app: str = ""
    """The app that must have reported it."""


def _named_check(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


RequiredCheck = Annotated[CheckKeys, BeforeValidator(_named_check, json_schema_input_type=str | CheckKeys)]


class RequireKeys(AsWritten):
    """What a change needs before it is applied."""

    reviews: ReviewKeys = ReviewKeys()
    """Approvals by people."""
    checks: list[RequiredCheck] = Field(default=[])
    """Checks of the forge that must be green."""
    undiverged: bool = False
    """The head contains every commit that touched the target's closure."""
    destroys: Annotated[int | None, Field(ge=0)] = None
    """More deletions or replacements than this need an approval of their own."""
    plan_age: Duration | None = None
    """An older plan is made again before it is applied."""


class PromoteKeys(AsWritten):
    """The same code digest must be live elsewhere first."""

    after: Annotated[list[EnvironmentName], Field(min_length=1)]
    """Environments in which it must be live."""
    soak: Duration = 0.0
    """How long it must have been live there, unfailed."""
    missing: Literal["block", "allow"] = "block"
    """What holds for a target that does not exist there."""


class WindowKeys(AsWritten):
    """Weekly hours in which applies may start."""

    days: Days = Field(default=[0, 1, 2, 3, 4, 5, 6])
    """`mon-thu`, or a list of days and ranges."""
    start: Annotated[TimeOfDay, Field(alias="from")]
    """The first minute, `"08:00"`."""
    end: Annotated[TimeOfDay, Field(alias="to")]
    """The first minute that is too late; at or before `from` it is on the next day."""
    zone: Zone = "UTC"
    """The zone of these times."""


class FreezeKeys(AsWritten):
    """A time without applies."""

    start: Annotated[Instant, Field(alias="from")]
    """The first day or instant."""
    end: Annotated[Instant, Field(alias="to")]
    """The last day (the whole of it), or the instant of the end."""
    reason: str = ""
    """Why; shown to whoever must wait."""
    zone: Zone = "UTC"
    """The zone of dates and of times without an offset."""

    @model_validator(mode="after")
    def _ordered(self) -> FreezeKeys:
        comparable = len(self.end) == len(self.start) and self.end[19:] == self.start[19:]
        if self.end[:10] < self.start[:10] or (comparable and self.end < self.start):
            raise wrong(
                f"the freeze ends ({self.end}) before it begins ({self.start})", "exchange `from` and `to`"
            )
        return self


class PolicyKeys(AsWritten):
    """Rules that every plan must meet."""

    path: InsidePath
    """A directory or file of rules; with `input: pulumi` the directory of a policy pack (`PulumiPolicy.yaml`)."""
    level: Literal["warn", "deny", "approve"] = "deny"
    """What a broken rule does: warn, deny, or ask for an approval."""
    input: Literal["runner/1", "terraform", "pulumi"] = "runner/1"
    """The shape in which rules see a plan; `pulumi`: Pulumi itself holds the pack against its stacks."""
    tags: list[Word] = Field(default=[])
    """Only for targets with one of these tags; all without."""
    approvers: list[Person] = Field(default=[])
    """Who may approve in spite of it (level `approve`)."""


class AllowKeys(AsWritten):
    """What code of a pull request may touch."""

    providers: list[ProviderPattern] = Field(default=[])
    """Providers that may be installed."""
    modules: list[Word] = Field(default=[])
    """Sources of modules: `./`, `git::https://git.acme.dev/*`."""
    code: list[Word] = Field(default=[])
    """Code that may run: external data, provisioners, programs of strangers."""
    secrets: list[SecretPattern] = Field(default=[])
    """Secrets that may be read: `env:DB_*`, `ssm:/prod/*`."""
    environments: list[EnvironmentName] = Field(default=[])
    """Environments whose outputs may be read."""
