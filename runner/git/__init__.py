"""The only room that runs git: repositories, commits as trees, compare-and-swap of refs, the outbox of grouped pushes.

Refuses to know what a stack is. GitPython's command layer starts the programs, with our environment (the
standard library does, where a verb must answer in less than its import takes); never its objects
(facts: 50 to 140 times slower), and never a repository's hooks or fsmonitor. Commits are read raw, past all filters.
Only where the work tree is compared with a commit, or becomes one, do the filters run that the user has configured, or
an LFS file would always be dirty; a repository can ask for one by name, and bring none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct, field

# GitPython looks for git when it is imported, and without one the import fails; we say it ourselves (`git-missing`).
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")


class Edit(Struct, frozen=True, kw_only=True):
    """A change to the tree of one ref, to be made on whatever its head is when it is pushed.

    `changes`: path -> new blob bytes, or None to remove it (a path that ends in `/` removes all below it).
    `expects`: path -> the blob id that must stand at the head (None: must not exist); when one does not hold, the
    whole submission it belongs to fails as Conflict and nothing of it is pushed. This is the fence.
    `chained` True: a commit is added to the ref's history (first parent: the head; further `parents`: e.g. the source
    commit), with `message`, one commit an edit; a ref that is born starts with a parentless empty-tree commit with
    the message `opening` (an edit without changes and with an empty message does only that). False: the ref is replaced
    by one parentless commit of the whole new tree.
    """

    ref: str
    changes: Mapping[str, bytes | None]
    expects: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    chained: bool = False
    message: str = "runner"
    opening: str = "runner: opened"
    parents: tuple[str, ...] = ()
    sign: bool = False


class Pushed(Struct, frozen=True, kw_only=True):
    """A submission is at the remote (or, with no remote, in the clone). `heads`: ref -> commit that holds the
    submission's edit (for chained refs that very edit's commit); `blobs`: (ref, path) -> blob id written."""

    heads: Mapping[str, str]
    blobs: Mapping[tuple[str, str], str]


class Conflict(Struct, frozen=True, kw_only=True):
    """An expectation did not hold: `found` is the blob id at `ref`:`path`, None when there is nothing."""

    ref: str
    path: str
    expected: str | None
    found: str | None


class Unsent(Struct, frozen=True, kw_only=True):
    """The remote refused or did not answer; the submission lies in the Git directory under `kept`, if it was asked to
    be kept. `moved_back` names a ref whose remote head is older than one we have seen (law 13)."""

    message: str
    kept: str = ""
    moved_back: str = ""


Delivery = Pushed | Conflict | Unsent


class Ticket(Protocol):
    """A submission under way."""

    def wait(self, timeout: float | None = None) -> Delivery:
        """Blocks until it is decided. TimeoutError after `timeout` seconds."""


class Outbox(Protocol):
    """Groups what is ready into one atomic push with a lease for each ref; a lost race is retried on the new head."""

    def submit(
        self,
        edits: Sequence[Edit],
        *,
        keep: bool = False,
        then: Callable[[Delivery], None] | None = None,
        begun: Callable[[], None] | None = None,
    ) -> Ticket:
        """Queues `edits` as one all-or-nothing submission. `keep`: on Unsent, write it to the Git directory so that a
        later command can send it. `then` is called from the writer's thread; `begun` too, each time that a push with
        it begins: what arrived was not there before the last of these."""

    def close(self) -> None:
        """Waits for what is under way, then stops the writer's thread."""


class Refs(Protocol):
    """Reading what the ledger's remote (or the clone) holds. All reads are of the last `refresh`."""

    def refresh(self, patterns: Sequence[str]) -> None:
        """Fetches refs that match (`refs/runner/live/*`). NoAnswer when the remote does not answer; HistoryMoved when
        a chained ref's new head does not contain the head that this clone has seen."""

    def forget(self, refs: Iterable[str]) -> None:
        """Unlearns what this clone has seen of `refs`: the next refresh takes them as they are."""

    def head(self, ref: str) -> str | None:
        """The commit at `ref`, or None."""

    def names(self, prefix: str) -> tuple[str, ...]:
        """Full names of the refs below `prefix`."""

    def blob(self, ref: str, path: str) -> tuple[str, bytes] | None:
        """Id and bytes of the blob at `path` in the tree of `ref`."""

    def blobs(self, ref: str, prefix: str = "") -> Mapping[str, tuple[str, bytes]]:
        """All blobs below `prefix` (a directory path, or empty): path -> (id, bytes), in one round."""


class LoggedCommit(Struct, frozen=True, kw_only=True):
    """A commit as it stands. `signed`: it carries a signature, which nobody has looked at yet."""

    id: str
    tree: str
    parents: tuple[str, ...]
    message: str
    signed: bool = False


class Signature(Struct, frozen=True, kw_only=True):
    """What became of a commit's signature. `status` is Git's letter (`%G?`): G good, U good but of nobody we know, B
    bad, X, Y, R expired or revoked, E not to be checked here, N none; `signer` the principal or the key."""

    status: str
    signer: str = ""

    @property
    def trusted(self) -> bool:
        """Good, and of somebody that the allowed signers (or the keyring's owner trust) name."""
        return self.status == "G"


class History(Protocol):
    """Reading commits that this clone holds, by id. KeyError for a commit that it does not hold."""

    def holds(self, commit: str) -> bool:
        """Whether the clone has that commit."""

    def log(self, commit: str, *, path: str = "", limit: int = 0, until: str = "") -> Iterator[LoggedCommit]:
        """First parents only, newest first. `path`: only commits that touch that file or directory; `limit` 0: all;
        `until`: without that commit and what it contains."""

    def commits(self, ids: Iterable[str]) -> Iterator[LoggedCommit]:
        """These commits, in this order."""

    def messages(self, commit: str) -> Iterator[tuple[str, str]]:
        """Id and message of each commit, first parents only, newest first; lazily, and three times as fast as `log`.
        Only of commits whose bytes were believed before (no NUL)."""

    def touched(self, steps: Sequence[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
        """Paths that differ between the commits of each step (commit, parent): commit -> paths."""

    def contents(self, places: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        """Bytes at each (commit, path), in one round; what does not exist is left out."""

    def names(self, commit: str, directory: str) -> tuple[str, ...]:
        """The names in a directory of the commit's tree, one level; none where it does not exist."""

    def paths(self, commit: str, directory: str) -> tuple[str, ...]:
        """The files below a directory of the commit's tree, all levels."""

    def signatures(self, commits: Sequence[str], signers: bytes | None) -> Mapping[str, Signature]:
        """Checks signatures. `signers`: the bytes of an allowed-signers file; None: the user's own configuration."""
