"""A Pulumi project file to what the static gate wants of it: which keys it has, found by regular expressions that find
too much. Pure."""

from __future__ import annotations

import re

from runner.model.gate_facts import OPENING, Setting, WrittenFile
from runner.source.gate_doubts import unread_bytes
from runner.source.gate_hcl import digest_of
from runner.source.spans import Place

_KEY = re.compile(rb"[\"']?\b(runtime|options|plugins|packages|main)[\"']?[ \t]*:(?=[\s{\[\"'])")
_NAME = re.compile(rb"[\"']?\bruntime[\"']?[ \t]*:(?:\s*\{?\s*[\"']?name[\"']?[ \t]*:)?[ \t]*[\"']?([\w-]+)")


def written_project(content: bytes, path: str) -> WrittenFile:
    """The keys that the file has, each where it stands first; `runtime` with its name, where that is plain."""
    place = Place(path, content)
    if refused := unread_bytes(place):
        return WrittenFile(path=path, doubts=(refused,))
    found: dict[str, Setting] = {}
    for hit in _KEY.finditer(content):
        key = hit[1].decode()
        named = _NAME.match(content, hit.start()) if key == "runtime" else None
        found.setdefault(
            key,
            Setting(
                path=(key,),
                value=(named[1].decode(),) if named else OPENING,
                span=place.at(hit.start()),
                digest=digest_of(content),
            ),
        )
    return WrittenFile(path=path, settings=tuple(found.values()))
