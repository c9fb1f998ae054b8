"""What other environments say of the code that is to be applied, for the gate `promote:`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from runner.decisions.promotion import Proof, live_since, promotion_verdict
from runner.model.environment import Gates
from runner.model.names import TargetName
from runner.model.target import Target
from runner.model.verdict import Answer, Verdict
from runner.operations.closures import closure_in, is_behind
from runner.operations.survey import Survey


def promotions(
    whole: Survey, gates: Gates, targets: Iterable[Target], now: datetime
) -> dict[TargetName, Verdict]:
    """The targets that have to wait, each with why. What is as it is applied already waits for nothing. NoAnswer."""
    if gates.promote is None:
        return {}
    going = [
        each for each in targets if each.name.environment == gates.environment and is_behind(whole, each)
    ]
    if going:
        whole.record.ledger.refresh(sorted(gates.promote.after))
    found = {}
    for target in going:
        proofs = [_proof(whole, target, environment) for environment in gates.promote.after]
        verdict = promotion_verdict(gates.promote, proofs, now)
        if verdict.answer is not Answer.ALLOW:
            found[target.name] = verdict
    return found


def _proof(whole: Survey, target: Target, environment: str) -> Proof:
    """Of the surveyed commit's code, as that environment would plan it: what is its own there, var files and the like,
    is another's here, so one digest cannot be held against the other."""
    name = TargetName(environment=environment, stack=target.name.stack)
    there = whole.wishes.targets.get(name)
    if there is None:
        return Proof(target=name, wished=False)
    live = whole.record.ledger.live(environment).get(name.stack)
    if live is None or live.held or live.ended or live.good is None:
        return Proof(target=name, wished=True, because="nothing of it is live there")
    # As for what is behind: modules that are not pinned count as they were fetched then.
    code = replace(closure_in(whole, there), fetched=live.good.modules).code
    since, because = live_since(code, whole.record.ledger.entries(environment, name.stack))
    return Proof(target=name, wished=True, since=since, because=because)
