"""Unchanged means known: a preview of what this clone has planned already shows that plan, and says how old it is.

Only previews by hand come here, of code that whoever asks has in the work tree. Nothing that applies does (law 12).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from runner import __version__
from runner.config.files import RUNNER_FILE
from runner.decisions.closure import Closure
from runner.decisions.deferral import Foresight
from runner.decisions.lasting import Made, what_can_change
from runner.engine import Engine
from runner.git.commit_tree import CommitTree
from runner.kit.canonical import encode
from runner.model.environment import Gates, StateBackend
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind, Planned, StateFacts
from runner.model.references import Json
from runner.model.stack import EngineName
from runner.model.target import Target
from runner.operations.returning import standing_bytes
from runner.operations.session import Readied, Session
from runner.operations.state_contents import contents_of
from runner.operations.stores import settings_for, store_for
from runner.operations.values import Resolved
from runner.operations.workplace import closure_at
from runner.vault import KeptPlan, KeptPlans

FORMAT = 3
"""Another one where a plan means something else than it did, or is judged otherwise."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is about to be planned. `options` are those of the command that change a plan."""

    target: Target
    engine: Engine
    values: Resolved
    foresight: Foresight
    options: Json


class Prospect(Struct, frozen=True, kw_only=True):
    """Where a plan of it is kept, by all that it is made of: `basis`, and the state that it is compared with, whose
    bytes are `content`, empty for none."""

    target: TargetName
    closure: Closure
    place: KeptPlans
    state: StateFacts
    basis: str
    content: bytes


def prospect_of(session: Session, wanted: Wanted) -> Prospect | None:
    """Nothing is laid out for it, and no engine runs. None where no plan is kept: of what nobody could approve, and
    where only the engine can tell which state there is."""
    target, gates = wanted.target, session.gates(wanted.target.name.environment)
    settings = settings_for(session, target, session.live(target.name))
    if wanted.foresight.kind is not PlanKind.PLANNED or settings.backend is StateBackend.AS_WRITTEN:
        return None
    closure = closure_at(session.survey, target)
    previous = session.live(target.name)
    content = standing_bytes(session, store_for(session, target.name), target.name, previous)
    state = wanted.engine.facts(content) if content else StateFacts()
    place = session.bench.tools.kept_plans(gates, session.survey.record)
    made_of = {
        "version": [__version__, FORMAT],
        "code": [closure.directory, closure.code, closure.settings],
        "inputs": [wanted.values.values, sorted(wanted.values.secret), wanted.foresight.because],
        "engine": str(wanted.engine.identity),
        "gates": [
            repr(gates),
            repr(session.survey.gates.written.get(RUNNER_FILE)),
            _policies(session, gates),
        ],
        "state": [settings.backend.value, state.lineage, state.serial, state.digest],
        "record": [each and each.last.id for each in session.basis(target.name)],
        "options": wanted.options,
    }
    basis = place.basis(target.name, encode(made_of))
    return Prospect(
        target=target.name, closure=closure, place=place, state=state, basis=basis, content=content or b""
    )


def known_plan(session: Session, prospect: Prospect) -> Plan | None:
    """The plan that is kept of it, with its age; None where there is none, or it may have changed since."""
    found = prospect.place.find(prospect.target, prospect.state, prospect.basis)
    if isinstance(found, str):
        if found:
            session.progress(prospect.target, "preparing", f"the kept plan is not used: {found}")
        return None
    most = session.gates(prospect.target.environment).plans.max_age
    age = (session.bench.clock.now() - found.plan.made_at).total_seconds()
    if found.moved_by and not 0 <= age <= most:
        session.progress(
            prospect.target, "preparing", f"the kept plan is not used: it is too old, and {found.moved_by}"
        )
        return None
    for told in (*prospect.closure.diagnostics, prospect.closure.widening):
        if told:
            session.note(prospect.target, told)
    session.directory.shown[prospect.target] = found.plan.run
    return replace(found.plan, commit=session.survey.revision.commit, age=max(age, 0.0))


def keep_for_next(session: Session, prospect: Prospect, ready: Readied, plan: Plan) -> None:
    """Keeps a plan that was just made, with what can change it. One that cannot be kept is made again: no harm."""
    if plan.planned is None or plan.planned.errored or ready.before != prospect.state:
        return
    moved_by = _moved_by(session, prospect, ready, plan.planned)
    try:
        prospect.place.keep(prospect.basis, KeptPlan(plan=plan, moved_by=moved_by))
    except OSError as error:
        session.progress(plan.target, "planning", f"the plan could not be kept: {error.strerror}")


def tidy_kept(session: Session, targets: Iterable[TargetName]) -> None:
    """After plans were kept: they take no more room than they may."""
    for target in targets:
        session.bench.tools.kept_plans(session.gates(target.environment), session.survey.record).tidy()
        return  # one sees those of all environments


def _moved_by(session: Session, prospect: Prospect, ready: Readied, planned: Planned) -> str:
    whole, brand = session.survey, ready.engine.identity.name
    found = (
        whole.code.module(directory, opentofu=brand is EngineName.OPENTOFU)
        for directory in ready.closure.modules
    )
    modules = tuple(facts for facts in found if facts is not None)
    state = prospect.content
    made = Made(
        engine=brand,
        gates=ready.gates,
        closure=ready.closure,
        modules=modules,
        code=whole.tree.read_many([path for facts in modules for path in facts.files]).values(),
        live=contents_of(session, prospect.target, ready.engine, state).resources if state else (),
        planned=planned,
    )
    return what_can_change(made)


def _policies(session: Session, gates: Gates) -> Json:
    """Which rules the gates name, by content."""
    if not gates.policies:
        return None
    law = CommitTree(session.bench.tools.repository, session.survey.law)
    nodes = ((each.path, law.node(each.path)) for each in gates.policies)
    return [[path, node.id if node else ""] for path, node in nodes]
