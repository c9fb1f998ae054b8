"""What was skipped is said last, by reason and name, so that nobody takes it for tested."""

from collections.abc import Iterable, Iterator


def spoken(skipped: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Lines for the end of a session, from (name of the test, reason) in any order; none for none."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in skipped:
        by_reason.setdefault(reason.removeprefix("Skipped: "), []).append(name)
    for reason, names in sorted(by_reason.items()):
        yield f"skipped {len(names)}, because: {reason}"
        yield from (f"  {name}" for name in sorted(names))
