"""What a Pulumi checkpoint says, as its own backends keep it or as `stack export` prints it; pure.

A checkpoint has neither lineage nor serial. For the lineage stands the salt (or the wrapped key) of the stack's secrets
provider: it is made with the stack, goes with every version of its checkpoint, also when all resources are gone, and is
another one for a stack that was made anew. For the serial stands the moment of the newest write, in microseconds (a
whole number that every reader of JSON can hold): each write has a later one, whoever made it, so that a state that was
changed without us is told from ours, which a number of our own could not do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from runner.diagnostics import Diagnostic
from runner.engine import StateContents
from runner.engine.loose_json import object_of, texts_in, without_texts
from runner.engine.masking import masked
from runner.engine.pulumi_crypter import opener_of
from runner.engine.pulumi_events import PROVIDERS, ROOT
from runner.engine.pulumi_values import Opener, Parted, inputs_of, parted, unopened
from runner.errors import TargetFailed
from runner.kit import canonical
from runner.kit.redaction import Redactor
from runner.model.change import Output
from runner.model.entry import Resource
from runner.model.plan import StateFacts
from runner.model.references import Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPEATED = (
    8  # characters: a shorter secret is replaced where it is a whole value, and not looked for inside others
)

_BEGUN = {
    "creating": "create",
    "updating": "update",
    "deleting": "delete",
    "reading": "read",
    "importing": "import",
}


def facts_of(state: bytes) -> StateFacts:
    """Lineage, serial and digest; those of an absent state for no bytes. TargetFailed when it cannot be read."""
    if not state.strip():
        return StateFacts()
    latest = _latest(_parsed(state))
    return StateFacts(lineage=_lineage(latest), serial=_serial(latest), digest=canonical.digest_bytes(state))


def contents_of(state: bytes, passphrase: str = "") -> StateContents:
    """All that a state says. `passphrase` opens its secrets; the outputs that it does not open are `sealed`."""
    facts = facts_of(state)
    if not state.strip():
        return StateContents(facts=facts, outputs={}, resources=())
    latest = _latest(_parsed(state))
    resources = _resources(latest)
    root = inputs_of(next((each for each in resources if each.get("type") == ROOT), None), "outputs")
    told = root if isinstance(root, dict) else {}
    opener = opener_of(salt_of(state), passphrase) if b'"ciphertext"' in state else unopened
    found = {name: parted(each, opener) for name, each in told.items()}
    sealed = frozenset(name for name, each in found.items() if each.closed)
    outputs = {name: _output(each) for name, each in found.items() if name not in sealed}
    return StateContents(
        facts=facts,
        outputs=outputs,
        resources=tuple(_recorded(resources, opener)),
        sealed=sealed,
        pending=tuple(_pending(latest)),
    )


def _pending(latest: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    operations = latest.get("pending_operations")
    for each in operations if isinstance(operations, list) else ():
        operation = object_of(each)
        resource = object_of(operation.get("resource"))
        kind = str(operation.get("type") or "")
        yield str(resource.get("urn") or ""), _BEGUN.get(kind, kind), str(resource.get("id") or "")


def salt_of(state: bytes) -> str:
    """The salt that a passphrase provider's secrets are sealed with; empty where there is none."""
    salt = _provider_state(_latest(_parsed(state))).get("salt") if state.strip() else ""
    return salt if isinstance(salt, str) else ""


def renumbered(state: bytes, serial: int) -> bytes:
    """`state` as if it had been written at `serial`. TargetFailed when it cannot be read."""
    written = _parsed(state)
    latest = _latest(written)
    moment = (_EPOCH + timedelta(microseconds=serial)).isoformat().replace("+00:00", "Z")
    manifest = {**object_of(latest.get("manifest")), "time": moment}
    return _written_anew(written, {**latest, "manifest": manifest})


def is_export(state: bytes) -> bool:
    """Whether `state` is what `stack export` prints."""
    return "deployment" in _parsed(state)


def settled(state: bytes) -> bytes:
    """`state` without its pending operations: as it is where it has none."""
    written = _parsed(state)
    latest = _latest(written)
    if not latest.get("pending_operations"):
        return state
    return _written_anew(
        written, {name: each for name, each in latest.items() if name != "pending_operations"}
    )


