"""Which keys this version can enforce: the one place to change when a later one can more.

A gate that is in use and not enforced closes `up` (exit 3) and is a warning in `preview`; a wish that cannot be
honoured is an error (exit 2). DESIGN, section 2: nothing is silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.config.section import Section
from runner.model.references import Json

ENFORCED_GATES: frozenset[str] = frozenset(
    {
        "branch",
        "windows",
        "freezes",
        "requires.reviews",
        "requires.checks",
        "requires.undiverged",
        "requires.destroys",
        "requires.plan_age",
        "promote",
        "notify",
        "allow.providers",
        "allow.modules",
        "allow.code",
        "allow.secrets",
        "allow.environments",
        "break_glass",  # it opens gates; alone it closes none
        "credentials.preview.aws",
        "credentials.preview.env",
        "credentials.apply.aws",
        "credentials.apply.env",
        "key",
        "plans.max_age",
        "plans.max_bytes",
        "state",
        "leases",
        "ledger",
        "settings",
    }
)
"""Keys of an environment's gates that this version enforces, whatever their value."""

HARMLESS: Mapping[str, tuple[Json, ...]] = {
    "apply": ("on-merge", "before-merge", "manual"),
    "deferred": ("wait",),
    "plans.on_merge": ("same-digest", "fresh"),
    "plans.store": ("digest-only",),
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

ENFORCED_SETTINGS: frozenset[str] = frozenset(
    {
        "default_branch",
        "layout",
        "branches",
        "ledger",
        "forge",
        "engines.terraform",
        "engines.opentofu",
        "engines.pulumi",
        "limits.targets",
        "limits.tree_files",
        "limits.yaml_nodes",
        "limits.plan_bytes",
        "limits.preview",
        "limits.lease",
        "settings",
    }
)
"""Keys of runner.yaml that this version enforces, with all below them. One that stands in no table here closes `up`."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "limits.commands_per_hour": "this version takes no commands from comments",
}
"""Keys of runner.yaml that nothing could break yet, with the reason: they are told, and close nothing."""

HARMLESS_SETTINGS: Mapping[str, tuple[Json, ...]] = {
    "limits.commands_per_hour": (20,),
}
"""Keys of runner.yaml of which these values say nothing that is not so anyway."""

HONOURED_STACK_KEYS: frozenset[str] = frozenset({"engine", "reads", "tags", "timeout"})
"""Wishes of stack.yaml that are honoured."""

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
        if (
            name in ENFORCED_GATES
            or (not prefix and key in WISH_KEYS)
            or (name == "policies" and _packs(value))
        ):
            continue
        if name in OPENED:
            found += unenforced(written.section(key), f"{name}.")
        elif value not in HARMLESS.get(name, ()) and value not in ([], {}):
            found.append(name)
    return tuple(found)


def _packs(policies: Json) -> bool:
    """Whether they are all policy packs, which the engine holds against its stacks: with levels of their own, of which
    ours can say no more than `deny`."""
    return isinstance(policies, list) and all(
        isinstance(each, dict)
        and each.get("input") == "pulumi"
        and each.get("level", "deny") == "deny"
        and not each.get("approvers")
        for each in policies
    )


def unenforced_settings(written: Section) -> tuple[str, ...]:
    """The same for runner.yaml."""
    return tuple(name for name in _without_force(written) if name not in WITHOUT_EFFECT)


def without_effect(written: Section) -> tuple[str, ...]:
    """The keys in use of runner.yaml that are of no use yet, as dotted keys."""
    return tuple(name for name in _without_force(written) if name in WITHOUT_EFFECT)


def _without_force(written: Section, prefix: str = "") -> Iterator[str]:
    for key in written.names():
        name, value = f"{prefix}{key}", written.json(key)
        if name in ENFORCED_SETTINGS or value in (None, [], {}) or value in HARMLESS_SETTINGS.get(name, ()):
            continue
        if any(known.startswith(f"{name}.") for known in (*ENFORCED_SETTINGS, *WITHOUT_EFFECT)):
            yield from _without_force(written.section(key), f"{name}.")
        else:
            yield name
