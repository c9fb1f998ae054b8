"""Files that only their owner may read, and that are never half written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Puts `content` at `path`, mode 0600, all or nothing; the directory is made (mode 0700) where it is not there.
    `synced`: it is on the disk before this returns, else a power cut may leave half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}.new")
    create_file(beside, content, synced=synced)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    if synced:
        sync_directory(path.parent)


def create_file(path: Path, content: bytes, *, synced: bool = False) -> None:
    """A new file with `content`, mode 0600, or none. FileExistsError where there is one, be it a link. `synced`: what
    is in it is on the disk; its name is the directory's, see `sync_directory`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
    except OSError:  # a full disk: half of it is worth nothing
        path.unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """What was created or renamed in `path` survives a power cut."""
    directory = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
