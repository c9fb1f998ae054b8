"""Believes an environment's chain, or says what is wrong with it: reads what is new, and lets `chain` judge."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from runner.git import History, LoggedCommit
from runner.ledger.chain import Step, Verified, broken, extended, file_told, opened

_NEWEST = 100
"""Signatures that are checked of a chain nobody here has verified before. Each costs a process or two; and a signed
commit vouches for all before it, because whoever signs has verified them (a chain of hashes)."""


class Signing(Struct, frozen=True, kw_only=True):
    """`write`: our own entries are signed. `required`: entries without a good signature are not believed. `signers`: an
    allowed-signers file from the commit whose gates hold; None: the user's own Git configuration decides."""

    write: bool = False
    required: bool = False
    signers: bytes | None = None


class Verification:
    """Verifies chains of one clone."""

    def __init__(self, history: History, signing: Signing) -> None:
        self._history = history
        self._signing = signing

    def believe(
        self, environment: str, head: str, before: Verified | None, *, whole: bool = False
    ) -> Verified:
        """The chain up to `head`, given what was believed `before`. `whole`: every signature counts. HistoryMoved
        `ledger-truncated`, `ledger-rewritten`, `ledger-forged`, `ledger-unsigned`, `ledger-fence-back`,
        `ledger-serial-back`."""
        if before and before.head == head:
            return before
        commits = self._new(environment, head, before)
        if before is None:
            first = commits.pop()
            before = opened(environment, first, _empty_tree(len(first.tree)))
        steps = self._steps(commits)
        verified = extended(before, steps, must_sign=self._signing.required)
        if self._signing.required:
            self._check_signatures(environment, commits, whole=whole)
        return verified

    def _new(self, environment: str, head: str, before: Verified | None) -> list[LoggedCommit]:
        """What is to be verified, newest first."""
        if before is None:
            return list(self._history.log(head))
        way_out = (
            f"somebody moved the ref back; `git push --force <remote> {before.head}:refs/runner/live/{environment}` "
            "puts back what this clone remembers"
        )
        if not self._history.holds(before.head):
            broken(
                environment,
                "ledger-truncated",
                f"this clone lost {before.head[:12]}, its last verified entry",
            )
        commits = list(self._history.log(head, until=before.head))
        if not commits:
            message = f"it ends at {head[:12]}, before {before.head[:12]}, which was there"
            broken(environment, "ledger-truncated", message, way_out)
        if commits[-1].parents[:1] != (before.head,):
            message = f"it no longer contains {before.head[:12]}, which was there"
            broken(environment, "ledger-rewritten", message, way_out)
        return commits

    def _steps(self, commits: Sequence[LoggedCommit]) -> list[Step]:
        """Oldest first, each with what it touched and wrote, in two rounds."""
        chained = [commit for commit in reversed(commits) if commit.parents]
        touched = self._history.touched([(commit.id, commit.parents[0]) for commit in chained])
        files = {commit.id: file_told(commit.message) for commit in chained}
        written = self._history.contents(list(files.items()))
        return [
            Step(
                commit=commit,
                touched=touched.get(commit.id, ()),
                written=written.get((commit.id, files.get(commit.id, ""))),
            )
            for commit in reversed(commits)
        ]

    def _check_signatures(self, environment: str, commits: Sequence[LoggedCommit], *, whole: bool) -> None:
        if not commits:
            return
        newest = commits[0]
        if not newest.signed:
            broken(environment, "ledger-unsigned", f"its newest entry {newest.id[:12]} is not signed")
        signed = [commit.id for commit in commits if commit.signed]
        found = self._history.signatures(signed if whole else signed[:_NEWEST], self._signing.signers)
        for commit, signature in found.items():
            if not signature.trusted:
                broken(
                    environment,
                    "ledger-unsigned",
                    f"the signature of entry {commit[:12]} is not good (git says {signature.status}"
                    + (f", {signature.signer})" if signature.signer else ")"),
                    "name the signer in the file that `ledger.signers` names, or find out who wrote this entry",
                )


def _empty_tree(length: int) -> str:
    """The id of the tree without entries, which depends on the hash alone."""
    name = "sha1" if length == 40 else "sha256"
    return hashlib.new(name, b"tree 0\0", usedforsecurity=False).hexdigest()
