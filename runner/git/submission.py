"""A submission under way: its edits, who waits for it, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from runner.git import Delivery, Edit, Pushed, Unsent
from runner.git.keeping import Keeping


class Submission:
    """See Ticket. `attempts`: ref -> commit of each push of which it is not known whether it arrived; `doubts`: how
    many such pushes this process has made; `started`: monotonic seconds at its first push."""

    def __init__(
        self,
        edits: tuple[Edit, ...],
        *,
        keeping: Keeping | None = None,
        then: Callable[[Delivery], None] | None = None,
        begun: Callable[[], None] | None = None,
        attempts: tuple[Mapping[str, str], ...] = (),
        resent: bool = False,
    ) -> None:
        self.edits = edits
        self.refs = frozenset(edit.ref for edit in edits)
        self.attempts = attempts
        self.doubts = 0
        self.started: float | None = None
        self._keeping = keeping
        self._resent = resent
        self._then = then
        self._begun = begun
        self._failure: Exception | None = None
        self._delivery: Delivery | None = None
        self._decided = threading.Event()

    @property
    def decided(self) -> bool:
        """Whether `wait` returns at once."""
        return self._decided.is_set()

    def wait(self, timeout: float | None = None) -> Delivery:
        """See Ticket. What `then` raised is raised here."""
        if not self._decided.wait(timeout) or self._delivery is None:
            raise TimeoutError("the submission is still under way")
        if self._failure is not None:
            raise self._failure
        return self._delivery

    def try_as(self, commits: Mapping[str, str]) -> None:
        """Notes what is about to be pushed, if it is kept, and tells who wants to know when."""
        if self._begun is not None:
            self._begun()
        if self._keeping is not None:
            self._keeping.note((*self.attempts, commits))

    def decide(self, delivery: Delivery) -> None:
        """Ends it and tells everybody who waits. Only the writer's thread calls this, once."""
        if self._keeping is not None:
            if isinstance(delivery, Unsent):
                delivery = replace(delivery, kept=str(self._keeping.file))
            # Whoever waits for a conflict acts on it; nobody waits for one that is resent: its file stays.
            self._keeping.end(
                gone=isinstance(delivery, Pushed) or not (self._resent or isinstance(delivery, Unsent))
            )
        self._delivery = delivery
        try:
            if self._then is not None:
                self._then(delivery)
        except Exception as error:  # noqa: BLE001 - a caller's mistake stops nobody else; `wait` tells
            self._failure = error
        finally:
            self._decided.set()

    def break_with(self, error: Exception) -> None:
        """Ends it, if it is open, with a mistake of ours: `wait` raises it. What is kept stays."""
        if not self.decided:
            self._failure = error
            self.decide(Unsent(message=f"the outbox broke: {error}"))
