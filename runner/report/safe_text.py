"""Law 15: foreign text made safe, one function a sink.

Names, addresses, values and the words of engines come from code that a stranger may have written. What could move a
cursor, hide or reorder letters, start a workflow command, or end a code block is shown instead of obeyed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import msgspec

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
_QUICK = msgspec.json.Encoder()
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@$=^\"'%])")
# Words that no forge makes anything of. All else becomes code, where none looks for mentions, references and links; an
# entity does not keep `@name` from being one, for they are looked for in what was rendered.
_WORD = re.compile(
    r"[-\u2013\u2014]|[(\u201c]?(?:[0-9]+(?:[.,][0-9]+)*|[^\W_]+(?:['\u2019-][^\W\d_]+)*)?[)\u201d]?[.,;:!?\u2026]?"
)
_REVISION = re.compile(r"[0-9a-fA-F]{7,}")


def terminal(text: str) -> str:
    """`text` for a terminal: line feeds and tabs as they are, all else that is unseen in its escaped form."""
    return "".join(each if each in "\n\t" else _shown(each) for each in text)


def one_line(text: str) -> str:
    """`text` as a part of one line: as for a terminal, and line feeds and tabs escaped too."""
    return text if _PLAIN.fullmatch(text) else "".join(map(_shown, text))


def ci_log(text: str) -> str:
    """`text` for the log of a CI job: as for a terminal, and no line of it is a command to the job's runner."""
    return "\n".join(map(_disarmed, terminal(text).split("\n")))


def markdown(text: str, *, cell: bool = False) -> str:
    """`text` as words in a line of markdown: no formatting, link, mention, reference, image, HTML or table cell of its
    own. What it has between backticks, and what a forge would make something of, becomes code; `cell`: in a table."""
    parts = one_line(text).split("`")
    if len(parts) % 2 == 0:
        return _words("`".join(parts), cell)
    return _side_by_side(
        _words(each, cell) if at % 2 == 0 else code(each, cell=cell) for at, each in enumerate(parts)
    )


def code(text: str, *, cell: bool = False) -> str:
    """`text` as code in a line of markdown; empty where there is none. `cell`: in a table, where only a backslash keeps
    `|` from ending the cell, inside of code too."""
    body = one_line(text)
    if not body:
        return ""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", body)), default=0) + 1)
    pad = " " if body.startswith(("`", " ")) or body.endswith(("`", " ")) else ""
    # Code of blanks alone keeps each of them, and a line that ends in one would be trimmed.
    body = body.replace(" ", "\u00b7") if not body.strip() else f"{pad}{body}{pad}"
    return fence + (body.replace("|", "\\|") if cell else body) + fence


def html_code(text: str) -> str:
    """`text` as code where markdown does not reach: in a `<summary>`."""
    return f"<code>{_MARKDOWN.sub(_entity, one_line(text))}</code>"


def code_block(text: str, language: str = "") -> str:
    """`text` as a fenced block of markdown, with a fence that is longer than any in it, and without tabs: a tab is what
    our own marks are known by."""
    body = terminal(text.expandtabs(4)).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def json_text(value: Json | Mapping[str, Json] | Sequence[Json]) -> str:
    """`value` as one line of JSON in ASCII, so that not even a bidi mark in a string reaches whoever prints it."""
    try:
        quick = _QUICK.encode(value)
    except ValueError:  # a lone surrogate
        quick = b"\x7f"
    # U+007F is the one control character that JSON lets stand.
    if quick.isascii() and b"\x7f" not in quick:
        return quick.decode("ascii")
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


def _side_by_side(parts: Iterable[str]) -> str:
    """`parts` in a row; two of code are kept apart, for their backticks would make one fence."""
    made = ""
    for part in parts:
        made += f" {part}" if made.endswith("`") and part.startswith("`") else part
    return made


def _words(text: str, cell: bool) -> str:
    return re.sub(r"[^ ]+", lambda found: _word(found[0], cell), text)


def _word(word: str, cell: bool) -> str:
    if _WORD.fullmatch(word) and not _REVISION.search(word):
        return _MARKDOWN.sub(_entity, word)
    return code(word, cell=cell)


def _entity(match: re.Match[str]) -> str:
    # Entities, not backslashes: a backslash does not keep `@name` from being a mention, nor `|` from ending a cell.
    return f"&#{ord(match[1])};"
