"""Bytes of code to mentions, without a parser: regular expressions that find too much, and never too little.

A literal path must end in the last name of what it leads to, so it is enough to look for names at the end of literals.
Whatever is computed, escaped or written as JSON is doubtful: then its directory is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from runner.model.code_files import VALUES
from runner.model.mentions import NOTHING, Mentions

# Each begins with a word and looks back only then: from a plain beginning the search skips to the next one.
_SOURCE = re.compile(rb'source(?<!\wsource)\s*=\s*"(\.{1,2}/[^"$%\\\n]*)"')
_ODD_SOURCE = re.compile(rb'source(?<!\wsource)\s*=\s*(?:[^"\s]|"[^"\n]*[$%\\])')
_CALL = re.compile(rb'file(?:(?<!\wfile)|(?<=\btemplatefile))\w*\s*\(\s*(?!"[^"$%\\\n]*"\s*[,)])')
_TEMPLATE = re.compile(rb'templatefile(?<!\wtemplatefile)\s*\(\s*"([^"$%\\\n]*)"')
_GLUE = re.compile(rb"\$\{\s*local\.|\b(?:join|format)\s*\(")
_DOTS = re.compile(rb'["/]\.{1,2}/?"')
_PLACE = re.compile(rb"path(?<!\wpath)\s*\.\s*(?:module|root|cwd)")
_HERE = tuple(
    (b"${path." + name + b"}" + after, b"." + after)
    for name in (b"module", b"root", b"cwd")
    for after in (b"/", b'"')
)
_END = rb'/?["$%*?\[{\s]'
"""What may follow the last known name of a path: the end of the literal, or what is computed or a pattern."""

_LAST = re.compile(rb'/([^/"$%*?\[{\s]*)' + _END)
_THROUGH = re.compile(rb'/([^/"$%*?\[{\s]+)(?=/)')
_NO_WORDS: frozenset[str] = frozenset()


def glanced(content: bytes, path: str, *, through: bool = False) -> Mentions:
    """What the file seems to name. Values (`*.tfvars`) are looked through for names only. `through`: names inside of
    paths are told too."""
    words = _names(_LAST, content) if b"/" in content else _NO_WORDS
    passed = _names(_THROUGH, content) if through else _NO_WORDS
    if path.endswith(VALUES):
        return Mentions(words=words, through=passed)
    remote, backend = b"terraform_remote_state" in content, b"backend" in content or b"cloud" in content
    if path.endswith(".json"):
        return Mentions(odd=True, remote_state=remote, backend=backend, tofu=path.endswith(".tofu.json"))
    odd = placed = False
    if b"path" in content and _PLACE.search(content):
        for written, plain in _HERE:
            content = content.replace(written, plain)
        odd, placed = _PLACE.search(content) is not None, b"locals" in content
    sources: frozenset[str] = frozenset()
    if b"module" in content and b"source" in content:
        sources = frozenset(_texts(_SOURCE.findall(content)))
        odd = odd or _ODD_SOURCE.search(content) is not None
    templates: frozenset[str] = frozenset()
    if b"file" in content or b"templatestring" in content:
        templates = frozenset(each.rpartition("/")[2] for each in _texts(_TEMPLATE.findall(content)))
        odd = (
            odd or b"fileset" in content or b"templatestring" in content or _CALL.search(content) is not None
        )
    found = Mentions(
        sources=sources,
        templates=templates,
        words=words,
        through=passed,
        odd=odd or ((b'."' in content or b'./"' in content) and _DOTS.search(content) is not None),
        placed=placed,
        glued=b"local." in content and _GLUE.search(content) is not None,
        remote_state=remote,
        backend=backend,
        tofu=path.endswith(".tofu"),
    )
    return NOTHING if found == NOTHING else found


def _names(pattern: re.Pattern[bytes], content: bytes) -> frozenset[str]:
    return frozenset(_texts(set(pattern.findall(content))))


def _texts(found: Iterable[bytes]) -> Iterable[str]:
    return (each.decode(errors="surrogateescape") for each in found)


def calls_files(template: bytes) -> bool:
    """Whether a template may read another file."""
    return b"file" in template and _CALLING.search(template) is not None


_CALLING = re.compile(rb"file\w{0,16}\s*\(")
"""No function has a longer name; without that bound a word of a megabyte took hours."""
