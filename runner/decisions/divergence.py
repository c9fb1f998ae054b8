"""Whether a head has every commit of its branch that touched a target's closure (`requires.undiverged`).

A plan is made of the merge of both. Yet who tested and looked at the head did not see what the base has since become.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from runner.model.names import TargetName
from runner.model.verdict import Answer, Verdict

_MOST = 3


class LackingCommit(Struct, frozen=True, kw_only=True):
    """A commit that the base has and the head lacks. `touched`: the targets whose closure differs between it and what
    it was made on; None where that could not be found out."""

    commit: str
    touched: frozenset[TargetName] | None


def undiverged(target: TargetName, lacking: Sequence[LackingCommit] | None, into: str) -> Verdict:
    """Is the head up to date, as far as `target` goes? `lacking`: oldest first; None where the histories could not be
    compared (a shallow clone, too many commits), which closes."""
    if lacking is None:
        return _closed(f"what `{into}` has and the head lacks is not known", f"merge `{into}` into it")
    unknown = [each for each in lacking if each.touched is None]
    touching = [each for each in lacking if each.touched is not None and target in each.touched]
    if not touching and not unknown:
        so_far = f", though not all of `{into}`" if lacking else ""
        return Verdict(
            gate="requires.undiverged",
            answer=Answer.ALLOW,
            because=f"the head has every commit that touched `{target}`{so_far}",
        )
    found = touching or unknown
    shown = ", ".join(f"`{each.commit[:12]}`" for each in found[:_MOST])
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    how = "touched" if touching else "may have touched"
    return _closed(
        f"the head lacks {shown}{more}, which {how} `{target}`", f"merge `{into}` into it, or rebase it"
    )


def _closed(because: str, hint: str) -> Verdict:
    return Verdict(
        gate="requires.undiverged", answer=Answer.DENY, code="head-diverged", because=because, hint=hint
    )
