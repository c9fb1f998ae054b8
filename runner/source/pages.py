"""Keys and values of one tree, kept in pages of a small SQLite file, so that a few are read without the rest.

All of it is written at once, and one head names the digest of every page: a page that is damaged, lost, older or of
another tree is seen to be so, and then there is nothing kept. Whoever may write this file may as well make it up whole:
it says where to look first, and what is believed of a file is still read from that file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from msgspec.json import decode, encode

from runner.model.references import Json
from runner.source.database import opened

FILE_NAME = "atlas.sqlite"
_VERSION = 1
_TABLE = "page (number INTEGER PRIMARY KEY, body BLOB NOT NULL)"
_HEAD = 0
_BYTES = 4096


class PagesDamaged(Exception):
    """What is kept cannot be believed."""


class Pages:
    """What is kept, as of one moment: others may write meanwhile. `head` says what it is of."""

    def __init__(self, connection: sqlite3.Connection, head: Mapping[str, Json], digests: list[str]) -> None:
        self.head = head
        self._connection = connection
        self._digests = digests
        self._read: dict[int, Mapping[str, Json]] = {}

    def get(self, key: str) -> Json:
        """The value of `key`, None for none. PagesDamaged."""
        number = _number(key, len(self._digests))
        page = self._read.get(number)
        if page is None:
            page = self._read[number] = self._page(number)
        return page.get(key)

    def items(self) -> Iterator[tuple[str, Json]]:
        """Every key and its value. PagesDamaged."""
        for number in range(1, len(self._digests) + 1):
            yield from self._page(number).items()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _page(self, number: int) -> Mapping[str, Json]:
        try:
            row = self._connection.execute("SELECT body FROM page WHERE number = ?", (number,)).fetchone()
        except sqlite3.Error as problem:
            raise PagesDamaged from problem
        if row is None or not isinstance(row[0], bytes) or _digest(row[0]) != self._digests[number - 1]:
            raise PagesDamaged
        found: Mapping[str, Json] = decode(row[0])
        return found


def read_pages(directory: Path, maker: str) -> Pages | None:
    """What is kept in `directory`, where `maker` made it: whoever reads or writes otherwise has another name."""
    if not (directory / FILE_NAME).exists():
        return None
    connection = opened(directory / FILE_NAME, _VERSION, _TABLE)
    if connection is None:
        return None
    with suppress(sqlite3.Error, ValueError, TypeError, KeyError, AttributeError):
        connection.execute("BEGIN")  # one moment, for as long as we read
        (body,) = connection.execute("SELECT body FROM page WHERE number = ?", (_HEAD,)).fetchone()
        digest, _, text = body.partition(b"\n")
        written = decode(text) if digest == _digest(text).encode() else {}
        if written.get("maker") == maker:
            return Pages(connection, written["head"], written["digests"])
    connection.close()
    return None


def keep_pages(directory: Path, maker: str, head: Mapping[str, Json], values: Mapping[str, Json]) -> None:
    """Keeps all of it in the place of what was there; silently does without where the file cannot be written."""
    size = sum(map(len, values)) * 4
    bodies: list[dict[str, Json]] = [{} for _ in range(max(1, min(1024, size // _BYTES)))]
    for key, value in values.items():
        bodies[_number(key, len(bodies)) - 1][key] = value
    try:
        pages = [encode(body) for body in bodies]
        text = encode({"maker": maker, "head": head, "digests": [_digest(page) for page in pages]})
    except UnicodeEncodeError:  # a path that is no UTF-8: rare, and nothing is kept
        return
    rows = [(_HEAD, _digest(text).encode() + b"\n" + text), *enumerate(pages, 1)]
    connection = opened(directory / FILE_NAME, _VERSION, _TABLE)
    if connection is None:
        return
    with suppress(sqlite3.Error), connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM page")
        connection.executemany("INSERT INTO page VALUES (?, ?)", rows)
    connection.close()


def _number(key: str, pages: int) -> int:
    return crc32(key.encode(errors="surrogateescape")) % pages + 1


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
