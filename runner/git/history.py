"""Commits that the clone holds: the first-parent chain, what each step touched, and whether signatures hold."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from runner.git import LoggedCommit, Signature
from runner.git.command import git_failed
from runner.git.objects import TREE_MODE
from runner.git.repository import Repository
from runner.git.tree_editing import blobs_at, blobs_below

_AT_ONCE = 500
_FEW = 8
# Into a pipe, `git log` writes each commit by itself, unless it is told that nobody waits for it.
_AT_LEISURE = {"GIT_FLUSH": "0"}


class CloneHistory:
    """See History."""

    def __init__(self, repository: Repository) -> None:
        self._command = repository.command
        self._objects = repository.objects

    def holds(self, commit: str) -> bool:
        """See History."""
        return self._objects.has((commit,))

    def log(self, commit: str, *, path: str = "", limit: int = 0, until: str = "") -> Iterator[LoggedCommit]:
        """See History."""
        arguments = ["rev-list", "--first-parent", *([f"--max-count={limit}"] if limit else []), commit]
        arguments += [f"^{until}"] if until else []
        arguments += ["--", path] if path else ["--"]
        answer = self._command.run(*arguments)
        if answer.status:
            missing = next((each for each in (commit, until) if each and not self.holds(each)), None)
            raise KeyError(missing) if missing else git_failed(arguments, answer)
        yield from self.commits(answer.stdout.decode().split())

    def commits(self, ids: Iterable[str]) -> Iterator[LoggedCommit]:
        """See History."""
        waiting = iter(ids)
        while chunk := list(islice(waiting, _AT_ONCE)):
            found = self._objects.read_many(chunk)
            yield from (_logged(each, found[each]) for each in chunk)

    def messages(self, commit: str) -> Iterator[tuple[str, str]]:
        """See History. Git goes on reading while the caller looks at what came, and ends when nobody asks on."""
        pieces = self._command.pieces(
            "log", "--first-parent", "--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%B%x00", commit, "--",
            env=_AT_LEISURE,
        )  # fmt: skip
        with closing(pieces):
            rest = b""
            for piece in pieces:
                *parts, rest = (rest + piece).split(b"\0")
                if len(parts) % 2:
                    rest = parts.pop() + b"\0" + rest
                for at in range(0, len(parts), 2):
                    yield parts[at].decode().strip(), parts[at + 1].decode("utf-8", "replace")

    def touched(self, steps: Sequence[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
        """See History."""
        lines = "".join(f"{commit} {parent}\n" for commit, parent in steps)
        arguments = (
            "diff-tree",
            "--stdin",
            "-r",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--raw",
            "--always",
            "--root",
        )
        answer = self._command.run(*arguments, stdin=lines.encode())
        if answer.status:
            raise git_failed(arguments, answer)
        found: dict[str, list[str]] = {commit: [] for commit, _ in steps}
        place: list[str] = []
        items = iter(os.fsdecode(answer.stdout).split("\0"))
        for item in items:
            # Raw, because a path always follows its modes: a file called like a commit cannot pass for one.
            if item.startswith(":"):
                place.append(next(items))
            elif item:
                place = found[item]
        return {commit: tuple(paths) for commit, paths in found.items()}

    def contents(self, places: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        """See History."""
        named = self._named(places)
        found = self._objects.read_many(named.values())
        return {place: found[name] for place, name in named.items() if name in found}

    def _named(self, places: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """How Git is asked for each place. Of many in one commit the blob ids are looked up here: for each
        `commit:path` Git reads all trees on the way again, however large they are."""
        wanted: dict[str, list[str]] = {}
        for commit, path in places:
            wanted.setdefault(commit, []).append(path)
        named: dict[tuple[str, str], str] = {}
        for commit, paths in wanted.items():
            if len(paths) <= _FEW:
                named.update({(commit, path): f"{commit}:{path}" for path in paths})
            elif self.holds(commit):
                ids = blobs_at(self._objects, self._objects.root(commit), paths)
                named.update({(commit, path): oid for path, oid in ids.items()})
        return named

    def names(self, commit: str, directory: str) -> tuple[str, ...]:
        """See History."""
        tree = self._objects.root(commit)
        for part in directory.strip("/").split("/"):
            item = self._objects.tree(tree).get(part)
            if item is None or item.mode != TREE_MODE:
                return ()
            tree = item.id
        return tuple(self._objects.tree(tree))

    def paths(self, commit: str, directory: str) -> tuple[str, ...]:
        """See History."""
        return tuple(blobs_below(self._objects, self._objects.root(commit), directory))

    def signatures(self, commits: Sequence[str], signers: bytes | None) -> Mapping[str, Signature]:
        """See History."""
        if not commits:
            return {}
        with tempfile.TemporaryDirectory(prefix="gitops-runner-") as scratch:
            options: list[str] = []
            if signers is not None:
                file = Path(scratch) / "allowed_signers"
                file.write_bytes(signers)
                options = ["-c", f"gpg.ssh.allowedSignersFile={file}"]
            found: dict[str, Signature] = {}
            for chunk in _chunks(commits):
                lines = self._command.output(
                    *options,
                    *(
                        "log",
                        "--no-show-signature",
                        "--no-walk=unsorted",
                        "--format=%H%x00%G?%x00%GS",
                        "--stdin",
                    ),
                    stdin="".join(f"{commit}\n" for commit in chunk).encode(),
                )
                for line in os.fsdecode(lines).splitlines():
                    commit, status, signer = line.split("\0")
                    found[commit] = Signature(status=status, signer=signer)
        return found


def _chunks(commits: Sequence[str]) -> Iterator[Sequence[str]]:
    return (commits[start : start + _AT_ONCE] for start in range(0, len(commits), _AT_ONCE))


def _logged(id: str, raw: bytes) -> LoggedCommit:
    """One commit object. A signature's own lines begin with a space, so no header can hide in one."""
    head, _, message = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    return LoggedCommit(
        id=id,
        tree=lines[0].removeprefix(b"tree ").decode(),
        parents=tuple(line[7:].decode() for line in lines if line.startswith(b"parent ")),
        message=message.decode("utf-8", "replace"),
        signed=any(line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) for line in lines),
    )
