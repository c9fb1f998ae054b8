"""The forms in which a secret turns up (plain, base64, URL, JSON, hex, lines), and one pattern for all of them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote_from_bytes

SHORTEST = 4  # characters; anything shorter is everywhere, and only a whole value can be known to be it
SHORTEST_LINE = 8
SHORTEST_MIDDLE = 5


def forms_of(secret: bytes) -> frozenset[str]:
    """Every form of `secret` that is looked for inside other text. Bytes that are no UTF-8 stand as surrogates."""
    found: set[str] = set()
    for version in {secret, secret.strip()}:
        text = version.decode("utf-8", "surrogateescape")
        if len(text) < SHORTEST:
            continue
        found.update(_escaped(text))
        found.update(_url(version))
        found.update(_base64(version))
        found.update((version.hex(), version.hex().upper()))
    for line in secret.decode("utf-8", "surrogateescape").splitlines():
        stripped = line.strip()
        if len(stripped) >= SHORTEST_LINE and not stripped.startswith(
            "-----"
        ):  # the frame of a PEM file is no secret
            found.update(_escaped(stripped))
            found.update(_base64(stripped.encode("utf-8", "surrogateescape")))
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _escaped(text: str) -> Iterator[str]:
    """Plain, and as JSON (also as Go writes it, and once more inside a JSON string), HCL and HTML write it."""
    yield text
    yield html.escape(text)
    for written in (text, text.replace("${", "$${").replace("%{", "%%{")):
        for ascii_only in (True, False):
            once = json.dumps(written, ensure_ascii=ascii_only)[1:-1]
            go = once
            for character in "<>&":
                go = go.replace(character, f"\\u{ord(character):04x}")
            for form in (once, go):
                yield form
                yield json.dumps(form, ensure_ascii=ascii_only)[1:-1]


def _url(secret: bytes) -> Iterator[str]:
    for safe in ("", "/", "!'()*-._~", "!$&'()*+,;=:@/"):
        form = quote_from_bytes(secret, safe=safe)
        yield form
        yield form.replace("%20", "+")
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), form)


def _base64(secret: bytes) -> Iterator[str]:
    """Whole, and what stays the same when the secret stands inside something longer, for each of three alignments."""
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        whole = encode(secret).decode()
        yield whole
        yield whole.rstrip("=")
        for before in range(3):
            text = encode(b"\0" * before + secret).decode()
            beginning = (0, 2, 3)[before]  # characters that hold bits of what stands before
            end = (0, 3, 2)[(before + len(secret)) % 3]  # and of what comes after, with the padding
            middle = text[beginning : len(text) - end]
            if len(middle) >= SHORTEST_MIDDLE:
                yield middle


def pattern_of(words: Sequence[str]) -> str:
    """A regular expression that finds the longest of `words` at each place: a trie, so that many cost as few."""
    return _branches(sorted(set(words)))


def _branches(words: list[str]) -> str:
    if len(words) == 1:
        return re.escape(words[0])
    alternatives = []
    start = 0
    optional = words[0] == ""
    if optional:
        start = 1
    while start < len(words):
        end = start
        while end < len(words) and words[end][0] == words[start][0]:
            end += 1
        group = words[start:end]
        prefix = _beginning(group[0], group[-1])
        alternatives.append(re.escape(prefix) + _branches([word[len(prefix) :] for word in group]))
        start = end
    return f"(?:{'|'.join(alternatives)}){'?' if optional else ''}"


def _beginning(one: str, other: str) -> str:
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return one[:shared]
