"""Work in the order of a graph: each target starts as soon as all that it needs has ended well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from runner.model.happening import TargetFinished
from runner.model.names import TargetName

Work = Callable[[TargetName], TargetFinished]
Skip = Callable[[TargetName, TargetFinished], TargetFinished]

BLOCKING = frozenset({"failed", "skipped", "pending"})
"""Outcomes after which a dependent cannot start."""


def conduct(
    needs: Mapping[TargetName, Iterable[TargetName]], work: Work, skip: Skip, *, threads: int = 128
) -> dict[TargetName, TargetFinished]:
    """Runs `work` for each key of `needs`, at most `threads` at once, after those of its needs that are keys too.

    A thread costs little and often waits for a push: what is dear (an engine at work) `work` limits by itself.

    Where one of them ended in BLOCKING, `skip(target, the first such outcome)` answers instead of `work`. `needs` has
    no cycle. Exceptions of `work` are bugs or interruptions: nothing new is started, they are raised when what is
    under way has ended.
    """
    waiting = {target: {need for need in some if need in needs} for target, some in needs.items()}
    outcomes: dict[TargetName, TargetFinished] = {}
    running: dict[Future[TargetFinished], TargetName] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(
        max_workers=max(1, min(threads, len(waiting))), thread_name_prefix="target"
    ) as pool:
        while waiting or running:
            if failure is None:
                _start_ready(
                    waiting,
                    outcomes,
                    skip,
                    lambda target: running.__setitem__(pool.submit(work, target), target),
                )
            if not running:
                if failure is not None or not _any_ready(waiting, outcomes):
                    break
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                target = running.pop(future)
                if error := future.exception():
                    failure = failure or error
                else:
                    outcomes[target] = future.result()
    if failure is not None:
        raise failure
    return outcomes


def _any_ready(
    waiting: Mapping[TargetName, set[TargetName]], outcomes: Mapping[TargetName, TargetFinished]
) -> bool:
    return any(needs <= outcomes.keys() for needs in waiting.values())


def _start_ready(
    waiting: dict[TargetName, set[TargetName]],
    outcomes: dict[TargetName, TargetFinished],
    skip: Skip,
    start: Callable[[TargetName], None],
) -> None:
    """Moves what can be decided out of `waiting`: into the pool, or straight to its outcome."""
    while ready := sorted(target for target, needs in waiting.items() if needs <= outcomes.keys()):
        for target in ready:
            needs = waiting.pop(target)
            blocked = next(
                (outcomes[need] for need in sorted(needs) if outcomes[need].outcome in BLOCKING), None
            )
            if blocked:
                outcomes[target] = skip(target, blocked)
            else:
                start(target)
        if not any(needs <= outcomes.keys() for needs in waiting.values()):
            return
