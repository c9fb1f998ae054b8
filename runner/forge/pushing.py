"""Who brought the commits of a pull request, from what a forge remembers of pushes to its branch. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from runner.model.person import Person


class Push(Struct, frozen=True, kw_only=True):
    """One move of the branch. `before` and `after` are commits; where it was made or removed one is zeros or empty."""

    who: Person
    before: str
    after: str


def pushers_of(head: str, commits: frozenset[str], pushes: Iterable[Push]) -> tuple[Person, ...] | None:
    """Everyone who moved the branch to one of the commits, followed back from the head to the first push that began
    outside of them; None where the forge's memory does not reach that far. A branch that was moved to a commit twice
    has two who did."""
    by_after: dict[str, list[Push]] = {}
    for push in pushes:
        by_after.setdefault(push.after, []).append(push)
    found: dict[Person, None] = {}
    seen: set[str] = set()
    waiting = [head]
    while waiting:
        commit = waiting.pop()
        if commit in seen:
            continue
        seen.add(commit)
        moves = by_after.get(commit, [])
        if not moves:
            return None
        found.update(dict.fromkeys(move.who for move in moves))
        waiting += [move.before for move in moves if move.before in commits]
    return tuple(found)
