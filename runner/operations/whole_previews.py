"""Where the whole of what was planned can be opened: a document that the job keeps, and the summary of the job.

A comment has a limit, and what a reviewer could not open in full cannot be approved.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.model.previewed import RequestPreview
from runner.model.rumour import Rumour
from runner.report.comment import Limit, job_summary, whole_document
from runner.report.markdown_parts import size


class Keeping(Struct, frozen=True, kw_only=True):
    """`page`: the address under which people find what the job keeps, empty where there is none. `document`: the file
    that it keeps, None where it keeps none; `summary`: the one that the forge shows on that page, or None."""

    page: str = ""
    document: Path | None = None
    summary: Path | None = None


NOTHING_KEPT = Keeping()


def keeping_of(rumour: Rumour, document: Path | None) -> Keeping:
    """What this job keeps, as its forge says."""
    summary = Path(rumour.summary) if rumour.summary else None
    return Keeping(page=rumour.page, document=document, summary=summary)


def kept_whole(keeping: Keeping, preview: RequestPreview) -> RequestPreview:
    """`preview` with where the whole of it lies; empty where it lies nowhere, with a notice if it was to."""
    if not keeping.page or (keeping.document is None and keeping.summary is None):
        return replace(preview, whole="")
    told = replace(preview, whole=keeping.page)
    text = whole_document(told)
    notices: list[Diagnostic] = []
    kept = False
    if keeping.document is not None:
        kept = _written(keeping.document, text, notices)
    if keeping.summary is not None:
        # A summary that is longer is shown to nobody.
        fits = _size(keeping.summary) + size(text) <= Limit.JOB_SUMMARY
        kept |= _added(keeping.summary, text if fits else job_summary(told), notices) and fits
    if kept:
        return told
    return replace(preview, whole="", notices=(*preview.notices, *notices))


def summarise(keeping: Keeping, text: str) -> None:
    """`text` as the job's summary, where it has none yet."""
    if keeping.summary is not None and not _size(keeping.summary):
        _added(keeping.summary, text, [])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _written(file: Path, text: str, notices: list[Diagnostic]) -> bool:
    """In place of whatever is there: what a plan stage handed on may be a link to elsewhere."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
    except OSError as problem:
        notices.append(_unwritten(problem))
        return False
    return _added(file, text, notices)


def _added(file: Path, text: str, notices: list[Diagnostic]) -> bool:
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as problem:
        notices.append(_unwritten(problem))
        return False
    return True


def _unwritten(problem: OSError) -> Diagnostic:
    return Diagnostic(
        code="document-unwritten",
        message=f"the whole document could not be written: {problem.strerror or problem}",
        severity=Severity.WARNING,
    )
