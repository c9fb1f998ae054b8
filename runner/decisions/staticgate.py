"""The static gate (DESIGN, law 5): before anything runs, whether a stack is harmless, code, refused, or not known.

Literal files inside the repository, allowed providers with known hashes and pinned modules are harmless; all else is
code. `allow:` of the gates says what is admitted; the base, where there is one, what of it is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from runner.decisions.globs import admitted
from runner.decisions.staticgate_findings import Finding, FindingKind, News, Reading
from runner.decisions.staticgate_origins import backend_findings, module_findings, provider_findings
from runner.model.environment import Allow

REFUSED = frozenset({FindingKind.FOREIGN_PROVIDER, FindingKind.FOREIGN_MODULE})


class Outcome(StrEnum):
    """What a stack is, the worst of its findings that nobody admitted."""

    HARMLESS = "harmless"
    CODE = "code"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Judgement(Struct, frozen=True, kw_only=True):
    """All findings, those that the change brings first; `outcome` counts those that are not admitted."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()

    @property
    def new(self) -> tuple[Finding, ...]:
        """What the change brings or changes, admitted or not."""
        return tuple(each for each in self.findings if each.news in (News.BROUGHT, News.CHANGED))

    @property
    def closed(self) -> tuple[Finding, ...]:
        """What nobody admitted."""
        return tuple(each for each in self.findings if not each.admitted)


def judged(head: Reading, allow: Allow, before: Reading | None = None) -> Judgement:
    """`allow` are the gates' (law 2: never the head's own). A key of it that is not written has DESIGN's default: own
    modules and pinned ones, providers that are locked (before too, where that is known), no code. `before` None: of
    a stack that the base does not have, all is new."""
    found = [
        *head.findings,
        *module_findings(head, allow),
        *provider_findings(head, allow, before),
        *backend_findings(head, before),
    ]
    codes = [_code_glob(each) for each in allow.code or ()]
    had = _known(before, allow) if before else {}
    same = before is not None and before.reach == head.reach
    listed = [
        replace(each, news=_news(each, had, same=same), admitted=_admitted(each, codes)) for each in found
    ]
    listed.sort(
        key=lambda each: (_ORDER[each.news], each.span.file, each.span.line, each.span.column, each.word)
    )
    return Judgement(outcome=_outcome(listed), findings=tuple(listed))


_ORDER = {news: number for number, news in enumerate(News)}


def _outcome(findings: Iterable[Finding]) -> Outcome:
    kinds = {each.kind for each in findings if not each.admitted}
    if kinds & REFUSED:
        return Outcome.REFUSED
    if FindingKind.UNREADABLE in kinds:
        return Outcome.UNKNOWN
    return Outcome.CODE if kinds else Outcome.HARMLESS


def _admitted(finding: Finding, codes: Sequence[str]) -> bool:
    """`allow.code` admits no source that `allow:` refuses."""
    return finding.kind not in REFUSED and admitted(codes, f"{finding.kind}:{finding.subject}")


def _code_glob(pattern: str) -> str:
    """`*` runs over slashes, which mean nothing in a word; a pattern without a subject is of all of its kind."""
    wide = pattern if "**" in pattern else pattern.replace("*", "**")
    return wide if ":" in wide else f"{wide}:**"


def _known(before: Reading, allow: Allow) -> dict[tuple[str, str, str], set[str]]:
    """What the base has: who a finding is -> its digests."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for each in (*before.findings, *module_findings(before, allow), *provider_findings(before, allow, None)):
        found.setdefault(_identity(each), set()).add(each.digest)
    return found


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.kind, finding.subject, finding.address


def _news(finding: Finding, had: dict[tuple[str, str, str], set[str]], *, same: bool) -> News:
    digests = had.get(_identity(finding))
    if digests is None:
        return News.BROUGHT
    if finding.digest not in digests:
        return News.CHANGED
    return News.STANDING if same else News.REACHED
