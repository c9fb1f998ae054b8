"""The dead man's switch: what still runs of ours when we are gone, however we went, is interrupted: once.

`Watchdog` speaks to a process that runs this very file and does nothing but read a pipe that only we hold. The kernel
could tell the children themselves (PR_SET_PDEATHSIG), but it does so at the end of each of our threads, and Terraform
takes a second interrupt for an order to drop everything; and the program that asks the kernel for it, `setpriv`, is
Linux's alone, and costs more than to tell this one.

This file imports next to nothing: its start is a part of every run's.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable


class Watchdog:
    """Told of every child, over the descriptor `pipe`. One that is not there any more is not missed."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def watch(self, leader: int) -> None:
        """From now on the process `leader`, which leads a group, is interrupted when we are gone."""
        self._tell(b"+%d\n" % leader)

    def leave(self, leader: int) -> None:
        """It is not, any more: it has ended and is not reaped yet, or we interrupt it ourselves."""
        self._tell(b"-%d\n" % leader)

    def _tell(self, word: bytes) -> None:
        try:
            os.write(self._pipe, word)  # shorter than PIPE_BUF: whole, whichever thread writes
        except OSError:
            return


def serve(words: Iterable[str]) -> None:
    """Takes the words until their pipe ends, which is when we are gone, and interrupts who is left."""
    watched: set[int] = set()
    for word in words:
        change = watched.add if word.startswith("+") else watched.discard
        change(int(word[1:]))
    for leader in watched:
        try:
            if os.getpgid(leader) == leader:  # else it is gone, and somebody else has its number
                os.kill(leader, signal.SIGINT)
        except OSError:
            continue


if __name__ == "__main__":
    serve(sys.stdin)
