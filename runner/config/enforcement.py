"""Which keys this version can enforce: the one place to change when a later one can more.

A gate that is in use and not enforced closes `up` (exit 3) and is a warning in `preview`; a wish that cannot be
honoured is an error (exit 2). DESIGN, section 2: nothing is silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from runner.config.section import Section
from runner.model.references import Json

ENFORCED_GATES: frozenset[str] = frozenset(
    {
        "branch",
        "windows",
        "freezes",
        "allow.secrets",
        "allow.environments",
        "break_glass",  # it opens gates; alone it closes none
        "credentials.preview.aws",
        "credentials.preview.env",
        "credentials.apply.aws",
        "credentials.apply.env",
        "key",
        "state",
        "leases",
        "ledger",
        "settings",
    }
)
"""Keys of an environment's gates that this version enforces, whatever their value."""

HARMLESS: Mapping[str, tuple[Json, ...]] = {
    "apply": ("on-merge", "manual"),
    "deferred": ("wait",),
    "requires.undiverged": (False,),
    "credentials.preview.ssh_agent": (False,),
    "credentials.apply.ssh_agent": (False,),
}
"""Keys that this version enforces only while they have one of these values."""

OPENED: frozenset[str] = frozenset(
    {
        "requires",
        "allow",
        "credentials",
        "credentials.preview",
        "credentials.apply",
        "plans",
        "hooks",
    }
)
"""Sections whose keys are judged one by one."""

STRICT_WHEN_EMPTY: frozenset[str] = frozenset({"allow.providers", "allow.modules", "allow.code"})
"""An empty list is no gate, but for these: there it allows nothing."""

UNENFORCED_ENGINE_KEYS: Mapping[str, tuple[Json, ...]] = {"pulumi.plans": (False,)}
"""Keys under `engines` of runner.yaml that close `up`, unless they have one of these values."""

UNHONOURED_STACK_KEYS: frozenset[str] = frozenset({"renamed_from"})
"""Wishes of stack.yaml that this version cannot honour."""

GATE_KEYS: tuple[str, ...] = (
    "branch", "apply", "requires", "promote", "windows", "freezes", "policies", "deferred", "allow", "break_glass",
    "credentials", "key", "state", "plans", "leases", "ledger", "drift", "hooks", "notify", "settings",
)  # fmt: skip
WISH_KEYS: tuple[str, ...] = ("stacks", "inputs", "targets", "removed")


def unenforced(written: Section, prefix: str = "") -> tuple[str, ...]:
    """The gates in use in an environment's file that this version cannot enforce, as dotted keys, as written."""
    found: list[str] = []
    for key in written.names():
        name, value = f"{prefix}{key}", written.json(key)
        if name in ENFORCED_GATES or (not prefix and key in WISH_KEYS):
            continue
        if name in OPENED:
            found += unenforced(written.section(key), f"{name}.")
        elif value not in HARMLESS.get(name, ()) and (value not in ([], {}) or name in STRICT_WHEN_EMPTY):
            found.append(name)
    return tuple(found)


def unenforced_engines(engines: Section) -> tuple[str, ...]:
    """The same for `engines` of runner.yaml."""
    return tuple(
        f"engines.{name}"
        for name, harmless in UNENFORCED_ENGINE_KEYS.items()
        if (value := engines.section(name.split(".")[0]).json(name.split(".")[1])) is not None
        and value not in harmless
    )
