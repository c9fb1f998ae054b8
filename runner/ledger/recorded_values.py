"""Resources and outputs as recorded: names in the open, values sealed, plain or absent, sensitive ones never there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from runner.ledger.codec import blob
from runner.ledger.json_fields import Fields
from runner.model.change import SENSITIVE, Output
from runner.model.entry import Resource
from runner.model.names import TargetName
from runner.model.references import Json

SEALED = "$sealed"
"""`{"$sealed": TEXT}` stands for a value that only key holders read."""

_OUTPUT_ADDRESS = "output"


class Seal(Protocol):
    """Deterministic sealing bound to its place: equal values at one place look equal. `path` is the attribute."""

    def seal(self, target: TargetName, address: str, path: str, value: Json) -> str:
        """The sealed text."""

    def open(self, target: TargetName, address: str, path: str, sealed: str) -> Json:
        """What was sealed. AskedWrongly for another key; HistoryMoved where it does not authenticate."""


class Values(Struct, frozen=True, kw_only=True):
    """How an environment's values are recorded: `mode` sealed | plain | none, as `ledger.values` says. Sealed without
    a `seal` means absent: nothing is ever plainer than asked."""

    mode: str = "none"
    seal: Seal | None = None

    def recorded(self, place: tuple[TargetName, str, str], value: Json) -> Json:
        """What stands in the record for a value that is not sensitive; None where nothing may."""
        if self.mode == "plain":
            return value
        if self.mode == "sealed" and self.seal:
            target, address, path = place
            return {SEALED: self.seal.seal(target, address, path, value)}
        return None

    def opened(self, place: tuple[TargetName, str, str], recorded: Json) -> Json:
        """The value that `recorded` stands for; sealed ones stay as they are where there is no seal."""
        match recorded:
            case {"$sealed": str(text)} if self.seal:
                target, address, path = place
                return self.seal.open(target, address, path, text)
            case _:
                return recorded


def resource_blob(target: TargetName, resource: Resource, values: Values) -> bytes:
    """One resource's file. Attributes that are marked sensitive as a whole are named, without a value."""
    attributes: dict[str, Json] = {
        name: None if _is_sensitive(value) else values.recorded((target, resource.address, name), value)
        for name, value in resource.attributes.items()
    }
    return blob(
        {
            "address": resource.address,
            "type": resource.type,
            "provider": resource.provider,
            "id": resource.id,
            "attributes": attributes,
        }
    )


def resource_of(target: TargetName, content: bytes, values: Values) -> Resource:
    """Reads one resource's file. NotReadable. Absent values are not among the attributes."""
    written = Fields.of_blob(content, "a resource")
    address = written.text("address")
    return Resource(
        address=address,
        type=written.text("type"),
        provider=written.text("provider"),
        id=written.text("id"),
        attributes={
            name: values.opened((target, address, name), value)
            for name, value in written.members("attributes").items()
            if value is not None
        },
    )


def outputs_blob(target: TargetName, outputs: Mapping[str, Output], values: Values) -> bytes:
    """`outputs.json`, for people: outputs are read from the state (DESIGN, section 2)."""
    written: dict[str, Json] = {}
    for name, output in outputs.items():
        item: dict[str, Json] = {"sensitive": output.sensitive, "type": output.type}
        if not output.sensitive and not _is_sensitive(output.value):
            item["value"] = values.recorded((target, _OUTPUT_ADDRESS, name), output.value)
        written[name] = item
    return blob({"target": str(target), "outputs": written})


def outputs_of(target: TargetName, content: bytes, values: Values) -> Mapping[str, Output]:
    """Reads `outputs.json`; a value that is not there is None. NotReadable."""
    whole = Fields.of_blob(content, "outputs.json")
    found: dict[str, Output] = {}
    for name in whole.members("outputs"):
        item = Fields(whole.members("outputs")[name], f"output {name!r}")
        value = values.opened((target, _OUTPUT_ADDRESS, name), item.value("value"))
        found[name] = Output(value=value, sensitive=item.flag("sensitive"), type=item.value("type"))
    return found


def _is_sensitive(value: Json) -> bool:
    return value == SENSITIVE
