"""Signals: once is please, twice is now, a third time is out of the program."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
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
    def asking(self) -> Iterator[Callable[[], str]]:
        """While a person is asked; gives what waits for the line that they type, `""` at the end of the input.

        A signal between Python's last look at its flags and the read would be seen only after the read. So
        the wait is for the input or for a byte that the signal itself writes
        (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
        """
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._asking = True
        try:
            yield lambda: _typed_line(woken)
        finally:
            self._asking = False
            signal.set_wakeup_fd(before)
            os.close(woken)
            os.close(wake)

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


def _typed_line(woken: int) -> str:
    while sys.stdin not in select.select([sys.stdin, woken], [], [])[0]:
        os.read(woken, 512)
    return sys.stdin.readline()
