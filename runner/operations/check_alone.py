"""The check of the whole, told by itself: where there is no preview to tell, it reports all the same, for a required
check that never does would block for ever.
"""

from __future__ import annotations

from runner.forge import Forge
from runner.model.check import Check, CheckState
from runner.operations.shown_before import POINTER_LENGTH, pointed, pointers_on
from runner.report.comment_check import CHECK
from runner.report.markdown_parts import clipped, words
from runner.report.safe_text import one_line


def report_nothing(forge: Forge, commit: str, because: str) -> Check:
    """The green check on a commit that nothing is to be planned of (law 3), with its because."""
    return report_whole(forge, commit, CheckState.PASSED, f"nothing is planned: {because}")


def report_whole(forge: Forge, commit: str, state: CheckState, because: str) -> Check:
    """Reports `runner` on a commit. The records of what was shown that it names stay named."""
    room = max(1, forge.limits.title - POINTER_LENGTH)
    title = pointed(clipped(one_line(because), room), pointers_on(forge, commit))
    summary = words(because) if forge.limits.summary else ""
    return forge.report_check(Check(name=CHECK, commit=commit, state=state, title=title, summary=summary))
