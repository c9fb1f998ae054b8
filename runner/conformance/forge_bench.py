"""What the checks of every Forge need of a forge under test."""

from __future__ import annotations

from typing import Protocol

from runner.forge import Forge
from runner.model.person import Person
from runner.model.pull_request import ReviewState


class ForgeBench(Protocol):
    """A repository with the branch `main`, the writers `author` and `reviewer`, of whom only `reviewer` is in `team`,
    `reader` who may only read, and ourselves with admin rights. Its `main` is unprotected. `page` is more than the
    forge answers at once."""

    author: Person
    reviewer: Person
    reader: Person
    team: str
    page: int

    @property
    def forge(self) -> Forge:
        """As ourselves, with nothing remembered."""

    def forge_of(self, person: Person) -> Forge:
        """As somebody else."""

    def push(self, branch: str, by: Person) -> str:
        """One new commit by that person on a branch (made of `main` where it is new); the commit."""

    def fork(self, by: Person) -> None:
        """A fork of the repository, which belongs to that person; what they push then goes there."""

    def open(self, branch: str, by: Person, title: str, *, draft: bool = False) -> int:
        """A pull request into `main`, from that person's fork where there is one; its number."""

    def close(self, number: int) -> None:
        """Without a merge."""

    def label(self, number: int, name: str) -> None:
        """Puts a label on it."""

    def review(self, number: int, by: Person, state: ReviewState, body: str) -> None:
        """A review of the head as it is."""

    def dismiss(self, number: int, by: Person) -> None:
        """Takes that person's approval back."""

    def say(self, number: int, by: Person, body: str) -> str:
        """A comment; its id."""

    def rewrite(self, number: int, id: str, by: Person, body: str) -> None:
        """Edits a comment, somebody else's too, as those with enough rights can."""

    def remove(self, number: int, id: str) -> None:
        """Deletes a comment."""

    def report(self, commit: str, name: str, by: Person, *, passed: bool) -> None:
        """A check, by whatever means that person has."""

    def protect(self, branch: str, check: str, approvals: int) -> None:
        """Nobody pushes to it, and a merge needs that check and as many approvals."""
