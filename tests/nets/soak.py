"""Rounds of a repeated test: a tenth in `make test`, all in `make soak`, each with a seed made of the commit."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.components.shelf import Shelf

IN_FULL = "GITOPS_RUNNER_TESTS_SOAK"
_SHARE = 10


@dataclass(frozen=True, slots=True)
class Round:
    """One repetition; `seed` is the same for the same commit, test and number."""

    number: int
    seed: int


@cache
def commit() -> str:
    """The commit that is tested, or "" outside of Git."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def seed(*words: str | int) -> int:
    """A number below 2^32 for these words on this commit."""
    text = "\n".join([commit(), *map(str, words)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def rounds_of(test: str, full: int, *, journal: Path | None) -> Iterator[Round]:
    """The rounds to go. Without a journal a tenth of `full`, at least one; with it all that are not written there yet.

    A round is written when the next one is asked for: that is, when its body did not fail.
    """
    if journal is None:
        numbers: list[int] = list(range(max(1, full // _SHARE)))
    else:
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.touch()
        done = {int(line) for line in journal.read_text().split()}
        numbers = [number for number in range(full) if number not in done]
    for number in numbers:
        yield Round(number, seed(test, number))
        if journal is not None:
            with journal.open("a") as written:
                written.write(f"{number}\n")


def journal_of(test: str) -> Path | None:
    """Where the rounds of a test that passed on this commit are written in a soak; None in `make test`."""
    if os.environ.get(IN_FULL) != "1":
        return None
    return (
        Shelf.of_this_user().root
        / "soak"
        / (commit() or "no-commit")
        / f"{hashlib.sha256(test.encode()).hexdigest()[:16]}"
    )
