"""Targets that hold what a pull request applied before its merge: the branch lacks it, and an apply of the branch would
undo it. They are that request's until the forge says that it is merged or closed; no lock has to be taken away.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from runner.errors import AskedWrongly
from runner.forge import Forge
from runner.model.entry import Deployment
from runner.model.names import TargetName
from runner.model.pull_request import PullState
from runner.operations.bench import Bench
from runner.operations.survey import Survey


class HeldByRequest(Struct, frozen=True, kw_only=True):
    """`open`: whether the pull request is still; else it was closed without a merge."""

    number: int
    open: bool
    because: str


def held_by_request(
    bench: Bench, whole: Survey, forge: Forge, tip: str, names: Iterable[TargetName]
) -> dict[TargetName, HeldByRequest]:
    """Those of `names` that hold what a pull request applied, is not merged, and `tip` does not contain. An apply that
    failed on its way counts: it changed what it came to. NoAnswer."""
    found: dict[TargetName, HeldByRequest] = {}
    asked: dict[int, HeldByRequest | None] = {}
    for name in names:
        live = whole.record.ledger.live(name.environment).get(name.stack)
        number = applied_by(bench, live, tip)
        if not number:
            continue
        if number not in asked:
            asked[number] = _of(forge, number)
        if each := asked[number]:
            found[name] = each
    return found


def applied_by(bench: Bench, live: Deployment | None, tip: str) -> int:
    """The number of the pull request whose commit is live and that `tip` lacks, by the record alone; 0: none."""
    if live is None or not live.last.pull_request.isdecimal() or live.held or live.ended:
        return 0
    try:
        contained = bench.tools.repository.is_ancestor(live.last.commit, tip)
    except AskedWrongly:
        contained = False
    return 0 if contained else int(live.last.pull_request)


def _of(forge: Forge, number: int) -> HeldByRequest | None:
    state = forge.pull_request(number).state
    match state:
        case PullState.MERGED:
            return None
        case PullState.OPEN:
            because = f"pull request {number} applied it before its merge, and is open: merge it, or close it"
            return HeldByRequest(number=number, open=True, because=because)
        case PullState.CLOSED:
            because = f"what pull request {number} applied is live, and it was closed without a merge"
            return HeldByRequest(
                number=number, open=False, because=f"{because}: `runner up` by hand undoes it"
            )
