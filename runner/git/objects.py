"""Git's objects: read through one kept `cat-file --batch`, written as loose objects without a process."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import new as new_hash
from pathlib import Path

from msgspec import Struct

from runner.errors import ToolUnavailable
from runner.git.command import Conversation, GitCommand

_AT_ONCE = 500  # ids written before the first answer is read: 500 * 65 bytes fit into any pipe

_AHEAD = _AT_ONCE // 2  # these, and as many that are asked for while they are read

_PIPE = 1 << 20  # bytes; as much as a user may have on Linux

_TREES_KEPT = 20_000

TREE_MODE = "40000"
BLOB_MODE = "100644"


class TreeItem(Struct, frozen=True):
    """One entry of a tree object. `mode` as Git writes it: 40000, 100644, 100755, 120000, 160000."""

    mode: str
    id: str


class Objects:
    """The object store of one clone; safe to use from several threads. `sync`: new objects survive a power cut."""

    def __init__(
        self, command: GitCommand, git_directory: Path, object_format: str, *, sync: bool = False
    ) -> None:
        self._command = command
        self._store = git_directory / "objects"
        self._format = object_format
        self.sync = False
        self._lock = threading.Lock()
        self._process: Conversation | None = None
        self._known_trees: dict[str, Mapping[str, TreeItem]] = {}
        self._tree = lru_cache(maxsize=4096)(self._read_tree)

    @property
    def nothing(self) -> str:
        """The id of all zeros."""
        return "0" * (2 * new_hash(self._format, usedforsecurity=False).digest_size)

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries; it is written."""
        return self.write_tree({})

    def id_of(self, kind: str, content: bytes) -> str:
        """The id that `content` has as an object of `kind`."""
        digest = new_hash(self._format, b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
        digest.update(content)
        return digest.hexdigest()

    def read(self, oid: str) -> bytes:
        """The bytes of one object. KeyError when the clone does not have it."""
        return self.read_many((oid,))[oid]

    def read_many(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """Bytes by id, in one round; what the clone does not have is left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, bytes] = {}
        with self._lock:
            for start in range(0, len(wanted), _AT_ONCE):
                chunk = wanted[start : start + _AT_ONCE]
                process = self._asked(chunk)
                for oid in chunk:
                    answer = self._next(process)
                    if answer is not None:
                        found[oid] = answer[1]
        return found

    def in_turn(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Id and bytes of many objects in the given order, each while git reads those after it: for more than are
        kept at once. By a process of its own, so that others may be asked for meanwhile. ToolUnavailable `git-failed`
        where the clone lacks one."""
        wanted = list(ids)
        chunks = [wanted[start : start + _AHEAD] for start in range(0, len(wanted), _AHEAD)]
        process = self._command.converse("cat-file", "--batch")
        try:
            _widen(process)
            _ask(process, chunks[0] if chunks else ())
            for number, chunk in enumerate(chunks, 1):
                _ask(process, chunks[number] if number < len(chunks) else ())
                for oid in chunk:
                    if (answer := _answer(process)) is None:
                        raise _unreadable(f"the clone lacks the object {oid}")
                    yield oid, answer[1]
        finally:
            process.kill()
            process.communicate()

    def named(self, name: str) -> str:
        """The id that a word of Git's (`HEAD^{commit}`, a ref, a prefix) stands for now; empty when there is none, or
        several. Without a process of its own."""
        if not name or set(name) & {"\n", "\0"}:
            return ""
        with self._lock:
            process = self._asked((name,))
            answer = self._next(process)
        return answer[0] if answer else ""

    def has(self, ids: Iterable[str]) -> bool:
        """Whether the clone has every one of these."""
        wanted = set(ids)
        return len(self.read_many(wanted)) == len(wanted)

    def tree(self, oid: str) -> Mapping[str, TreeItem]:
        """The entries of a tree by name, in Git's order; do not change it."""
        return self._tree(oid)

    def trees(self, oids: Iterable[str]) -> Mapping[str, Mapping[str, TreeItem]]:
        """The entries of many trees, in one round. KeyError when the clone does not have one. The last thousands are
        kept: two commits have most of theirs in common."""
        wanted = set(oids)
        lacking = wanted - self._known_trees.keys()
        if len(self._known_trees) > _TREES_KEPT:
            self._known_trees.clear()
            lacking = wanted
        contents = self.read_many(lacking)
        self._known_trees.update({oid: _items(contents[oid], len(oid) // 2) for oid in lacking})
        return {oid: self._known_trees[oid] for oid in wanted}

    def root(self, commit: str) -> str:
        """The tree of a commit."""
        return self.read(commit).split(b"\n", 1)[0].removeprefix(b"tree ").decode()

    def write(self, kind: str, content: bytes) -> str:
        """Stores one object and gives its id."""
        oid = self.id_of(kind, content)
        place = self._store / oid[:2] / oid[2:]
        with suppress(FileNotFoundError):
            os.utime(place)  # a collection that runs now must take it for new
            return oid
        place.parent.mkdir(exist_ok=True)
        draft = place.parent / f"tmp_obj_{secrets.token_hex(8)}"
        packed = zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content, 1)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
                if self.sync:
                    file.flush()
                    os.fsync(file.fileno())
            draft.replace(place)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise ToolUnavailable.of(
                "objects-not-writable",
                f"the Git directory takes no new object: {error.strerror}",
                hint="make room on the disk, or mend the permissions of the clone",
            ) from error
        return oid

    def write_tree(self, items: Mapping[str, TreeItem]) -> str:
        """Stores a tree, sorted as Git wants it."""
        ordered = sorted(
            items.items(), key=lambda pair: os.fsencode(pair[0] + "/" * (pair[1].mode == TREE_MODE))
        )
        return self.write(
            "tree",
            b"".join(
                b"%s %s\0%s" % (item.mode.encode(), os.fsencode(name), bytes.fromhex(item.id))
                for name, item in ordered
            ),
        )

    def close(self) -> None:
        """Ends the kept process; a later read starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def _asked(self, names: Sequence[str]) -> Conversation:
        """The kept process, with questions that wait for an answer each."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = self._command.converse("cat-file", "--batch")
        _ask(process, names)
        return process

    def _next(self, process: Conversation) -> tuple[str, bytes] | None:
        try:
            return _answer(process)
        except ToolUnavailable:
            self._process = None
            raise

    def _read_tree(self, oid: str) -> Mapping[str, TreeItem]:
        return _items(self.read(oid), len(oid) // 2)


def _ask(process: Conversation, names: Sequence[str]) -> None:
    process.stdin.write(os.fsencode("".join(f"{name}\n" for name in names)))
    process.stdin.flush()


def _answer(process: Conversation) -> tuple[str, bytes] | None:
    """Id and bytes of the next answer; None for what the clone does not have, or a word that means several."""
    header = process.stdout.readline().split()
    if not header:
        raise _unreadable("`git cat-file` ended while it was asked for objects")
    if header[-1] in (b"missing", b"ambiguous"):
        return None
    return header[0].decode(), process.stdout.read(int(header[2]) + 1)[:-1]


def _widen(process: Conversation) -> None:
    """Lets git go further ahead, where the system has a way to say so."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)


def _unreadable(problem: str) -> ToolUnavailable:
    return ToolUnavailable.of("git-failed", problem, hint="run `git fsck`")


def _items(content: bytes, width: int) -> Mapping[str, TreeItem]:
    """A tree object's entries; ids are `width` bytes long."""
    entry = re.compile(rb"(?s)(\d+) ([^\0]+)\0(.{%d})" % width)
    return {
        os.fsdecode(name): TreeItem(mode.decode(), oid.hex()) for mode, name, oid in entry.findall(content)
    }
