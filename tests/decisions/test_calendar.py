"""Windows and freezes against a clock that is asked minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.decisions.calendar import freeze_span, is_open, next_opening
from runner.decisions.gates import freeze_verdict, window_verdict
from runner.model.environment import Freeze, Window
from runner.model.verdict import Answer
from tests.decisions.code_on_paper import gates_of

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
WINDOWS = st.builds(
    lambda days, start, end, zone: Window(days=frozenset(days), start=start, end=end, zone=zone),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 95).map(lambda quarter: quarter * 15),
    st.integers(0, 95).map(lambda quarter: quarter * 15),
    st.sampled_from(ZONES),
)


def _later(start: datetime, quarters: int) -> datetime:
    return start + timedelta(minutes=15 * quarters)


# The weeks around which clocks change, in either hemisphere.
INSTANTS = st.one_of(
    *(
        st.builds(_later, st.just(start), st.integers(0, 9 * 96))
        for start in (
            datetime(2026, 3, 25, tzinfo=UTC),
            datetime(2026, 10, 21, tzinfo=UTC),
            datetime(2026, 4, 1, tzinfo=UTC),
            datetime(2026, 11, 1, tzinfo=UTC),
        )
    )
)


def open_on_the_wall(window: Window, now: datetime) -> bool:
    """The definition, by writing out every wall-clock minute of yesterday's and today's window."""
    wall = now.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None, fold=0, second=0, microsecond=0)
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        start = datetime.combine(day, time()) + timedelta(minutes=window.start)
        length = (window.end - window.start) % 1440 or 1440
        if day.weekday() in window.days and start <= wall < start + timedelta(minutes=length):
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(WINDOWS, INSTANTS)
def test_a_window_is_open_when_the_wall_clock_says_so(window: Window, now: datetime) -> None:
    assert is_open(window, now) == open_on_the_wall(window, now)


@settings(max_examples=40, deadline=None)
@given(WINDOWS, INSTANTS)
@example(
    Window(days=frozenset({6}), start=150, end=240, zone="Europe/Berlin"),
    datetime(2026, 3, 28, 12, 0, tzinfo=UTC),
)
def test_the_next_opening_is_the_first_open_quarter_of_an_hour(window: Window, now: datetime) -> None:
    if is_open(window, now):
        return
    found = next_opening([window], now)
    quarters = (now + timedelta(minutes=15 * step) for step in range(1, 9 * 96 + 8))
    assert found == next(instant for instant in quarters if open_on_the_wall(window, instant))


def test_an_hour_that_never_comes_opens_when_the_clock_has_jumped() -> None:
    window = Window(days=frozenset({6}), start=150, end=240, zone="Europe/Berlin")  # 02:30 to 04:00
    assert next_opening([window], datetime(2026, 3, 29, 0, 0, tzinfo=UTC)) == datetime(
        2026, 3, 29, 1, 0, tzinfo=UTC
    )


def test_a_closed_window_says_when_it_opens() -> None:
    gates = gates_of(windows=(Window(days=frozenset(range(4)), start=480, end=960, zone="Europe/Berlin"),))
    verdict = window_verdict(gates, datetime(2026, 3, 27, 12, 0, tzinfo=UTC))
    assert verdict.answer is Answer.WAIT
    assert "Mon 2026-03-30 08:00 CEST" in verdict.because
    assert window_verdict(gates, datetime(2026, 3, 30, 6, 0, tzinfo=UTC)).answer is Answer.ALLOW


def test_an_unknown_zone_closes() -> None:
    gates = gates_of(windows=(Window(days=frozenset(range(7)), start=0, end=0, zone="Europe/Atlantis"),))
    assert window_verdict(gates, datetime(2026, 3, 27, tzinfo=UTC)).answer is Answer.DENY


@pytest.mark.parametrize(
    ("now", "frozen"),
    [
        (datetime(2026, 12, 19, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 19, 23, 0, tzinfo=UTC), True),
        (datetime(2027, 1, 3, 22, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 3, 23, 0, tzinfo=UTC), False),
    ],
)
def test_a_bare_end_date_is_frozen_for_its_whole_day(now: datetime, frozen: bool) -> None:
    freeze = Freeze(start=date(2026, 12, 20), end=date(2027, 1, 3), reason="holidays", zone="Europe/Berlin")
    assert (freeze_verdict(gates_of(freezes=(freeze,)), now).answer is Answer.WAIT) == frozen


def test_an_instant_ends_a_freeze_to_the_second() -> None:
    end = datetime(2027, 1, 3, 12, 0, tzinfo=UTC)
    assert freeze_span(Freeze(start=date(2027, 1, 1), end=end, reason="x"))[1] == end
