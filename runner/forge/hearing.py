"""Why this CI job runs, as its environment tells it: a rumour, read from variables and one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runner.errors import AskedWrongly
from runner.forge.event_payloads import actions_rumour, pipeline_rumour
from runner.model.rumour import Rumour

_MOST = 32 << 20  # bytes; GitHub sends no event of more than 25 MB


def heard(variables: Mapping[str, str]) -> Rumour | None:
    """What the job was told; None outside of CI. Gitea's and Forgejo's jobs have GitHub's variables. AskedWrongly
    `forge-event-unreadable`."""
    if variables.get("GITLAB_CI") == "true":
        return pipeline_rumour(_content(variables.get("TRIGGER_PAYLOAD", "")), variables)
    if "true" in (variables.get(name) for name in ("GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS")):
        return actions_rumour(_content(variables.get("GITHUB_EVENT_PATH", "")), variables)
    return None


def _content(file: str) -> bytes:
    if not file:
        return b""
    try:
        with Path(file).open("rb") as event:
            content = event.read(_MOST + 1)
    except OSError as problem:
        raise AskedWrongly.of(
            "forge-event-unreadable", f"the event that this job was started by cannot be read: {problem}"
        ) from None
    if len(content) > _MOST:
        raise AskedWrongly.of(
            "forge-event-unreadable",
            f"the event that this job was started by has more than {_MOST >> 20} MiB",
        )
    return content
