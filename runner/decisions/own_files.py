"""Which files of a stack's own directory can change what it plans to; all others must be asked for by name."""

from __future__ import annotations

from collections.abc import Iterable

from runner.decisions.globs import matches
from runner.decisions.modules import loaded_files
from runner.model.code_files import CODE, LOCK_FILE, VALUES, VERSION_FILES

PLUGIN_DIRECTORY = "terraform.d"

_NEVER_READ = (
    "*.md", "*.markdown", "LICENSE*", "NOTICE*", "CODEOWNERS", ".git*", ".editorconfig", ".terraform-docs.y*ml",
    ".tflint.hcl", ".pre-commit-config.yaml", "*.tftest.hcl", "*.tftest.json", "*.tofutest.hcl", "stack.yaml",
    "*.tfbackend", "*.tfstate", "*.tfstate.*", ".infracost", "*.tfplan",
)  # fmt: skip
"""What no engine reads by itself. Said by an expression, it is in the closure all the same."""


def own_files(names: Iterable[str], environment: str, *, opentofu: bool) -> dict[str, str]:
    """name -> because, for the names (files and links) that lie directly in a stack's directory.

    Code of the other engine, values of other environments, version files (they choose the engine, and are settings)
    and documentation are left out; everything else is in, known or not.
    """
    listed = sorted(names)
    loaded = frozenset(loaded_files(listed, opentofu=opentofu))
    found = {}
    for name in listed:
        if name in loaded:
            found[name] = "the stack's own code"
        elif name.endswith(CODE):
            continue
        elif name.endswith(VALUES):
            if because := _values_reach(name, environment):
                found[name] = because
        elif name == LOCK_FILE:
            found[name] = "it names the providers' versions and hashes"
        elif name not in VERSION_FILES and not any(matches(glob, name) for glob in _NEVER_READ):
            found[name] = "it lies in the stack's directory"
    return found


def _values_reach(name: str, environment: str) -> str:
    stem = name.removesuffix(".json").removesuffix(".tfvars")
    if stem == "terraform" or stem.endswith(".auto"):
        return "the engine loads it by itself"
    return f"it holds the values of `{environment}`" if stem == environment else ""


def environment_values(names: Iterable[str], environment: str) -> tuple[str, ...]:
    """The `<environment>.tfvars` among `names`, in the order in which they are given to the engine."""
    wanted = (f"{environment}.tfvars", f"{environment}.tfvars.json")
    present = set(names)
    return tuple(name for name in wanted if name in present)
