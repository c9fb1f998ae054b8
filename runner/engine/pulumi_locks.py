"""The locks of a self-managed backend: Pulumi gives them no end, so one that a dead run left stays until it is removed.

Whose they are is for others to judge, by our lease; here they are listed, and exactly one that is named is removed.
Pulumi's own `cancel` removes all of a stack's, also those of whoever works at that moment, and is never used.
Layout: `.pulumi/locks/organization/<project>/<stack>/<id>.json`, with `pid`, `username`, `hostname` and `timestamp`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import Struct

from runner.cloud import ObjectStore, StoredObject
from runner.engine import EngineLock
from runner.engine.loose_json import text_at
from runner.engine.pulumi_project import Project
from runner.errors import AskedWrongly
from runner.model.environment import StateBackend, StateSettings
from runner.model.references import Json

SUFFIX = ".json"


OpenBucket = Callable[[StateSettings, Mapping[str, str]], ObjectStore]
"""Opens the bucket that settings name, with the credentials of an environment."""


class Backend(Struct, frozen=True, kw_only=True):
    """Where locks are looked for: the backend's URL, and what opens it where it is a bucket."""

    url: str
    variables: Mapping[str, str]
    bucket: OpenBucket | None = None


class _Files(Protocol):
    """The part of an ObjectStore that is needed here."""

    def get(self, key: str) -> StoredObject | None: ...

    def delete(self, key: str) -> None: ...

    def names(self, prefix: str) -> Sequence[str]: ...


class _Directory(Struct, frozen=True):
    """A backend of files."""

    root: Path

    def get(self, key: str) -> StoredObject | None:
        """None where it was let go meanwhile."""
        try:
            return StoredObject(content=(self.root / key).read_bytes(), etag="")
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """With the side file that some drivers put beside it."""
        for name in (key, f"{key}.attrs"):
            (self.root / name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Sequence[str]:
        """All in that directory."""
        place = self.root / prefix
        return [f"{prefix}{file.name}" for file in place.iterdir()] if place.is_dir() else []


def locks_of(project: Project, backend: Backend) -> tuple[EngineLock, ...]:
    """The locks on the stack in `backend`, the oldest first. AskedWrongly `engine-locks-elsewhere` for one that is
    neither a directory nor a bucket of S3."""
    return tuple(sorted(_read(*_place(project, backend)), key=lambda lock: (lock.since, lock.id)))


def remove(project: Project, backend: Backend, lock: EngineLock) -> bool:
    """Removes that lock and no other; False where it is not there any more, or is not the one that was looked at."""
    files, prefix = _place(project, backend)
    key = f"{prefix}{lock.id}{SUFFIX}"
    found = files.get(key)
    if found is None or lock_in(f"{lock.id}{SUFFIX}", found.content) != lock:
        return False
    files.delete(key)
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


def _read(files: _Files, prefix: str) -> Iterator[EngineLock]:
    for key in files.names(prefix):
        if key.endswith(SUFFIX) and (found := files.get(key)) is not None:
            yield lock_in(key.removeprefix(prefix), found.content)


def _place(project: Project, backend: Backend) -> tuple[_Files, str]:
    parts = urlsplit(backend.url)
    below = f".pulumi/locks/organization/{project.name}/{project.stack}/"
    if parts.scheme == "file":
        return _Directory(Path(unquote(parts.path))), below
    if parts.scheme == "s3" and backend.bucket is not None:
        top = parts.path.strip("/")
        return _bucket(backend.bucket, parts, backend.variables), f"{top}/{below}" if top else below
    raise AskedWrongly.of(
        "engine-locks-elsewhere",
        f"the locks of `{backend.url or 'Pulumi Cloud'}` cannot be looked at one by one from here",
        hint="`pulumi cancel` removes all of a stack's locks, also of those who work now: look who does first",
    )


def _bucket(opened: OpenBucket, parts: SplitResult, variables: Mapping[str, str]) -> ObjectStore:
    """The bucket of a URL as the Go CDK reads it, which Pulumi's backend is made with."""
    asked = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
    endpoint = asked.get("endpoint", "")
    if endpoint and "://" not in endpoint:
        plain = "true" in (asked.get("disablessl"), asked.get("disable_https"))
        endpoint = f"{'http' if plain else 'https'}://{endpoint}"
    settings = StateSettings(
        backend=StateBackend.S3, bucket=parts.netloc, region=asked.get("region", ""), endpoint=endpoint
    )
    profile = asked.get("profile")
    return opened(settings, {**variables, "AWS_PROFILE": profile} if profile else variables)
