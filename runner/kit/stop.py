"""A request to stop that many threads watch: once is please, twice is now."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Stop:
    """A request to stop that only rises: 0 go on, 1 end gracefully, 2 end now. Safe in threads and signal handlers."""

    def __init__(self) -> None:
        # Re-entrant, because a signal handler runs in the thread that may hold it.
        self._changed = threading.Condition(threading.RLock())
        self._level = 0
        self._because = ""
        self._listeners: list[Callable[[int], None]] = []

    @property
    def level(self) -> int:
        """0, 1 or 2."""
        return self._level

    @property
    def because(self) -> str:
        """Who asked first, and why; may be empty."""
        return self._because

    def request(self, because: str = "") -> None:
        """Raises the level by one, up to 2, and tells the listeners in this thread."""
        with self._changed:
            if self._level >= 2:
                return
            self._level += 1
            self._because = self._because or because
            self._changed.notify_all()
            # Under the lock, so that nobody is called after having stopped to listen.
            for listener in tuple(self._listeners):
                listener(self._level)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until a stop is requested, at most `timeout` seconds; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._level > 0, timeout)

    @contextlib.contextmanager
    def listening(self, listener: Callable[[int], None]) -> Iterator[None]:
        """`listener` is told each new level while the block runs; it must be quick and must not raise."""
        with self._changed:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._changed:
                self._listeners.remove(listener)
