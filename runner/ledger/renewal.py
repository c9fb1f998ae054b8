"""The thread that renews leases: beats, waits as long as the beat says, and never dies unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Renewal:
    """Calls `beat` again and again; it gives the seconds until the next time. `died` is called with its exception
    should it break."""

    def __init__(self, beat: Callable[[], float], died: Callable[[Exception], None]) -> None:
        self._beat = beat
        self._died = died
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, first: float) -> None:
        """Starts, unless it runs already; the first beat comes after `first` seconds."""
        if self._thread is None or not self._thread.is_alive():
            self._ended.clear()
            self._thread = threading.Thread(
                target=self._run, args=(first,), name="renewal of leases", daemon=True
            )
            self._thread.start()

    def end(self) -> None:
        """Stops after the beat that is under way."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    def _run(self, wait: float) -> None:
        try:
            while not self._ended.wait(wait):
                wait = self._beat()
        except Exception as error:  # noqa: BLE001 - the worker's border, and whoever relies on the leases must be told
            self._died(error)
