"""Law 9: what a target can be planned with while the targets that it needs are changing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct, field

from runner.decisions.edges import Edge
from runner.model.change import ChangeKind, Output, OutputChange
from runner.model.names import TargetName
from runner.model.plan import Plan, PlanKind
from runner.model.references import OutputReference

Outputs = Mapping[str, Output]


class Upstreams(Struct, frozen=True, kw_only=True):
    """What is known of other targets. `live`: the outputs as they are live, None (or no key) where there is no state;
    `planned`: the plans of this run so far; `behind`: those with changes pending that this run does not plan."""

    live: Mapping[TargetName, Outputs | None]
    planned: Mapping[TargetName, Plan] = field(default_factory=lambda: MappingProxyType({}))
    behind: frozenset[TargetName] = frozenset()


class Foresight(Struct, frozen=True, kw_only=True):
    """How a target can be planned. `outputs` are the values to fill its references with; with DEFERRED they are not
    complete."""

    kind: PlanKind
    because: str
    outputs: Mapping[TargetName, Outputs]


class _One(Struct, frozen=True):
    """One output (None where an edge reads none), and what may be believed of it."""

    kind: PlanKind
    because: str
    output: Output | None = None


_RANK = (PlanKind.PLANNED, PlanKind.PROVISIONAL, PlanKind.DEFERRED)


def foreseen(edges: Iterable[Edge], references: Iterable[OutputReference], upstreams: Upstreams) -> Foresight:
    """The weakest of what each need allows. `references` are those in the target's inputs, `edges` all its needs."""
    answers = [_need(edge, upstreams) for edge in edges]
    outputs: dict[TargetName, dict[str, Output]] = {}
    for reference in references:
        one = _referred(reference, upstreams)
        answers.append(one)
        if one.output is not None:
            outputs.setdefault(reference.target, {})[reference.output] = one.output
    weakest = max(answers, key=lambda one: _RANK.index(one.kind), default=_One(PlanKind.PLANNED, ""))
    because = weakest.because if weakest.kind is not PlanKind.PLANNED else _planned_with(answers)
    return Foresight(kind=weakest.kind, because=because, outputs=outputs)


def _planned_with(answers: Iterable[_One]) -> str:
    return "; ".join(dict.fromkeys(one.because for one in answers if one.because))


def _need(edge: Edge, upstreams: Upstreams) -> _One:
    """What the need itself allows, whatever outputs are read."""
    name = edge.target
    plan = upstreams.planned.get(name)
    if plan is not None and plan.kind is PlanKind.DEFERRED:
        return _One(PlanKind.DEFERRED, f"`{name}`, which it needs, is itself deferred")
    if plan is not None and plan.kind is PlanKind.PROVISIONAL:
        return _One(PlanKind.PROVISIONAL, f"the plan of `{name}`, which it needs, is provisional")
    moving = (plan is not None and plan.changed) or name in upstreams.behind
    if upstreams.live.get(name) is None and (edge.reads_state or not edge.outputs):
        return _One(PlanKind.DEFERRED, f"`{name}`, which it needs, was never applied")
    if edge.reads_state and moving:
        return _One(PlanKind.PROVISIONAL, f"it reads the state of `{name}`, which is about to change")
    if moving and not edge.outputs:
        because = f"`{name}`, which it needs, is about to change, and nobody knows what that changes here"
        return _One(PlanKind.PROVISIONAL, because)
    return _One(PlanKind.PLANNED, "")


def _referred(reference: OutputReference, upstreams: Upstreams) -> _One:
    """The value of one output, and how far it can be believed."""
    name, output = reference.target, reference.output
    plan, live = upstreams.planned.get(name), upstreams.live.get(name)
    if plan is not None and plan.planned is not None:
        change = next((each for each in plan.planned.outputs if each.name == output), None)
        if change is not None and (plan.changed or live is None):
            return _changing(reference, change, live)
    if live is None:
        return _One(PlanKind.DEFERRED, f"`{name}` has no state yet, so `{reference}` is not known")
    value = live.get(output)
    if value is None:
        return _One(PlanKind.DEFERRED, f"`{name}` as it is live has no output `{output}`")
    if (plan is not None and plan.changed) or name in upstreams.behind:
        because = f"`{name}` is about to change, and what `{reference}` will be is not said"
        return _One(PlanKind.PROVISIONAL, because, value)
    return _One(PlanKind.PLANNED, "", value)


def _changing(reference: OutputReference, change: OutputChange, live: Outputs | None) -> _One:
    before = live.get(change.name) if live else None
    if change.kind is ChangeKind.DELETE:
        return _One(
            PlanKind.DEFERRED, f"the plan of `{reference.target}` takes the output `{change.name}` away"
        )
    if not change.known:
        return _One(PlanKind.DEFERRED, f"`{reference}` is known only after `{reference.target}` is applied")
    if change.kind is ChangeKind.NO_OP and before is not None:
        return _One(PlanKind.PLANNED, "", before)
    if change.sensitive:
        because = f"the new value of `{reference}` is sensitive, and is not kept before it is applied"
        return _One(PlanKind.DEFERRED, because)
    because = f"`{reference}` is the planned value of `{reference.target}`, which changes in this run"
    return _One(PlanKind.PLANNED, because, Output(value=change.after))
