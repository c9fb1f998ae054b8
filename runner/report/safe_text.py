"""Law 15: foreign text made safe, one function a sink.

Names, addresses, values and the words of engines come from code that a stranger may have written. What could move a
cursor, hide or reorder letters, start a workflow command, or end a code block is shown instead of obeyed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence

from runner.model.references import Json

# Letters that show nothing and that Unicode calls something else than a format character.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Cc: control; Cf: format, which holds bidi, zero width and tags; Cs: lone surrogates; Zl and Zp: line and paragraph.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = re.compile(r"[ -~]*")
# GitHub obeys `::name` at the start of a line and `##[name]` anywhere, Azure `##vso[`, TeamCity `##teamcity[`.
_HASH_COMMAND = re.compile(r"##(?=[A-Za-z.]*\[)")
_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@$=^\"'])")


def terminal(text: str) -> str:
    """`text` for a terminal: line feeds and tabs as they are, all else that is unseen in its escaped form."""
    return "".join(each if each in "\n\t" else _shown(each) for each in text)


def one_line(text: str) -> str:
    """`text` as a part of one line: as for a terminal, and line feeds and tabs escaped too."""
    return text if _PLAIN.fullmatch(text) else "".join(map(_shown, text))


def ci_log(text: str) -> str:
    """`text` for the log of a CI job: as for a terminal, and no line of it is a command to the job's runner."""
    return "\n".join(map(_disarmed, terminal(text).split("\n")))


def markdown(text: str) -> str:
    """`text` as words in a line of markdown: no formatting, link, mention, image, HTML or table cell of its own."""
    return _MARKDOWN.sub(_entity, one_line(text))


def code_block(text: str, language: str = "") -> str:
    """`text` as a fenced block of markdown, with a fence that is longer than any in it."""
    body = terminal(text).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def json_text(value: Json | Mapping[str, Json] | Sequence[Json]) -> str:
    """`value` as one line of JSON in ASCII, so that not even a bidi mark in a string reaches whoever prints it."""
    # U+007F is the one control character that JSON lets stand.
    return _JSON.encode(value).replace("\x7f", "\\u007f")


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN and character not in _BLANK:
        return character
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _disarmed(line: str) -> str:
    line = _HASH_COMMAND.sub(r"#\#", line)
    start = len(line) - len(line.lstrip())
    return f"{line[:start]}\\{line[start:]}" if line.startswith("::", start) else line


def _entity(match: re.Match[str]) -> str:
    # Entities, not backslashes: a backslash does not keep `@name` from being a mention, nor `|` from ending a cell.
    return f"&#{ord(match[1])};"
