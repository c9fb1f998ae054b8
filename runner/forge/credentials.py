"""How a request says who asks: a token, or a GitHub App that gets itself one after another."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from runner.errors import AskedWrongly
from runner.kit.clock import Clock

# GitHub takes ten minutes at most, and clocks differ.
_LASTS = timedelta(minutes=9)
_EARLIER = timedelta(seconds=60)
# An installation's token lasts an hour; renewed while a request that began with it still ends in time.
_SPARE = timedelta(minutes=5)


class Credential(Protocol):
    """What makes the header of each request."""

    def header(self) -> tuple[str, str]:
        """Name and value of the header that authenticates; an empty name where there is none."""


class Anonymous:
    """Nobody: what is public can be read."""

    def header(self) -> tuple[str, str]:
        """See Credential."""
        return "", ""


class Token:
    """One token in one header: `Authorization` with `scheme`, or the forge's own header with the bare token."""

    def __init__(self, token: str, *, header: str = "Authorization", scheme: str = "Bearer") -> None:
        self._header = (header, f"{scheme} {token}".strip())

    def header(self) -> tuple[str, str]:
        """See Credential."""
        return self._header


class Installation(Struct, frozen=True, kw_only=True):
    """What GitHub answers to an app that asks for a token: what it may, and until when."""

    token: str
    expires_at: datetime
    permissions: dict[str, str] = {}

    __repr__ = object.__repr__  # the token is not to be read in a traceback


class AppToken:
    """A GitHub App's installation. `ask` exchanges a signed claim for the installation's next token."""

    def __init__(self, claim: AppClaim, ask: Callable[[str], Installation], clock: Clock) -> None:
        self._claim = claim
        self._ask = ask
        self._clock = clock
        self._held: Installation | None = None

    def header(self) -> tuple[str, str]:
        """See Credential."""
        return "Authorization", f"Bearer {self.installation().token}"

    def installation(self) -> Installation:
        """The token in use, a new one where the old one is about to end."""
        now = self._clock.now()
        if self._held is None or self._held.expires_at - _SPARE <= now:
            self._held = self._ask(self._claim.signed(now))
        return self._held


class AppClaim:
    """A claim to be the app `id` (its number, or its client id), signed with its private key (RFC 7519, RS256).
    AskedWrongly `forge-app-key` where the key is no RSA key in PEM."""

    def __init__(self, id: str, key: bytes) -> None:
        self._id = id
        try:
            loaded = load_pem_private_key(key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            loaded = None
        if not isinstance(loaded, RSAPrivateKey):
            raise AskedWrongly.of(
                "forge-app-key",
                "the private key of the GitHub App is no RSA key in PEM",
                hint="give `forge.app.key` the file, or the variable, that has what GitHub let you download",
            )
        self._key = loaded

    def signed(self, now: datetime) -> str:
        """The claim as GitHub takes it, for the next nine minutes."""
        claims = {
            "iat": int((now - _EARLIER).timestamp()),
            "exp": int((now + _LASTS).timestamp()),
            "iss": self._id,
        }
        words = ".".join(
            _base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        return f"{words}.{_base64url(self._key.sign(words.encode(), PKCS1v15(), SHA256()))}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
