"""environments/*.yaml, key by key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from runner.config.schema.activity_keys import DriftKeys, HooksKeys, NotifyKeys, SettingKeys, Values
from runner.config.schema.approval_keys import (
    AllowKeys,
    FreezeKeys,
    PolicyKeys,
    PromoteKeys,
    RequireKeys,
    WindowKeys,
)
from runner.config.schema.custody_keys import (
    CredentialKeys,
    KeyKeys,
    LeaseKeys,
    LedgerValueKeys,
    PlanKeys,
    State,
    StateKeys,
)
from runner.config.schema.scalars import AsWritten, Person, Word, wrong


class TargetKeys(AsWritten):
    """Settings of one target."""

    inputs: Values = Field(default={})
    """Values for variables of the stack; each must be declared there."""
    depends_on: list[Word] = Field(default=[])
    """Stacks of this environment, or `environment:stack`, that go before it."""


class EnvironmentFile(AsWritten):
    """One environment: its gates (believed from the default branch) and its wishes (from the head)."""

    branch: Annotated[str, Field(pattern=r"^[^\s~^:?\[\\]+$")] = ""
    """Gate. The branch whose merges apply here; default: the default branch; `*`: any."""
    apply: Literal["on-merge", "before-merge", "manual"] = "on-merge"
    """Gate. When a change is applied."""
    requires: RequireKeys = RequireKeys()
    """Gate. What a change needs before it is applied."""
    promote: PromoteKeys | None = None
    """Gate. Where the same code must be live first."""
    windows: list[WindowKeys] = Field(default=[])
    """Gate. When applies may start; always without."""
    freezes: list[FreezeKeys] = Field(default=[])
    """Gate. When nothing is applied."""
    policies: list[PolicyKeys] = Field(default=[])
    """Gate. Rules that every plan must meet."""
    deferred: Literal["wait", "apply-if-policy-passes"] = "wait"
    """Gate. What happens to a target that could not be planned before its upstream was applied."""
    allow: AllowKeys = AllowKeys()
    """Gate. What code of a pull request may touch; default: its own repository, no code, no secret."""
    break_glass: list[Person] = Field(default=[])
    """Gate. Who may open the gates in an emergency."""
    credentials: CredentialKeys = CredentialKeys()
    """Gate. Who plans and who applies; by hand, when absent, whoever is logged in."""
    key: KeyKeys | None = None
    """Gate. Where the environment's key comes from."""
    state: State | None = None
    """Gate. Where states live; default: as the code says, else in Git."""
    plans: PlanKeys = PlanKeys()
    """Gate. How plans are kept, and judged at a merge."""
    leases: LeaseKeys = LeaseKeys()
    """Gate. How targets are locked."""
    ledger: LedgerValueKeys = LedgerValueKeys()
    """Gate. What the record shows."""
    drift: DriftKeys | None = None
    """Gate. Looking for what differs from the last applied commit."""
    hooks: HooksKeys = HooksKeys()
    """Gate. Programs around plan and apply."""
    notify: list[NotifyKeys] = Field(default=[])
    """Gate. Whom to tell."""
    settings: SettingKeys = SettingKeys()
    """Gate. How engines are called."""
    stacks: Annotated[list[Word], Field(min_length=1)] = Field(default=["*"])
    """Wish. Globs of the stacks that live here, `!` excludes; default: all."""
    inputs: Values = Field(default={})
    """Wish. Values for every stack that declares such a variable."""
    targets: dict[Word, TargetKeys] = Field(default={})
    """Wish. Settings of single targets, by the stack's name."""
    removed: dict[Word, Literal["destroy", "forget"]] = Field(default={})
    """Wish. Stacks that end here: destroyed, or forgotten with all they made left alone."""

    @field_validator("leases")
    @classmethod
    def _beside_the_state(cls, leases: LeaseKeys, known: ValidationInfo) -> LeaseKeys:
        """Leases in S3 stand in the state's bucket. A state with a mistake of its own is not among what is `known`."""
        state: StateKeys | None = known.data.get("state")
        if leases.store == "s3" and "state" in known.data and (state is None or state.backend != "s3"):
            message = "leases in S3 stand in the bucket of the states, and these are not in S3"
            raise wrong(message, "write `state: {backend: s3, bucket: NAME}`, or remove `store`")
        return leases
