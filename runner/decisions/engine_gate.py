"""May this program write a state that another one wrote last?"""

from __future__ import annotations

import re

from runner.model.stack import EngineIdentity
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict

_WRITTEN = re.compile(r"(?P<name>\w+) v?(?P<major>\d+)\.(?P<minor>\d+)")


def engine_verdict(target: Target, last: str, now: EngineIdentity, *, change_engine: bool = False) -> Verdict:
    """`last` is the engine as the last entry has it (`terraform 1.11.4 (PATH)`), empty where nothing was applied yet.
    Another engine, or an older minor than the one that wrote last, is refused; so is what cannot be compared."""
    before = _WRITTEN.match(last)
    after = _WRITTEN.match(f"{now.name} {now.version}")
    if not last:
        return Verdict(gate="engine", answer=Answer.ALLOW, because="nothing was applied yet")
    if before and after and before["name"] == after["name"] and _minor(after) >= _minor(before):
        return Verdict(gate="engine", answer=Answer.ALLOW, because=f"`{last}` wrote it last")
    if before and after and before["name"] != after["name"]:
        code, because = "engine-foreign", f"`{target.name}` was last written by {last}, not by {now.name}"
    else:
        code, because = (
            "engine-older",
            f"`{target.name}` was last written by {last}, which {now} may not read",
        )
    if change_engine:
        return Verdict(
            gate="engine", answer=Answer.WARN, code=code, because=f"{because}; --change-engine given"
        )
    hint = f"use {last}, or give --change-engine (there is no way back)"
    return Verdict(gate="engine", answer=Answer.DENY, code=code, because=because, hint=hint)


def _minor(found: re.Match[str]) -> tuple[int, int]:
    return int(found["major"]), int(found["minor"])
