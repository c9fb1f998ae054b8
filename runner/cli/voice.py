"""Where words go: stdout is the answer, stderr is progress. A reader who left, or a full disk, never stops a run."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from typing import IO, Protocol, TextIO

from runner.cli.settings import Settings
from runner.report.styled import Line, plain

# Only a terminal pays for colours.
_PAINTER = "runner.cli.painting"
_CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "GITEA_ACTIONS")


class Painter(Protocol):
    """What `cli.painting` has."""

    def paint(self, stream: TextIO, lines: Iterable[Line]) -> None:
        """Writes `lines` in colours."""


class Voice:
    """Writes lines, each made safe for where it goes. `failure` is the error that silenced stdout, if any."""

    def __init__(self, settings: Settings) -> None:
        self.failure: OSError | None = None
        self._quiet = settings.verbosity < 0
        self._for_ci = any(os.environ.get(name) for name in _CI)
        dumb = os.environ.get("TERM", "") == "dumb"
        self._colored = [
            stream
            for stream in (sys.stdout, sys.stderr)
            if settings.color and not dumb and _is_terminal(stream)
        ]
        self._painter: Painter | None = importlib.import_module(_PAINTER) if self._colored else None
        self._silent: set[int] = set()

    def answer(self, lines: Iterable[Line]) -> None:
        """Says `lines` on stdout."""
        self._say(sys.stdout, lines)

    def progress(self, lines: Iterable[Line]) -> None:
        """Says `lines` on stderr, unless only the answer is wanted."""
        if not self._quiet:
            self._say(sys.stderr, lines)

    def trouble(self, lines: Iterable[Line]) -> None:
        """Says `lines` on stderr, wanted or not."""
        self._say(sys.stderr, lines)

    def text(self, text: str) -> None:
        """Writes on stdout what is no prose: JSON, a document, a value that a program asked for."""
        self._write(sys.stdout, lambda: sys.stdout.write(text))

    def content(self, content: bytes) -> None:
        """Writes bytes on stdout, untouched."""
        sink: IO[bytes] = sys.stdout.buffer
        self._write(sys.stdout, lambda: sink.write(content))

    def _say(self, stream: TextIO, lines: Iterable[Line]) -> None:
        told = list(lines)
        if not told:
            return
        painter = self._painter
        if painter and stream in self._colored:
            self._write(stream, lambda: painter.paint(stream, told))
        else:
            self._write(stream, lambda: stream.write(plain(told, for_ci=self._for_ci)))

    def _write(self, stream: TextIO, write: object) -> None:
        if stream.fileno() in self._silent:
            return
        try:
            assert callable(write)
            write()
            stream.flush()
        except OSError as error:
            self._silent.add(stream.fileno())
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                self.failure = error
            # What is still buffered would fail once more when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty()
