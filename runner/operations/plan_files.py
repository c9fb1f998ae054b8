"""A plan as it was shown, kept with its run: the engine's own words, and the digest that names it."""

from __future__ import annotations

from runner.model.plan import Plan
from runner.operations.run_directory import RunDirectory


def keep_plan(directory: RunDirectory, plan: Plan, text: str) -> None:
    """Writes `<target>.txt` and `<target>.digest`, both free of secrets, readable by the owner only."""
    place = directory.plan(plan.target)
    for suffix, content in ((".txt", text), (".digest", plan.digest)):
        file = place.with_suffix(suffix)
        file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
