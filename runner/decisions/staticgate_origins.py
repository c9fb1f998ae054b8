"""Findings about where modules, providers and the state come from, as `allow:` and the lock file have them."""

from __future__ import annotations

from collections.abc import Iterator

from runner.decisions.staticgate_findings import (
    Finding,
    FindingKind,
    ModuleUse,
    ProviderUse,
    Reading,
    digest_of,
)
from runner.decisions.staticgate_sources import (
    BUILT_IN,
    is_local,
    is_pinned,
    module_admitted,
    provider_admitted,
    short_address,
)
from runner.diagnostics import Span
from runner.model.code_files import LOCK_FILE
from runner.model.environment import Allow


def module_findings(reading: Reading, allow: Allow) -> Iterator[Finding]:
    """Modules that `allow.modules` refuses, and those from elsewhere that may be another one tomorrow."""
    for each in reading.modules:
        digest = f"{each.source}@{each.version}"
        if allow.modules is not None and not module_admitted(allow.modules, each.source, each.place):
            yield Finding(
                kind=FindingKind.FOREIGN_MODULE,
                subject=f"./{each.place}" if each.place else each.source or "computed",
                address=f"module.{each.name}",
                message=f"`allow.modules` does not admit {_source_of(each)} of module `{each.name}`",
                because="a module is code of whoever may write where it comes from",
                span=each.span,
                digest=digest,
            )
        elif not each.place and not _is_still(each):
            what = (
                "is an expression"
                if each.source is None
                else f"is `{each.source}`, which may be another one tomorrow"
            )
            yield Finding(
                kind=FindingKind.MODULE,
                subject=each.source or "computed",
                address=f"module.{each.name}",
                message=f"the source of module `{each.name}` {what}",
                because="only what is pinned to one content is what was reviewed",
                span=each.span,
                digest=digest,
            )


def _is_still(use: ModuleUse) -> bool:
    """A directory that was not found is told where it was looked for."""
    return use.source is not None and (is_local(use.source) or is_pinned(use.source, use.version))


def _source_of(use: ModuleUse) -> str:
    return f"the source `{use.source}`" if use.source is not None else "the computed source"


def provider_findings(reading: Reading, allow: Allow, before: Reading | None) -> Iterator[Finding]:
    """Each provider once. Modules from elsewhere may need what only the lock file tells."""
    spans: dict[str, Span] = {}
    for each in reading.providers:
        spans.setdefault(each.address, each.span)
    if any(not each.place for each in reading.modules):
        for address in reading.locked:
            spans.setdefault(address, Span(file=_lock_of(reading), line=1, column=1))
    for address, span in spans.items():
        if address == BUILT_IN:
            continue
        yield from _provider(ProviderUse(address=address, span=span), reading, allow, before)


def _provider(use: ProviderUse, reading: Reading, allow: Allow, before: Reading | None) -> Iterator[Finding]:
    name, hashes = short_address(use.address) or "computed", reading.locked.get(use.address, ())
    kind = FindingKind.PROVIDER
    if allow.providers is not None and not provider_admitted(allow.providers, use.address):
        kind = FindingKind.FOREIGN_PROVIDER
        message = f"`allow.providers` does not admit `{name}`"
        because = "a provider is a program that is fetched and run"
    elif not hashes:
        message = f"`{_lock_of(reading)}` has no hash of the provider `{name}`"
        because = "whatever is served under its name would be run"
    elif allow.providers is None and before is not None and use.address not in before.locked:
        message = f"the provider `{name}` is new here"
        because = "a provider is a program that is fetched and run, and `allow.providers` names none"
    else:
        return
    yield Finding(
        kind=kind,
        subject=name,
        address=use.address,
        message=message,
        because=because,
        span=use.span,
        digest=" ".join(sorted(hashes)),
    )


def _lock_of(reading: Reading) -> str:
    return LOCK_FILE if reading.directory == "." else f"{reading.directory}/{LOCK_FILE}"


def backend_findings(head: Reading, before: Reading | None) -> Iterator[Finding]:
    """A backend that is not the base's: another state is read and written, with our credentials."""
    if before is None or (not head.backend and not before.backend):
        return
    now = digest_of(head.backend)
    if digest_of(before.backend) != now:
        place = head.backend[0].span if head.backend else Span(file=head.directory, line=1, column=1)
        yield Finding(
            kind=FindingKind.BACKEND,
            subject="moved",
            address=head.directory,
            message="the state is kept elsewhere than in the base" if head.backend else "the backend is gone",
            because="who holds the place holds the state, and what is planned is against what lies there",
            span=place,
            digest=now,
        )
