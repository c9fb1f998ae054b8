"""Objects encrypted and bound to what they are: whose ledger, which target, which lineage, which serial.

An envelope is `GRE` and a version byte, key id (8 bytes), salt (32), nonce (12), then AES-256-GCM's ciphertext and tag.
Its key comes from HKDF-SHA256 over purpose, ledger id, environment and the salt, so that no two objects share one; its
additional authenticated text is version, key id, purpose, ledger id, target, lineage and serial, each after its length.
"""

from __future__ import annotations

import secrets
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, HistoryMoved
from runner.kit.crypto import ID_BYTES, Key, KeyRing, derived, joined

MAGIC = b"GRE"
VERSION = 1
SALT_BYTES = 32
NONCE_BYTES = 12
HEADER_BYTES = len(MAGIC) + 1 + ID_BYTES + SALT_BYTES + NONCE_BYTES
TAG_BYTES = 16


class Purpose(StrEnum):
    """What an object is for; an object of one purpose never opens as one of another."""

    STATE = "state"
    PLAN = "plan"
    KEPT_PLAN = "kept plan"
    KEY = "key"


class Context(Struct, frozen=True, kw_only=True):
    """What an object is bound to. `ledger` is the ledger's random id; `target` a target's or another object's name."""

    purpose: Purpose
    ledger: str
    environment: str
    target: str
    lineage: str = ""
    serial: int = 0


class Header(Struct, frozen=True, kw_only=True):
    """What an envelope says without a key; believed only after `open_object`."""

    key_id: str
    salt: bytes
    nonce: bytes


def seal_object(key: Key, context: Context, plain: bytes) -> bytes:
    """`plain` in an envelope; 73 bytes longer, and never the same twice."""
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    header = MAGIC + bytes([VERSION]) + bytes.fromhex(key.id) + salt + nonce
    return header + _cipher(key, context, salt).encrypt(nonce, plain, _bound(key.id, context))


def open_object(keys: KeyRing, context: Context, sealed: bytes) -> bytes:
    """What `seal_object` was given. AskedWrongly `key-unknown` when it was sealed with a key that is not in the ring;
    HistoryMoved `state-not-authentic` (or `plan-`, `key-`) when it was changed or belongs to another context."""
    header = read_header(sealed, context)
    key = keys.find(header.key_id)
    if key is None:
        raise _unknown_key(header.key_id, keys, context)
    try:
        cipher = _cipher(key, context, header.salt)
        return cipher.decrypt(header.nonce, sealed[HEADER_BYTES:], _bound(key.id, context))
    except InvalidTag:
        raise _not_authentic(
            context, "was changed, or belongs to another target, lineage or serial"
        ) from None


def read_header(sealed: bytes, context: Context) -> Header:
    """The envelope's header. HistoryMoved when it is no envelope, AskedWrongly when it is one of a later version."""
    if len(sealed) < HEADER_BYTES + TAG_BYTES or not sealed.startswith(MAGIC):
        raise _not_authentic(context, "is not what the runner writes")
    if sealed[len(MAGIC)] != VERSION:
        message = f"the {context.purpose} of `{context.target}` was sealed by another version of the runner"
        hint = "use the version of the runner that wrote it, or a later one"
        raise AskedWrongly(Diagnostic(code="envelope-version", message=message, hint=hint))
    salt_at = len(MAGIC) + 1 + ID_BYTES
    nonce_at = salt_at + SALT_BYTES
    return Header(
        key_id=sealed[salt_at - ID_BYTES : salt_at].hex(),
        salt=sealed[salt_at:nonce_at],
        nonce=sealed[nonce_at:HEADER_BYTES],
    )


def _cipher(key: Key, context: Context, salt: bytes) -> AESGCM:
    labels = ("gitops-runner/object/v1", context.purpose, context.ledger, context.environment)
    return AESGCM(derived(key.secret, labels, salt=salt))


def _bound(key_id: str, context: Context) -> bytes:
    return joined(
        str(VERSION),
        key_id,
        context.purpose,
        context.ledger,
        context.target,
        context.lineage,
        str(context.serial),
    )


def _unknown_key(id: str, keys: KeyRing, context: Context) -> AskedWrongly:
    what = f"the {context.purpose} of `{context.target}`"
    message = f"{what} is sealed with key {id}; the key at hand is {keys.current.id}"
    name = context.environment
    hint = f"give the key of `{name}` that has this id; `runner key export {name}` prints it where it is kept"
    return AskedWrongly(Diagnostic(code="key-unknown", message=message, hint=hint))


_NOT_AUTHENTIC = {
    Purpose.STATE: "state-not-authentic",
    Purpose.PLAN: "plan-not-authentic",
    Purpose.KEPT_PLAN: "plan-not-authentic",
    Purpose.KEY: "key-not-authentic",
}


def _not_authentic(context: Context, what: str) -> HistoryMoved:
    message = f"the stored {context.purpose} of `{context.target}` {what}"
    hint = "find out who wrote it before anything is applied; `runner doctor` says whether the record itself holds"
    return HistoryMoved(Diagnostic(code=_NOT_AUTHENTIC[context.purpose], message=message, hint=hint))
