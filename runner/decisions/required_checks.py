"""Whether the checks that an environment requires are green: by name, and by who reported them.

A name alone says nothing, for everybody with push can report under it. So all who report under a required name must be
green, and where an app is named only its word counts. What was skipped or is neutral is not green: nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.model.check import CheckReport, CheckState
from runner.model.environment import RequiredCheck
from runner.model.verdict import Answer, Verdict

_STILL = frozenset({CheckState.QUEUED, CheckState.RUNNING, CheckState.WAITING})


def checks_verdicts(
    required: Iterable[RequiredCheck], reports: Iterable[CheckReport] | None, commit: str
) -> tuple[Verdict, ...]:
    """One verdict a required check. `reports` are the newest of each name and reporter on `commit`; None where the
    forge did not answer, which closes."""
    known = None if reports is None else tuple(reports)
    return tuple(_verdict(each, known, commit) for each in required)


def _verdict(required: RequiredCheck, reports: tuple[CheckReport, ...] | None, commit: str) -> Verdict:
    name = f"`{required.name}`" + (f" by `{required.app}`" if required.app else "")
    if reports is None:
        return _closed(f"the forge did not say how {name} stands on `{commit[:12]}`")
    named = [each for each in reports if each.name == required.name]
    found = [each for each in named if not required.app or each.app.casefold() == required.app.casefold()]
    if not found:
        others = sorted({each.app or "somebody" for each in named})
        by = f"; that of {', '.join(f'`{each}`' for each in others)} is another one" if others else ""
        return _closed(f"{name} was not reported on `{commit[:12]}`{by}", waits=not others)
    red = [each for each in found if each.state is not CheckState.PASSED]
    if not red:
        return Verdict(gate="requires.checks", answer=Answer.ALLOW, because=f"{name} is green")
    worst = next((each for each in red if each.state not in _STILL), red[0])
    by = f" (reported by `{worst.app}`)" if worst.app and not required.app else ""
    return _closed(f"{name} is {worst.state} on `{commit[:12]}`{by}", waits=worst.state in _STILL)


def _closed(because: str, *, waits: bool = False) -> Verdict:
    answer = Answer.WAIT if waits else Answer.DENY
    return Verdict(gate="requires.checks", answer=answer, code="check-not-green", because=because)
