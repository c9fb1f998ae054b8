"""Modules that `init` fetched from elsewhere: what of them a plan was made of.

Manifest: internal/modsdir in Terraform's and OpenTofu's source. A module is laid out in `.terraform/modules/<key>`,
whole (a subdirectory of a package may read what lies beside it), with the `.git` of where it came from.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from runner.errors import TargetFailed
from runner.kit import canonical
from runner.model.references import Json

_PLACE = PurePosixPath(".terraform/modules")


def modules_digest(directory: Path) -> str:
    """The digest of the modules below `directory` that were fetched: keys, sources, versions and content, the same on
    every machine; empty where none was. TargetFailed `modules-unreadable`."""
    manifest = directory / _PLACE / "modules.json"
    if not manifest.is_file():
        return ""
    try:
        named = sorted(_fetched(json.loads(manifest.read_bytes())))
        packages = sorted({PurePosixPath(place).relative_to(_PLACE).parts[0] for *_, place in named})
        content = {package: list(_files(directory / _PLACE / package)) for package in packages}
    except (OSError, ValueError) as problem:
        raise TargetFailed.of(
            "modules-unreadable",
            f"what `init` fetched as modules cannot be read: {problem}",
            hint="this is a layout of modules that we do not know yet",
        ) from problem
    return canonical.digest({"modules": named, "content": content}) if named else ""


def _fetched(manifest: Json) -> Iterator[list[str]]:
    """Key, source, version and directory of what is not a directory of the tree itself. ValueError."""
    listed = manifest.get("Modules") if isinstance(manifest, dict) else None
    for each in listed if isinstance(listed, list) else [None]:
        match each:
            case {"Key": str(key), "Source": str(source), "Dir": str(place), **more}:
                if PurePosixPath(place).is_relative_to(_PLACE):
                    yield [key, source, str(more.get("Version", "")), place]
            case _:
                raise ValueError("`modules.json` is not as it was")


def _files(place: Path) -> Iterator[list[str]]:
    """Path, kind and SHA-256 of everything below `place` but what Git keeps for itself."""
    for root, directories, files in os.walk(place):
        links = [name for name in directories if Path(root, name).is_symlink()]
        directories[:] = sorted(set(directories) - {".git", *links})
        for name in sorted({*files, *links} - {".git"}):
            path = Path(root, name)
            yield [path.relative_to(place).as_posix(), *_content(path)]


def _content(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", canonical.digest_bytes(os.fsencode(path.readlink()))
    with path.open("rb") as file:
        kind = "executable" if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else "file"
        return kind, hashlib.file_digest(file, "sha256").hexdigest()
