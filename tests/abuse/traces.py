"""Where a canary has come to rest: Git objects, files, archives, argument lists, in every form it may have taken."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

_PROCESSES = Path("/proc")


def forms(canary: str) -> dict[str, bytes]:
    """Form -> bytes; made here on purpose, and not by the code under test."""
    raw = canary.encode()
    found = {
        "plain": raw,
        "url": quote(canary, safe="").encode(),
        "json": json.dumps(canary)[1:-1].encode(),
        "hex": raw.hex().encode(),
    }
    for before in range(3):
        # Cut to the characters that depend on nothing but the canary.
        text = base64.b64encode(b"\0" * before + raw).decode()[4 if before else 0 :]
        found[f"base64, {before} before"] = text.rstrip("=")[:-2].encode()
    return found


def traces(canary: str, content: bytes) -> list[str]:
    """The forms of the canary that stand in some bytes, also over line ends, also inside an archive."""
    joined = re.sub(rb"[\s|]+", b"", content)
    found = [
        form
        for form, looked_for in forms(canary).items()
        if looked_for in content or re.sub(rb"\s+", b"", looked_for) in joined
    ]
    if content[:2] == b"PK":
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                found += [f"{form} in {name}" for form in traces(canary, archive.read(name))]
    return found


def in_objects(canary: str, repository: Path) -> list[str]:
    """What stands in any object of a repository, reachable or not."""
    everything = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"],
        cwd=repository,
        capture_output=True,
        check=True,
    ).stdout
    return [f"objects of {repository.name}: {form}" for form in traces(canary, everything)]


def in_files(canary: str, *places: Path) -> list[str]:
    """What stands in the names and contents of all files below the places."""
    found = []
    for place in places:
        for directory, _, names in os.walk(place):
            for name in names:
                file = Path(directory, name)
                content = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
                found += [f"{file}: {form}" for form in traces(canary, content + os.fsencode(file))]
    return found


@dataclass(slots=True)
class ArgumentLists:
    """Samples the argument lists of all processes while its block runs."""

    seen: set[bytes] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self.seen.update(_argument_lists())


def _argument_lists() -> Iterator[bytes]:
    for entry in _PROCESSES.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield (entry / "cmdline").read_bytes()
