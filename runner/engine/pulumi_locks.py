"""The locks of a self-managed backend: Pulumi gives them no end, so one that a dead run left stays until it is removed.

Whose they are is for others to judge, by our lease; here they are listed, and exactly one that is named is removed.
Pulumi's own `cancel` removes all of a stack's, also those of whoever works at that moment, and is never used.
Layout: `.pulumi/locks/organization/<project>/<stack>/<id>.json`, with `pid`, `username`, `hostname` and `timestamp`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.engine import EngineLock
from runner.engine.loose_json import text_at
from runner.engine.pulumi_project import Project
from runner.errors import AskedWrongly
from runner.model.references import Json

SUFFIX = ".json"


def locks_of(project: Project, url: str) -> tuple[EngineLock, ...]:
    """The locks on the stack in the backend at `url`, the oldest first. AskedWrongly `engine-locks-elsewhere` for a
    backend that is no directory."""
    place = _place(project, url)
    found = _read(place) if place.is_dir() else iter(())
    return tuple(sorted(found, key=lambda lock: (lock.since, lock.id)))


def remove(project: Project, url: str, lock: EngineLock) -> bool:
    """Removes that lock and no other; False where it is not there any more, or is not the one that was looked at."""
    if lock not in locks_of(project, url):
        return False
    file = _place(project, url) / f"{lock.id}{SUFFIX}"
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
    return True


def lock_in(name: str, content: bytes) -> EngineLock:
    """What a lock's file says. One that cannot be read is a lock all the same, of nobody known."""
    try:
        written: Json = json.loads(content)
    except ValueError:
        written = None
    told = written if isinstance(written, dict) else {}
    pid = told.get("pid")
    return EngineLock(
        id=name.removesuffix(SUFFIX),
        host=text_at(told, "hostname"),
        user=text_at(told, "username"),
        pid=pid if isinstance(pid, int) else 0,
        since=text_at(told, "timestamp"),
    )


def _read(place: Path) -> Iterator[EngineLock]:
    for file in place.iterdir():
        if file.name.endswith(SUFFIX):
            try:
                yield lock_in(file.name, file.read_bytes())
            except FileNotFoundError:  # it was let go meanwhile
                continue


def _place(project: Project, url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise AskedWrongly.of(
            "engine-locks-elsewhere",
            f"the locks of `{url or 'Pulumi Cloud'}` cannot be looked at one by one from here",
            hint="`pulumi cancel` removes all of a stack's locks, also of those who work now: look who does first",
        )
    return Path(unquote(parts.path)) / ".pulumi" / "locks" / "organization" / project.name / project.stack
