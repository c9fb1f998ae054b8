"""A head start: what checks configuration is imported by a second process while this one imports the verb.

Pydantic and the schema take as long to import as a verb does, and are needed where a file is new: always in a fresh
clone, as in CI. Where that looks to be so, and there is a second core, the checker is started before the verb's own
modules are. A guess that was wrong costs time alone: a checker that nobody asks ends with us, and where it does not
answer the files are checked here.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from runner.config import Checked, Checker, FileKind
from runner.kit.process import beside
from runner.model.references import Json

SERVER = "runner.config.schema.serving"
REMEMBERED = Path("runner", "configuration.json")
"""Below the Git directory; see runner.config.remembering."""

_PASSED = ("PATH", "HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class _Child(Protocol):
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def kill(self) -> None: ...
    def wait(self) -> int: ...


class HeadStart:
    """The checker beside us, from when it is started to the end of the command."""

    def __init__(self) -> None:
        self._child: _Child | None = None

    def begin(self, directory: Path, variables: Mapping[str, str]) -> None:
        """Starts it where the repository around `directory` looks as if its configuration was never checked."""
        if self._child is None and _cores() > 1 and _looks_new(directory):
            environment = {
                name: value
                for name, value in variables.items()
                if name in _PASSED or name.startswith("PYTHON")
            }
            try:
                self._child = beside((sys.executable, "-P", "-m", SERVER), environment)
            except OSError:
                return
            atexit.register(self.end)

    def checker(self, otherwise: Checker) -> Checker:
        """One that asks beside us, if somebody is there. Where that fails, and for a file with a mistake, it is
        `otherwise` that checks."""

        def check(kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
            asked = {"kind": kind, "file": file, "content": content.decode("latin-1"), "limit": limit}
            match self._answer(json.dumps(asked)):
                case {"value": dict(value), "places": places, "nodes": int(nodes)}:
                    return Checked(value=value, places=places, nodes=nodes)
                case _:
                    return otherwise(kind, file, content, limit)

        return check

    def _answer(self, question: str) -> Json:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return None
        try:
            child.stdin.write(question.encode() + b"\n")
            child.stdin.flush()
            answer: Json = json.loads(child.stdout.readline())
        except (OSError, ValueError):
            self.end()
            return None
        return answer

    def end(self) -> None:
        """Nobody asks any more."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):  # of a question that it did not live to read
                        pipe.close()
            child.wait()


HEAD_START = HeadStart()
"""Of this process: it begins before there is a bench to keep it on."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _looks_new(directory: Path) -> bool:
    """Guessed without Git, from what most clones look like; a worktree of another clone is left alone."""
    for place in (directory, *directory.parents):
        if (git := place / ".git").is_dir():
            return not (git / REMEMBERED).exists()
    return False
