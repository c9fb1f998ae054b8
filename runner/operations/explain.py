"""`explain`: the long text of a diagnostic's code."""

from __future__ import annotations

from difflib import get_close_matches

from msgspec import Struct

from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.operations.bench import Bench


class ExplainRequest(Struct, frozen=True, kw_only=True):
    """A code, or nothing for the list of all."""

    code: str = ""


class ExplainResult(Struct, frozen=True, kw_only=True):
    """The text of one code, or all codes."""

    title: str
    text: str
    codes: tuple[str, ...]
    notes: tuple[Diagnostic, ...] = ()
    next: tuple[str, ...] = ()
    exit_code: int = 0


def explain(request: ExplainRequest, bench: Bench) -> ExplainResult:
    """Finds the text among those that ship with runner. AskedWrongly `unknown-code` with the nearest codes."""
    known = bench.tools.explanations()
    codes = tuple(sorted(known))
    if not request.code:
        return ExplainResult(title="", text="", codes=codes)
    if request.code not in known:
        near = ", ".join(f"`{code}`" for code in get_close_matches(request.code, codes, n=3))
        raise AskedWrongly.of(
            "unknown-code",
            f"there is no code `{request.code}`",
            hint=f"did you mean {near}?" if near else "`runner explain` lists them all",
        )
    return ExplainResult(title=request.code, text=known[request.code], codes=codes)
