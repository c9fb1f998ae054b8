"""What an engine began, and whose end nobody knows: from what was seen of it and the state that it wrote (law 8)."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from runner.model.entry import Resource

Seen = tuple[str, str, str]
"""A resource as the engine's events told of it: address, action (`create`, `update`, `delete`, …), id or nothing."""


class Witnessed(Struct, frozen=True, kw_only=True):
    """`unfinished` began and were not seen to end; `finished` were seen to complete. `provisioning` are the addresses
    whose provisioners had begun."""

    unfinished: Sequence[Seen] = ()
    finished: Sequence[Seen] = ()
    provisioning: Collection[str] = ()


class Pending(Protocol):
    """A state as far as it is asked here: what it has, and what it names as begun and not ended."""

    @property
    def resources(self) -> Sequence[Resource]:
        """What it has."""

    @property
    def pending(self) -> Sequence[Seen]:
        """What had begun when it was written."""

    @property
    def tainted(self) -> Collection[str]:
        """The addresses that the engine replaces by itself, for it saw a part of their creation fail."""


def unknown_of(witnessed: Witnessed, resources: Sequence[Resource] | None) -> tuple[str, ...]:
    """Those whose outcome is unknown, as `address id`. `resources` are what the newest state has; None where that
    state is kept elsewhere and was not read.

    A creation in the state was handed over, and so was a deletion that is not in it any more, whatever became of our
    ear. An engine says that a creation is complete an instant before it writes the state: killed in between, or while
    it wrote, it is complete and unknown all the same, also where an older state has its predecessor at that address. A
    resource whose provisioners had begun may be in the state without them: it is written when another one ends.
    """
    if resources is None:
        return tuple(dict.fromkeys(_named(seen) for seen in witnessed.unfinished))
    standing = {resource.address: resource.id for resource in resources}
    gone = {address: identity for address, action, identity in witnessed.finished if action == "delete"}
    whole = set(standing) - _stale(standing, gone) - set(witnessed.provisioning)
    open_ones = [seen for seen in witnessed.unfinished if not _is_settled(seen, standing, whole)]
    last = {seen[0]: seen for seen in witnessed.finished if seen[1] in ("create", "delete")}
    lost = [seen for seen in last.values() if seen[1] == "create" and not _is_kept(seen, standing)]
    return tuple(dict.fromkeys(_named(seen) for seen in (*open_ones, *lost)))


def unknown_in(witnessed: Witnessed, contents: Pending) -> tuple[str, ...]:
    """As `unknown_of`, with what the state itself names as begun and not ended (an ear may have heard less), and
    without the provisioners of what the engine will make anew."""
    seen = {(address, action) for address, action, _ in (*witnessed.unfinished, *witnessed.finished)}
    unheard = tuple(each for each in contents.pending if each[:2] not in seen)
    both = Witnessed(
        unfinished=(*witnessed.unfinished, *unheard),
        finished=witnessed.finished,
        provisioning=set(witnessed.provisioning) - set(contents.tainted),
    )
    return unknown_of(both, contents.resources)


def _is_kept(seen: Seen, standing: Mapping[str, str]) -> bool:
    """Whether the state has what was seen to be created. Where either has no id, the address is all there is."""
    address, _, identity = seen
    if identity and identity in standing.values():
        return True
    return address in standing and not (identity and standing[address])


def _is_settled(seen: Seen, standing: Container[str], whole: Container[str]) -> bool:
    """Whether the state answers what became of it. One that still has what was seen to be deleted is too old to."""
    address, action, _ = seen
    return address not in standing if action == "delete" else action == "create" and address in whole


def _stale(standing: Mapping[str, str], gone: Mapping[str, str]) -> set[str]:
    return {
        address for address, identity in gone.items() if address in standing and standing[address] == identity
    }


def _named(seen: Seen) -> str:
    address, _, identity = seen
    return f"{address} {identity}".strip()


def parted(unknown: str) -> tuple[str, str]:
    """Address and id. An index may hold spaces (`x.y["a b"] i-1`), so the address ends at the first space outside
    brackets."""
    depth, quoted = 0, False
    for place, letter in enumerate(unknown):
        if letter == '"' and unknown[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and letter in "[]":
            depth += 1 if letter == "[" else -1
        elif letter == " " and not quoted and depth <= 0:
            return unknown[:place], unknown[place + 1 :].strip()
    return unknown, ""
