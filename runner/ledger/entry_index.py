"""Which commits of a believed chain are whose entries: `<git dir>/runner/entries/…`, so that the record of one target
costs what it holds, and not what the whole chain holds.

It is made when it is asked for, of nothing but a chain that was verified, and ends with the head that it was made for:
another head means that what is new is read, or all of it. A torn file, or one of another version, is no file. The
entries themselves are always read from the commits.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from runner.git import History
from runner.kit.private_files import replace_file
from runner.ledger.chain import Verified
from runner.ledger.trailers import told_target
from runner.model.names import encoded

_VERSION = b"runner-entries 1 "


class EntryIndex:
    """The chains of one place (`remote/origin`, `local`)."""

    def __init__(self, directory: Path, place: str, history: History) -> None:
        """`directory` is `<git dir>/runner`; it is made when something is remembered."""
        self._directory = directory / "entries" / encoded(place)
        self._history = history

    def entries(self, verified: Verified, target: str = "") -> list[str]:
        """The commits of a target's entries (`environment/stack`, escaped as in a trailer; empty: of all), newest
        first."""
        pairs = (line.partition(" ") for line in reversed(self._lines(verified)))
        return [commit for commit, _, named in pairs if not target or named == target]

    def _lines(self, verified: Verified) -> list[str]:
        """`<commit> <target>` of each entry, oldest first."""
        file = self._directory / encoded(verified.environment)
        known = _read(file)
        newest = known[-1].partition(" ")[0] if known else ""
        if newest == verified.head:
            return known
        new: list[str] = []
        for commit, message in self._history.messages(verified.head):
            if commit == newest:
                break
            if target := told_target(message):
                new.append(f"{commit} {target}")
        else:
            known = []
        lines = [*known, *reversed(new)]
        with suppress(OSError):  # a full disk: it is made again the next time
            body = "\n".join(lines).encode("ascii")
            replace_file(file, _heading(body) + b"\n" + body)
        return lines


def _read(file: Path) -> list[str]:
    try:
        heading, _, body = file.read_bytes().partition(b"\n")
    except OSError:
        return []
    return body.decode("ascii").splitlines() if heading == _heading(body) else []


def _heading(body: bytes) -> bytes:
    return _VERSION + sha256(body).hexdigest().encode()
