"""What `init` leaves beside code that needs no provider: the modules' manifest. And whether a state needs more.

Format: internal/modsdir in Terraform's and OpenTofu's source, the same in both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from runner.model.installation import InstalledModule

_MANIFEST = Path(".terraform/modules/modules.json")
# In a state each resource names its provider: `provider["registry.terraform.io/hashicorp/aws"]`, with a module's
# address before it or an alias behind. States older than version 4 (Terraform 0.12) name it otherwise.
_PROVIDER = re.compile(rb'"provider"\s*:\s*"((?:[^"\\]|\\.)*)"')
_BUILT_IN = re.compile(rb'provider\[\\"terraform\.io/builtin/terraform\\"\]')
_VERSION = re.compile(rb'"version"\s*:\s*4\b')


def install_modules(directory: Path, modules: Sequence[InstalledModule]) -> None:
    """Writes the manifest that `init` would write into `directory`; none for a stack without modules."""
    if len(modules) < 2:
        return
    written = [{"Key": each.key, "Source": each.source, "Dir": each.directory} for each in modules]
    manifest = directory / _MANIFEST
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"Modules": written}, separators=(",", ":")))


def state_needs_init(state: Path) -> bool:
    """Whether something in the state file is a provider's that is not built in: code that is gone leaves it behind."""
    if not state.is_file():
        return False
    content = state.read_bytes()
    if not content.strip():
        return False
    return not _VERSION.search(content) or any(
        not _BUILT_IN.search(named) for named in _PROVIDER.findall(content)
    )
