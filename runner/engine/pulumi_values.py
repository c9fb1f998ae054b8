"""What the values in Pulumi's events, plans and checkpoints mean: secrets, unknowns, assets; pure.

Format: `sdk/go/common/resource/sig` and `plugin/rpc.go` of Pulumi. A secret is an object with a signature and either
its ciphertext or its plain text as JSON; what is not known before an apply is one of a few fixed strings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from runner.model.change import AttributePath
from runner.model.references import Json

Opener = Callable[[str], str | None]
"""Opens a ciphertext; None where it cannot."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's name for the kind of value, the same everywhere
OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
HIDDEN = "[secret]"

_UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a text, and what stands for all kinds in events
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Parted(Struct):
    """A value and the two trees that `masking.masked` takes: True for a whole subtree. A secret that could not be
    opened is HIDDEN in `value` and its path is in `closed`."""

    value: Json = None
    sensitive: Json = False
    unknown: Json = False
    closed: set[AttributePath] = field(default_factory=set)


def unopened(_: str) -> str | None:
    """Opens nothing."""
    return None


def parted(value: Json, opener: Opener = unopened, at: AttributePath = ()) -> Parted:
    """`value` with its secrets opened as far as `opener` can, and where they and the unknowns are."""
    match value:
        case str() if value in _UNKNOWNS:
            return Parted(unknown=True)
        case dict() if isinstance(kind := value.get(SIGNATURE), str):
            return _signed(value, kind, opener, at)
        case dict():
            return _united_object({name: parted(each, opener, (*at, name)) for name, each in value.items()})
        case list():
            return _united_list([parted(each, opener, (*at, place)) for place, each in enumerate(value)])
        case _:
            return Parted(value=value)


def inputs_of(state: Mapping[str, Json] | None, side: str = "inputs") -> Json:
    """The inputs (or `outputs`) of a resource's state without Pulumi's own members: `__provider` is a program pickled
    with the path that it lay at, and so differs from run to run. None where there is no such state."""
    if state is None:
        return None
    told = state.get(side)
    return (
        {name: each for name, each in told.items() if not name.startswith("__")}
        if isinstance(told, dict)
        else {}
    )


def path_of(text: str) -> AttributePath:
    """`a.b[0]["x.y"]` as a path; the whole text as one name where it cannot be read."""
    try:
        return tuple(_steps(text))
    except ValueError:
        return (text,)


def _steps(text: str) -> Iterator[str | int]:
    place = 0
    while place < len(text):
        if text[place] == ".":
            place += 1
        elif text.startswith('["', place):
            step, length = json.JSONDecoder().raw_decode(text[place + 1 :])
            yield str(step)
            place += length + 2
        elif text[place] == "[":
            end = text.index("]", place)
            inner = text[place + 1 : end]
            yield int(inner) if inner.isdigit() else inner
            place = end + 1
        else:
            end = min((found for mark in ".[" if (found := text.find(mark, place)) >= 0), default=len(text))
            yield text[place:end]
            place = end


def _signed(value: dict[str, Json], kind: str, opener: Opener, at: AttributePath) -> Parted:
    if kind == SECRET:
        return _secret(value, opener, at)
    if kind == OUTPUT_VALUE:
        found = parted(value["value"], opener, at) if "value" in value else Parted(unknown=True)
        if value.get("secret") is True:
            found.sensitive = True
        return found
    plain = {
        name: each for name, each in value.items() if name != SIGNATURE
    }  # an asset, an archive, a reference
    return Parted(value=plain)


def _secret(value: dict[str, Json], opener: Opener, at: AttributePath) -> Parted:
    plain, sealed = value.get("plaintext"), value.get("ciphertext")
    if not isinstance(plain, str) and isinstance(sealed, str):
        plain = opener(sealed)
    if not isinstance(plain, str):
        return Parted(value=HIDDEN, sensitive=True, closed={at})
    inner = parted(json.loads(plain), opener, at)
    return Parted(value=inner.value, sensitive=True, unknown=inner.unknown)


def _united_object(members: dict[str, Parted]) -> Parted:
    return Parted(
        value={name: each.value for name, each in members.items()},
        sensitive={name: each.sensitive for name, each in members.items() if each.sensitive},
        unknown={name: each.unknown for name, each in members.items() if each.unknown},
        closed={path for each in members.values() for path in each.closed},
    )


def _united_list(members: list[Parted]) -> Parted:
    return Parted(
        value=[each.value for each in members],
        sensitive=[each.sensitive for each in members] if any(each.sensitive for each in members) else False,
        unknown=[each.unknown for each in members] if any(each.unknown for each in members) else False,
        closed={path for each in members for path in each.closed},
    )
