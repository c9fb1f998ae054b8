"""States as plain files at a path the user chose: `state: {backend: local, path: …}`. Nothing is encrypted, by request.

The record names the digest of the bytes; a write replaces exactly the file that the record names, whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, LeaseHeld
from runner.git import Edit
from runner.kit.canonical import digest_bytes
from runner.kit.private_files import replace_file
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.vault import SavedState, StateVersion
from runner.vault.refusals import missing, names_nothing, not_on_record, version_unknown


class LocalStates:
    """See StateStore. `template` holds `{stack}` and may hold `{environment}`; relative to `root`, the checkout."""

    def __init__(self, root: Path, template: str) -> None:
        if "{stack}" not in template:
            message = f"`state.path` is `{template}`, so all stacks would share one file"
            raise AskedWrongly(
                Diagnostic(code="state-path-shared", message=message, hint="put `{stack}` into the path")
            )
        self._root = root
        self._template = template
        self._held: dict[TargetName, int] = {}

    def path(self, target: TargetName) -> Path:
        """Where the target's state lies."""
        text = self._template.replace("{environment}", target.environment).replace("{stack}", target.stack)
        return self._root / text

    def hold(self, target: TargetName, run: str, fence: int) -> None:
        """See StateStore."""
        if target not in self._held:
            self._held[target] = self._lock(target)

    def let_go(self, target: TargetName) -> None:
        """See StateStore."""
        descriptor = self._held.pop(target, None)
        if descriptor is not None:
            os.close(descriptor)

    def load(self, target: TargetName, named: StoredState | None) -> bytes | None:
        """See StateStore. AskedWrongly `state-overlooked` when there is a file and no entry."""
        state = self._read(target)
        if names_nothing(named) or named is None:
            if state is not None:
                raise _overlooked(target, self.path(target))
            return None
        if state is None:
            raise missing(target, f"`{self.path(target)}`")
        if digest_bytes(state) != named.facts.digest:
            raise not_on_record(target, f"`{self.path(target)}` was changed by somebody else")
        return state

    def save(
        self, target: TargetName, state: bytes, facts: StateFacts, fence: int, after: StoredState | None
    ) -> SavedState:
        """See StateStore. Written and synced before it returns."""
        with self._locked(target):
            found = self._read(target)
            expected = None if names_nothing(after) or after is None else after.facts.digest
            if (found and digest_bytes(found)) != expected:
                raise not_on_record(target, f"`{self.path(target)}` was changed by somebody else")
            replace_file(self.path(target), state, synced=True)
        version = (after.version if after else 0) + 1
        stored = StoredState(
            facts=facts,
            store="local",
            version=version,
            ciphertext=digest_bytes(state),
            location=str(self.path(target)),
        )
        return SavedState(stored=stored)

    def arrived(self, target: TargetName) -> StoredState | None:
        """None: a save answers for itself."""
        return None

    def versions(self, target: TargetName) -> Sequence[StateVersion]:
        """None: a plain file has no past, and copies of it would be more plain text."""
        return ()

    def read_version(self, target: TargetName, version: int) -> bytes:
        """See StateStore; always `state-version-unknown`."""
        raise version_unknown(target, version)

    def remove(self, target: TargetName, fence: int) -> tuple[Edit, ...]:
        """See StateStore. The file is kept as `<path>.ended`: it is the only copy."""
        path = self.path(target)
        with self._locked(target):
            if path.exists():
                path.replace(path.with_name(path.name + ".ended"))
        return ()

    def _read(self, target: TargetName) -> bytes | None:
        try:
            return (
                self.path(target).read_bytes() or None
            )  # Terraform leaves an empty file where it made no state
        except FileNotFoundError:
            return None

    @contextmanager
    def _locked(self, target: TargetName) -> Iterator[None]:
        if target in self._held:
            yield
            return
        descriptor = self._lock(target)
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self, target: TargetName) -> int:
        path = self.path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            message = f"the state of `{target}` is locked by another program on this machine (`{path}.lock`)"
            hint = "wait for it; the lock ends with the program"
            raise LeaseHeld(Diagnostic(code="state-locked", message=message, hint=hint)) from None
        return descriptor


def _overlooked(target: TargetName, path: Path) -> AskedWrongly:
    message = f"`{path}` holds a state of `{target}` that the record does not know"
    hint = f"`runner state migrate {target}` takes it over; nothing is planned without it"
    return AskedWrongly(Diagnostic(code="state-overlooked", message=message, hint=hint))
