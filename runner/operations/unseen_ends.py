"""What a person is told of ends that nobody saw, and what mends each; pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from runner.decisions.handed_over import parted
from runner.operations.recovery import Finding

URN = "urn:pulumi:"


def told(finding: Finding, *, stale: bool = False, foreign: str = "") -> list[str]:
    """What is known, in lines for a person; pure. Empty where nothing is unknown."""
    lines = []
    if finding.lease and finding.lease.intent:
        lease = finding.lease
        lines.append(
            f"run {lease.run} of {lease.holder} on {lease.host} announced a change and did not record its end"
        )
        if not finding.remnant:
            lines.append(
                "what it saw is not in this clone: of what it made, nobody here knows whether the provisioners ended"
            )
    if finding.remnant:
        lines.append(f"run {finding.remnant.run.name} was killed in this clone; its last state is kept here")
    if stale:
        lines.append(
            "a run that was killed in this clone left a state, but the record has gone on since: it is dropped"
        )
        lines.append("(`--force` would take it instead of the one on record)")
    if foreign:
        lines.append(foreign)
    if finding.unknown:
        lines.append("nobody saw how these ended; look at them in the cloud:")
        lines += [f"  {each}" for each in finding.unknown]
    standing = {parted(each)[0] for each in finding.standing}
    missing = [each for each in finding.unknown if parted(each)[0] not in standing]
    if missing:
        lines += [
            "what exists and is not in the state is taken in with:",
            "",
            *import_options([each for each in missing if each.startswith(URN)]),
            *import_blocks([each for each in missing if not each.startswith(URN)]),
        ]
    return [*lines, *_replacements(finding)]


def _replacements(finding: Finding) -> list[str]:
    if not finding.standing:
        return []
    return [
        "the state has these, so the next plan compares their attributes with the cloud; what their provisioners did,",
        "no plan can see. Where it is not what it should be, the resource is made anew:",
        *(f"  {each}" for each in anew(finding)),
    ]


def anew(finding: Finding) -> tuple[str, ...]:
    """The commands that make what the state has and nobody saw end anew, one a resource."""
    return tuple(
        f"runner up {finding.target} --replace {shlex.quote(parted(each)[0])}" for each in finding.standing
    )


def import_options(unknown: Sequence[str]) -> list[str]:
    """What a Pulumi program says, for one `up`, to take in resources given as `urn id`. Pure."""
    lines = []
    for each in unknown:
        urn, known = parted(each)
        identity = json.dumps(known) if known else '"…", an id that was not seen'
        lines.append(f"  the resource option `import` of `{urn.rpartition('::')[2]}`: {identity}")
    return lines


def import_blocks(unknown: Sequence[str]) -> list[str]:
    """`import` blocks for resources given as `address id`; those without an id have a gap to fill. Pure."""
    lines: list[str] = []
    for each in unknown:
        address, known = parted(each)
        lines += [
            "import {",
            f"  to = {address}",
            f"  id = {_quoted(known)}" if known else '  id = "…"  # not seen',
            "}",
            "",
        ]
    return lines


def _quoted(text: str) -> str:
    """As a literal of HCL: no template begins in it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + plain.replace("${", "$${").replace("%{", "%%{") + '"'
