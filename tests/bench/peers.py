"""`affected` beside the programs that answer the same question, where they are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.large_repository import CHANGED, asked, imported, large
from tests.bench.scoreboard import Row, in_turns, seconds_of
from tests.bench.yard import place, run
from tests.checkout import git
from tests.decisions.monorepo import Monorepo

_REPETITIONS = 3
_AHEAD = 0.1
"""At most a tenth of a peer's time."""

LIMIT = float(os.environ.get("PEER_SECONDS", "300"))
"""How long a peer is waited for."""


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
        return seconds_of(lambda: told.append(run(peer.program, *peer.words, cwd=theirs, seconds=LIMIT)))

    cold, warm = (partial(asked, ours, expected, cold=each) for each in (True, False))
    try:
        *mine, other = in_turns([cold, warm, asked_theirs], _REPETITIONS)
    except subprocess.TimeoutExpired:
        mine, other = in_turns([cold, warm], _REPETITIONS), LIMIT
    names = {"/".join(path.split("/")[1:]) for path in peer.found(told[-1])} if told else set()
    more = f", {len(names - expected)} too many" if names - expected else ""
    answer = f"{len(names & expected)} of {len(expected)}{more}" if told else "no answer"
    for spent, word in zip(mine, ("cold", "warm"), strict=True):
        what = f"runner affected, {word}: {len(expected)} of {len(expected)}"
        against = f"{peer.program}: {answer}"
        yield Row(what=what, ours=spent, other=other, against=against, must=_AHEAD, ended=bool(told))


def _clone(repository: Monorepo, clone: Path, peer: Peer | None) -> Path:
    """A clone with both commits, checked out: peers read the work tree."""
    marks = {f"{root}/{peer.marker[0]}": peer.marker[1] for root in repository.reads} if peer else {}
    first = {**repository.files, **marks, **(dict([peer.top]) if peer else {})}
    git("init", "--quiet", "--initial-branch=main", str(clone), cwd=clone.parent)
    imported(clone, [first, {path: repository.files[path] + "\n" for path in CHANGED}])
    git("reset", "--quiet", "--hard", cwd=clone)
    return clone
