"""Old keys, each encrypted under the current one, in `keys/` of an environment's state ref: read, written, retired.

A wrapped key says inside its envelope whether it is the sealing key: nobody who can write the ref can change that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, HistoryMoved
from runner.git import Edit
from runner.kit.canonical import encode
from runner.kit.crypto import Key, KeyRing, key_of, ring_of
from runner.kit.envelope import Context, Purpose, open_object, read_header, seal_object
from runner.model.names import encoded
from runner.vault import Rotated

WRAPPED_SUFFIX = ".wrapped"
SERVICE_PATH = "keys/current.kms"
"""The current key as the key service wrapped it. One path, so that of two machines that begin at once one loses."""


def state_ref(environment: str) -> str:
    """The ref that holds an environment's states and wrapped keys."""
    return f"refs/runner/state/{encoded(environment)}"


def wrapped_path(id: str) -> str:
    """Where a wrapped key lies in that ref."""
    return f"keys/{id}{WRAPPED_SUFFIX}"


def wrapping_id(blobs: Mapping[str, bytes], environment: str) -> str:
    """The id of the key that the wrapped keys among `blobs` (path -> bytes) take; empty where nothing was rotated."""
    ids = {
        read_header(content, _context(path, "", environment)).key_id
        for path, content in blobs.items()
        if path.endswith(WRAPPED_SUFFIX)
    }
    if len(ids) > 1:
        message = f"the old keys of `{environment}` are wrapped under {len(ids)} different keys"
        raise HistoryMoved(
            Diagnostic(code="key-not-authentic", message=message, hint="find out who wrote them")
        )
    return ids.pop() if ids else ""


def unwrapped(blobs: Mapping[str, bytes], current: Key, ledger: str, environment: str) -> KeyRing:
    """The whole ring. HistoryMoved `key-not-authentic` when a wrapped key was tampered with."""
    old: dict[str, Key] = {}
    sealing = current
    for path, content in sorted(blobs.items()):
        if not path.endswith(WRAPPED_SUFFIX):
            continue
        table = json.loads(open_object(ring_of(current), _context(path, ledger, environment), content))
        key = key_of(bytes.fromhex(table["secret"]))
        old[key.id] = key
        sealing = key if table["sealing"] else sealing
    return KeyRing(current=current, old=old, sealing=sealing)


def rotated(
    ring: KeyRing,
    new: Key,
    ledger: str,
    environment: str,
    found: Mapping[str, tuple[str, bytes]],
    kms: bytes = b"",
) -> Rotated:
    """The ring with `new` in front and every older key wrapped under it. `found` is what `keys` of the ref holds (path
    -> blob id and bytes); `kms` the form of `new` that a key service wrapped, where it comes from one."""
    old = {**ring.old, ring.current.id: ring.current}
    if new.id in old:
        message = f"key {new.id} of `{environment}` is not new"
        raise AskedWrongly(
            Diagnostic(code="key-exists", message=message, hint="`runner key new` prints a new one")
        )
    changes: dict[str, bytes | None] = {SERVICE_PATH: kms or None} if kms or SERVICE_PATH in found else {}
    for key in old.values():
        path = wrapped_path(key.id)
        plain = encode({"secret": key.secret.hex(), "sealing": key.id == ring.sealing.id})
        changes[path] = seal_object(new, _context(path, ledger, environment), plain)
    expects = {path: found[path][0] if path in found else None for path in changes}
    edit = Edit(ref=state_ref(environment), changes=changes, expects=expects, message="runner: key rotated")
    return Rotated(ring=KeyRing(current=new, old=old, sealing=ring.sealing), edits=(edit,))


def retired(
    ring: KeyRing, id: str, environment: str, found: Mapping[str, tuple[str, bytes]], in_use: Collection[str]
) -> tuple[Edit, ...]:
    """The edits that forget an old key for good; `in_use` are the key ids of all that is still kept. AskedWrongly
    `key-in-use` for the current and the sealing key, and for one that something kept still takes; `key-unknown`."""
    path = wrapped_path(id)
    reasons = {
        "it is the current key": id == ring.current.id,
        "it seals the values in the ledger": id == ring.sealing.id,
        "states or plans that are kept are sealed with it": id in in_use,
    }
    for reason, holds in reasons.items():
        if holds:
            message = f"key {id} of `{environment}` cannot be retired: {reason}"
            raise AskedWrongly(
                Diagnostic(code="key-in-use", message=message, hint="`runner key rotate` comes first")
            )
    if id not in ring.old or path not in found:
        message = f"`{environment}` has no old key {id}; it has {', '.join(sorted(ring.old)) or 'none'}"
        raise AskedWrongly(Diagnostic(code="key-unknown", message=message))
    ref = state_ref(environment)
    return (
        Edit(ref=ref, changes={path: None}, expects={path: found[path][0]}, message="runner: key retired"),
    )


def _context(path: str, ledger: str, environment: str) -> Context:
    return Context(purpose=Purpose.KEY, ledger=ledger, environment=environment, target=path)
