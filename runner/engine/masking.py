"""One value of a plan, with what is secret or not yet known taken out, and where two values differ; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from runner.model.change import SENSITIVE, UNKNOWN, AttributeDifference, AttributePath
from runner.model.references import Json

Clean = Callable[[Json], Json]


@dataclass(slots=True)
class Masked:
    """What masking found. `secrets` are the sensitive values by path, for their fingerprints, never to be stored."""

    value: Json = None
    unknown: set[AttributePath] = field(default_factory=set)
    sensitive: set[AttributePath] = field(default_factory=set)
    secrets: dict[AttributePath, Json] = field(default_factory=dict)


def masked(value: Json, sensitive: Json, unknown: Json, clean: Clean) -> Masked:
    """`value` without what the trees `sensitive` and `unknown` mark (True for a whole subtree), and without known
    secrets, which `clean` replaces."""
    found = Masked()
    found.value = _mask(value, sensitive, unknown, (), found, clean)
    return found


def _mask(
    value: Json, sensitive: Json, unknown: Json, at: AttributePath, found: Masked, clean: Clean
) -> Json:
    if sensitive is True:
        found.sensitive.add(at)
    if unknown is True:
        found.unknown.add(at)
        return dict(UNKNOWN)
    if sensitive is True:
        if value is None:
            return None
        found.secrets[at] = value
        if _holds_unknown(unknown):
            found.unknown.add(at)
        return dict(SENSITIVE)
    match value:
        case dict():
            names = [*value, *(name for name in _names(unknown) if name not in value)]
            made: dict[str, Json] = {}
            for name in names:
                if name in value or _holds_unknown(_below(unknown, name)):
                    below = _mask(
                        value.get(name),
                        _below(sensitive, name),
                        _below(unknown, name),
                        (*at, name),
                        found,
                        clean,
                    )
                    made[_cleaned_name(name, clean)] = below
            return made
        case list():
            length = max(len(value), len(unknown) if isinstance(unknown, list) else 0)
            return [
                _mask(
                    value[index] if index < len(value) else None,
                    _below(sensitive, index),
                    _below(unknown, index),
                    (*at, index),
                    found,
                    clean,
                )
                for index in range(length)
            ]
        case None if _holds_unknown(unknown):  # an object that has no known attribute at all
            empty: Json = [] if isinstance(unknown, list) else {}
            return _mask(empty, sensitive, unknown, at, found, clean)
    cleaned = clean(value)
    if cleaned != value:
        found.sensitive.add(at)
        found.secrets[at] = value
    return cleaned


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


def _cleaned_name(name: str, clean: Clean) -> str:
    cleaned = clean(name)
    return cleaned if isinstance(cleaned, str) else name
