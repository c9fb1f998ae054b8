"""One value of a plan, with what is secret or not yet known taken out, and where two values differ; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct, field

from runner.model.change import SENSITIVE, UNKNOWN, AttributeDifference, AttributePath
from runner.model.references import Json

Clean = Callable[[Json], Json]


class Masked(Struct):
    """What masking found. `secrets` are the sensitive values by path, for their fingerprints, never to be stored."""

    value: Json = None
    unknown: set[AttributePath] = field(default_factory=set)
    sensitive: set[AttributePath] = field(default_factory=set)
    secrets: dict[AttributePath, Json] = field(default_factory=dict)


def masked(value: Json, sensitive: Json, unknown: Json, clean: Clean) -> Masked:
    """`value` without what the trees `sensitive` and `unknown` mark (True for a whole subtree), and without known
    secrets, which `clean` replaces."""
    masking = _Masking(clean)
    masking.found.value = masking.mask(value, sensitive, unknown, ())
    return masking.found


class _Masking:
    def __init__(self, clean: Clean) -> None:
        self._clean = clean
        self.found = Masked()

    def mask(self, value: Json, sensitive: Json, unknown: Json, at: AttributePath) -> Json:
        if sensitive is True:
            self.found.sensitive.add(at)
        if unknown is True or (sensitive is True and _holds_unknown(unknown)):
            self.found.unknown.add(at)
        if unknown is True:
            return dict(UNKNOWN)
        if sensitive is True:
            if value is not None:
                self.found.secrets[at] = value
            return None if value is None else dict(SENSITIVE)
        match value:
            case dict():
                return self._object(value, sensitive, unknown, at)
            case list():
                return self._list(value, sensitive, unknown, at)
            case None if _holds_unknown(unknown):  # nothing in it is known yet
                empty: Json = [] if isinstance(unknown, list) else {}
                return self.mask(empty, sensitive, unknown, at)
        cleaned = self._clean(value)
        if cleaned != value:
            self.found.sensitive.add(at)
            self.found.secrets[at] = value
        return cleaned

    def _object(self, value: dict[str, Json], sensitive: Json, unknown: Json, at: AttributePath) -> Json:
        names = [*value, *(name for name in _names(unknown) if name not in value)]
        made: dict[str, Json] = {}
        for name in names:
            mark = _below(unknown, name)
            if name in value or _holds_unknown(mark):
                clean_name = self._clean(name)
                below = self.mask(value.get(name), _below(sensitive, name), mark, (*at, name))
                made[clean_name if isinstance(clean_name, str) else name] = below
        return made

    def _list(self, value: list[Json], sensitive: Json, unknown: Json, at: AttributePath) -> Json:
        length = max(len(value), len(unknown) if isinstance(unknown, list) else 0)
        items = [*value, *[None] * (length - len(value))]
        return [
            self.mask(item, _below(sensitive, index), _below(unknown, index), (*at, index))
            for index, item in enumerate(items)
        ]


def differences(
    before: Json, after: Json, unknown: Json, replaces: tuple[AttributePath, ...]
) -> tuple[AttributeDifference, ...]:
    """Where `after` differs from `before` (raw values; nothing of them is in the result), in order of paths.
    `replaces` are the paths that force a replacement."""
    found = dict(_differ(before, after, unknown, ()))
    for path in replaces:
        if not any(_related(path, other) for other in found):
            found[path] = "change"
    return tuple(
        AttributeDifference(path=path, op=op, forces_replace=any(_related(path, other) for other in replaces))
        for path, op in sorted(
            found.items(), key=lambda pair: [(isinstance(s, int), str(s)) for s in pair[0]]
        )
    )


def _differ(
    before: Json, after: Json, unknown: Json, at: AttributePath
) -> Iterator[tuple[AttributePath, str]]:
    if unknown is True:
        yield at, "change" if before is not None else "add"
        return
    if (
        isinstance(before, dict)
        and isinstance(after, dict | None)
        and (after is not None or _holds_unknown(unknown))
    ):
        later = after or {}
        for name in dict.fromkeys([*before, *later, *_names(unknown)]):
            yield from _differ(before.get(name), later.get(name), _below(unknown, name), (*at, name))
    elif isinstance(before, list) and isinstance(after, list):
        marks = len(unknown) if isinstance(unknown, list) else 0
        for index in range(max(len(before), len(after), marks)):
            one, other = (values[index] if index < len(values) else None for values in (before, after))
            yield from _differ(one, other, _below(unknown, index), (*at, index))
    elif before is None and (after is not None or _holds_unknown(unknown)):
        yield at, "add"
    elif after is None and before is not None:
        yield at, "remove"
    elif not _same(before, after) or _holds_unknown(unknown):
        yield at, "change"


def _same(one: Json, other: Json) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)  # 1 == True in Python only


def _related(one: AttributePath, other: AttributePath) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _below(mark: Json, step: str | int) -> Json:
    match mark:
        case True:
            return True
        case dict() if isinstance(step, str):
            return mark.get(step, False)
        case list() if isinstance(step, int) and step < len(mark):
            return mark[step]
        case _:
            return False


def _names(mark: Json) -> list[str]:
    return list(mark) if isinstance(mark, dict) else []


def _holds_unknown(mark: Json) -> bool:
    match mark:
        case dict():
            return any(map(_holds_unknown, mark.values()))
        case list():
            return any(map(_holds_unknown, mark))
        case _:
            return mark is True
