"""What is required of a plan that somebody applies by hand: as in CI, asked of the forge, with the user's own token.

The gates are those of the default branch's tip (law 2), and how a target came to be behind is read from the branch up
to the commit that is checked out: what came by no pull request that the forge confirms, nobody has approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import AskedWrongly, Denied
from runner.forge import Forge
from runner.model.happening import Happening, PlanReady, TargetFinished
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind
from runner.model.target import Target
from runner.operations.admitting import Hearing, admitted
from runner.operations.bench import Bench
from runner.operations.forge_asking import Ask, requires_words
from runner.operations.session import Session
from runner.operations.shown_before import publisher_of
from runner.operations.survey import Survey, gates_of
from runner.operations.unapplied import Arrived, Branch, arrived


class HearingByHand(Struct, frozen=True, kw_only=True):
    """See ForgeAsking."""

    forge: Forge
    hearing: Hearing
    first: dict[TargetName, PlanKind]
    environments: frozenset[str]
    why: str = ""

    def listening(self, bench: Bench) -> Bench:
        """See ForgeAsking."""

        def tell(happening: Happening) -> None:
            if isinstance(happening, PlanReady):
                self.first.setdefault(happening.plan.target, happening.plan.kind)
            bench.tell(happening)

        return replace(bench, tell=tell)

    def asking(self, session: Session, ask: Ask) -> Ask:
        """See ForgeAsking."""

        def asked(plans: tuple[Plan, ...]) -> bool:
            going = tuple(plan for plan in plans if self.admitted(session, plan) is None)
            return not going or ask(going)

        return asked

    def admitted(self, session: Session, plan: Plan) -> TargetFinished | None:
        """See ForgeAsking."""
        if plan.target.environment not in self.environments:
            return None
        ended = admitted(session, self.hearing, plan)
        if ended is None:
            return None
        waiting = self.hearing.kept[plan.target]
        words = f"`runner approve {plan.target} {plan.digest}`"
        said = f"a comment {words} on pull request {waiting.pulls[0]}; or " if waiting.pulls else ""
        told = tuple(replace(each, hint=f"{said}--break-glass REASON") for each in ended.diagnostics)
        return replace(ended, diagnostics=told)

    def close(self) -> None:
        """See ForgeAsking."""
        self.forge.close()


def opened(bench: Bench, whole: Survey, targets: Mapping[TargetName, Target]) -> HearingByHand:
    """Asks the forge who we are, and how the targets came to be behind. NoAnswer."""
    forge = bench.tools.forge(whole.gates, whole.record.remote, bench.stop)
    why = _why_not(forge)
    wanted = sorted(
        {name.environment for name in targets if requires_words(gates_of(whole, name.environment))}
    )
    found: dict[TargetName, Arrived] = {}
    for environment in () if why else wanted:
        mine = {name: target for name, target in targets.items() if name.environment == environment}
        gates = gates_of(whole, environment)
        name = whole.gates.default_branch if gates.branch == "*" else gates.branch
        branch = Branch(name=name, tip=whole.revision.commit, forge=forge)
        found |= arrived(bench, whole, branch, mine)
    first: dict[TargetName, PlanKind] = {}
    hearing = Hearing(
        forge=forge,
        gates={each: gates_of(whole, each) for each in wanted},
        unknown=whole.wishes.unknown - whole.gates.environments.keys(),
        arrived=_with_upstream(whole, found),
        first=first,
        publisher=partial(publisher_of, forge),
    )
    environments = frozenset() if why else frozenset(wanted)
    return HearingByHand(forge=forge, hearing=hearing, first=first, environments=environments, why=why)


def _why_not(forge: Forge) -> str:
    """Why it cannot be asked in the user's name; empty where it can."""
    try:
        if forge.identity().person.login:
            return ""
        grant = forge.permission(forge.identity().person)
        return grant.because or "there is no token of yours"
    except (Denied, AskedWrongly) as refused:
        return refused.diagnostics[0].message


def _with_upstream(whole: Survey, found: Mapping[TargetName, Arrived]) -> dict[TargetName, Arrived]:
    """What has not changed itself came with what it reads of."""
    told = dict(found)
    for _ in found:
        for name, each in told.items():
            read = [told[edge.target] for edge in whole.edges.get(name, ()) if edge.target in told]
            if not each.before:
                told[name] = next((one for one in read if one.before), each)
    return told
