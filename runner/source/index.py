"""Facts by Git blob id, kept in a small SQLite file under the Git directory; or only in memory.

The file is a cache and nothing else: of another version, damaged, locked or on a full disk it is done without. It is
written by ordinary previews, so what authorises an apply must not be read from one that unapproved code could write:
facts are made of bytes that are named by their own hash, and of nothing else.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from runner.model.code import FileFacts
from runner.source.kept_facts import VERSION, decoded_facts, encoded_facts

FILE_NAME = "index.sqlite"
_BATCH = 500
_TRIES, _PAUSE = 50, 0.02  # seconds: together what a lock of a moment can take


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _is_damage(problem: Exception) -> bool:
    return isinstance(problem, sqlite3.DatabaseError) and not isinstance(problem, sqlite3.OperationalError)


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
        self._place = directory / FILE_NAME
        self._lock = threading.Lock()
        self._connection = self._opened()

    def load(self, wanted: Iterable[tuple[str, str, str]]) -> Mapping[str, FileFacts]:
        """See Index."""
        names: dict[str, list[str]] = {}
        for kind, blob, path in wanted:
            names.setdefault(f"{kind}:{blob}", []).append(path)
        rows = self._rows(list(names))
        found = {}
        for key, row in rows:
            # A row that does not read is a row that is not there.
            with suppress(ValueError, TypeError, KeyError, IndexError):
                found.update({path: decoded_facts(json.loads(row), path) for path in names[key]})
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

    def _opened(self) -> sqlite3.Connection | None:
        """The file, made anew where it is of another version or damaged; None where nothing can be kept."""
        dropped = False
        for _ in range(_TRIES):
            connection = None
            try:
                self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                connection = sqlite3.connect(self._place, timeout=5.0, check_same_thread=False)
                self._prepare(connection)
            except (sqlite3.Error, OSError) as problem:
                if connection is not None:
                    connection.close()
                # Only a file that is no database is thrown away: a lock or a full disk passes, and others use the file.
                if isinstance(problem, sqlite3.OperationalError) and "locked" in str(problem):
                    # Who switches a new file to its journal locks it, and SQLite lets nobody wait for that.
                    time.sleep(_PAUSE)
                    continue
                if dropped or not _is_damage(problem):
                    return None
                dropped = True
                self._drop()
            else:
                return connection
        return None

    @staticmethod
    def _prepare(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        if _version(connection) == VERSION:
            return
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            # Asked again under the lock: another one may have made the table meanwhile, and filled it.
            if _version(connection) != VERSION:
                connection.execute("DROP TABLE IF EXISTS facts")
                connection.execute(
                    "CREATE TABLE facts (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID"
                )
                connection.execute(f"PRAGMA user_version={VERSION}")

    def _drop(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._place.with_name(self._place.name + suffix).unlink(missing_ok=True)
