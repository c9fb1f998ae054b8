"""Keys: their ids, how they are written, and what is derived from them.

A key is 32 random bytes. It encrypts nothing itself: each use derives a key of its own by HKDF-SHA256 (RFC 5869) under
a label, so that no two uses can be played against each other.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.kit.keyring import Key, KeyRing, ring_of

__all__ = ["Key", "KeyRing", "derived", "generate", "joined", "key_of", "parse", "printable", "ring_of"]

KEY_BYTES = 32
ID_BYTES = 8


def key_of(secret: bytes) -> Key:
    """The key made of 32 bytes. ValueError for another length."""
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes, not {len(secret)}")
    identity = sha256(derived(secret, ("gitops-runner/key-id/v1",))).digest()[:ID_BYTES]
    return Key(id=identity.hex(), secret=secret)


def generate() -> Key:
    """A new key from the operating system's randomness."""
    return key_of(secrets.token_bytes(KEY_BYTES))


def printable(key: Key) -> str:
    """The key as a person keeps it: 44 characters of base64."""
    return base64.b64encode(key.secret).decode("ascii")


def parse(text: str, place: str) -> Key:
    """The key that `printable` wrote; surrounding white space does not matter. AskedWrongly `key-malformed` says what
    is wrong, `place` where it was found; what was found is not repeated."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed(place, f"is not base64 ({len(text.strip())} characters)") from None
    if len(secret) != KEY_BYTES:
        raise _malformed(place, f"holds {len(secret)} bytes")
    if secret == bytes(KEY_BYTES):
        raise _malformed(place, "holds nothing but zeros")
    return key_of(secret)


def derived(secret: bytes, labels: tuple[str, ...], *, salt: bytes | None = None, length: int = 32) -> bytes:
    """`length` bytes that only holders of `secret` can compute; other labels or another salt give unrelated ones."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=joined(*labels)).derive(secret)


def joined(*parts: str | bytes) -> bytes:
    """All parts, each after its length: no two lists of parts are spelt alike."""
    chunks = []
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        chunks.append(len(content).to_bytes(8, "big") + content)
    return b"".join(chunks)


def _malformed(place: str, wrong: str) -> AskedWrongly:
    message = f"the key in {place} {wrong}; it must be {KEY_BYTES} bytes in base64"
    return AskedWrongly(
        Diagnostic(
            code="key-malformed",
            message=message,
            hint="`runner key export ENVIRONMENT` prints it as it is to be given, where the key is kept",
        )
    )
