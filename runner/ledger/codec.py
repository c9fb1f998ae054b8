"""`deployment.json` and `environment.json`: entries, what is live of a target, and freezes by hand, as canonical JSON.

An entry cannot hold the id of the commit that holds it: it stands here without one, and its id is that of the commit
that last wrote the file. Fields that we do not know are left alone, so that a newer version can add some.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from runner.kit import canonical
from runner.ledger.json_fields import SCHEMA, Fields, NotReadable, instant_text
from runner.model.entry import Actor, Deployment, Entry, EntryKind, Reading, Result, StoredState
from runner.model.names import TargetName
from runner.model.plan import Digests, StateFacts
from runner.model.references import Json


class TargetFile(Struct, frozen=True, kw_only=True):
    """What `deployment.json` holds: `newest` is the entry of the commit that wrote it, whatever that did;
    `deployment` is None where nothing was ever applied (an unlocked target, say)."""

    newest: Entry
    deployment: Deployment | None


class EnvironmentFile(Struct, frozen=True, kw_only=True):
    """What `environment.json` holds: the newest entry of the environment itself, and those that froze it by hand and
    were not thawed."""

    newest: Entry
    freezes: tuple[Entry, ...]


def blob(value: Mapping[str, Json]) -> bytes:
    """`value` as one of our files, with the schema: canonical, but that each field, and each field of an object in it,
    has its own line, so that `git diff` shows which one changed. What JSON cannot hold (a lone surrogate, NaN) is
    replaced."""
    whole: dict[str, Json] = {"schema": SCHEMA, **value}
    try:
        return _lines(whole)
    except ValueError:
        return _lines({str(_holdable(name)): _holdable(item) for name, item in whole.items()})


def _lines(whole: Mapping[str, Json]) -> bytes:
    pairs: list[bytes] = []
    for name, item in sorted(whole.items()):
        if isinstance(item, dict) and item:
            below = _object(_pair(*pair) for pair in sorted(item.items()))
            pairs.append(canonical.encode(name) + b":" + below)
        else:
            pairs.append(_pair(name, item))
    return _object(pairs) + b"\n"


def _pair(name: str, item: Json) -> bytes:
    return canonical.encode(name) + b":" + canonical.encode(item)


def _object(pairs: Iterable[bytes]) -> bytes:
    return b"{\n" + b",\n".join(pairs) + b"\n}"


def target_blob(file: TargetFile) -> bytes:
    """`deployment.json`."""
    deployment = file.deployment
    value: dict[str, Json] = {"target": str(file.newest.target), "newest": _entry_json(file.newest)}
    if deployment:
        value["deployment"] = {
            "last": None if deployment.last == file.newest else _entry_json(deployment.last),
            "good": _good_json(deployment, file.newest),
            "outputs": dict(deployment.outputs),
            "directory": deployment.directory,
            "held": deployment.held,
            "ended": deployment.ended,
            "depends_on": [str(name) for name in deployment.depends_on],
            "resources": deployment.resources,
            "marks": dict(deployment.marks),
            "read": None if deployment.read is None else _readings_json(deployment.read),
        }
    return blob(value)


def target_file(content: bytes) -> TargetFile:
    """Reads `deployment.json`. NotReadable."""
    whole = Fields.of_blob(content, "deployment.json")
    newest = entry_of(_needed(whole, "newest"))
    written = whole.below("deployment")
    return TargetFile(newest=newest, deployment=_deployment(written, newest) if written else None)


def environment_blob(file: EnvironmentFile) -> bytes:
    """`environment.json`."""
    freezes: list[Json] = [_entry_json(entry) for entry in file.freezes]
    return blob({"newest": _entry_json(file.newest), "freezes": freezes})


def environment_file(content: bytes) -> EnvironmentFile:
    """Reads `environment.json`. NotReadable."""
    whole = Fields.of_blob(content, "environment.json")
    freezes = tuple(entry_of(item) for item in whole.items("freezes"))
    return EnvironmentFile(newest=entry_of(_needed(whole, "newest")), freezes=freezes)


def _entry_json(entry: Entry) -> Json:
    """An entry as JSON; what has its default is left out."""
    value: dict[str, Json] = {
        "target": {"environment": entry.target.environment, "stack": entry.target.stack},
        "kind": entry.kind.value,
        "result": entry.result.value,
        "commit": entry.commit,
        "law": entry.law,
        "actor": entry.actor.name,
        "confirmed": entry.actor.confirmed,
        "run": entry.run,
        "at": instant_text(entry.at),
        "id": entry.id,
        "digests": {name: getattr(entry.digests, name) for name in entry.digests.__struct_fields__}
        if entry.digests
        else None,
        "settings": entry.settings,
        "modules": entry.modules,
        "engine": entry.engine,
        "state": _state_json(entry.state) if entry.state else None,
        "fence": entry.fence,
        "counts": dict(entry.counts),
        "partial": list(entry.partial),
        "overrides": dict(entry.overrides),
        "approvers": list(entry.approvers),
        "pull_request": entry.pull_request,
        "credentials": entry.credentials,
        "because": entry.because,
        "unknown": list(entry.unknown),
        "policies": list(entry.policies),
        "stacks": list(entry.stacks),
    }
    return {name: item for name, item in value.items() if item not in (None, "", [], {})}


def entry_of(written: Fields) -> Entry:
    """Reads what `_entry_json` wrote. NotReadable."""
    digests, state, name = written.below("digests"), written.below("state"), _needed(written, "target")
    try:
        kind, result = EntryKind(written.text("kind")), Result(written.text("result"))
    except ValueError as error:
        raise NotReadable(f"an entry of a kind that this version does not know: {error}") from None
    return Entry(
        target=TargetName(environment=name.text("environment"), stack=name.text("stack")),
        kind=kind,
        result=result,
        commit=written.text("commit"),
        law=written.text("law"),
        actor=Actor(name=written.text("actor"), confirmed=written.flag("confirmed")),
        run=written.text("run"),
        at=written.instant("at"),
        id=written.text("id"),
        digests=Digests(**{name: digests.text(name) for name in Digests.__struct_fields__})
        if digests
        else None,
        settings=written.text("settings"),
        modules=written.text("modules"),
        engine=written.text("engine"),
        state=_state(state) if state else None,
        fence=written.number("fence"),
        counts=_counts(written),
        partial=written.texts("partial"),
        overrides=written.named_texts("overrides"),
        approvers=written.texts("approvers"),
        pull_request=written.text("pull_request"),
        credentials=written.text("credentials"),
        because=written.text("because"),
        unknown=written.texts("unknown"),
        policies=written.texts("policies"),
        stacks=written.texts("stacks"),
    )


def _good_json(deployment: Deployment, newest: Entry) -> Json:
    match deployment.good:
        case None:
            return "none"
        case good if good == newest:
            return "newest"
        case good if good == deployment.last:
            return "last"
        case good:
            return _entry_json(good)


def _deployment(written: Fields, newest: Entry) -> Deployment:
    last_written = written.below("last")
    last = entry_of(last_written) if last_written else newest
    match written.value("good"):
        case "none":
            good = None
        case "newest":
            good = newest
        case "last":
            good = last
        case _:
            good = entry_of(_needed(written, "good"))
    return Deployment(
        target=newest.target,
        last=last,
        good=good,
        outputs={name: sensitive is True for name, sensitive in written.members("outputs").items()},
        directory=written.text("directory"),
        held=written.flag("held"),
        ended=written.flag("ended"),
        depends_on=tuple(_target(text) for text in written.texts("depends_on")),
        resources=written.number("resources"),
        marks=written.named_texts("marks"),
        read=_readings(written),
    )


def _readings_json(read: Mapping[TargetName, Reading]) -> Json:
    return {
        str(name): {"entry": reading.entry, "outputs": dict(reading.outputs)}
        for name, reading in read.items()
    }


def _readings(written: Fields) -> Mapping[TargetName, Reading] | None:
    below = written.below("read")
    if below is None:
        return None
    found = {name: _needed(below, name) for name in written.members("read")}
    return {
        _target(name): Reading(entry=each.text("entry"), outputs=each.named_texts("outputs"))
        for name, each in found.items()
    }


def _state_json(state: StoredState) -> Json:
    return {
        "lineage": state.facts.lineage,
        "serial": state.facts.serial,
        "digest": state.facts.digest,
        "store": state.store,
        "version": state.version,
        "ciphertext": state.ciphertext,
        "location": state.location,
    }


def _state(written: Fields) -> StoredState:
    facts = StateFacts(
        lineage=written.text("lineage"), serial=written.number("serial"), digest=written.text("digest")
    )
    return StoredState(
        facts=facts,
        store=written.text("store"),
        version=written.number("version"),
        ciphertext=written.text("ciphertext"),
        location=written.text("location"),
    )


def _counts(written: Fields) -> Mapping[str, int]:
    below = written.below("counts")
    return {name: below.number(name) for name in written.members("counts")} if below else {}


def _needed(written: Fields, name: str) -> Fields:
    found = written.below(name)
    if found is None:
        raise NotReadable(f"`{name}` is missing")
    return found


def _target(text: str) -> TargetName:
    environment, _, stack = text.partition("/")
    return TargetName(environment=environment, stack=stack)


def _holdable(value: Json) -> Json:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {str(_holdable(name)): _holdable(item) for name, item in value.items()}
        case Sequence():
            return [_holdable(item) for item in value]
        case _:
            return value
