"""Checked files, remembered by the blob id of their bytes: what did not change costs neither pydantic nor a parser.

The checker is given as a function that finds it, and is called for the first file that nobody has seen. Only files
without a mistake are remembered. What is kept is plain JSON in one file, read and written whole, with a checksum and
the fingerprint of the schema's sources: another version, or a torn write, is an empty memory. Whoever may write this
file is believed, so the directory is chosen by trust (law 12): an apply names one that no preview of unapproved code
could write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from runner.config import REMEMBERED, Checked, Checker, FileKind, Mistake
from runner.config.places import Places
from runner.config.section import Section
from runner.kit.private_files import replace_file
from runner.kit.tree import blob_id
from runner.model.references import Json

_SPARE = 500


class ReadFile(Struct, frozen=True, kw_only=True):
    """One file of the user: what it says, and where."""

    section: Section
    places: Places
    mistakes: tuple[Mistake, ...]


class ConfigurationReader:
    """Reads files as written, from memory where it can. `directory` None: nothing is remembered."""

    def __init__(self, load: Callable[[], Checker], directory: Path | None = None) -> None:
        self._load = load
        self._path = directory / REMEMBERED if directory else None
        self._checker: Checker | None = None
        self._known: dict[str, Json] | None = None
        self._used: dict[str, Json] = {}
        self._news = False

    def read(self, files: Mapping[str, tuple[FileKind, bytes]], limit: int) -> dict[str, ReadFile]:
        """Every file, in the given order. `limit` YAML nodes may be spent in all of them together."""
        found = {}
        for file, (kind, content) in files.items():
            checked = self._checked(kind, file, content, limit)
            limit = max(0, limit - checked.nodes)
            found[file] = ReadFile(
                section=Section(dict(checked.value)),
                places=Places(file, checked.places, content),
                mistakes=checked.mistakes,
            )
        return found

    def _checked(self, kind: FileKind, file: str, content: bytes, limit: int) -> Checked:
        key = f"{kind}:{blob_id(content)}"
        match self._memory().get(key):
            case {"value": dict(value), "places": places, "nodes": int(nodes)} as kept if nodes <= limit:
                self._used[key] = kept
                return Checked(value=value, places=places, nodes=nodes)
        if self._checker is None:
            self._checker = self._load()
        checked = self._checker(kind, file, content, limit)
        if not checked.mistakes:
            self._used[key] = {"value": dict(checked.value), "places": checked.places, "nodes": checked.nodes}
            self._memory()[key] = self._used[key]
            self._news = True
        return checked

    def _memory(self) -> dict[str, Json]:
        if self._known is None:
            self._known = {}
            if self._path:
                with suppress(OSError, ValueError):
                    head, _, body = self._path.read_bytes().partition(b"\n")
                    if head.decode() == _heading(body):
                        self._known = json.loads(body)
        return self._known

    def keep(self) -> None:
        """Writes what is new, all at once; what was not used lately is let go. A full disk only costs time later."""
        if not self._path or not self._news:
            return
        rest = [item for item in self._memory().items() if item[0] not in self._used]
        body = json.dumps({**dict(rest[-_SPARE:]), **self._used}, separators=(",", ":")).encode()
        with suppress(OSError):
            replace_file(self._path, _heading(body).encode() + b"\n" + body)
        self._news = False


def _heading(body: bytes) -> str:
    """Which schema wrote it, and that it is whole."""
    sources = sha256()
    for path in sorted(
        [*(Path(__file__).parent / "schema").glob("*.py"), Path(__file__).with_name("yaml_reader.py")]
    ):
        sources.update(path.read_bytes())
    return f"runner-configuration {sources.hexdigest()} {sha256(body).hexdigest()}"
