"""States that stay where the code's own backend puts them: nothing is kept here, only named."""

from __future__ import annotations

from collections.abc import Sequence

from runner.git import Edit
from runner.model.entry import StoredState
from runner.model.names import TargetName
from runner.model.plan import StateFacts
from runner.vault import SavedState, StateVersion
from runner.vault.refusals import version_unknown


class AsWrittenStates:
    """See StateStore. The engine reads and writes its own backend, and its own lock is the fence; the entry names
    lineage, serial and digest, so that a foreign write is seen."""

    def hold(self, target: TargetName, run: str, fence: int) -> None:
        """See StateStore: the engine locks for itself."""

    def let_go(self, target: TargetName) -> None:
        """See StateStore."""

    def load(self, target: TargetName, named: StoredState | None) -> bytes | None:
        """Always None: the engine reads it itself."""
        return None

    def save(
        self, target: TargetName, state: bytes, facts: StateFacts, fence: int, after: StoredState | None
    ) -> SavedState:
        """Keeps nothing of `state`."""
        return SavedState(
            stored=StoredState(facts=facts, store="as-written", version=(after.version if after else 0) + 1)
        )

    def arrived(self, target: TargetName) -> StoredState | None:
        """None: a save answers for itself."""
        return None

    def versions(self, target: TargetName) -> Sequence[StateVersion]:
        """None: the backend's own."""
        return ()

    def read_version(self, target: TargetName, version: int) -> bytes:
        """See StateStore; always `state-version-unknown`."""
        raise version_unknown(target, version)

    def remove(self, target: TargetName, fence: int) -> tuple[Edit, ...]:
        """Nothing to do."""
        return ()
