"""When a place is open: weekly windows on the wall clock of their zone, freezes by day or instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from runner.model.environment import Freeze, Window

_DAYS_AHEAD = 9
"""A weekly window opens within eight days; one more for the zone."""


def is_open(window: Window, now: datetime) -> bool:
    """Whether the wall clock in the window's zone stands in it. An hour that comes twice (clocks go back) is in it
    twice, one that never comes is not. ZoneInfoNotFoundError (a KeyError) for an unknown zone."""
    local = now.astimezone(ZoneInfo(window.zone))
    minute = local.hour * 60 + local.minute
    today = local.weekday() in window.days
    if window.start < window.end:
        return today and window.start <= minute < window.end
    yesterday = (local.weekday() - 1) % 7 in window.days
    return (today and minute >= window.start) or (yesterday and minute < window.end)


def next_opening(windows: Iterable[Window], now: datetime) -> datetime | None:
    """The first instant after `now`, in UTC and to the minute, at which one of `windows` is open; None for none."""
    found = [opening for window in windows for opening in _openings(window, now)]
    return min(found, default=None)


def _openings(window: Window, now: datetime) -> Iterator[datetime]:
    """The first opening of `window` after `now`."""
    zone = ZoneInfo(window.zone)
    today = now.astimezone(zone).date()
    at = time(window.start // 60 % 24, window.start % 60)
    for ahead in range(-1, _DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        if day.weekday() not in window.days:
            continue
        local = datetime.combine(day, at, tzinfo=zone)
        instants = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        # Where the two differ the hour comes twice or never: then the first minute that is open counts.
        span = int((instants[1] - instants[0]).total_seconds() // 60)
        for minutes in range(span + 1):
            instant = instants[0] + timedelta(minutes=minutes)
            if instant > now and is_open(window, instant):
                yield instant
                return


def freeze_span(freeze: Freeze) -> tuple[datetime, datetime]:
    """The first instant of the freeze, and the first one after it. A bare date is a whole day in the freeze's zone."""
    zone = ZoneInfo(freeze.zone)
    end = freeze.end
    after = end if isinstance(end, datetime) else end + timedelta(days=1)
    return _instant(freeze.start, zone), _instant(after, zone)


def _instant(at: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(), tzinfo=zone)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=zone).astimezone(UTC)


def in_words(instant: datetime, zone: str) -> str:
    """`Mon 2026-03-02 08:00 CET`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M %Z")
