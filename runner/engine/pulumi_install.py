"""What a program needs before it can run, installed by its language's own tool, with no credential in sight.

Law 12: what is kept between runs lies in a directory of its own for each trust, so that nothing which a preview of code
that nobody approved could write is read by an apply. A virtualenv or `node_modules` is kept whole where the files that
say what belongs into it name nothing else of the tree; each run gets a copy.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from runner.engine import Workspace
from runner.engine.child import ALWAYS, INSTALLERS, REACHING
from runner.engine.loose_json import object_of
from runner.engine.pulumi_project import Runtime, written_in
from runner.kit.process import find_program

KEPT = 16
"""Installations that are kept for each trust; the oldest goes first (law 14)."""
LASTS = 86400.0
"""Seconds after which an installation is made anew: what is not pinned exactly may have moved on."""

_PLAIN = re.compile(r"[A-Za-z0-9][\w.-]*(\s*\[[\w., -]*\])?\s*([=<>!~]=?[^/;#]*)?(;.*)?|--hash=\S+")
_HOOKS = frozenset({"preinstall", "install", "postinstall", "prepare"})
_ELSEWHERE = (b'"file:', b'"link:', b'"workspace:', b'"workspaces"')


class Installation(Struct, frozen=True, kw_only=True):
    """`target` is where it lies in the tree, `place` where it is kept."""

    target: Path
    place: Path

    def taken(self) -> bool:
        """Puts a copy of what is kept into the tree; whether there was any."""
        try:
            if time.time() - self.place.stat().st_mtime > LASTS:
                return False
            shutil.copytree(self.place, self.target, symlinks=True)
        except FileNotFoundError:
            shutil.rmtree(self.target, ignore_errors=True)  # it was removed while it was copied
            return False
        return True

    def keep(self) -> None:
        """Keeps a copy of what was installed; whoever kept the same at once has kept the same."""
        if not self.target.is_dir() or self.target.is_symlink():
            return
        self.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".kept-", dir=self.place.parent))
        shutil.copytree(self.target, made / "all", symlinks=True)
        (made / "all").touch()
        with suppress(OSError):  # somebody was faster
            if self.place.exists():
                self.place.rename(made / "old")
            (made / "all").rename(self.place)
        shutil.rmtree(made, ignore_errors=True)
        _forget_oldest(self.place.parent)


def installation_of(
    work: Workspace, runs: Runtime, version: str, pack: Path | None = None
) -> Installation | None:
    """What can be kept of the installation by the CLI `version` that the program needs, or `pack`; None where it is not
    for us to keep."""
    if work.cache is None:
        return None
    directory, root = (pack, pack) if pack else (work.directory, work.root)
    match runs.runtime:
        case "python" if runs.virtualenv and runs.toolchain == "pip":
            target, files, tool = directory / runs.virtualenv, _of_pip(directory), "python3"
        case "nodejs":
            target, files, tool = directory / "node_modules", _of_npm(directory), "node"
        case _:
            return None
    if not files or not target.resolve().is_relative_to(root.resolve()) or target.exists():
        return None
    digest = hashlib.sha256(f"{version}\0{_tool(tool, work.environment)}\0{target.name}\0".encode())
    for file in files:
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return Installation(
        target=target, place=trusted(work.cache, work.trust) / "installed" / digest.hexdigest()
    )


def trusted(cache: Path, trust: str) -> Path:
    """Where what belongs to programs of one trust is kept."""
    return cache / "pulumi" / trust


def cache_variables(work: Workspace) -> dict[str, str]:
    """Where the languages' own tools keep what they fetch and build. With no cache they have their own HOME for it."""
    writable = {"GOFLAGS": "-modcacherw"}  # or a run's directory could not be removed
    if work.cache is None:
        return writable
    top = trusted(work.cache, work.trust)
    places = {
        "PIP_CACHE_DIR": "pip",
        "UV_CACHE_DIR": "uv",
        "POETRY_CACHE_DIR": "poetry",
        "npm_config_cache": "npm",
        "YARN_CACHE_FOLDER": "yarn",
        "GOMODCACHE": "go-modules",
        "GOCACHE": "go-builds",
    }
    return {**writable, **{name: str(top / place) for name, place in places.items()}}


def installing(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that installing needs: where from, and no credential of a cloud."""
    return _those(environment, (*ALWAYS, *REACHING, *INSTALLERS))


def running(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that running needs: not where packages come from, which may hold a password."""
    wanted = _those(environment, INSTALLERS)
    return {name: value for name, value in environment.items() if name not in wanted}


def _those(environment: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def _of_pip(directory: Path) -> list[Path]:
    """`requirements.txt` where it names packages alone: no other file, no directory, no address."""
    file = directory / "requirements.txt"
    if not file.is_file():
        return []
    text = re.sub(r"\\\n", "\n", file.read_text("utf-8", "replace"))
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [file] if all(_PLAIN.fullmatch(line) for line in lines if line) else []


def _of_npm(directory: Path) -> list[Path]:
    """`package.json` and its lock, where they name packages alone and nothing is run for the program's own package."""
    files = [directory / name for name in ("package.json", "package-lock.json")]
    if not all(file.is_file() for file in files) or (directory / ".npmrc").exists():
        return []
    if any(word in file.read_bytes() for file in files for word in _ELSEWHERE):
        return []
    return [] if _HOOKS & object_of(written_in(files[0]).get("scripts")).keys() else files


def _tool(name: str, environment: Mapping[str, str]) -> str:
    """Which program it is: another one makes another installation."""
    found = find_program(name, environment.get("PATH", os.defpath))
    if found is None:
        return ""
    about = Path(found).stat()
    return f"{os.path.realpath(found)} {about.st_mtime_ns} {about.st_size}"


def _forget_oldest(place: Path) -> None:
    kept = [each for each in place.iterdir() if not each.name.startswith(".")]
    for each in sorted(kept, key=lambda found: found.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(each, ignore_errors=True)
