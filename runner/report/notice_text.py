"""What happened, as a message to people elsewhere: plain text, in which foreign words call nobody and break no line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from runner.decisions.telling_people import Event
from runner.report.safe_text import one_line

_MOST = 20
"""Lines; a chat room is no record."""
_LONGEST = 300


def notice_title(environment: str, events: Sequence[Event]) -> str:
    """`runner: prod: 2 failed, 1 pending`."""
    counted = Counter(each.word for each in events)
    return f"runner: {environment}: " + ", ".join(f"{count} {word}" for word, count in counted.items())


def notice_body(events: Sequence[Event], run: str) -> str:
    """A line each, and where to look."""
    lines = [_line(each) for each in events[:_MOST]]
    if len(events) > _MOST:
        lines.append(f"and {len(events) - _MOST} more")
    return "\n".join([*lines, f"runner logs {run}" if run else "runner status"])


def _line(event: Event) -> str:
    words = one_line(event.because)
    if len(words) > _LONGEST:
        words = words[: _LONGEST - 1] + "…"
    # A space of no width after it: `@here` would call everybody, and it is not ours to.
    words = words.replace("@", "@\u200b").replace("<!", "<\u200b!")
    return " ".join(filter(None, (event.target, event.word))) + (f": {words}" if words else "")
