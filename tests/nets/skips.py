"""What was skipped is said last, by reason and name, so that nobody takes it for tested."""

from collections import Counter
from collections.abc import Iterable, Iterator


def spoken(skipped: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Lines for the end of a session, from (name of the test, reason) in any order; none for none."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in skipped:
        by_reason.setdefault(reason.removeprefix("Skipped: "), []).append(name)
    for reason, names in sorted(by_reason.items()):
        yield f"skipped {len(names)}, because: {reason}"
        yield from (f"  {name}" for name in sorted(names))


def pulumi(skipped: Iterable[str], ran: int) -> str:
    """The last line of a session that had tests of Pulumi: how many of them were not run, and why. `skipped` are the
    reasons, one for each test; empty where there were none."""
    reasons = Counter(reason.removeprefix("Skipped: ") for reason in skipped)
    if not reasons:
        return f"Pulumi: none of {ran} tests was left out" if ran else ""
    why = "; ".join(f"{reason} ({count})" for reason, count in sorted(reasons.items()))
    return f"Pulumi: {reasons.total()} of {reasons.total() + ran} tests were NOT run, because: {why}"
