"""Fetches Pulumi's CLI: the official archive of the release that `pulumi_release.json` pins, verified before anything
of it is unpacked, into the place where the official installer puts it.

The pins are filled by `python -m tests.engine.pin_pulumi` from the checksums that Pulumi publishes for a release.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from runner.errors import AskedWrongly, NoAnswer, ToolUnavailable

PINS = Path(__file__).with_name("pulumi_release.json")
PLACE = Path(".pulumi", "bin")
PROGRAM = "pulumi"
PATIENCE = 60.0  # seconds for an answer, and for each part of it
LIMIT = 1 << 30  # bytes of the archive, and of what is in it (law 14)
_PART = 1 << 20
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class Release(Struct, frozen=True, kw_only=True):
    """A release and the SHA-256 of its archive by platform (`linux-x64`); `url` has places for both names."""

    version: str
    url: str
    sha256: Mapping[str, str]


def pinned() -> Release:
    """The release that this version of ours was tried with."""
    told = json.loads(PINS.read_bytes())
    return Release(version=told["version"], url=told["url"], sha256=told["sha256"])


def install(home: Path, release: Release | None = None, machine: str = "") -> str:
    """Puts the release below `home`, and says where and which. AskedWrongly `engine-installed` where one is there,
    ToolUnavailable where the archive is not for this machine or not what was pinned, NoAnswer where it cannot be
    fetched; nothing is changed then."""
    release = release or pinned()
    place = home / PLACE
    if (place / PROGRAM).exists():
        raise AskedWrongly.of(
            "engine-installed",
            f"there is a Pulumi already: {place / PROGRAM}",
            hint="it is left as it is; remove it first, if it is to be replaced",
        )
    machine = machine or _this_machine()
    expected = release.sha256.get(machine)
    if not expected:
        raise ToolUnavailable.of(
            "engine-not-pinned",
            f"no archive of Pulumi {release.version} is pinned for `{machine}`",
            hint="use Pulumi's own installer: `runner` looks in ~/.pulumi/bin",
        )
    url = release.url.format(version=release.version, platform=machine)
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=place.parent) as made:
        archive = Path(made) / "archive"
        _fetch(url, archive)
        _check(archive, expected, url)
        _unpack(archive, Path(made) / "bin")
        _move(Path(made) / "bin", place)
    return f"Pulumi {release.version} is in {place}"


def _this_machine() -> str:
    system, machine = platform.system(), platform.machine()
    return f"{_SYSTEMS.get(system, system.lower())}-{_MACHINES.get(machine.lower(), machine.lower())}"


def _fetch(url: str, into: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer, into.open("wb") as file:  # noqa: S310 - pinned
            announced = answer.headers.get("Content-Length")
            fetched = _copied(answer, file, url)
    except (OSError, HTTPException, urllib.error.URLError) as problem:
        raise _unfetched(url, str(getattr(problem, "reason", "")) or str(problem)) from problem
    if announced is not None and announced.isdigit() and fetched != int(announced):
        raise _unfetched(url, f"it ended after {fetched:,} of {int(announced):,} bytes")


def _copied(answer: IO[bytes], file: IO[bytes], url: str) -> int:
    fetched = 0
    while part := answer.read(_PART):
        fetched += len(part)
        if fetched > LIMIT:
            raise _unfetched(url, f"it has more than {LIMIT:,} bytes")
        file.write(part)
    return fetched


def _unfetched(url: str, because: str) -> NoAnswer:
    return NoAnswer.of(
        "engine-not-fetched",
        f"{url} could not be fetched: {because}",
        hint="nothing was installed; try again with a network, or use Pulumi's own installer",
    )


def _check(archive: Path, expected: str, url: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ToolUnavailable.of(
            "engine-not-as-pinned",
            f"{url} has the SHA-256 {found}, and {expected} is pinned",
            hint="nothing was unpacked; if it happens again, somebody stands between, or the release was replaced",
        )


def _unpack(archive: Path, into: Path) -> None:
    into.mkdir(mode=0o755)
    try:
        with tarfile.open(archive, "r:gz") as opened:
            for member, name in _files(opened):
                target = into / name
                target.parent.mkdir(parents=True, exist_ok=True)
                content = opened.extractfile(member)
                assert content is not None, "it is a file"
                with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755), "wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise _odd(str(problem)) from problem
    if not (into / PROGRAM).is_file():
        raise _odd(f"there is no `{PROGRAM}` in it")


def _files(opened: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    """Each file with its path below `pulumi/`. A member that leads elsewhere, or is no plain file, spoils them all."""
    size = 0
    for member in opened:
        path = PurePosixPath(member.name)
        size += member.size
        if path.is_absolute() or ".." in path.parts or path.parts[:1] != ("pulumi",):
            raise _odd(f"`{member.name}` leads out of it")
        if size > LIMIT:
            raise _odd(f"its files have more than {LIMIT:,} bytes")
        if member.isdir():
            continue
        if not member.isreg():
            raise _odd(f"`{member.name}` is no plain file")
        yield member, path.relative_to("pulumi")


def _odd(because: str) -> ToolUnavailable:
    return ToolUnavailable.of(
        "engine-archive-odd",
        f"the archive of Pulumi cannot be unpacked: {because}",
        hint="nothing was installed",
    )


def _move(made: Path, place: Path) -> None:
    """The program itself comes last: where it is, all that it needs is."""
    place.mkdir(mode=0o755, exist_ok=True)
    names = sorted((each.name for each in made.iterdir()), key=lambda name: name == PROGRAM)
    for name in names:
        if (place / name).is_dir():
            shutil.rmtree(place / name)
        os.replace(made / name, place / name)
