"""The program on a pseudo terminal, and a person who types."""

import os
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.program import COMMAND, Program, environment


class PseudoTerminal:
    """A run whose three streams are one terminal. The program ends it with the others, whatever happens."""

    def __init__(
        self, program: Program, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._end, theirs = os.openpty()
        self.child = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            env={**environment(env), "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
            start_new_session=True,
        )
        os.close(theirs)
        program.started.append(self.child)
        self.seen = ""

    def until(self, words: str, *, times: int = 1, seconds: float = 120) -> None:
        """Reads until `words` were written so many times."""
        limit = time.monotonic() + seconds
        while self.seen.count(words) < times:
            assert time.monotonic() < limit, self.seen
            assert self._read(), f"it ended before it said `{words}`: {self.seen}"

    def type(self, keys: str) -> None:
        """Types `keys` and Enter."""
        os.write(self._end, f"{keys}\n".encode())

    def ended(self) -> int:
        """Reads to the end; the exit code."""
        while self._read():
            pass
        code = self.child.wait(60)
        os.close(self._end)
        return code

    def _read(self) -> bool:
        if not select.select([self._end], [], [], 60)[0]:
            return True
        try:
            read = os.read(self._end, 65536)
        except OSError:  # nobody has the other end open any more
            return False
        self.seen += read.decode(errors="replace").replace("\r\n", "\n")
        return bool(read)
