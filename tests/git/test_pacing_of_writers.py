from __future__ import annotations

from runner.git.pacing import Pacing


def test_the_more_races_are_lost_the_shorter_is_the_pause() -> None:
    pacing, longest = Pacing(), []
    for number in range(6):
        pacing.ended(won=False, started=number, now=number + 1.0)
        longest.append(max(pacing.pause(number + 1.0) for _ in range(300)))
    assert longest[0] <= 1.0
    assert longest[5] <= 2 / 7
    assert longest[0] > longest[2] > longest[5]


def test_a_winner_steps_back_where_others_write_and_goes_on_at_once_where_nobody_does() -> None:
    pacing = Pacing()
    pacing.ended(won=True, started=0.0, now=1.0)
    assert pacing.pause(1.0) == 0.0
    pacing.ended(won=False, started=1.0, now=2.0)
    pacing.ended(won=True, started=2.0, now=3.0)
    assert all(0.5 <= pacing.pause(3.0) <= 1.0 for _ in range(100))
    assert pacing.pause(5.0) == 0.0
    assert pacing.pause(100.0) == 0.0


def test_a_winner_that_knows_of_nobody_makes_way_now_and_then() -> None:
    pacing, pauses = Pacing(), []
    for number in range(16):
        pacing.ended(won=True, started=number, now=number + 1.0)
        pauses.append(pacing.pause(number + 1.0))
    assert [number for number, pause in enumerate(pauses, 1) if pause] == [4, 12]