def _written_anew(written: Mapping[str, Json], latest: dict[str, Json]) -> bytes:
    if "deployment" in written:
        whole: dict[str, Json] = {**written, "deployment": latest}
    else:
        whole = {**written, "checkpoint": {**object_of(written.get("checkpoint")), "latest": latest}}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _parsed(state: bytes) -> dict[str, Json]:
    try:
        written: Json = json.loads(state)
    except ValueError as problem:
        raise _unreadable("it is not JSON") from problem
    if not isinstance(written, dict) or not isinstance(
        written.get("checkpoint", written.get("deployment")), dict
    ):
        raise _unreadable("it is no checkpoint and no export of a stack")
    if written.get("version") not in (0, 3, 4):
        raise _unreadable(f"its version is {written.get('version')!r}, and 3 and 4 are what is known")
    return written


def _latest(written: Mapping[str, Json]) -> dict[str, Json]:
    if "deployment" in written:
        return object_of(written["deployment"])
    return object_of(object_of(written.get("checkpoint")).get("latest"))


def _provider_state(latest: Mapping[str, Json]) -> dict[str, Json]:
    return object_of(object_of(latest.get("secrets_providers")).get("state"))


def _lineage(latest: Mapping[str, Json]) -> str:
    """Of what stays; empty for a stack that was never written by its own CLI."""
    kept = _provider_state(latest)
    told = {
        name: kept[name]
        for name in ("salt", "encryptedkey", "url", "owner", "project", "stack")
        if name in kept
    }
    return canonical.digest(told)[:32] if told else ""


def _serial(latest: Mapping[str, Json]) -> int:
    moment = object_of(latest.get("manifest")).get("time")
    if not isinstance(moment, str):
        return 0
    try:
        written = datetime.fromisoformat(moment)  # nanoseconds are cut to what it holds
    except ValueError as problem:
        raise _unreadable("the moment of its writing cannot be read") from problem
    return max(0, (written - _EPOCH) // timedelta(microseconds=1))


def _unreadable(problem: str) -> TargetFailed:
    return TargetFailed(Diagnostic(code="state-unreadable", message=f"the state cannot be read: {problem}"))


def _output(found: Parted) -> Output:
    return Output(value=found.value, sensitive=bool(found.sensitive))


def _recorded(resources: list[dict[str, Json]], opener: Opener) -> Iterator[Resource]:
    found = []
    redactor = Redactor()
    short: set[str] = set()
    for each in resources:
        opened = parted(inputs_of(each, "outputs"), opener)
        for secret in texts_in([*masked(opened.value, opened.sensitive, False, _as_it_is).secrets.values()]):
            if len(secret) >= _REPEATED:
                redactor.add(secret)
            elif secret:
                short.add(secret)
        found.append((each, opened))
    for each, opened in found:
        kind = str(each.get("type") or "")
        if kind == ROOT or kind.startswith(PROVIDERS):
            continue
        plain = _without(opened.value, opened.sensitive)
        attributes = redactor.json(object_of(without_texts(plain, frozenset(short))))
        yield _resource(each, kind, attributes)


def _resource(written: Mapping[str, Json], kind: str, attributes: dict[str, Json]) -> Resource:
    address = str(written.get("urn") or "")
    if written.get("delete") is True:
        address += f" (deposed {written.get('id')})"
    provider = str(written.get("provider") or "")
    return Resource(
        address=address,
        type=kind,
        provider=next(
            (part.removeprefix(PROVIDERS) for part in provider.split("::") if PROVIDERS in part), ""
        ),
        id=str(written.get("id") or ""),
        attributes=attributes,
    )


def _as_it_is(value: Json) -> Json:
    return value


def _without(value: Json, marks: Json) -> Json:
    """`value` without what is marked; a marked item of a list leaves a gap, so that the others keep their places."""
    match value, marks:
        case _, True:
            return None
        case dict(), dict():
            return {
                name: _without(each, marks.get(name))
                for name, each in value.items()
                if marks.get(name) is not True
            }
        case list(), list():
            return [_without(each, mark) for each, mark in zip(value, marks, strict=True)]
        case _:
            return value


def _resources(latest: Mapping[str, Json]) -> list[dict[str, Json]]:
    told = latest.get("resources")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
