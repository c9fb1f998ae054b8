"""This process once more, as it is now: what it has imported need not be imported again for work beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from msgspec import Struct

from runner.kit.mortality import send

Work = Callable[[BinaryIO, BinaryIO], None]
"""Reads what it is asked from the first, and answers on the second, until the first ends."""


class Twin(Struct, frozen=True, kw_only=True):
    """One that works. What is written to `asked` it reads; what it writes can be read from `told`."""

    pid: int
    asked: BinaryIO
    told: BinaryIO

    def end(self) -> None:
        """Whatever it does, it is not needed any more."""
        send(self.pid, signal.SIGKILL)
        for pipe in (self.asked, self.told):
            with contextlib.suppress(OSError):  # of a question that it did not live to read
                pipe.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def twin(work: Work) -> Twin | None:
    """Starts one. It has what we have, secrets too, and is for our own code alone; it is to end with us. None where a
    second thread runs, whose locks would stay locked in it for ever, or where there can be no more processes."""
    if threading.active_count() > 1:
        return None
    its_input, asked = os.pipe()
    told, its_output = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        for end in (its_input, asked, told, its_output):
            os.close(end)
        return None
    if pid == 0:
        _be(work, its_input, its_output, (asked, told))
    os.close(its_input)
    os.close(its_output)
    return Twin(pid=pid, asked=os.fdopen(asked, "wb"), told=os.fdopen(told, "rb"))


def _be(work: Work, its_input: int, its_output: int, of_the_other: tuple[int, ...]) -> NoReturn:
    code = 1
    try:
        os.setsid()  # Ctrl-C is for the other to answer
        for end in of_the_other:
            os.close(end)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # who reads what the other prints must not have to wait for us
            os.dup2(nowhere, stream)
        with os.fdopen(its_input, "rb") as asked, os.fdopen(its_output, "wb") as told:
            work(asked, told)
        code = 0
    finally:
        os._exit(code)  # what was begun in this memory is for the other to end
