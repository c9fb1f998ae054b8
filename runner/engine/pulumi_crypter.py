"""Opens what Pulumi's passphrase provider sealed, and seals so that it opens it.

Format: `sdk/go/common/resource/config/crypt.go` of Pulumi: PBKDF2-HMAC-SHA256 over the passphrase, then AES-256-GCM,
written `v1:<nonce>:<ciphertext>`. The salt is written `v1:<salt>:<a sealed "pulumi">`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runner.engine.pulumi_values import Opener, unopened

ROUNDS = 1_000_000
PROOF = "pulumi"
_SALT, _NONCE = 8, 12  # bytes, as Pulumi has them

Sealer = Callable[[str], str]


def opener_of(salt: str, passphrase: str) -> Opener:
    """What opens values sealed under `salt`; opens nothing where the passphrase is another one. Costs a third of a
    second for a new pair."""
    version, _, rest = salt.partition(":")
    written, _, proof = rest.partition(":")
    if version != "v1" or not proof:
        return unopened
    try:
        cipher = _cipher(base64.b64decode(written, validate=True), passphrase)
    except binascii.Error:
        return unopened
    return (lambda sealed: _opened(cipher, sealed)) if _opened(cipher, proof) == PROOF else unopened


def sealer_of(passphrase: str) -> tuple[str, Sealer]:
    """A new salt, and what seals values under it. Costs a third of a second."""
    salt = os.urandom(_SALT)
    sealed = _sealer(_cipher(salt, passphrase))
    return f"v1:{base64.b64encode(salt).decode()}:{sealed(PROOF)}", sealed


def sealer_under(salt: str, passphrase: str) -> Sealer | None:
    """What seals values under a salt that there is; None where the passphrase is another one."""
    if opener_of(salt, passphrase) is unopened:
        return None
    return _sealer(_cipher(base64.b64decode(salt.split(":")[1]), passphrase))


def _sealer(cipher: AESGCM) -> Sealer:
    def sealed(plain: str) -> str:
        nonce = os.urandom(_NONCE)
        content = cipher.encrypt(nonce, plain.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(content).decode()}"

    return sealed


@lru_cache(maxsize=64)
def _cipher(salt: bytes, passphrase: str) -> AESGCM:
    return AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ROUNDS, 32))


def _opened(cipher: AESGCM, sealed: str) -> str | None:
    version, _, rest = sealed.partition(":")
    nonce, _, content = rest.partition(":")
    if version != "v1":
        return None
    try:
        plain = cipher.decrypt(
            base64.b64decode(nonce, validate=True), base64.b64decode(content, validate=True), None
        )
    except (binascii.Error, InvalidTag, ValueError):
        return None
    return plain.decode("utf-8", "replace")
