"""What the event log of a Pulumi preview means as a plan (facts/pulumi.md, 5.5); pure.

Pulumi shows a replacement as three steps; here it is one change. The stack itself and its providers are no changes, but
where Pulumi would touch them there is something to apply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from runner.diagnostics import Diagnostic, Severity
from runner.engine.masking import Clean, Masked, differences, masked
from runner.engine.pulumi_events import ROOT, Judged, Said, Step, Strange, Summary, Told, told_by
from runner.engine.pulumi_values import Opener, Parted, inputs_of, parted, unopened
from runner.errors import TargetFailed
from runner.kit import canonical
from runner.model.change import AttributeDifference, AttributePath, Change, ChangeKind, Output, OutputChange
from runner.model.plan import Planned
from runner.model.references import Json

Fingerprint = Callable[[bytes], str]

_KINDS: Mapping[str, ChangeKind] = MappingProxyType(
    {
        "same": ChangeKind.NO_OP,
        "create": ChangeKind.CREATE,
        "update": ChangeKind.UPDATE,
        "delete": ChangeKind.DELETE,
        "delete-replaced": ChangeKind.DELETE,  # left by a replacement that did not end
        "read": ChangeKind.READ,
        "import": ChangeKind.IMPORT,
        "discard": ChangeKind.FORGET,
        "discard-replaced": ChangeKind.FORGET,
        "remove-pending-replace": ChangeKind.FORGET,
    }
)
_REPLACES = ("create-replacement", "import-replacement", "read-replacement", "replace")
_OF_REPLACES = frozenset({*_REPLACES, "delete-replaced", "discard-replaced", "remove-pending-replace"})
_SIDES = {"add": "add", "delete": "remove", "update": "change"}


class Preview(Struct, frozen=True, kw_only=True):
    """What is needed to read a preview. `update_plan`: the file of `--save-plan`, the only place with the secrets of
    what is to come, opened by `opener`. `live`: the outputs as they are. `refresh_only`: it compared, and no more."""

    log: bytes
    update_plan: bytes = b""
    opener: Opener = unopened
    live: Mapping[str, Output] = field(default_factory=lambda: MappingProxyType({}))
    fingerprint: Fingerprint | None = None
    clean: Clean = lambda value: value
    refresh_only: bool = False


def planned_of(preview: Preview) -> Planned:
    """The plan that a preview described. TargetFailed where its log does not end in a summary (law 10)."""
    told = [told_by(line) for line in preview.log.split(b"\n")]
    summary = next((each for each in reversed(told) if isinstance(each, Summary)), None)
    if summary is None:
        raise _unreadable("its event log has no summary")
    reader = _Reader(preview)
    steps = _last_steps(told)
    changes = tuple(reader.changes(steps))
    drift = tuple(reader.drift(steps))
    outputs = reader.outputs([each for each in told if isinstance(each, Step) and each.type == ROOT])
    return Planned(
        changes=changes,
        outputs=outputs,
        changed=any(map(_touches, steps))
        or any(isinstance(each, Strange) for each in told)
        or any(each.kind is not ChangeKind.NO_OP for each in outputs)
        or (preview.refresh_only and bool(drift)),
        complete=summary.result in ("succeeded", "") and not summary.corrupt,
        errored=summary.result == "failed",
        drift=drift,
        diagnostics=(*reader.warnings(told), *_strangers(told)),
        checks=tuple(reader.check(each) for each in told if isinstance(each, Judged)),
    )


def errors_in(log: bytes) -> tuple[Diagnostic, ...]:
    """The errors of a log."""
    said = (told.diagnostic() for line in log.split(b"\n") if isinstance(told := told_by(line), Said))
    return tuple(dict.fromkeys(each for each in said if each and each.severity is Severity.ERROR))


def violations_in(log: bytes) -> tuple[Diagnostic, ...]:
    """What policies that are mandatory found, in the words of their packs."""
    found = [
        Diagnostic(
            code="policy-pack-violated",
            message=f"{told.urn}: {told.policy}: {' '.join(told.text.split())}",
            hint="what the pack demands is in its own words; it is loosened where it is kept",
        )
        for line in log.split(b"\n")
        if isinstance(told := told_by(line), Judged) and told.level == "mandatory"
    ]
    return tuple(dict.fromkeys(found))


def _unreadable(problem: str) -> TargetFailed:
    message = f"the engine's plan cannot be read: {problem}"
    return TargetFailed(
        Diagnostic(code="plan-unreadable", message=message, hint="this is a version we do not know yet")
    )


def _strangers(told: Iterable[Told]) -> Iterator[Diagnostic]:
    """Law 10: an event that is not known may mean anything."""
    for kind in dict.fromkeys(each.kind for each in told if isinstance(each, Strange)):
        yield Diagnostic(
            code="engine-event-unknown",
            message=f"the engine told of a `{kind}`, which is not known here, so it counts as a change",
            severity=Severity.WARNING,
        )


def _last_steps(told: Iterable[Told]) -> list[Step]:
    """One step for each resource, operation and old state, in the order in which they began; the last word on each."""
    steps: dict[tuple[str, str, bool], Step] = {}
    for step in told:
        if isinstance(step, Step):
            steps[step.urn, step.op, _is_leftover(step)] = step
    return list(steps.values())


def _is_leftover(step: Step) -> bool:
    """Whether it is about what a replacement left behind, and not about the resource that now has the name."""
    return step.op == "delete" and bool(step.old) and (step.old or {}).get("delete") is True


def _touches(step: Step) -> bool:
    match step.op:
        case "same" | "refresh":
            return _moved_from(step) != ""
        case "read":
            return step.old is None
        case _:
            return True


def _moved_from(step: Step) -> str:
    before = (step.old or {}).get("urn")
    return before if isinstance(before, str) and before and before != step.urn else ""


class _Reader:
    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        self._clean = preview.clean
        self._to_come = _states_in(preview.update_plan)

    def changes(self, steps: Sequence[Step]) -> list[Change]:
        """One for each resource that is touched, in order of address."""
        by_urn: dict[str, list[Step]] = {}
        for step in steps:
            by_urn.setdefault(step.urn, []).append(step)
        found = [change for some in by_urn.values() for change in self._of_resource(some)]
        return sorted(found, key=lambda each: (each.address, each.deposed))

    def drift(self, steps: Sequence[Step]) -> list[Change]:
        """What a refresh found to be otherwise than the state says."""
        found = []
        for step in steps:
            if step.op != "refresh" or step.folded:
                continue
            kind = ChangeKind.DELETE if step.new is None else ChangeKind.UPDATE
            change = self._change(step, kind, (step.op,), side="outputs")
            if kind is ChangeKind.DELETE or change.diff:
                found.append(change)
        return sorted(found, key=lambda each: each.address)

    def outputs(self, roots: Sequence[Step]) -> tuple[OutputChange, ...]:
        """The stack's outputs, those that stay included."""
        if not roots:
            return ()
        before = inputs_of(next((each.old for each in roots if each.old), None), "outputs")
        ending = roots[-1].op == "delete"
        last = next((each.new for each in reversed(roots) if each.new and each.phase != "start"), None)
        after = None if ending else inputs_of(last, "outputs")
        old, new = (value if isinstance(value, dict) else {} for value in (before, after))
        to_come = self._to_come.get(roots[-1].urn, {})
        return tuple(
            self._output(name, old.get(name), new.get(name), to_come.get(name))
            for name in sorted({*old, *new})
        )

    def warnings(self, told: Iterable[Told]) -> tuple[Diagnostic, ...]:
        """What the program and its providers warn of, each once."""
        said = (replace(each, text=self._text(each.text)) for each in told if isinstance(each, Said))
        found = (each.diagnostic() for each in said)
        return tuple(dict.fromkeys(each for each in found if each and each.severity is Severity.WARNING))

    def check(self, judged: Judged) -> dict[str, str]:
        """A policy's word."""
        status, message = f"{judged.policy}: {judged.level}", self._text(judged.text)
        return {"address": self._text(judged.urn), "status": status, "message": message}

    # ------------------------------------------------------------------------------------------------ resources

    def _of_resource(self, steps: list[Step]) -> list[Change]:
        ops = [each.op for each in steps]
        main = next((each for op in _REPLACES for each in steps if each.op == op), None)
        if main is None:
            rest, found = steps, []
        else:
            rest = [each for each in steps if each.op not in _OF_REPLACES]
            found = [] if main.folded else [self._replacement(main, ops)]
        for step in rest:
            kind = self._kind(step)
            if kind is ChangeKind.UNKNOWN or not (
                kind is ChangeKind.NO_OP or step.folded or step.op == "refresh"
            ):
                found.append(self._change(step, kind, (step.op,)))
        return found

    def _kind(self, step: Step) -> ChangeKind:
        if step.op == "refresh":
            return ChangeKind.NO_OP
        kind = _KINDS.get(step.op, ChangeKind.UNKNOWN)
        if kind is ChangeKind.NO_OP and _moved_from(step):
            return ChangeKind.MOVE
        if kind is ChangeKind.DELETE and (step.old or {}).get("retainOnDelete") is True:
            return ChangeKind.FORGET
        return kind

    def _replacement(self, main: Step, ops: list[str]) -> Change:
        made = next((ops.index(op) for op in _REPLACES[:3] if op in ops), len(ops))
        gone = ops.index("delete-replaced") if "delete-replaced" in ops else len(ops)
        change = self._change(main, ChangeKind.REPLACE, tuple(op for op in ops if op in _OF_REPLACES))
        return replace(change, order="delete-first" if gone < made else "create-first")

    def _change(
        self, step: Step, kind: ChangeKind, actions: tuple[str, ...], *, side: str = "inputs"
    ) -> Change:
        gone = kind in (ChangeKind.DELETE, ChangeKind.FORGET)
        old = parted(inputs_of(step.old, side))
        new = Parted() if gone else parted(inputs_of(step.new, side))
        before, after = self._masked(old), self._masked(new)
        identity = (step.old or {}).get("id") if _is_leftover(step) else ""
        name = step.urn.rpartition("::")[2]
        return Change(
            address=self._text(step.urn),
            kind=kind,
            type=step.type,
            name=self._text(name),
            mode="managed" if (step.new or step.old or {}).get("custom") is True else "component",
            provider=_provider(step.provider),
            previous_address=self._text(_moved_from(step)),
            deposed=str(identity or ""),
            import_id=str((step.new or {}).get("id") or "") if kind is ChangeKind.IMPORT else "",
            actions=actions,
            before=before.value,
            after=after.value,
            unknown_paths=_ordered(after.unknown),
            sensitive_paths=_ordered(before.sensitive | after.sensitive),
            diff=_differences(step, old, new) if step.old and not gone else (),
            fingerprints=() if gone else self._fingerprints(step.urn),
        )

    def _fingerprints(self, urn: str) -> tuple[tuple[str, str], ...]:
        """Of every secret that the resource is to have, by path: another secret is another digest."""
        if self._preview.fingerprint is None:
            return ()
        found = parted(inputs_of({"inputs": self._to_come.get(urn, {})}), self._preview.opener)
        secrets = masked(found.value, found.sensitive, found.unknown, self._clean).secrets
        return tuple(
            (
                canonical.encode(path).decode(),
                self._preview.fingerprint(canonical.encode([None, secrets[path]])),
            )
            for path in _ordered(set(secrets) - found.closed)
        )

    # -------------------------------------------------------------------------------------------------- outputs

    def _output(self, name: str, old: Json, new: Json, to_come: Json) -> OutputChange:
        opened = parted(to_come if to_come is not None else new, self._preview.opener)
        before, after = self._masked(parted(old)), self._masked(parted(new))
        live = self._preview.live.get(name)
        sensitive = bool(before.sensitive | after.sensitive)
        same = old == new
        if same and sensitive and live is not None and not opened.closed:
            same = live.value == opened.value
        kind = (
            ChangeKind.CREATE
            if old is None
            else ChangeKind.DELETE
            if new is None
            else ChangeKind.NO_OP
            if same
            else ChangeKind.UPDATE
        )
        return OutputChange(
            name=name,
            kind=kind,
            before=before.value,
            after=after.value,
            known=not after.unknown,
            sensitive=sensitive,
            fingerprint=self._print(live, opened) if sensitive and new is not None else "",
        )

    def _print(self, live: Output | None, opened: Parted) -> str:
        if self._preview.fingerprint is None or opened.closed:
            return ""
        return self._preview.fingerprint(canonical.encode([live.value if live else None, opened.value]))

    def _masked(self, found: Parted) -> Masked:
        return masked(found.value, found.sensitive, found.unknown, self._clean)

    def _text(self, text: str) -> str:
        cleaned = self._clean(text)
        return cleaned if isinstance(cleaned, str) else ""


