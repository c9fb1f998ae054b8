"""One spelling for one value: JSON bytes that do not depend on who wrote them, and their SHA-256.

Keys are sorted by code point, nothing is padded, text is UTF-8. What has no single spelling in JSON (NaN, infinities,
keys that are no text, lone surrogates) is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias, Union

# Spelled unlike the model's: Python 3.11 compares two such types of one spelling, once evaluated, without an end.
_Canonical: TypeAlias = Union[None, bool, int, float, str, "list[_Canonical]", "dict[str, _Canonical]"]
Json: TypeAlias = _Canonical

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def encode(value: object) -> bytes:
    """The canonical JSON bytes of `value`: mappings, lists, tuples (as lists), text, numbers, booleans and None.

    TypeError for any other type and for a key that is no text; ValueError for NaN, an infinity or a lone surrogate.
    """
    return _ENCODER.encode(_plain(value)).encode("utf-8")


def digest(value: object) -> str:
    """The SHA-256 of `encode(value)`, 64 hexadecimal digits."""
    return digest_bytes(encode(value))


def digest_bytes(content: bytes) -> str:
    """The SHA-256 of `content`, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


_ATOMS = frozenset({str, int, float, bool, type(None)})


def _plain(value: object) -> object:
    # json.dumps would turn a key 1 into "1" and so give two values one spelling; and it knows no Mapping but dict.
    if type(value) in _ATOMS:  # nearly everything: asked first, and by its type, for speed
        return value
    match value:
        case dict() | Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"a key of canonical JSON is text, not {type(key).__name__}")
            return {key: item if type(item) in _ATOMS else _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [item if type(item) in _ATOMS else _plain(item) for item in value]
        case bool() | int() | float() | str():  # of an enumeration
            return value
        case _:
            raise TypeError(f"canonical JSON has no {type(value).__name__}")
