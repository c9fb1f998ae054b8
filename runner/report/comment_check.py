"""The checks on a pull request: `runner` of the whole, and one an affected environment; titles are a line, summaries
are markdown within the forge's limit, annotations stand at lines of the code.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from runner.decisions.check_conclusion import conclusion
from runner.diagnostics import Diagnostic, Severity
from runner.model.check import Annotation, AnnotationLevel, Check
from runner.model.plan import PlanKind
from runner.model.previewed import RequestPreview
from runner.report.comment import comment_text
from runner.report.markdown_parts import clipped, joined, size, words
from runner.report.safe_text import one_line
from runner.report.value_text import counted as numbered

CHECK = "runner"
"""The one to require: it always reports."""

LONGEST_TITLE = 250
MOST_ANNOTATIONS = 200
_LEVELS = {
    Severity.ERROR: AnnotationLevel.FAILURE,
    Severity.WARNING: AnnotationLevel.WARNING,
    Severity.NOTE: AnnotationLevel.NOTICE,
}


def checks_of(
    preview: RequestPreview, title: int = LONGEST_TITLE, summary: int = 65_535
) -> tuple[Check, ...]:
    """The check of the whole with the annotations, then one a named environment. `title`, `summary`: the forge's
    limits, 0 where it shows none."""
    environments = sorted({each.target.environment for each in preview.targets})
    whole = _check(preview, "", title, summary)
    return (
        replace(whole, annotations=tuple(line_annotations(preview))),
        *(_check(preview, environment, title, summary) for environment in environments),
    )


def environment_check(preview: RequestPreview, environment: str) -> RequestPreview:
    """What a preview says of one environment."""
    kept = tuple(each for each in preview.targets if each.target.environment == environment)
    return replace(preview, targets=kept)


def _check(preview: RequestPreview, environment: str, title: int, summary: int) -> Check:
    found = conclusion(preview, environment)
    part = environment_check(preview, environment) if environment else preview
    because = words(found.because)
    room = summary - size(because) - 2
    return Check(
        name=f"{CHECK}/{one_line(environment)}" if environment else CHECK,
        commit=preview.commit,
        state=found.state,
        title=clipped(one_line(_title(part, found.because)), title) if title else "",
        summary=joined((because, comment_text(part, room).text)) if room > 0 else "",
        link=preview.whole,
    )


def _title(preview: RequestPreview, because: str) -> str:
    """What was planned, then why the check stands as it does."""
    if not preview.targets:
        return because
    planned = [each for each in preview.targets if each.plan and each.plan.planned]
    changing = sum(each.plan is not None and each.plan.changed for each in planned)
    deferred = sum(each.plan is not None and each.plan.kind is PlanKind.DEFERRED for each in preview.targets)
    late = f", {deferred:,} deferred" if deferred else ""
    of = numbered(len(preview.targets), "target")
    return f"{len(planned):,} of {of} planned, {changing:,} with changes{late}: {because}"


def line_annotations(preview: RequestPreview) -> Iterator[Annotation]:
    """What is said of lines of the code, once each, what stops first; at most as many as can be read."""
    found: dict[tuple[str, int, str], Annotation] = {}
    for each in sorted(_placed(preview), key=lambda each: list(Severity).index(each.severity)):
        annotation = _annotation(each)
        found.setdefault((annotation.path, annotation.line, annotation.message), annotation)
    yield from list(found.values())[:MOST_ANNOTATIONS]


def _placed(preview: RequestPreview) -> list[Diagnostic]:
    """What has a place, of all that is told."""
    told = list(preview.notices)
    for each in preview.targets:
        warned = each.plan.planned.diagnostics if each.plan and each.plan.planned else ()
        told += (*each.code, *each.diagnostics, *warned)
    return [each for each in told if each.span]


def _annotation(each: Diagnostic) -> Annotation:
    assert each.span
    hint = f" ({each.hint})" if each.hint else ""
    return Annotation(
        path=one_line(each.span.file),
        line=each.span.line,
        end_line=max(each.span.line, each.span.end_line),
        level=_LEVELS[each.severity],
        message=clipped(one_line(f"{each.message}{hint}"), 2_000),
        title=one_line(each.code),
    )
