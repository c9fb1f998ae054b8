"""What stands between a preview and its apply: who approved what, whose word does not count and why, what gates say."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model.approval import ReviewCounted, Standing
from runner.model.previewed import RequestPreview
from runner.model.verdict import Answer, Verdict
from runner.report.markdown_parts import bullets, few, joined, words
from runner.report.safe_text import code
from runner.report.value_text import counted as numbered

_ANSWERS = {Answer.DENY: "**denied**", Answer.WAIT: "waits", Answer.WARN: "warning", Answer.ALLOW: ""}


def gates_text(preview: RequestPreview, most: int) -> str:
    """The section on approvals and verdicts; of each at most `most` lines, then how many more there are."""
    found = joined((_limited(_standings(preview), most), _limited(_verdicts(preview), most)))
    return f"**Before it is applied**\n\n{found}" if found else ""


def _limited(lines: Sequence[str], most: int) -> str:
    left = [f"and {len(lines) - most:,} more"] if len(lines) > most else []
    return bullets([*lines[:most], *left])


def _standings(preview: RequestPreview) -> list[str]:
    groups: dict[str, list[str]] = {}
    for each in preview.targets:
        if each.standing and (each.standing.needed or each.standing.reviews or each.standing.missing):
            groups.setdefault(standing_text(each.standing), []).append(str(each.target))
    return [f"{_named(names)}: {text}" for text, names in groups.items()]


def _named(names: Sequence[str]) -> str:
    return few(names) + (f" ({numbered(len(names), 'target')})" if len(names) > 5 else "")


def standing_text(standing: Standing) -> str:
    """What is approved of a plan and what is missing; with whose review does not count, and why."""
    counting = [each for each in standing.reviews if each.counts]
    needed = f" of {standing.needed}" if standing.needed else ""
    missing = "; ".join(words(each) for each in standing.missing)
    by = f" by {', '.join(code(each.login) for each in counting)}" if counting else ""
    said = [
        f"**approved**{by}"
        if standing.open
        else f"{len(counting)}{needed} approvals{by}; missing: {missing}",
        *(_uncounted(each) for each in standing.reviews if not each.counts),
    ]
    return "; ".join(said)


def _uncounted(each: ReviewCounted) -> str:
    return f"~~{code(each.login)}~~ does not count: {words(each.because)}"


def _verdicts(preview: RequestPreview) -> list[str]:
    groups: dict[tuple[int, str], list[str]] = {}
    for each in preview.targets:
        for verdict in each.verdicts:
            if verdict.answer is not Answer.ALLOW:
                key = (-list(Answer).index(verdict.answer), _verdict(verdict))
                groups.setdefault(key, []).append(str(each.target))
    return [f"{_named(groups[key])}: {key[1]}" for key in sorted(groups, key=lambda key: key[0])]


def _verdict(verdict: Verdict) -> str:
    hint = f" ({words(verdict.hint)})" if verdict.hint else ""
    return f"{_ANSWERS[verdict.answer]} by {code(verdict.gate)}: {words(verdict.because)}{hint}"