def _states_in(update_plan: bytes) -> dict[str, dict[str, Json]]:
    """Each resource's state to come, by URN, as `--save-plan` has it."""
    try:
        plan: Json = json.loads(update_plan) if update_plan else None
    except ValueError as problem:
        raise _unreadable("its update plan is not JSON") from problem
    resources = plan.get("resourcePlans") if isinstance(plan, dict) else None
    found: dict[str, dict[str, Json]] = {}
    for urn, each in resources.items() if isinstance(resources, dict) else ():
        state = each.get("state") if isinstance(each, dict) else None
        found[urn] = state if isinstance(state, dict) else {}
    return found


def _differences(step: Step, old: Parted, new: Parted) -> tuple[AttributeDifference, ...]:
    """As the provider tells them; else by comparing what the program gives, with what the provider names besides."""
    if step.detailed is not None:
        return tuple(
            AttributeDifference(
                path=path,
                op=_SIDES.get(kind.removesuffix("-replace"), "change"),
                forces_replace=kind.endswith("-replace"),
            )
            for path, kind in sorted(step.detailed, key=lambda each: _order(each[0]))
        )
    replaces = tuple((key,) for key in step.keys)
    found = differences(old.value, new.value, new.unknown, replaces)
    named = {each.path[:1] for each in found}
    more = [(name,) for name in step.diffs if (name,) not in named and not name.startswith("__")]
    return (*found, *(AttributeDifference(path=path, op="change") for path in more))


def _provider(written: str) -> str:
    """`urn:pulumi:dev::app::pulumi:providers:aws::default_6_1_0::<id>` → `aws`."""
    return next(
        (
            part.removeprefix("pulumi:providers:")
            for part in written.split("::")
            if "pulumi:providers:" in part
        ),
        "",
    )


def _order(path: AttributePath) -> list[tuple[bool, str]]:
    return [(isinstance(step, int), str(step)) for step in path]


def _ordered(paths: set[AttributePath]) -> tuple[AttributePath, ...]:
    return tuple(sorted(paths, key=_order))
