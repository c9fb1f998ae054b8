"""Which inputs a destroy can do without: those from which no provider is configured.

What is in the state is destroyed, whatever its arguments would come to. But a provider that is configured with another
value looks in another region or account, finds nothing there, and takes it for gone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from runner.decisions.closure import Closure
from runner.diagnostics import Span
from runner.model.code import ModuleFacts

_MAY_HOLD_ANYTHING = re.compile(r"\b(local|module|data|each|count|self)\s*\.")
_VARIABLE = re.compile(r"\bvar\s*\.\s*([\w-]+)|\bvar\s*\[")


def needed_by(
    names: Collection[str], closure: Closure, facts: Mapping[str, ModuleFacts], text: Mapping[str, str]
) -> str:
    """Why a destroy cannot do without the variables `names` of the stack; empty where it can. `facts` are those of the
    closure's modules by their directory, `text` what stands in their files. What is not known needs them (law 10)."""
    if closure.remote:
        return f"the modules of `{closure.remote[0]}` may configure a provider with it"
    for directory, module in facts.items():
        own = directory == closure.directory
        for provider, span in module.providers:
            block = _block(text.get(span.file, ""), span)
            used = {match[1] or "" for match in _VARIABLE.finditer(block)}
            if not block or _MAY_HOLD_ANYTHING.search(block) or (used & {*names, ""} if own else used):
                return f"the provider `{provider}` at {span} may be configured with it"
    return ""


def _block(text: str, span: Span) -> str:
    """The lines of `span`; empty where it does not say how far it reaches."""
    return "\n".join(text.splitlines()[span.line - 1 : span.end_line]) if span.end_line else ""
