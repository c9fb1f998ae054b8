"""What the plan stage hands to the publish stage: one file, which holds a preview and nothing that opens a gate.

The plan stage runs what a pull request brought, so whoever reads the file takes it for a stranger's: bounded, of known
kinds, of the right types. What the forge and Git can say of it is asked of them afterwards (`publishing`).
"""

from __future__ import annotations

import json
from pathlib import Path

from runner import diagnostics
from runner.errors import AskedWrongly, Denied
from runner.kit.conforming import misfit
from runner.kit.tagged import Tagged
from runner.model import approval, change, environment, names, plan, previewed, stack, verdict
from runner.model.previewed import RequestPreview

FILE = "runner-preview.json"
SCHEMA = "runner-preview/1"
MOST_BYTES = 64 << 20

_KINDS = Tagged.of(approval, change, diagnostics, environment, names, plan, previewed, stack, verdict)


def write_artifact(file: Path, preview: RequestPreview) -> None:
    """Writes the file, readable by its owner. Denied `preview-too-large`: nothing is written then."""
    content = json.dumps(
        {"schema": SCHEMA, "preview": _KINDS.written(preview)}, separators=(",", ":"), sort_keys=True
    ).encode()
    if len(content) > MOST_BYTES:
        raise Denied.of(
            "preview-too-large",
            f"the preview has {len(content):,} bytes, and at most {MOST_BYTES:,} are handed on",
            hint="make several pull requests of it",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)


def read_artifact(file: Path) -> RequestPreview:
    """Reads what `write_artifact` wrote. AskedWrongly `preview-missing`; Denied `preview-unreadable` for anything that
    it never writes."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as problem:
        raise AskedWrongly.of(
            "preview-missing",
            f"there is no preview to publish: {problem.strerror or problem}",
            hint=f"the plan stage writes it: `runner ci --stage plan --artifact {FILE}`",
        ) from None
    if len(content) > MOST_BYTES:
        raise _unreadable(f"it has more than {MOST_BYTES:,} bytes")
    try:
        whole = json.loads(content)
        if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
            raise _unreadable(f"it is not of the schema `{SCHEMA}`")
        preview = _KINDS.read(whole["preview"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _unreadable("it is none that this version writes") from None
    if not isinstance(preview, RequestPreview):
        raise _unreadable("it holds no preview")
    if place := misfit(preview, RequestPreview):
        raise _unreadable(f"`preview{place}` is not what it should be")
    return preview


def _unreadable(why: str) -> Denied:
    return Denied.of(
        "preview-unreadable",
        f"the plan stage's file cannot be believed: {why}",
        hint="run the plan stage again, with the same version of runner",
    )
