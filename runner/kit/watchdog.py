"""The dead man's switch: what still runs of ours when we are gone, however we went, is interrupted: once.

`Watchdog` speaks to a process that runs this very file and does nothing but read a pipe that only we hold. The kernel
could tell the children themselves (PR_SET_PDEATHSIG), but it does so at the end of each of our threads, and Terraform
takes a second interrupt for an order to drop everything; and the program that asks the kernel for it, `setpriv`, is
Linux's alone, and costs more than to tell this one. A child that was born and not yet told of when we went is known by
a mark that it inherits, where /proc shows it.

This file imports next to nothing: its start is a part of every run's.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator

_DISMISSED = "."


class Watchdog:
    """Told of every child, over the descriptor `pipe`. One that is not there any more is not missed. `mark` is the
    descriptor that children inherit."""

    def __init__(self, pipe: int, mark: int) -> None:
        self._pipe = pipe
        self.mark = mark

    def watch(self, leader: int) -> None:
        """From now on the process `leader`, which leads a group, is interrupted when we are gone."""
        self._tell(b"+%d\n" % leader)

    def leave(self, leader: int) -> None:
        """It is not, any more: it has ended and is not reaped yet, or we interrupt it ourselves."""
        self._tell(b"-%d\n" % leader)

    def dismiss(self) -> None:
        """We end as we should: nobody is left who was not told of."""
        self._tell(b"%s\n" % _DISMISSED.encode())

    def _tell(self, word: bytes) -> None:
        try:
            os.write(self._pipe, word)  # shorter than PIPE_BUF: whole, whichever thread writes
        except OSError:
            return


def name_of(descriptor: int) -> str:
    """How /proc names what a descriptor is open on; a pipe's name is its own."""
    return f"pipe:[{os.fstat(descriptor).st_ino}]"


def serve(words: Iterable[str], mark: str) -> None:
    """Takes the words until their pipe ends, which is when we are gone, and interrupts who is left."""
    watched: set[int] = set()
    left: set[int] = set()
    for word in words:
        if word.startswith(_DISMISSED):
            mark = ""
            break
        pid = int(word[1:])
        now, before = (watched, left) if word.startswith("+") else (left, watched)
        now.add(pid)
        before.discard(pid)
    for leader in watched.union(_marked(mark) if mark else ()) - left:
        try:
            if os.getpgid(leader) == leader:  # else it is gone, and somebody else has its number
                os.kill(leader, signal.SIGINT)
        except OSError:
            continue


def _marked(mark: str) -> Iterator[int]:
    """Those who have the mark and lead a session; who they started has it too, and is theirs to interrupt."""
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return
    for pid in processes:
        try:
            if os.getsid(pid) != pid:
                continue
            place = f"/proc/{pid}/fd"
            if any(os.readlink(f"{place}/{name}") == mark for name in os.listdir(place)):
                yield pid
        except OSError:
            continue


if __name__ == "__main__":
    serve(sys.stdin, sys.argv[1])
