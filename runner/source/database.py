"""A small SQLite file below the Git directory: a cache and nothing else. Of another version, damaged, locked or on a
full disk it is done without; shared by runs and worktrees."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_TRIES, _PAUSE = 50, 0.02  # seconds: together what a lock of a moment can take


def opened(place: Path, version: int, table: str) -> sqlite3.Connection | None:
    """The database at `place`, made anew where it is of another version or damaged; None where nothing can be kept.
    `table`: its one table as SQL declares it, `NAME (COLUMNS) …`."""
    dropped = False
    for _ in range(_TRIES):
        connection = None
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(place, timeout=5.0, check_same_thread=False)
            _prepare(connection, version, table)
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
            _drop(place)
        else:
            return connection
    return None


def _prepare(connection: sqlite3.Connection, version: int, table: str) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    if _version(connection) == version:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        # Asked again under the lock: another one may have made the table meanwhile, and filled it.
        if _version(connection) != version:
            connection.execute(f"DROP TABLE IF EXISTS {table.partition(' ')[0]}")
            connection.execute(f"CREATE TABLE {table}")
            connection.execute(f"PRAGMA user_version={version}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _is_damage(problem: Exception) -> bool:
    return isinstance(problem, sqlite3.DatabaseError) and not isinstance(problem, sqlite3.OperationalError)


def _drop(place: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            place.with_name(place.name + suffix).unlink(missing_ok=True)
