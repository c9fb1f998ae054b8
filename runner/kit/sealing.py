"""Values that stand in the open and tell nobody anything but that they changed.

Deterministic AES-SIV (RFC 5297): equal values at one place look equal, so a diff of two records shows which attribute
changed; the same value at another place looks different.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly, HistoryMoved
from runner.kit.canonical import Json, encode
from runner.kit.crypto import KeyRing, derived

PREFIX = "sealed:v1:"
BLOCK = 16
_WRONG = "the value at `{place}` was changed, or belongs to another place"


class Sealer:
    """Seals values with one environment's sealing key, and makes fingerprints of its secrets."""

    def __init__(self, keys: KeyRing, ledger: str, environment: str) -> None:
        """`ledger` is the ledger's random id."""
        self._key_id = keys.sealing.id
        secret = keys.sealing.secret
        self._cipher = AESSIV(derived(secret, ("gitops-runner/value/v1", ledger, environment), length=64))
        self._fingerprint_key = derived(secret, ("gitops-runner/fingerprint/v1", ledger, environment))
        self._passphrase_key = derived(secret, ("gitops-runner/passphrase/v1", ledger, environment))

    def seal(self, target: str, address: str, path: str, value: Json) -> str:
        """`value` as `sealed:v1:<key id>:<base64>`, bound to its place. Its length is told only to 16 bytes: `true`
        and `false` look alike."""
        plain = encode(value)
        padded = plain + b" " * (-len(plain) % BLOCK)  # white space after a JSON text means nothing
        sealed = self._cipher.encrypt(padded, [target.encode(), address.encode(), path.encode()])
        return f"{PREFIX}{self._key_id}:{base64.b64encode(sealed).decode('ascii')}"

    def open(self, target: str, address: str, path: str, sealed: str) -> Json:
        """What `seal` was given. ValueError for text that is not sealed; AskedWrongly `key-unknown` for another key's;
        HistoryMoved `value-not-authentic` when it was changed or stands at another place."""
        if not _is_sealed(sealed):
            raise ValueError("not a sealed value")
        key_id, _, text = sealed.removeprefix(PREFIX).partition(":")
        place = f"{target} {address} {path}"
        if key_id != self._key_id:
            message = f"the value at `{place}` is sealed with key {key_id}; the key at hand is {self._key_id}"
            raise AskedWrongly(
                Diagnostic(code="key-unknown", message=message, hint="give the key that has this id")
            )
        try:
            content = base64.b64decode(text, validate=True)
            if (
                base64.b64encode(content).decode("ascii") != text
            ):  # unused bits of the last character would be free
                raise InvalidTag
            plain = self._cipher.decrypt(content, [target.encode(), address.encode(), path.encode()])
        except (binascii.Error, ValueError, InvalidTag):
            diagnostic = Diagnostic(code="value-not-authentic", message=_WRONG.format(place=place))
            raise HistoryMoved(diagnostic) from None
        value: Json = json.loads(plain)
        return value

    def fingerprint(self, content: bytes) -> str:
        """HMAC-SHA256 of a secret, 64 hexadecimal digits: equal for equal secrets of one environment, and of no use
        for guessing without the key."""
        return hmac.new(self._fingerprint_key, content, sha256).hexdigest()

    def passphrase(self, target: str) -> str:
        """The passphrase of what an engine seals by itself in the state of `target`: 64 hexadecimal digits, another one
        for each target, the same for as long as the sealing key is."""
        return hmac.new(self._passphrase_key, target.encode(), sha256).hexdigest()


def _is_sealed(value: object) -> bool:
    """Whether `value` is text that claims to have been sealed."""
    return isinstance(value, str) and value.startswith(PREFIX)
