"""Leases in S3: one object an environment, replaced by conditional writes.

`<prefix>/<environment>.leases.json` holds the very files that Git's ref holds. One object and not one a target, because
then the contract is Git's: several leases are taken in one write or not at all, one write gives a sign of life for all
that a run holds, and whoever takes over what seems dead loses to a sign of life that comes at the last moment.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from runner.cloud import ObjectStore, StoredObject
from runner.errors import HistoryMoved
from runner.git import Conflict, Delivery, Edit, Pushed, Ticket, Unsent
from runner.git.submission import Submission
from runner.kit.canonical import digest_bytes
from runner.ledger.codec import blob
from runner.ledger.json_fields import Fields, NotReadable
from runner.ledger.ledger_paths import LOCKS
from runner.model.names import decoded
from runner.model.references import Json

PATIENCE = 120.0
"""Seconds that an edit goes on after lost races."""
_SHORTEST, _LONGEST = 0.02, 1.0  # seconds between two tries

_Files = dict[str, bytes]


class ObjectTable:
    """See LeaseTable. `prefix` begins every key; `location` (`s3://bucket`) every place that is told."""

    def __init__(self, objects: ObjectStore, *, location: str, prefix: str = "") -> None:
        self._objects = objects
        self._location = location
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._writing = threading.Lock()  # our own threads need not race one another

    def key(self, environment: str) -> str:
        """The key of the environment's object. No state's key begins so: a slash follows its environment's name."""
        return f"{self._prefix}{environment}.leases.json"

    def read(self, environment: str) -> Mapping[str, tuple[str, bytes]]:
        """See LeaseTable. HistoryMoved `lease-unreadable`."""
        key = self.key(environment)
        files = self._files(key, self._objects.get(key))
        return {path: (digest_bytes(content), content) for path, content in files.items()}

    def submit(self, edits: Sequence[Edit], *, begun: Callable[[], None] | None = None) -> Ticket:
        """See LeaseTable. NoAnswer, Denied, AskedWrongly as ObjectStore says: raised by `wait`."""
        submission = Submission(tuple(edits), begun=begun)
        # A thread of its own: whoever waits must be able to stop waiting (law 7).
        threading.Thread(target=self._write, args=(submission,), name="leases in S3", daemon=True).start()
        return submission

    def _write(self, submission: Submission) -> None:
        try:
            with self._writing:
                submission.decide(self._delivered(submission))
        except Exception as error:  # noqa: BLE001 - the worker's border: whoever waits must be told
            submission.break_with(error)

    def _delivered(self, submission: Submission) -> Delivery:
        (ref,) = submission.refs
        key, edits = self.key(_environment_of(ref)), submission.edits
        began, pause = time.monotonic(), _SHORTEST
        while True:
            standing = self._objects.get(key)
            files = self._files(key, standing)
            if conflict := _conflict(edits, files):
                return conflict
            changed = _changed(edits, files)
            submission.try_as({})
            after = standing.etag if standing else None
            if self._objects.put(key, _content(changed), after=after, metadata={}) is not None:
                return Pushed(heads={}, blobs=_written(edits))
            if time.monotonic() - began >= PATIENCE:
                place = f"{self._location}/{key}"
                return Unsent(
                    message=f"others changed `{place}` for {PATIENCE:g} s, and were faster each time"
                )
            time.sleep(random.uniform(_SHORTEST, pause))  # noqa: S311 - so that two do not meet again
            pause = min(2 * pause, _LONGEST)

    def _files(self, key: str, standing: StoredObject | None) -> _Files:
        if standing is None:
            return {}
        try:
            return _read(standing.content)
        except (NotReadable, RecursionError) as error:
            raise HistoryMoved.of(
                "lease-unreadable",
                f"`{self._location}/{key}` holds no leases that this version reads: {error}",
                hint="it was written by hand or by a newer version; compare `runner --version` with the others'",
            ) from None


def _read(content: bytes) -> _Files:
    """The files in an object, each in the bytes that Git would hold. NotReadable."""
    Fields.of_blob(content, "an object of leases")
    files = json.loads(content).get("files")
    if not isinstance(files, dict) or not all(isinstance(value, dict) for value in files.values()):
        raise NotReadable("an object of leases has no files")
    return {path: blob(value) for path, value in files.items()}


def _content(files: Mapping[str, bytes]) -> bytes:
    """The whole object. `write` is in no other one: a write whose answer was lost must know itself again."""
    held: dict[str, Json] = {path: json.loads(content) for path, content in files.items()}
    return blob({"files": held, "write": secrets.token_hex(16)})


def _environment_of(ref: str) -> str:
    return decoded(ref.removeprefix(LOCKS))


def _conflict(edits: Sequence[Edit], files: Mapping[str, bytes]) -> Conflict | None:
    for edit in edits:
        for path, expected in edit.expects.items():
            found = digest_bytes(files[path]) if path in files else None
            if found != expected:
                return Conflict(ref=edit.ref, path=path, expected=expected, found=found)
    return None


def _changed(edits: Sequence[Edit], files: _Files) -> _Files:
    changes = {path: new for edit in edits for path, new in edit.changes.items()}
    kept = {path: content for path, content in files.items() if path not in changes}
    return kept | {path: new for path, new in changes.items() if new is not None}


def _written(edits: Sequence[Edit]) -> Mapping[tuple[str, str], str]:
    changes = ((edit.ref, path, new) for edit in edits for path, new in edit.changes.items())
    return {(ref, path): digest_bytes(new) for ref, path, new in changes if new is not None}
