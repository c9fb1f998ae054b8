"""Plans and happenings to tell of, small and hostile."""

from datetime import UTC, datetime

from runner.model.change import Change, ChangeKind
from runner.model.names import TargetName
from runner.model.plan import Digests, Plan, PlanKind, Planned, StateFacts
from runner.model.stack import EngineIdentity, EngineName

NETWORK = TargetName(environment="dev", stack="network")
APP = TargetName(environment="dev", stack="app")
HOSTILE = "x\x1b[2J\r\n::set-env name=A::b\u202e\u200b|`<img>@all\x07\x9b31m"
DIGESTS = Digests(
    changes="c1:aa",
    outputs="c1:bb",
    code="c1:cc",
    inputs="c1:dd",
    engine="c1:ee",
    lineage="c1:ff",
    plan="c1:9b1d",
)


def plan_of(*changes: Change, target: TargetName = NETWORK, **more: object) -> Plan:
    """A plan with these changes; members of Planned and Plan by name."""
    in_planned = {"outputs", "changed", "complete", "errored", "drift", "diagnostics", "checks"}
    inner = {"outputs": (), "changed": True, "complete": True} | {
        k: v for k, v in more.items() if k in in_planned
    }
    outer = {"kind": PlanKind.PLANNED, "digests": DIGESTS} | {
        k: v for k, v in more.items() if k not in in_planned
    }
    made = {
        "target": target,
        "engine": EngineIdentity(name=EngineName.TERRAFORM, version="1.11.4", origin="PATH"),
        "planned": Planned(changes=changes, **inner),  # type: ignore[arg-type]
        "state": StateFacts(),
        "commit": "4" * 40,
        "made_at": datetime(2026, 11, 23, tzinfo=UTC),
    }
    return Plan(**{**made, **outer})  # type: ignore[arg-type]


def change(kind: ChangeKind, address: str, **more: object) -> Change:
    """A change of one resource."""
    return Change(address=address, kind=kind, **more)  # type: ignore[arg-type]
