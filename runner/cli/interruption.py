"""Signals: once is please, twice is now, a third time is out of the program."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from runner.kit.stop import Stop

_GRACEFUL = "\nfinishing what is under way and recording it; press Ctrl-C again to stop at once\n"
_AT_ONCE = "\nstopping at once; what was left will be on the record\n"


class Interruption:
    """What signals do to `stop`. While somebody is asked, a signal ends the question instead."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._times = 0
        self._asking = False

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """While a person is asked: `input` would go on to wait after a signal that only raised a flag."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """SIGINT and SIGTERM stop the run as it wants to be stopped, while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._met) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, was in before.items():
                signal.signal(each, was)

    def _met(self, number: int, frame: FrameType | None) -> None:
        self._times += 1
        if self._times > 2 or self._asking:
            raise KeyboardInterrupt
        # Not through `sys.stderr`: the signal may have come in the middle of a write to it.
        with contextlib.suppress(OSError):
            os.write(2, (_GRACEFUL if self._times == 1 else _AT_ONCE).encode())
        self._stop.request(signal.Signals(number).name)
