"""Who is told of what (`notify:`): pure, from what a run came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from runner.model.environment import Notify
from runner.model.happening import TargetFinished
from runner.model.names import TargetName
from runner.model.pending import PendingApply

FOREIGN = 7
"""The exit code of history that does not verify, or moved back."""


class Event(Struct, frozen=True, kw_only=True):
    """One thing that somebody may want to hear of: `word` is a word of `notify: on`, `target` empty where it is of the
    environment."""

    word: str
    target: str = ""
    because: str = ""


def events_of(
    environment: str,
    outcomes: Mapping[TargetName, TargetFinished],
    overrides: Mapping[str, str],
    pending: Iterable[PendingApply] = (),
) -> tuple[Event, ...]:
    """What happened in an environment. `pending` are those that wait since this run; `overrides` as recorded."""
    return tuple(_events(environment, outcomes, overrides, pending))


def _events(
    environment: str,
    outcomes: Mapping[TargetName, TargetFinished],
    overrides: Mapping[str, str],
    pending: Iterable[PendingApply],
) -> Iterator[Event]:
    if reason := overrides.get("break-glass"):
        yield Event(word="break-glass", because=reason)
    for name in sorted(outcomes):
        if name.environment != environment:
            continue
        outcome = outcomes[name]
        if outcome.exit_code == FOREIGN:
            yield Event(word="foreign", target=str(name), because=outcome.because)
        elif outcome.outcome == "failed":
            yield Event(word="failed", target=str(name), because=outcome.because)
        elif outcome.outcome == "succeeded":
            yield Event(word="applied", target=str(name))
    for each in pending:
        if each.target.environment == environment:
            yield Event(word="pending", target=str(each.target), because=each.because)


def heard_by(notify: Notify, events: Sequence[Event]) -> tuple[Event, ...]:
    """What of it an address wants to hear."""
    return tuple(each for each in events if each.word in notify.on)


def news(
    waiting: Iterable[PendingApply], before: Mapping[TargetName, PendingApply]
) -> tuple[PendingApply, ...]:
    """Those that wait for something else than they did: a schedule that comes round is no news."""

    def said(each: PendingApply) -> tuple[object, ...]:
        return (each.commit, each.digest, each.waits)

    return tuple(
        each for each in waiting if each.target not in before or said(before[each.target]) != said(each)
    )
