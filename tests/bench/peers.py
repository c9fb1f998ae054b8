"""`affected` beside the programs that answer the same question, where they are installed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.large_repository import CHANGED, asked, imported, large
from tests.bench.scoreboard import Row, interleaved, seconds_of
from tests.bench.yard import place, run
from tests.checkout import git
from tests.decisions.monorepo import Monorepo

_REPETITIONS = 3
_AHEAD = 0.1
"""At most a tenth of a peer's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`marker` is the file, by name and text, that makes a directory one of the peer's; `found` reads its answer."""

    program: str
    words: tuple[str, ...]
    marker: tuple[str, str]
    top: tuple[str, str]
    found: Callable[[str], set[str]]


def _listed(said: str) -> set[str]:
    return set(said.split())


def _described(said: str) -> set[str]:
    return {each["path"] for each in json.loads(said or "[]")}


PEERS = (
    Peer(
        program="terramate",
        words=("list", "--changed", "-B", "HEAD~1"),
        marker=("stack.tm.hcl", "stack {\n}\n"),
        top=("terramate.tm.hcl", "terramate {\n}\n"),
        found=_listed,
    ),
    Peer(
        program="terragrunt",
        words=("find", "--json", "--filter", "[HEAD~1...HEAD]"),
        marker=("terragrunt.hcl", "# the code beside it\n"),
        top=("root.hcl", ""),
        found=_described,
    ),
)


def peers() -> Iterator[Row]:
    """The same repository and change for each peer, with the peer's own marks in a clone of its own; ours and theirs in
    turns. The row says how many each finds of those that were drawn."""
    repository = large()
    expected = repository.touched(CHANGED)
    with place() as top:
        ours = _clone(repository, top / "ours", None)
        for peer in PEERS:
            if shutil.which(peer.program) is None:
                print(f"{peer.program} is not installed: nothing is compared with it", file=sys.stderr)
                continue
            yield from _rows(peer, ours, _clone(repository, top / peer.program, peer), expected)


def _rows(peer: Peer, ours: Path, theirs: Path, expected: set[str]) -> Iterator[Row]:
    told: list[str] = []

    def asked_theirs() -> float:
        return seconds_of(lambda: told.append(run(peer.program, *peer.words, cwd=theirs)))

    asked_theirs()
    names = {"/".join(path.split("/")[1:]) for path in peer.found(told[0])}
    more = f", {len(names - expected)} too many" if names - expected else ""
    against = f"{peer.program}: {len(names & expected)} of {len(expected)}{more}"
    for cold, word in ((True, "cold"), (False, "warm")):
        mine, other = interleaved(partial(asked, ours, expected, cold=cold), asked_theirs, _REPETITIONS)
        what = f"runner affected, {word}: {len(expected)} of {len(expected)}"
        yield Row(what=what, ours=mine, other=other, against=against, must=_AHEAD)


def _clone(repository: Monorepo, clone: Path, peer: Peer | None) -> Path:
    """A clone with both commits, checked out: peers read the work tree."""
    marks = {f"{root}/{peer.marker[0]}": peer.marker[1] for root in repository.reads} if peer else {}
    first = {**repository.files, **marks, **(dict([peer.top]) if peer else {})}
    git("init", "--quiet", "--initial-branch=main", str(clone), cwd=clone.parent)
    imported(clone, [first, {path: repository.files[path] + "\n" for path in CHANGED}])
    git("reset", "--quiet", "--hard", cwd=clone)
    return clone
