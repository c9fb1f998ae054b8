"""Which targets a change may reach at all: backwards from the changed paths, so that only these are compared.

Finds too much, and never too little. One tree is enough, the newer one. Say that a target's closure differs, by a chain
of directories that ends at a changed path. Either every directory on the way says the same in both trees, and then the
newer one shows the chain; or one of them holds a changed file itself, and the chain up to it is shown.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from runner.decisions.lookup import joined
from runner.decisions.naming import ALWAYS, CALLS, FILLS, NAMES, VALUES, Edges, Naming
from runner.decisions.reaching import settings_that_reach, templated
from runner.model.code_files import VERSION_FILES
from runner.model.environment import Gates
from runner.model.mentions import spelled
from runner.model.names import TargetName
from runner.model.references import Inputs
from runner.model.stack import EngineName
from runner.model.target import Target

CONFIGURATION = ("stack.yaml", *VERSION_FILES)


class Changed(Struct, frozen=True, kw_only=True):
    """Changed paths, those behind links too. `names`: every name on their ways; `places`: every directory on them, and
    they themselves; `passed`: paths of links and submodules, through which others are reached. Not `whole`: links lead
    to more paths than can be followed, and nothing can be ruled out."""

    places: frozenset[str]
    names: frozenset[str]
    passed: frozenset[str]
    whole: bool = True


MOST_WAYS = 50_000


def changed_ways(paths: Iterable[str], links: Mapping[str, str], passed: Iterable[str]) -> Changed:
    """`links`: every link of the newer tree, with where it leads, free of links; `passed`: those of `paths` that are
    no plain files."""
    written = frozenset(paths)
    known = ways_to(written, turned(links))
    places = {place for path in known or written for place in (path, *_above(path))}
    return Changed(
        places=frozenset(places),
        names=frozenset(posixpath.basename(place) for place in places if place != "."),
        passed=frozenset(passed),
        whole=known is not None,
    )


def turned(links: Mapping[str, str]) -> dict[str, list[str]]:
    """Where a link leads -> the links that lead there."""
    leading: dict[str, list[str]] = {}
    for link, goal in links.items():
        leading.setdefault(goal, []).append(link)
    return leading


def ways_to(paths: Collection[str], leading: Mapping[str, Sequence[str]]) -> Collection[str] | None:
    """`paths`, and every other path that leads to one of them through links; None where these are too many. A link
    that lies in what it leads to is followed once."""
    if not leading:
        return paths
    known = set(paths)
    pending: list[tuple[str, frozenset[str]]] = [(path, frozenset()) for path in known]
    while pending:
        path, used = pending.pop()
        for place in (path, *_above(path)):
            for link in leading.get(place, ()):
                rest = path if place == "." else path[len(place) + 1 :]
                other = f"{link}/{rest}" if rest else link
                if link not in used and other not in known:
                    known.add(other)
                    pending.append((other, used | {link}))
        if len(known) >= MOST_WAYS:
            return None
    return known


def _above(path: str) -> Iterator[str]:
    """The directories that hold `path`, `.` last."""
    while path not in (".", ""):
        path = posixpath.dirname(path) or "."
        yield path


class Reached(Struct, frozen=True, kw_only=True):
    """`directories`: all of code that a changed path may reach; `valued`: those whose values name a changed path."""

    directories: frozenset[str]
    valued: frozenset[str]


def reached_by(
    changed: Changed,
    edges: Edges,
    hot: Iterable[str],
    links: Mapping[str, str],
    passed: Iterable[str] = (),
) -> Reached | None:
    """Backwards from `changed`; None where nothing can be ruled out. `hot`: last names of templates that read files
    themselves; `links` as in `changed_ways`; `passed`: directories that are reached by other ways."""
    words = {word for name in changed.names for word in spelled(name)}
    valued = {directory for word in words for directory in edges.of(VALUES + word)}
    found = {directory for word in words for directory in edges.of(NAMES + word)}
    found.update(directory for name in hot for directory in edges.of(FILLS + name))
    found.update(edges.of(ALWAYS), valued, changed.places, passed)
    pending, leading = list(found), turned(links)
    while pending:
        ways = ways_to((pending.pop(),), leading)
        if ways is None:
            return None
        for user in (user for way in ways for user in edges.of(CALLS + way)):
            if user not in found:
                found.add(user)
                pending.append(user)
    return Reached(directories=frozenset(found), valued=frozenset(valued)) if changed.whole else None


def passing(changed: Changed, namings: Mapping[str, Naming]) -> Iterator[str]:
    """Directories whose paths may go on through a link or a submodule that changed."""
    names = {posixpath.basename(each) for each in changed.passed}
    for directory, naming in namings.items() if names else ():
        by_goal = any(
            goal == each or goal.startswith(each + "/") for goal in naming.goals for each in changed.passed
        )
        if by_goal or not names.isdisjoint(naming.through):
            yield directory


def by_settings(
    before: Mapping[TargetName, tuple[Target, Gates]], after: Mapping[TargetName, tuple[Target, Gates]]
) -> Iterator[TargetName]:
    """Targets to which another key of the configuration may reach."""
    for name in after.keys() & before.keys():
        (old, old_gates), (target, gates) = before[name], after[name]
        moved = old.stack.directory != target.stack.directory
        if (
            moved
            or old_gates.credentials != gates.credentials
            or _keys(old, old_gates) != _keys(target, gates)
        ):
            yield name


def _keys(target: Target, gates: Gates) -> Mapping[str, object]:
    return settings_that_reach(target, gates, None)


ANY = ""
"""Among the names that settings spell: any path at all."""


def by_files(
    targets: Mapping[TargetName, tuple[Target, Gates]],
    reached: Collection[str],
    changed: Changed,
    *,
    valued: bool,
) -> Iterator[TargetName]:
    """Targets whose stack is reached, or that name a changed path in their configuration; not those of Pulumi, whose
    footprints tell (`decisions.footprint`). `valued`: a file of values
    that lies beside no stack names a changed path."""
    names = changed.names | {ANY}
    known: dict[int, frozenset[str]] = {}
    for name, (target, gates) in targets.items():
        if target.stack.engine.name is EngineName.PULUMI:
            continue
        if (
            target.stack.directory in reached
            or (valued and gates.terraform.var_files)
            or not names.isdisjoint(names_in_settings(target, gates, known))
        ):
            yield name


def names_in_settings(target: Target, gates: Gates, known: dict[int, frozenset[str]]) -> frozenset[str]:
    """Last names of the paths that the configuration of a target spells; `ANY` where it may mean any. `known` is kept
    from one target to the next. Of Pulumi's, none: their footprints tell."""
    if target.stack.engine.name is EngineName.PULUMI:
        return frozenset()
    terraform, stack = gates.terraform, target.stack
    found = _spelled(target.inputs, known) | _spelled(target.environment_inputs, known)
    files = [*terraform.var_files, *(each for each in terraform.backend_config if isinstance(each, str))]
    for file in files:
        whole = [joined(place, templated(file, target)) for place in (stack.directory, ".")]
        found |= {_last(each) for each in whole if each is not None}
    return found | {ANY} if stack.reads else found


def _spelled(inputs: Inputs, known: dict[int, frozenset[str]]) -> frozenset[str]:
    """Of the texts among `inputs` that may be paths."""
    if id(inputs) not in known:
        texts = [each.value for each in inputs.values() if isinstance(each.value, str) and "/" in each.value]
        known[id(inputs)] = frozenset(_last(text.rstrip("/")) for text in texts)
    return known[id(inputs)]


def _last(path: str) -> str:
    name = path.rpartition("/")[2]
    return ANY if name in (".", "..") else name


def is_configuration(path: str) -> bool:
    """Whether a change of this file may change the settings of targets, or which targets there are."""
    name = posixpath.basename(path)
    return (
        path in ("runner.yaml", "runner.yml") or path.split("/")[0] == "environments" or name in CONFIGURATION
    )
