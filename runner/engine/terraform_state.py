"""What the bytes of a Terraform or OpenTofu state say (format 4); pure.

What is marked sensitive is dropped, and what merely repeats it (`terraform_data.output` repeats `input`, unmarked) is
replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from runner.diagnostics import Diagnostic
from runner.engine import StateContents
from runner.engine.loose_json import object_of, objects_of, texts_in, without_texts
from runner.errors import TargetFailed
from runner.kit import canonical
from runner.kit.redaction import Redactor
from runner.model.change import Output
from runner.model.entry import Resource
from runner.model.plan import StateFacts
from runner.model.references import Json

_SERIAL = re.compile(rb'^(  "serial": )\d+', re.MULTILINE)

_REPEATED = (
    8  # characters: shorter ones are replaced where they are a whole value, and not looked for inside others
)


def facts_of(state: bytes) -> StateFacts:
    """Lineage, serial and digest; those of an absent state for no bytes. TargetFailed when it cannot be read."""
    if not state.strip():
        return StateFacts()
    written = _parsed(state)
    lineage, serial = written.get("lineage"), written.get("serial")
    if not isinstance(lineage, str) or not isinstance(serial, int):
        raise _unreadable("it has no lineage or no serial")
    return StateFacts(lineage=lineage, serial=serial, digest=canonical.digest_bytes(state))


def contents_of(state: bytes) -> StateContents:
    """All that a state says. The outputs' values are plain; the resources hold nothing that is marked sensitive."""
    facts = facts_of(state)
    if not state.strip():
        return StateContents(facts=facts, outputs={}, resources=())
    written = _parsed(state)
    if "encrypted_data" in written:
        raise _unreadable(
            "OpenTofu encrypted it", "use the encryption of `state:` instead of the engine's own"
        )
    outputs = {name: _output(told) for name, told in object_of(written.get("outputs")).items()}
    return StateContents(
        facts=facts,
        outputs=outputs,
        resources=tuple(_resources(written, outputs)),
        tainted=frozenset(_tainted(written)),
    )


def outputs_of(document: bytes) -> dict[str, Output]:
    """What `output -json` printed."""
    try:
        told: Json = json.loads(document)
    except ValueError as problem:
        raise _unreadable("its outputs are not JSON") from problem
    return {name: _output(each) for name, each in object_of(told).items()}


def renumbered(state: bytes, serial: int) -> bytes:
    """`state` with another serial and not one other byte changed, as far as Terraform's own way of writing allows.
    TargetFailed when it cannot be read."""
    written = _parsed(state)
    changed = _SERIAL.sub(rb"\g<1>%d" % serial, state, count=1)
    if _parsed(changed) != {**written, "serial": serial}:  # not as Terraform writes it
        changed = json.dumps({**written, "serial": serial}, indent=2, ensure_ascii=False).encode() + b"\n"
    return changed


def _parsed(state: bytes) -> dict[str, Json]:
    try:
        written: Json = json.loads(state)
    except ValueError as problem:
        raise _unreadable("it is not JSON") from problem
    if not isinstance(written, dict):
        raise _unreadable("it is not a JSON object")
    if "encrypted_data" not in written and written.get("version") != 4:
        raise _unreadable(f"its format version is {written.get('version')!r}, and 4 is what is known")
    return written


def _unreadable(problem: str, hint: str = "") -> TargetFailed:
    return TargetFailed(
        Diagnostic(code="state-unreadable", message=f"the state cannot be read: {problem}", hint=hint)
    )


def _output(told: Json) -> Output:
    written = object_of(told)
    return Output(
        value=written.get("value"), sensitive=written.get("sensitive") is True, type=written.get("type")
    )


def _resources(written: Mapping[str, Json], outputs: Mapping[str, Output]) -> Iterator[Resource]:
    secrets: list[Json] = [output.value for output in outputs.values() if output.sensitive]
    found = []
    for resource in objects_of(written.get("resources")):
        for instance in objects_of(resource.get("instances")):
            attributes: Json = instance.get("attributes", instance.get("attributes_flat"))
            for path in _paths(instance.get("sensitive_attributes")):
                attributes, secret = _without(attributes, path)
                secrets.append(secret)
            found.append((resource, instance, object_of(attributes)))
    texts = frozenset(text for secret in secrets for text in texts_in(secret) if text)
    redactor = Redactor()
    for text in texts:
        if len(text) >= _REPEATED:
            redactor.add(text)
    for resource, instance, attributes in found:
        if resource.get("mode") == "managed":
            yield _resource(resource, instance, redactor.json(object_of(without_texts(attributes, texts))))


def _tainted(written: Mapping[str, Json]) -> Iterator[str]:
    for resource in objects_of(written.get("resources")):
        for instance in objects_of(resource.get("instances")):
            if instance.get("status") == "tainted":
                yield _address(resource, instance)


def _resource(
    resource: Mapping[str, Json], instance: Mapping[str, Json], attributes: dict[str, Json]
) -> Resource:
    identity = attributes.get("id")
    return Resource(
        address=_address(resource, instance),
        type=str(resource.get("type") or ""),
        provider=_provider(str(resource.get("provider") or "")),
        id=str(identity) if isinstance(identity, str | int) else "",
        attributes=attributes,
    )


def _address(resource: Mapping[str, Json], instance: Mapping[str, Json]) -> str:
    kind, name, module = (str(resource.get(key) or "") for key in ("type", "name", "module"))
    address = f"{module}.{kind}.{name}" if module else f"{kind}.{name}"
    if "index_key" in instance:
        address += f"[{json.dumps(instance['index_key'], ensure_ascii=False)}]"
    if deposed := instance.get("deposed"):
        address += f" (deposed {deposed})"
    return address


def _provider(written: str) -> str:
    """`provider["registry.terraform.io/hashicorp/aws"].east` → `registry.terraform.io/hashicorp/aws`."""
    return written.split('["', 1)[-1].split('"]', 1)[0]


def _paths(marks: Json) -> Iterator[list[str | int]]:
    for mark in marks if isinstance(marks, list) else []:
        steps: list[str | int] = []
        for step in objects_of(mark):
            value = step.get("value")
            inner: Json = value.get("value") if isinstance(value, dict) else value
            steps.append(inner if isinstance(inner, str | int) else str(inner))
        yield steps


def _without(value: Json, path: Sequence[str | int]) -> tuple[Json, Json]:
    """`value` without what is at `path`, and what was there. A path that leads nowhere takes the whole: closed."""
    if not path:
        return None, value
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        below, secret = _without(value[step], rest)
        kept = {name: each for name, each in value.items() if name != step}
        return ({**kept, step: below} if rest else kept), secret
    if isinstance(value, dict) and set(value) == {"value", "type"}:  # an attribute of any type is written so
        below, secret = _without(value["value"], path)
        return {**value, "value": below}, secret
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        below, secret = _without(value[step], rest)
        return [below if index == step else each for index, each in enumerate(value)], secret
    return None, value
