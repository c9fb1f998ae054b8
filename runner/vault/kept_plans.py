"""Plans that this clone keeps for its next preview: `runner/kept/<target>/<basis>` in the Git directory.

Each lies sealed, bound to its target, lineage, serial and basis. All of them can be thrown away at any time: what is
not there, or is not whole, authentic and ours, is planned anew.
"""

from __future__ import annotations

import hmac
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from msgspec import json

from runner import diagnostics
from runner.errors import RunnerError
from runner.kit.crypto import KeyRing, derived
from runner.kit.envelope import Context, Purpose, open_object, seal_object
from runner.kit.private_files import replace_file
from runner.kit.tagged import Tagged
from runner.model import change, names, plan, stack
from runner.model.names import TargetName, encoded
from runner.model.plan import StateFacts
from runner.vault import KeptPlan

PLANS = Tagged.of(change, diagnostics, names, plan, stack)
MOST_BYTES = 64 << 20
"""Of all kept plans of a clone."""
MOST_DAYS = 30
"""How long one lies that nobody asks for."""
MOST_OF_A_TARGET = 4
"""Enough to go to and fro between branches."""
SECONDS_TO_WRITE = 3600
"""An unfinished one that is older was left by a run that was killed."""


class SealedKeptPlans:
    """See KeptPlans. `keys` seal and name them; `around` is what stands around the engine, and counts in every basis;
    over `max_bytes` of sealed plan nothing is kept."""

    def __init__(self, directory: Path, keys: KeyRing, ledger: str, around: bytes, max_bytes: int) -> None:
        self._directory = directory
        self._keys = keys
        self._ledger = ledger
        self._around = around
        self._max_bytes = min(max_bytes, MOST_BYTES)

    def basis(self, target: TargetName, content: bytes) -> str:
        """See KeptPlans."""
        key = derived(self._keys.sealing.secret, ("gitops-runner/basis/v1", self._ledger, target.environment))
        kept = hmac.new(key, sha256(self._around).digest(), sha256)
        kept.update(content)
        return kept.hexdigest()

    def find(self, target: TargetName, state: StateFacts, basis: str) -> KeptPlan | str:
        """See KeptPlans."""
        place = self._place(target, basis)
        sealed = self._read(place)
        if sealed is None:
            return ""
        try:
            plain = open_object(self._keys, self._context(target, state, basis), sealed)
            length = int.from_bytes(plain[:4], "big")
            found = KeptPlan(
                plan=PLANS.read(json.decode(plain[4 + length :])), moved_by=plain[4 : 4 + length].decode()
            )
        except (RunnerError, ValueError, KeyError, TypeError):
            return "it was damaged, or somebody else wrote it"
        with suppress(OSError):
            os.utime(place)  # those that nobody asks for go first
        return found

    def keep(self, basis: str, kept: KeptPlan) -> None:
        """See KeptPlans."""
        target, because = kept.plan.target, kept.moved_by.encode()
        plain = len(because).to_bytes(4, "big") + because + json.encode(PLANS.written(kept.plan))
        sealed = seal_object(self._keys.current, self._context(target, kept.plan.state, basis), plain)
        if len(sealed) > self._max_bytes:
            return
        place = self._place(target, basis)
        replace_file(place, sealed)  # not synced: half of one after a power cut is none
        for _, old in _newest_first(place.parent.iterdir())[MOST_OF_A_TARGET:]:
            old.unlink(missing_ok=True)

    def tidy(self) -> None:
        """See KeptPlans."""
        left, now = MOST_BYTES, time.time()
        for about, path in _newest_first(self._directory.glob("*/*")):
            left -= about.st_size
            if left < 0 or now - about.st_mtime > MOST_DAYS * 86400:
                with suppress(OSError):
                    path.unlink()

    def _place(self, target: TargetName, basis: str) -> Path:
        return self._directory / encoded(str(target)) / basis

    def _context(self, target: TargetName, state: StateFacts, basis: str) -> Context:
        return Context(
            purpose=Purpose.KEPT_PLAN,
            ledger=self._ledger,
            environment=target.environment,
            target=f"{target} {basis}",
            lineage=state.lineage,
            serial=state.serial,
        )

    def _read(self, place: Path) -> bytes | None:
        """The bytes of a plain file that is not too large; anything else is none."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(place, flags)
        except OSError:
            return None
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > self._max_bytes:
                return None
            return os.pread(descriptor, about.st_size, 0)
        finally:
            os.close(descriptor)


def _newest_first(paths: Iterable[Path]) -> list[tuple[os.stat_result, Path]]:
    """What is there for all, and not being written."""
    found: list[tuple[os.stat_result, Path]] = []
    for path in paths:
        with suppress(OSError):  # another run has just let it go
            about = path.lstat()
            if not path.name.startswith(".") or time.time() - about.st_mtime > SECONDS_TO_WRITE:
                found.append((about, path))
    return sorted(found, key=lambda each: each[0].st_mtime, reverse=True)
