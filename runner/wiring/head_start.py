"""A head start: what checks configuration is imported by a second process while this one imports the verb.

Pydantic and the schema take as long to import as a verb does, and are needed where a file is new: always in a fresh
clone, as in CI. Where that looks to be so, and there is a second core, the checker is started before the verb's own
modules are. A guess that was wrong costs time alone: a checker that nobody asks ends with us, and where it does not
answer the files are checked here.
"""

from __future__ import annotations

import atexit
import importlib
import json
from pathlib import Path
from typing import BinaryIO

from runner.config import REMEMBERED, Checked, Checker, FileKind
from runner.kit.machine import processors
from runner.kit.twin import Twin, twin
from runner.model.references import Json

SERVER = "runner.config.schema.serving"


class HeadStart:
    """The checker beside us, from when it is started to the end of the command."""

    def __init__(self) -> None:
        self._twin: Twin | None = None

    def begin(self, directory: Path) -> None:
        """Starts it where the repository around `directory` looks as if its configuration was never checked."""
        if self._twin is None and processors() > 1 and _looks_new(directory):
            self._twin = twin(_serve)
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
        if self._twin is None:
            return None
        try:
            self._twin.asked.write(question.encode() + b"\n")
            self._twin.asked.flush()
            answer: Json = json.loads(self._twin.told.readline())
        except (OSError, ValueError):
            self.end()
            return None
        return answer

    def end(self) -> None:
        """Nobody asks any more."""
        if self._twin is not None:
            self._twin.end()
        self._twin = None


HEAD_START = HeadStart()
"""Of this process: it begins before there is a bench to keep it on."""


def _serve(asked: BinaryIO, told: BinaryIO) -> None:
    importlib.import_module(SERVER).serve(asked, told)


def _looks_new(directory: Path) -> bool:
    """Guessed without Git, from what most clones look like; a worktree of another clone is left alone."""
    for place in (directory, *directory.parents):
        if (git := place / ".git").is_dir():
            return not (git / "runner" / REMEMBERED).exists()
    return False
