"""Facts by Git blob id, kept in a small SQLite file under the Git directory; or only in memory.

The file is a cache and nothing else: of another version, damaged, locked or on a full disk it is done without. It is
written by ordinary previews, so what authorises an apply must not be read from one that unapproved code could write:
facts are made of bytes that are named by their own hash, and of nothing else.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from msgspec import DecodeError
from msgspec.json import decode

from runner.model.code import FileFacts
from runner.source.database import opened
from runner.source.kept_facts import VERSION, decoded_facts, encoded_facts

FILE_NAME = "index.sqlite"
_BATCH = 500
_TABLE = "facts (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID"


class Index(Protocol):
    """Facts by (kind of file, blob id). Kinds: `hcl`, `json`, `template`."""

    def load(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, FileFacts]:
        """`wanted` are (kind, blob id, path); the known facts by path, with their spans in that path."""

    def store(self, facts: Iterable[tuple[str, str, FileFacts]]) -> None:
        """Keeps (kind, blob id, facts)."""


class MemoryIndex:
    """For one process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], str] = {}

    def load(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, FileFacts]:
        """See Index."""
        return {
            path: decoded_facts(json.loads(row), path)
            for kind, blob, path in wanted
            if (row := self._rows.get((kind, blob))) is not None
        }

    def store(self, facts: Iterable[tuple[str, str, FileFacts]]) -> None:
        """See Index."""
        self._rows.update({(kind, blob): json.dumps(encoded_facts(each)) for kind, blob, each in facts})


class FileIndex:
    """Shared by runs and worktrees: `directory` is `<git common dir>/runner`. Close it when done."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._connection = opened(directory / FILE_NAME, VERSION, _TABLE)

    def load(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, FileFacts]:
        """See Index."""
        names: dict[str, list[str]] = {}
        for kind, blob, path in wanted:
            names.setdefault(f"{kind}:{blob}", []).append(path)
        rows = self._rows(list(names))
        found = {}
        for key, row in rows:
            # A row that does not read is a row that is not there.
            with suppress(ValueError, TypeError, KeyError, IndexError, DecodeError):
                found.update({path: decoded_facts(decode(row), path) for path in names[key]})
        return found

    def store(self, facts: Iterable[tuple[str, str, FileFacts]]) -> None:
        """See Index; silently does without where the file cannot be written."""
        rows = [
            (f"{kind}:{blob}", json.dumps(encoded_facts(each), separators=(",", ":")))
            for kind, blob, each in facts
        ]
        with self._lock, suppress(sqlite3.Error):
            if rows and self._connection is not None:
                with self._connection:
                    self._connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", rows)

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, keys: list[str]) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        with self._lock, suppress(sqlite3.Error):
            for start in range(0, len(keys) if self._connection is not None else 0, _BATCH):
                some = keys[start : start + _BATCH]
                marks = ",".join("?" * len(some))
                statement = f"SELECT key, facts FROM facts WHERE key IN ({marks})"
                assert self._connection is not None
                rows.extend(self._connection.execute(statement, some).fetchall())
        return rows
