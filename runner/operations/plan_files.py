"""A plan kept with its run: the engine's own words, and the digest that names it."""

from __future__ import annotations

from runner.model.plan import Plan
from runner.operations.session import Readied, Session


def keep_plan(session: Session, plan: Plan, ready: Readied) -> None:
    """Writes `<target>.txt` and `<target>.digest`, both free of secrets, readable by the owner only. The engine is
    asked for its words, which costs a third of what the plan did: for plans that will be applied, or were asked for."""
    text = ready.engine.shown(ready.work, session.stop(plan.target))
    place = session.directory.plan(plan.target)
    for suffix, content in ((".txt", text), (".digest", plan.digest)):
        file = place.with_suffix(suffix)
        file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
