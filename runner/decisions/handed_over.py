"""What an engine began, and whose end nobody knows: from what was seen of it and the state that it wrote (law 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runner.model.entry import Resource

Seen = tuple[str, str, str]
"""A resource as the engine's events told of it: address, action (`create`, `update`, `delete`, …), id or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """`unfinished` began and were not seen to end; `finished` were seen to complete."""

    unfinished: Sequence[Seen] = field(default=())
    finished: Sequence[Seen] = field(default=())


def unknown_of(witnessed: Witnessed, resources: Sequence[Resource] | None) -> tuple[str, ...]:
    """Those whose outcome is unknown, as `address id`. `resources` are what the engine's last state has; None where
    that state is kept elsewhere and was not read.

    A creation in the state was handed over, and so was a deletion that is not in it any more, whatever became of our
    ear. An engine says that a creation is complete an instant before it writes the state: killed in between, it is
    complete and unknown all the same.
    """
    if resources is None:
        return tuple(dict.fromkeys(_named(seen) for seen in witnessed.unfinished))
    addresses = {resource.address for resource in resources}
    ids = {resource.id for resource in resources} - {""}
    open_ones = [seen for seen in witnessed.unfinished if not _is_settled(seen, addresses)]
    last = {seen[0]: seen for seen in witnessed.finished if seen[1] in ("create", "delete")}
    lost = [
        (address, action, identity)
        for address, action, identity in last.values()
        if action == "create" and address not in addresses and identity not in ids
    ]
    return tuple(dict.fromkeys(_named(seen) for seen in (*open_ones, *lost)))


def _is_settled(seen: Seen, addresses: set[str]) -> bool:
    address, action, _ = seen
    return (action == "create" and address in addresses) or (action == "delete" and address not in addresses)


def _named(seen: Seen) -> str:
    address, _, identity = seen
    return f"{address} {identity}".strip()
