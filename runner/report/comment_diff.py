"""The full diffs, folded: one block for all targets whose plans are alike, cut between changes and never within one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct

from runner.model.previewed import RequestPreview, TargetPreview
from runner.report.comment_rows import Risk, risk_of
from runner.report.markdown_parts import few_html, folded, joined, size
from runner.report.plan_text import counted_text, plan_parts
from runner.report.safe_text import code_block
from runner.report.styled import Line, plain
from runner.report.value_text import counted as numbered

_SIGN = re.compile(r"^( *)(-/\+|[+\-~?]) ", re.MULTILINE)
# What a value too long for a line ends with; somebody's value that looks like it is taken for cut, which only closes.
_CUT = re.compile(r"… \([\d,]+ (?:character|key|element|digit)s?\)")


class Diff(Struct, frozen=True, kw_only=True):
    """What is to happen in each of `targets` alike. `parts` are texts, each of one change or remark, unsafe to cut
    within; `whole` unless a value in them had to be cut."""

    targets: tuple[TargetPreview, ...]
    parts: tuple[str, ...]
    whole: bool


def diffs_of(preview: RequestPreview) -> list[Diff]:
    """One a distinct plan, the riskiest first; targets with nothing to tell have none."""
    groups: dict[tuple[str, ...], list[TargetPreview]] = {}
    for each in preview.targets:
        if each.plan is not None and (parts := tuple(map(_text, plan_parts(each.plan)))):
            groups.setdefault(parts, []).append(each)
    found = [
        Diff(targets=tuple(targets), parts=parts, whole=not any(map(_CUT.search, parts)))
        for parts, targets in groups.items()
    ]
    return sorted(found, key=lambda diff: min(list(Risk).index(risk_of(each)) for each in diff.targets))


def _text(lines: Sequence[Line]) -> str:
    """Lines as a diff is coloured: the sign first, `!` for what changes in place or in a way that is not known."""
    return _SIGN.sub(_signed, plain(lines)).rstrip("\n")


def _signed(found: re.Match[str]) -> str:
    indent, sign = found[1], found[2]
    return f"{'!' if sign in '~?' else sign}{indent} "


def diff_block(diff: Diff, room: int | None = None) -> tuple[str, bool] | None:
    """The folded block, and whether it has every part, in at most `room` bytes; None where not even one part fits."""
    if room is None or size(whole := _block(diff, diff.parts)) <= room:
        return (_block(diff, diff.parts) if room is None else whole), True
    low, high = 0, len(diff.parts) - 1
    while low < high:  # the most parts that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(_block(diff, diff.parts[:middle])) <= room else (low, middle - 1)
    return (_block(diff, diff.parts[:low]), False) if low else None


def _block(diff: Diff, parts: Sequence[str]) -> str:
    names = [str(each.target) for each in diff.targets]
    plan = diff.targets[0].plan
    many = f" ({numbered(len(names), 'target')} alike)" if len(names) > 1 else ""
    counts = f": {counted_text(plan)}" if plan else ""
    missing = len(diff.parts) - len(parts)
    left = f"**{numbered(missing, 'part')} of it not shown here.**" if missing else ""
    shown = "\n".join(parts)
    return folded(f"{few_html(names)}{many}{counts}", joined([left, code_block(shown, "diff")]))


def native_blocks(preview: RequestPreview) -> Iterator[str]:
    """Each engine's own words, folded, in the order of the targets; like ones once."""
    groups: dict[str, list[str]] = {}
    for each in sorted(preview.targets, key=lambda each: each.target):
        if each.native.strip():
            groups.setdefault(each.native.strip("\n"), []).append(str(each.target))
    block = partial(code_block, language="text")
    for text, names in groups.items():
        yield folded(f"{few_html(names, len(names))} in the engine's own words", block(text))
