"""Which program runs a stack: the one that is named, else one on PATH, else the embedded one; the first that meets
every constraint. A named one never falls through to another."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.engine.brands import BRANDS, Brand
from runner.engine.embedded import NOTICE, embedded_library, embedded_program
from runner.engine.versions import meets
from runner.errors import AskedWrongly, RunnerError, ToolUnavailable
from runner.kit.private_files import replace_file
from runner.kit.process import Command, find_program, run
from runner.model.stack import EngineIdentity, EngineName, EngineWish

PROBE_TIMEOUT = 30.0  # seconds
_AT_FIRST_SIGHT = 300
_SAID = re.compile(rb"\s*v?(\d+\.\d+\.\d+\S*)\s*")


class EngineProgram(Struct, frozen=True, kw_only=True):
    """A program that was found: `argv` begins every command. `notices` are to be shown when it is used."""

    identity: EngineIdentity
    argv: tuple[str, ...]
    notices: tuple[Diagnostic, ...] = ()


class _Candidate(Struct, frozen=True, kw_only=True):
    argv: tuple[str, ...]
    file: Path  # whose change means another version
    origin: str
    notices: tuple[Diagnostic, ...] = ()


class Discovery:
    """Finds engines. `cache` is a directory of ours: probed versions (by path, time and size) and the embedded
    engine's program stand there. Safe to be used by many threads; each program is asked for its version once."""

    def __init__(
        self, cache: Path, environment: Mapping[str, str], brands: Mapping[EngineName, Brand] = BRANDS
    ) -> None:
        self._cache = cache
        self._brands = brands
        self._home = environment.get("HOME", "")
        self._path = environment.get("PATH", os.defpath)
        self._lock = threading.Lock()
        self._chosen: dict[EngineWish, EngineProgram] = {}

    def choose(self, wish: EngineWish) -> EngineProgram:
        """The first program that meets every constraint of `wish`. ToolUnavailable says what was tried, and what
        each failed; AskedWrongly names a constraint that cannot be read."""
        with self._lock:
            if wish not in self._chosen:
                self._chosen[wish] = self._choose(wish)
            return self._chosen[wish]

    def foresee(self, wishes: Iterable[EngineWish]) -> None:
        """Asks the first programs that may be chosen for their version. Whatever is wrong with them is told by `choose`
        where it matters."""
        with self._lock:
            for brand, path in dict.fromkeys((wish.name, wish.path) for wish in wishes):
                with contextlib.suppress(RunnerError, OSError):
                    for candidate in self._candidates(EngineWish(name=brand, path=path)):
                        self._version(candidate, self._brands[brand].asks)
                        break

    def _choose(self, wish: EngineWish) -> EngineProgram:
        _check_readable(wish)
        tried = []
        for candidate in self._candidates(wish):
            version = self._version(candidate, self._brands[wish.name].asks)
            if version is None:
                tried.append(f"{candidate.file} ({candidate.origin}) does not tell its version")
                continue
            failed = [f"`{text}` of {where}" for text, where in wish.constraints if not meets(version, text)]
            if not failed:
                identity = EngineIdentity(name=wish.name, version=version, origin=candidate.origin)
                return EngineProgram(identity=identity, argv=candidate.argv, notices=candidate.notices)
            tried.append(
                f"{candidate.file} ({candidate.origin}) is {version} and does not meet {' and '.join(failed)}"
            )
        raise ToolUnavailable(_nothing_fits(wish, tried, self._brands[wish.name]))

    def _candidates(self, wish: EngineWish) -> Iterator[_Candidate]:
        if wish.path:
            found = find_program(wish.path, self._path)
            if found:
                yield _Candidate(argv=(found,), file=Path(found), origin="named")
            return
        brand = self._brands[wish.name]
        seen = set()
        own = [os.path.join(self._home, place) for place in brand.places if self._home]
        for directory in (*self._path.split(os.pathsep), *own):
            for name in brand.programs:
                found = find_program(name, directory) if os.path.isabs(directory) else None
                if found and (real := os.path.realpath(found)) not in seen:
                    seen.add(real)
                    yield _Candidate(
                        argv=(found,), file=Path(found), origin="installed" if directory in own else "PATH"
                    )
        library = embedded_library(brand.embedded) if brand.embedded else None
        if library is not None:
            argv = embedded_program(library, self._cache / "embedded")
            yield _Candidate(argv=argv, file=library, origin="embedded", notices=(NOTICE,))

    def _version(self, candidate: _Candidate, asks: tuple[str, ...]) -> str | None:
        about = candidate.file.stat()
        mark = [about.st_mtime_ns, about.st_size]
        known = self._known()
        entry = known.get(str(candidate.file))
        if isinstance(entry, list) and len(entry) == 3 and entry[:2] == mark and isinstance(entry[2], str):
            return entry[2]
        version = _probe((*candidate.argv, *asks))
        if version is not None:
            self._remember({**known, str(candidate.file): [*mark, version]})
        return version

    def _known(self) -> dict[str, object]:
        try:
            known = json.loads((self._cache / "versions.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _remember(self, known: dict[str, object]) -> None:
        replace_file(self._cache / "versions.json", json.dumps(known).encode())


def likely(directory: Path) -> tuple[EngineWish, ...]:
    """What will be wished for, as far as it is seen before anything is read: Terraform, where a `*.tf` is among the
    first entries below `directory`, the nearest first."""
    waiting, left = [os.fspath(directory)], _AT_FIRST_SIGHT
    for place in waiting:
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                left -= 1
                if entry.name.endswith(".tf"):
                    return (EngineWish(name=EngineName.TERRAFORM),)
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                if left == 0:
                    return ()
    return ()


def _probe(argv: tuple[str, ...]) -> str | None:
    home = tempfile.mkdtemp(prefix="runner-")
    environment = {
        "PATH": os.defpath,
        "HOME": home,
        "CHECKPOINT_DISABLE": "1",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "TF_CLI_CONFIG_FILE": os.devnull,
        "GOGC": "off",  # it answers and ends
    }
    command = Command(argv=argv, cwd=Path(home), environment=environment, timeout=PROBE_TIMEOUT)
    try:
        said = run(command).stdout
        if plain := _SAID.fullmatch(said):
            return plain[1].decode("ascii", "replace")
        told = json.loads(said)
    except (ToolUnavailable, ValueError):
        return None
    finally:
        shutil.rmtree(home, ignore_errors=True)
    version = told.get("terraform_version") if isinstance(told, dict) else None
    return version if isinstance(version, str) else None


def _check_readable(wish: EngineWish) -> None:
    wrong = []
    for text, where in wish.constraints:
        try:
            meets("1.0.0", text)
        except ValueError as problem:
            hint = "write it as Terraform does: `1.11.4`, `~> 1.11` or `>= 1.5, < 2`"
            message = f"{where}: {problem}"
            wrong.append(Diagnostic(code="version-constraint-invalid", message=message, hint=hint))
    if wrong:
        raise AskedWrongly(wrong)


def _nothing_fits(wish: EngineWish, tried: list[str], brand: Brand) -> Diagnostic:
    if tried:
        message = f"no {wish.name} meets every constraint: {'; '.join(tried)}"
        hint = (
            "install a version that does, name one with `engines:` in runner.yaml, or loosen the constraint"
        )
        return Diagnostic(code="engine-version-unmet", message=message, hint=hint)
    if wish.path:
        message = f"`{wish.path}`, named as the {wish.name} to use, is not there or not executable"
        return Diagnostic(
            code="engine-missing", message=message, hint="a named engine never falls back to another"
        )
    elsewhere = "".join(f", and not in ~/{place}" for place in brand.places)
    message = f"there is no {wish.name}: it is not on PATH{elsewhere}"
    extra = wish.name is EngineName.TERRAFORM
    hint = "`pip install 'gitops-runner[embedded]'` brings a Terraform" if extra else f"install {wish.name}"
    return Diagnostic(code="engine-missing", message=message, hint=hint)
