"""Why a command of Pulumi's failed that has no event log: mostly the words of the tool that it ran."""

from __future__ import annotations

import re

_NOISE = re.compile(
    r"npm (notice|warn)\b.*|npm error (A complete log of this run.*|code .*)?|npm error"
    r"|\[?notice\]?.*|go: (downloading|finding|found) .*|exit status \d+|Looking in links: .*|WARNING: .*"
)
_WRAPPED = re.compile(r"(error: )?.*\bexit status \d+")
"""What is put around the words of a tool as they are handed upwards: that it failed."""
_MOST = 6  # lines


def reason_in(text: str) -> str:
    """One line: the last distinct things that were said, in their order, without what only says that a tool failed;
    where nothing else was said, that."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    told = [line for line in lines if not _NOISE.fullmatch(line)]
    reasons = [line for line in told if not _wraps(line, told)]
    return "; ".join(reasons[-_MOST:]) or (lines[-1] if lines else "it said nothing")


def _wraps(line: str, told: list[str]) -> bool:
    """Whether it repeats another line at its end, or says no more than that something failed, while others say why."""
    repeats = any(line != other and line.endswith(other) for other in told)
    return repeats or (
        _WRAPPED.fullmatch(line) is not None and any(not _WRAPPED.fullmatch(other) for other in told)
    )
