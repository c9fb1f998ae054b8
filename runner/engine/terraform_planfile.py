"""Whether a saved plan was made of this directory's code: it carries, and runs, a configuration of its own.

Format (a zip): internal/plans/planfile and internal/configs/configload in Terraform's and OpenTofu's source.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path, PurePosixPath

from runner.decisions.modules import loaded_files
from runner.diagnostics import Diagnostic
from runner.errors import Denied
from runner.model.code_files import LOCK_FILE
from runner.model.references import Json

_LIMIT = 256 << 20  # bytes, unpacked
_PROVIDER = re.compile(r'provider\s+"([^"]+)"\s*\{([^}]*)\}')
_HASH = re.compile(r'"((?:h1|zh):[^"]+)"')
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)


def check_made_of(plan: Path, directory: Path, *, tofu: bool) -> None:
    """Raises Denied where the configuration or the lock file in `plan` is not the one in `directory`."""
    try:
        with zipfile.ZipFile(plan) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LIMIT:
                raise _denied("it is larger than 256 MiB")
            _check_modules(archive, directory, tofu=tofu)
            _check_lock_file(archive, directory)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as problem:
        raise _denied("it cannot be read") from problem


def _denied(problem: str) -> Denied:
    message = f"the saved plan was not made of this code: {problem}"
    return Denied(
        Diagnostic(
            code="plan-not-of-this-code", message=message, hint="make the plan again: `runner preview`"
        )
    )


def _check_modules(archive: zipfile.ZipFile, directory: Path, *, tofu: bool) -> None:
    embedded: dict[str, set[str]] = {}
    modules: Json = json.loads(archive.read("tfconfig/modules.json"))
    directories = {str(each["Key"]): str(each["Dir"]) for each in modules if isinstance(each, dict)}  # type: ignore[union-attr] # TypeError is caught
    if "" not in directories:
        raise _denied("it has no root module")
    for name in archive.namelist():
        member = PurePosixPath(name)
        if member.parts[0] != "tfconfig" or name == "tfconfig/modules.json":
            continue
        key, file = member.parts[1].removeprefix("m-"), "/".join(member.parts[2:])
        place = directory / directories[key] / file
        if not place.is_file() or place.read_bytes() != archive.read(name):
            raise _denied(f"`{directories[key]}/{file}` differs")
        embedded.setdefault(key, set()).add(file)
    for key, below in directories.items():
        for extra in sorted(set(_configuration_in(directory / below, tofu=tofu)) - embedded.get(key, set())):
            raise _denied(f"`{below}/{extra}` is not in it")


def _configuration_in(directory: Path, *, tofu: bool) -> tuple[str, ...]:
    """The files that the engine would load."""
    names = [each.name for each in directory.iterdir() if each.is_file()] if directory.is_dir() else []
    return loaded_files(names, opentofu=tofu)


def _check_lock_file(archive: zipfile.ZipFile, directory: Path) -> None:
    """The same providers in the same versions, each with a hash that both name: which other hashes stand there
    depends on where `init` found the provider."""
    place = directory / LOCK_FILE
    here = _locked(place.read_text() if place.is_file() else "")
    there = _locked(archive.read(LOCK_FILE).decode() if LOCK_FILE in archive.namelist() else "")
    if here.keys() != there.keys():
        raise _denied(
            f"its providers are {', '.join(sorted(there)) or 'none'}, here {', '.join(sorted(here)) or 'none'}"
        )
    for name, (version, hashes) in here.items():
        if there[name][0] != version or (hashes != there[name][1] and not hashes & there[name][1]):
            raise _denied(f"its {name} is {there[name][0]} and not the {version} of the lock file")


def _locked(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    found = {}
    for name, body in _PROVIDER.findall(text):
        version = _VERSION.search(body)
        found[name] = (version[1] if version else "", frozenset(_HASH.findall(body)))
    return found
