"""The named digests of law 1: what an approval binds. Facts: speed.md, "Digest of a Terraform plan"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from runner.decisions.closure import VERSION
from runner.kit import canonical
from runner.model.change import AttributePath, Change, ChangeKind, OutputChange
from runner.model.names import TargetName
from runner.model.plan import Digests, Planned
from runner.model.references import Json
from runner.model.stack import EngineIdentity


class Bound(Struct, frozen=True, kw_only=True):
    """What a plan was made of. `code` is the closure's digest; `inputs` the resolved values that are no secrets;
    `secrets` variable -> HMAC (hex) of each one that is; `lineage` the state's, empty where there is none yet."""

    target: TargetName
    code: str
    inputs: Mapping[str, Json]
    secrets: Mapping[str, str]
    engine: EngineIdentity
    lineage: str


def digests_of(planned: Planned, bound: Bound) -> Digests:
    """All named digests of a plan, and the one over them that a person names."""
    named = {
        "changes": _digest(changes_form(planned.changes)),
        "outputs": _digest(outputs_form(planned.outputs)),
        "code": bound.code,
        "inputs": inputs_digest(bound.inputs, bound.secrets),
        # Where the program came from says nothing of what it does: the same version on PATH is the same engine.
        "engine": _digest([bound.engine.name.value, bound.engine.version]),
        # A target that was never applied has no lineage, and its plan would fit any other such (measured): so its name.
        "lineage": _digest([str(bound.target), bound.lineage]),
    }
    return Digests(**named, plan=_digest(named))


def inputs_digest(inputs: Mapping[str, Json], secrets: Mapping[str, str]) -> str:
    """The digest of resolved inputs; a secret counts by its HMAC only, even where `inputs` has it too."""
    plain = {name: value for name, value in inputs.items() if name not in secrets}
    return _digest({"plain": plain, "secret": dict(secrets)})


def changes_form(changes: Iterable[Change]) -> Json:
    """The changes as JSON: all but no-ops (data reads too: a policy's text stands only there), in order of address."""
    kept = [each for each in changes if each.kind is not ChangeKind.NO_OP]
    return [_change(each) for each in sorted(kept, key=lambda each: (each.address, each.deposed, each.mode))]


def outputs_form(outputs: Iterable[OutputChange]) -> Json:
    """The outputs that change, as JSON, in order of name."""
    return [
        {
            "name": each.name,
            "kind": each.kind.value,
            "before": each.before,
            "after": each.after,
            "known": each.known,
            "sensitive": each.sensitive,
            "fingerprint": each.fingerprint,
        }
        for each in sorted(outputs, key=lambda each: each.name)
        if each.kind is not ChangeKind.NO_OP
    ]


def _change(change: Change) -> Json:
    return {
        "address": change.address,
        "deposed": change.deposed,
        "mode": change.mode,
        "provider": change.provider,
        "kind": change.kind.value,
        "actions": list(change.actions),
        "order": change.order,
        "reason": change.reason,
        "previous_address": change.previous_address,
        "import_id": change.import_id,
        "before": change.before,
        "after": change.after,
        "unknown": _paths(change.unknown_paths),
        "sensitive": _paths(change.sensitive_paths),
        "replaces": _paths(each.path for each in change.diff if each.forces_replace),
        "fingerprints": [list(each) for each in sorted(change.fingerprints)],
    }


def _paths(paths: Iterable[AttributePath]) -> Json:
    """Paths as sorted canonical texts: engines order them as they like."""
    return [*sorted({canonical.encode(list(path)).decode() for path in paths})]


def _digest(value: object) -> str:
    return VERSION + canonical.digest(value)
