"""Did you mean: the known names nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_LISTED = 12


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, sorted, the rest counted."""
    known = sorted(set(names))
    shown = ", ".join(f"`{name}`" for name in known[:MOST_LISTED])
    more = len(known) - MOST_LISTED
    return (shown + (f" and {more} more" if more > 0 else "")) or "none"


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, empty where nothing is near."""
    near = get_close_matches(name[:200], list(dict.fromkeys(known))[:5000], n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def way_out(name: str, known: Iterable[str], what: str) -> str:
    """A hint: what was probably meant, and what there is."""
    every = list(known)
    return " ".join(each for each in (suggestion(name, every), f"{what}: {listed(every)}") if each)
