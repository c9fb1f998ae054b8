"""The most that a plan may have (DESIGN, law 14)."""

from __future__ import annotations

from runner.engine import Workspace
from runner.errors import TargetFailed


def refuse_large(work: Workspace, size: int) -> None:
    """TargetFailed `limit-plan-bytes` for a plan of more bytes than the workspace allows."""
    if size > work.plan_bytes:
        raise TargetFailed.of(
            "limit-plan-bytes",
            f"the plan has {size:,} bytes, and `limits.plan_bytes` allows {work.plan_bytes:,}",
            hint="split the stack, or raise the limit in runner.yaml on the default branch",
        )
