"""Takes groups of submissions to where the refs live: look, draft, move; again on the new heads after a lost race."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import assert_never

from runner.errors import RunnerError
from runner.git import Delivery, Pushed, Unsent
from runner.git.command import without_credentials
from runner.git.drafting import Draft, Drafter
from runner.git.pacing import Pacing
from runner.git.place import LostRace, Moved, NotKnown, Place, Refused
from runner.git.refs import CHAINS, Memory
from runner.git.repository import Repository
from runner.git.submission import Submission
from runner.git.tree_editing import blob_at
from runner.kit.clock import Clock

_DOUBTS = 2  # pushes of unknown end before a submission is given up


class Courier:
    """Delivers groups from one thread. `patience`: seconds that a submission goes on after lost races; `newcomers`:
    gives what was handed in meanwhile."""

    def __init__(
        self,
        repository: Repository,
        place: Place,
        *,
        patience: float,
        clock: Clock,
        newcomers: Callable[[], Sequence[Submission]],
    ) -> None:
        self._repository = repository
        self._objects = repository.objects
        self._place = place
        self._patience = patience
        self._clock = clock
        self._newcomers = newcomers
        self._memory = Memory(repository, place)
        self._drafter = Drafter(repository)
        self._heads: dict[str, str] = {}  # of refs that we have looked at or moved; may be old by now
        self._known: set[str] = set()
        self._back: set[str] = set()
        self._pacing = Pacing()
        self._pausing = threading.Event()

    def deliver(self, group: Sequence[Submission]) -> None:
        """Decides every submission of the group, and of those that come meanwhile. Raises nothing."""
        waiting = list(group)
        while waiting:
            if pause := self._pacing.pause(self._clock.monotonic()):
                self._pausing.wait(pause)
                waiting.extend(self._newcomers())
            try:
                with self._place.turn():
                    race = self._round(waiting)
            except RunnerError as error:
                _decide(waiting, Unsent(message=without_credentials(str(error))))
            except Exception as error:  # noqa: BLE001 - the worker's border: whoever waits must be told
                for each in waiting:
                    each.break_with(error)
            else:
                self._give_up(waiting, race)
            waiting = [each for each in waiting if not each.decided]

    def _round(self, waiting: Sequence[Submission]) -> LostRace | None:
        fresh = self._look(
            {ref for each in waiting for ref in each.refs}, again=any(each.attempts for each in waiting)
        )
        waiting = self._still_open(waiting)
        draft = self._draft(waiting)
        if draft.denied and not fresh:
            self._look({ref for each in waiting for ref in each.refs}, again=True)
            waiting = self._still_open(waiting)
            draft = self._draft(waiting)
        for index, delivery in draft.denied.items():
            waiting[index].decide(delivery)
        return self._move(waiting, draft) if draft.placed else None

    def _move(self, waiting: Sequence[Submission], draft: Draft) -> LostRace | None:
        """The push itself. A group that is refused is sent one by one: one of it may be the reason."""
        arrivals = {placed.index: draft.pushed(placed) for placed in draft.placed}
        for index, pushed in arrivals.items():
            waiting[index].try_as(pushed.heads)
        started = self._clock.monotonic()
        answer = self._place.move(draft.moves) if draft.moves else Moved()
        if draft.moves:
            self._pacing.ended(won=isinstance(answer, Moved), started=started, now=self._clock.monotonic())
        match answer:
            case Moved():
                heads = {move.ref: move.commit for move in draft.moves}
                self._heads |= heads
                self._memory.remember(
                    heads, {move.ref: move.expected for move in draft.moves if move.expected}
                )
                for index, pushed in arrivals.items():
                    waiting[index].decide(pushed)
                return None
            case LostRace():
                self._known -= {move.ref for move in draft.moves}
                return answer
            case Refused(message=message, surely=surely):
                self._look({move.ref for move in draft.moves}, again=True)
                if not surely and any(self._heads.get(move.ref) != move.expected for move in draft.moves):
                    return LostRace(message=message)
                if len(arrivals) == 1:
                    _decide([waiting[index] for index in arrivals], Unsent(message=message))
                    return None
                races = [self._round([waiting[index]]) for index in arrivals]
                return next(filter(None, races), None)
            case NotKnown(message=message):
                for index, pushed in arrivals.items():
                    waiting[index].attempts += (pushed.heads,)
                    waiting[index].doubts += 1
                return LostRace(message=message)
            case _:
                assert_never(answer)

    def _still_open(self, waiting: Sequence[Submission]) -> list[Submission]:
        """Decides those that had arrived unknown to us, that are in doubt too often, or whose refs moved back."""
        for each in waiting:
            if back := sorted(each.refs & self._back):
                message = f"`{back[0]}` no longer contains what this clone has seen of it: its history was moved back"
                each.decide(Unsent(message=message, moved_back=back[0]))
            elif heads := next((attempt for attempt in each.attempts if self._arrived(each, attempt)), None):
                each.decide(Pushed(heads=heads, blobs=self._written(each)))
            elif each.doubts >= _DOUBTS:
                each.decide(Unsent(message="the remote did not take it, and did not say why"))
        return [each for each in waiting if not each.decided]

    def _arrived(self, submission: Submission, attempt: Mapping[str, str]) -> bool:
        """Whether a doubtful push had arrived: it was atomic, so any ref that proves it will do."""
        for ref, commit in attempt.items():
            head = self._heads.get(ref)
            if head == commit:
                return True
            if head and ref.startswith(CHAINS):
                return self._repository.objects.has((commit,)) and self._repository.is_ancestor(commit, head)
        # Replaced refs may have been replaced again: what we wrote there, nonce and all, stands there still.
        written = self._written(submission)
        roots = {ref: self._objects.root(self._heads[ref]) for ref, _ in written if ref in self._heads}
        return bool(written) and all(
            ref in roots and blob_at(self._objects, roots[ref], path) == oid
            for (ref, path), oid in written.items()
        )

    def _written(self, submission: Submission) -> Mapping[tuple[str, str], str]:
        changes = ((edit.ref, path, new) for edit in submission.edits for path, new in edit.changes.items())
        return {
            (ref, path): self._objects.id_of("blob", new) for ref, path, new in changes if new is not None
        }

    def _draft(self, waiting: Sequence[Submission]) -> Draft:
        now = self._clock.monotonic()
        for each in waiting:
            each.started = now if each.started is None else each.started
        return self._drafter.draft([each.edits for each in waiting], self._heads)

    def _look(self, refs: Collection[str], *, again: bool) -> bool:
        """Looks at those that are not known, or at all; whether all were looked at."""
        unknown = set(refs) if again else set(refs) - self._known
        if unknown:
            sighting = self._memory.look(sorted(unknown))
            self._heads = {ref: head for ref, head in self._heads.items() if ref not in unknown} | dict(
                sighting.heads
            )
            self._back = (self._back - unknown) | set(sighting.moved_back)
            self._known |= unknown
        return unknown == set(refs)

    def _give_up(self, waiting: Sequence[Submission], race: LostRace | None) -> None:
        now = self._clock.monotonic()
        for each in waiting if race else ():
            if not each.decided and each.started is not None and now - each.started >= self._patience:
                message = f"others moved the same refs for {self._patience:g} s, and were faster each time"
                each.decide(
                    Unsent(message=f"{message}: {race.message}" if race and race.message else message)
                )


def _decide(waiting: Sequence[Submission], delivery: Delivery) -> None:
    for each in waiting:
        if not each.decided:
            each.decide(delivery)
