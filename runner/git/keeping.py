"""The kept outbox: submissions that have not arrived, as files in the Git directory.

A file is written when a submission is handed in, and locked by the living process that sends it: what is not locked
was left by one that was refused, or killed. Each attempt is noted beside it before it is made, so that one which did
arrive is not sent twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from runner.errors import HistoryMoved
from runner.git import Edit
from runner.git.repository import Repository
from runner.kit.private_files import replace_file, sync_directory

_SCHEMA = "runner/1"


class KeptSubmission(Struct, frozen=True, kw_only=True):
    """One file of the outbox. `place`: `remote/<remote>` or `local`; `attempts`: ref -> commit of each push that may
    have arrived."""

    file: Path
    place: str
    edits: tuple[Edit, ...]
    attempts: tuple[Mapping[str, str], ...]


class Keeping:
    """The file of one submission while this process answers for it."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self.file = file
        self._descriptor = descriptor

    @classmethod
    def begin(cls, repository: Repository, place: str, edits: Sequence[Edit]) -> Keeping:
        """Writes it, synced to the disk, mode 0600."""
        directory = _directory(repository)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = directory / f"{_next_number(directory):08d}-{secrets.token_hex(4)}.json"
        content = {"schema": _SCHEMA, "place": place, "edits": [_as_written(edit) for edit in edits]}
        draft = file.with_suffix(".tmp")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with open(descriptor, "wb", closefd=False) as stream:
                stream.write(json.dumps(content).encode())
            os.fsync(descriptor)
            draft.replace(file)
            sync_directory(directory)
        except OSError:  # a full disk: half of it is worth nothing
            draft.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(file, descriptor)

    @classmethod
    def resume(cls, file: Path) -> Keeping | None:
        """Takes over a file that was left behind; None when another process has it, or it is gone."""
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not file.exists():
            os.close(descriptor)
            return None
        return cls(file, descriptor)

    @classmethod
    def discard(cls, file: Path) -> bool:
        """Removes a file that was left behind; whether it is gone. Another process may have it."""
        keeping = cls.resume(file)
        if keeping is not None:
            keeping.end(gone=True)
        return not file.exists()

    def note(self, attempts: Sequence[Mapping[str, str]]) -> None:
        """Writes down what was or is about to be pushed, and may arrive."""
        written = json.dumps([dict(attempt) for attempt in attempts])
        replace_file(self.file.with_suffix(".attempt"), written.encode())

    def end(self, *, gone: bool) -> None:
        """Lets go of it; with `gone` the file goes too."""
        if gone:
            for each in (self.file, self.file.with_suffix(".attempt")):
                with suppress(FileNotFoundError):
                    each.unlink()
        os.close(self._descriptor)


def kept(repository: Repository) -> tuple[KeptSubmission, ...]:
    """What lies in the outbox, oldest first, also what a living process is about to send. HistoryMoved
    `outbox-unreadable` when a file is none of ours."""
    found = (_read(file) for file in sorted(_directory(repository).glob("*.json")))
    return tuple(each for each in found if each is not None)


def _read(file: Path) -> KeptSubmission | None:
    """None for one that arrived a moment ago: another process has removed it."""
    beside = file.with_suffix(".attempt")
    try:
        attempts = tuple(json.loads(beside.read_bytes())) if beside.exists() else ()
        content = json.loads(file.read_bytes())
        edits = tuple(_as_believed(edit) for edit in content["edits"])
        return KeptSubmission(file=file, place=content["place"], edits=edits, attempts=attempts)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        hint = "it was changed by hand, or written by another version: move it away, and see `runner state recover`"
        raise HistoryMoved.of("outbox-unreadable", f"`{file}` cannot be read: {error}", hint=hint) from error


def _as_written(edit: Edit) -> dict[str, object]:
    changes = {path: None if new is None else b64encode(new).decode() for path, new in edit.changes.items()}
    return {
        "ref": edit.ref,
        "changes": changes,
        "expects": dict(edit.expects),
        "chained": edit.chained,
        "message": edit.message,
        "opening": edit.opening,
        "parents": list(edit.parents),
        "sign": edit.sign,
    }


def _as_believed(written: Mapping[str, object]) -> Edit:
    match written:
        case {
            "ref": str(ref),
            "changes": dict(changes),
            "expects": dict(expects),
            "chained": bool(chained),
            "message": str(message),
            "opening": str(opening),
            "parents": list(parents),
            "sign": bool(sign),
        }:
            return Edit(
                ref=ref,
                changes={path: None if new is None else b64decode(new) for path, new in changes.items()},
                expects=expects,
                chained=chained,
                message=message,
                opening=opening,
                parents=tuple(parents),
                sign=sign,
            )
        case _:
            raise ValueError("an edit is incomplete")


def _directory(repository: Repository) -> Path:
    return repository.git_directory / "runner" / "outbox"


def _next_number(directory: Path) -> int:
    return 1 + max((int(file.name[:8]) for file in directory.glob("[0-9]*.json")), default=0)
