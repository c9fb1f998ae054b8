"""What `show -json PLAN` of Terraform and OpenTofu means; pure.

Format: https://developer.hashicorp.com/terraform/internals/json-format. Sensitive values stand in plain in it; they
are taken out here, before anybody else sees the plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from runner.diagnostics import Diagnostic
from runner.engine.loose_json import object_of, objects_of, strings_of
from runner.engine.masking import Clean, Masked, differences, masked
from runner.errors import TargetFailed
from runner.kit import canonical
from runner.model.change import AttributePath, Change, ChangeKind, OutputChange
from runner.model.plan import Planned
from runner.model.references import Json

Fingerprint = Callable[[bytes], str]

_KINDS: Mapping[tuple[str, ...], tuple[ChangeKind, str]] = {
    ("no-op",): (ChangeKind.NO_OP, ""),
    ("create",): (ChangeKind.CREATE, ""),
    ("read",): (ChangeKind.READ, ""),
    ("update",): (ChangeKind.UPDATE, ""),
    ("delete",): (ChangeKind.DELETE, ""),
    ("forget",): (ChangeKind.FORGET, ""),
    ("delete", "create"): (ChangeKind.REPLACE, "delete-first"),
    ("create", "delete"): (ChangeKind.REPLACE, "create-first"),
}


def planned_of(
    document: bytes,
    *,
    exit_changed: bool,
    diagnostics: Sequence[Diagnostic] = (),
    fingerprint: Fingerprint | None = None,
    clean: Clean = lambda value: value,
) -> Planned:
    """The plan that `document` describes. `exit_changed`: `-detailed-exitcode` was 2, for versions that do not say
    `applyable`. Raises TargetFailed when it is no plan of a format that we know (law 10)."""
    plan = _parsed(document)
    reader = _Reader(fingerprint, clean)
    changes = tuple(reader.change(each) for each in objects_of(plan.get("resource_changes")))
    applyable = plan.get("applyable")
    errored = plan.get("errored") is True
    complete = plan.get("complete")
    return Planned(
        changes=tuple(change for change in changes if change.kind is not ChangeKind.NO_OP),
        outputs=tuple(
            reader.output(name, each)
            for name, each in sorted(object_of(plan.get("output_changes")).items())
            if isinstance(each, dict)
        ),
        changed=applyable if isinstance(applyable, bool) else exit_changed,
        complete=complete if isinstance(complete, bool) else not errored and not plan.get("deferred_changes"),
        errored=errored,
        drift=tuple(reader.change(each) for each in objects_of(plan.get("resource_drift"))),
        diagnostics=tuple(diagnostics),
        checks=tuple(reader.checks(plan)),
    )


def unreadable(problem: str) -> TargetFailed:
    """A plan that cannot be understood is never taken for an empty one."""
    message = f"the engine's plan cannot be read: {problem}"
    return TargetFailed(
        Diagnostic(code="plan-unreadable", message=message, hint="this is a version we do not know yet")
    )


def _parsed(document: bytes) -> dict[str, Json]:
    try:
        plan: Json = json.loads(document)
    except ValueError as problem:
        raise unreadable("it is not JSON") from problem
    if not isinstance(plan, dict):
        raise unreadable("it is not a JSON object")
    version = plan.get("format_version")
    if not isinstance(version, str) or version.split(".")[0] not in {"0", "1"}:
        raise unreadable(f"its format version is {version!r}, and 1 is what is known")
    for key in ("resource_changes", "resource_drift"):
        if not isinstance(plan.get(key, []), list | None):
            raise unreadable(f"`{key}` is no list")
    return plan


class _Reader:
    def __init__(self, fingerprint: Fingerprint | None, clean: Clean) -> None:
        self._fingerprint = fingerprint
        self._clean = clean

    def change(self, resource: Mapping[str, Json]) -> Change:
        """One member of `resource_changes` or `resource_drift`."""
        told = object_of(resource.get("change"))
        actions = strings_of(told.get("actions"))
        kind, order = _KINDS.get(actions, (ChangeKind.UNKNOWN, ""))
        importing = object_of(told.get("importing"))
        address, previous = self._text(resource, "address"), self._text(resource, "previous_address")
        if kind is ChangeKind.NO_OP and importing:
            kind = ChangeKind.IMPORT
        elif kind is ChangeKind.NO_OP and previous and previous != address:
            kind = ChangeKind.MOVE
        before, after = self._sides(told)
        unknown = told.get("after_unknown")
        compared = told.get("before") is not None and kind not in (ChangeKind.DELETE, ChangeKind.FORGET)
        replaces = tuple(_paths(told.get("replace_paths")))
        return Change(
            address=address,
            kind=kind,
            type=self._text(resource, "type"),
            name=self._text(resource, "name"),
            mode=self._text(resource, "mode") or "managed",
            provider=self._text(resource, "provider_name"),
            previous_address=previous,
            deposed=self._text(resource, "deposed"),
            import_id=self._text(importing, "id") or ("(by identity)" if importing.get("identity") else ""),
            reason=self._text(resource, "action_reason"),
            order=order,
            actions=actions,
            before=before.value,
            after=after.value,
            unknown_paths=_ordered(after.unknown),
            sensitive_paths=_ordered(before.sensitive | after.sensitive),
            diff=differences(told.get("before"), told.get("after"), unknown, replaces) if compared else (),
            fingerprints=self._fingerprints(before, after),
        )

    def output(self, name: str, told: Mapping[str, Json]) -> OutputChange:
        """One member of `output_changes`."""
        before, after = self._sides(told)
        kind, _ = _KINDS.get(strings_of(told.get("actions")), (ChangeKind.UNKNOWN, ""))
        prints = self._fingerprints(before, after)
        return OutputChange(
            name=name,
            kind=kind,
            before=before.value,
            after=after.value,
            known=not after.unknown,
            sensitive=told.get("after_sensitive") is True or bool(before.sensitive | after.sensitive),
            fingerprint=self._one(prints),
        )

    def checks(self, plan: Mapping[str, Json]) -> Iterator[dict[str, str]]:
        """One for each checked object, with its status and what failed."""
        for check in objects_of(plan.get("checks")):
            for instance in objects_of(check.get("instances")) or [check]:
                problems = [
                    self._text(problem, "message") for problem in objects_of(instance.get("problems"))
                ]
                yield {
                    "address": self._text(object_of(instance.get("address")), "to_display"),
                    "status": self._text(instance, "status"),
                    "message": "\n".join(problems),
                }

    def _sides(self, told: Mapping[str, Json]) -> tuple[Masked, Masked]:
        before = masked(told.get("before"), told.get("before_sensitive"), False, self._clean)
        after = masked(told.get("after"), told.get("after_sensitive"), told.get("after_unknown"), self._clean)
        return before, after

    def _fingerprints(self, before: Masked, after: Masked) -> tuple[tuple[str, str], ...]:
        """By path, over the value before and after: a secret that changes changes its fingerprint."""
        if self._fingerprint is None:
            return ()
        return tuple(
            (
                canonical.encode(path).decode(),
                self._fingerprint(canonical.encode([before.secrets.get(path), after.secrets.get(path)])),
            )
            for path in _ordered(set(before.secrets) | set(after.secrets))
        )

    def _one(self, prints: tuple[tuple[str, str], ...]) -> str:
        if len(prints) < 2 or self._fingerprint is None:
            return prints[0][1] if prints else ""
        return self._fingerprint(canonical.encode(prints))

    def _text(self, told: Mapping[str, Json], key: str) -> str:
        value = told.get(key)
        cleaned = self._clean(value) if isinstance(value, str) else ""
        return cleaned if isinstance(cleaned, str) else ""


def _paths(value: Json) -> Iterator[AttributePath]:
    for path in value if isinstance(value, list) else []:
        if isinstance(path, list):
            yield tuple(step if isinstance(step, str | int) else str(step) for step in path)


def _ordered(paths: set[AttributePath]) -> tuple[AttributePath, ...]:
    return tuple(sorted(paths, key=lambda path: [(isinstance(step, int), str(step)) for step in path]))
