"""The outbox: one thread that sends whatever is ready in one atomic push, and goes on after lost races."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from runner.errors import AskedWrongly
from runner.git import Delivery, Edit, Ticket
from runner.git.delivering import Courier
from runner.git.keeping import Keeping, KeptSubmission, kept
from runner.git.local_place import LocalPlace
from runner.git.place import Place, RefNaming
from runner.git.remote_place import RemotePlace
from runner.git.repository import Repository, checked_branch
from runner.git.submission import Submission
from runner.git.tree_editing import checked_path
from runner.kit.clock import Clock, SystemClock

PATIENCE = 120.0
"""Seconds that a submission goes on after lost races."""


class GroupedOutbox:
    """See Outbox: over any place."""

    def __init__(
        self, repository: Repository, place: Place, *, patience: float = PATIENCE, clock: Clock | None = None
    ) -> None:
        self._repository = repository
        self._place = place
        self._courier = Courier(
            repository, place, patience=patience, clock=clock or SystemClock(), newcomers=self._ready
        )
        self._queue: deque[Submission] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._writer: threading.Thread | None = None

    def submit(
        self,
        edits: Sequence[Edit],
        *,
        keep: bool = False,
        then: Callable[[Delivery], None] | None = None,
        begun: Callable[[], None] | None = None,
    ) -> Ticket:
        """See Outbox. AskedWrongly `path-not-storable`, `bad-branch-name` for what Git cannot hold."""
        for edit in edits:
            checked_branch(edit.ref)
            for path in (*edit.changes, *edit.expects):
                checked_path(path)
        keeping = Keeping.begin(self._repository, self._place.name, edits) if keep else None
        submission = Submission(tuple(edits), keeping=keeping, then=then, begun=begun)
        self._queued(submission)
        return submission

    def resend(self) -> tuple[tuple[KeptSubmission, Delivery], ...]:
        """Sends what earlier commands had to leave in the Git directory for this place, in order, each while its
        expectations still hold. What arrived is removed; a Conflict or Unsent stays there: only who knows what is in
        it may let it go."""
        under_way: list[tuple[KeptSubmission, Submission]] = []
        for each in kept(self._repository):
            keeping = Keeping.resume(each.file) if each.place == self._place.name else None
            if keeping is not None:
                submission = Submission(each.edits, keeping=keeping, attempts=each.attempts, resent=True)
                self._queued(submission)
                under_way.append((each, submission))
        return tuple((each, submission.wait()) for each, submission in under_way)

    def close(self) -> None:
        """See Outbox."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._writer is not None:
            self._writer.join()

    def _queued(self, submission: Submission) -> None:
        with self._changed:
            if self._closing:
                raise AskedWrongly.of("outbox-closed", "the outbox was closed before this was handed in")
            self._queue.append(submission)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="outbox", daemon=True)
                self._writer.start()
            self._changed.notify_all()

    def _ready(self) -> tuple[Submission, ...]:
        with self._changed:
            ready = tuple(self._queue)
            self._queue.clear()
        return ready

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
            self._courier.deliver(self._ready())


class RemoteOutbox(GroupedOutbox):
    """See Outbox: to a remote. AskedWrongly `no-such-remote`."""

    def __init__(
        self, repository: Repository, remote: str, naming: RefNaming, *, patience: float = PATIENCE
    ) -> None:
        super().__init__(repository, RemotePlace(repository, remote, naming), patience=patience)


class LocalOutbox(GroupedOutbox):
    """See Outbox: within the clone, where there is no remote to share with."""

    def __init__(self, repository: Repository, naming: RefNaming, *, patience: float = PATIENCE) -> None:
        super().__init__(repository, LocalPlace(repository, naming), patience=patience)
