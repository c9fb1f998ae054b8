"""When to push again, so that of many writers of one ref all get their turn.

Whoever has just won knows the new head first, and would win again and again while the others are still learning that
they lost; so a winner steps back for a moment. Whoever has lost comes back the sooner, the more often it has.
"""

from __future__ import annotations

from random import SystemRandom

_REMEMBERED = 60.0  # seconds for which a lost race counts as a sign that others write
_PROBING = (8, 4)  # with no sign of others: of eight wins in a row, after the fourth
_LONGEST = 3.0


class Pacing:
    """The pauses of one writer. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._random = SystemRandom()
        self._took = 0.0
        self._losses = 0
        self._streak = 0
        self._won_at = float("-inf")
        self._lost_at = float("-inf")

    def ended(self, *, won: bool, started: float, now: float) -> None:
        """A push that lasted from `started` to `now` was taken, or lost its race."""
        if won:
            self._streak = self._streak + 1 if started - self._won_at <= 2 * self._took else 1
            self._losses, self._won_at = 0, now
        else:
            self._losses, self._streak, self._lost_at = self._losses + 1, 0, now
        self._took = now - started

    def pause(self, now: float) -> float:
        """Seconds to wait before the next push."""
        push = min(_LONGEST, self._took)
        if self._losses:
            return self._random.uniform(0, push * 2 / (1 + self._losses))
        if now - self._won_at > push:
            return 0.0
        if now - self._lost_at < _REMEMBERED:
            return self._random.uniform(0.5, 1.0) * push
        turns, turn = _PROBING
        return push / 2 if self._streak % turns == turn else 0.0
