"""Which targets a change may reach at all: backwards from the changed paths, so that only these are compared.

Finds too much, and never too little. One tree is enough, the newer one. Say that a target's closure differs, by a chain
of directories that ends at a changed path. Either every directory on the way says the same in both trees, and then the
newer one shows the chain; or one of them holds a changed file itself, and the chain up to it is shown.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.decisions.closure import Code
from runner.decisions.closure_difference import calls_of
from runner.decisions.lookup import joined, located
from runner.decisions.reaching import settings_that_reach, templated
from runner.model.code import FileReference, ModuleFacts, Symbol, SymbolKind, literal
from runner.model.environment import Gates
from runner.model.mentions import Mentions
from runner.model.names import TargetName
from runner.model.references import Inputs
from runner.model.target import Target

CONFIGURATION = ("stack.yaml", ".terraform-version", ".opentofu-version", ".tool-versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
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
    known = set(paths)
    pending: list[tuple[str, frozenset[str]]] = [(path, frozenset()) for path in known]
    leading: dict[str, list[str]] = {}
    for link, goal in links.items():
        leading.setdefault(goal, []).append(link)
    while pending and leading and len(known) < MOST_WAYS:
        path, used = pending.pop()
        for place in (path, *_above(path)):
            for link in leading.get(place, ()):
                rest = path if place == "." else path[len(place) + 1 :]
                other = f"{link}/{rest}" if rest else link
                if link not in used and other not in known:
                    known.add(other)
                    pending.append((other, used | {link}))
    places = {place for path in known for place in (path, *_above(path))}
    return Changed(
        places=frozenset(places),
        names=frozenset(posixpath.basename(place) for place in places if place != "."),
        passed=frozenset(passed),
        whole=len(known) < MOST_WAYS or not leading,
    )


def _above(path: str) -> Iterator[str]:
    """The directories that hold `path`, `.` last."""
    while path not in (".", ""):
        path = posixpath.dirname(path) or "."
        yield path


@dataclass(slots=True)
class ReverseSearch:
    """`mentions` by directory, of all code in the newer tree; `hot`: last names of templates that read files;
    `valued`: directories in whose values a changed name stands."""

    changed: Changed
    mentions: Mapping[str, Mentions]
    code: Code
    hot: Collection[str] = ()
    valued: Collection[str] = ()

    def directories(self, tofu: Collection[str]) -> frozenset[str]:
        """Every directory of code that a changed path may reach. `tofu`: those that OpenTofu loads too."""
        users: dict[str, list[str]] = {}
        reached = set(self.changed.places) | set(self.valued)
        for directory, said in self.mentions.items():
            goals = {whole for source in said.sources if (whole := joined(directory, source)) is not None}
            hit = said.hit or bool(said.templates and not said.templates.isdisjoint(self.hot))
            if said.doubtful:
                for opentofu in (False, True) if directory in tofu else (False,):
                    facts = self.code.module(directory, opentofu=opentofu)
                    goals |= {place for _, place in calls_of(directory, self.code, opentofu=opentofu)}
                    hit = hit or self._doubt(facts)
            for goal in goals:
                users.setdefault(goal, []).append(directory)
            if hit or any(self._passes(goal) for goal in goals):
                reached.add(directory)
        return frozenset(self._spread(reached, users))

    def _spread(self, reached: set[str], users: Mapping[str, Sequence[str]]) -> set[str]:
        """`reached`, and all that calls one of them, also by a path that leads through links."""
        led: dict[str, list[str]] = {}
        for goal, some in users.items():
            led.setdefault(located(self.code, goal).path, []).extend(some)
        pending = list(reached)
        while pending:
            place = pending.pop()
            for user in (*users.get(place, ()), *led.get(place, ())):
                if user not in reached:
                    reached.add(user)
                    pending.append(user)
        return reached

    def _passes(self, goal: str) -> bool:
        return any(goal == each or goal.startswith(each + "/") for each in self.changed.passed)

    def _doubt(self, facts: ModuleFacts | None) -> bool:
        """Whether parsed code may name a changed path."""
        if facts is None:
            return False
        if any(call.source is not None and literal(call.source) is None for call in facts.calls):
            return True
        return any(self._may_name(reference) for reference in facts.references)

    def _may_name(self, reference: FileReference) -> bool:
        """By the last name that is known. Of what is computed from nothing known, nothing: closures take it for any
        file of their modules, which are looked at anyway, and for what values and inputs name."""
        text = reference.path
        if text and isinstance(text[0], Symbol) and text[0].kind not in _PLACES:
            return False
        known = ""
        for part in text:
            if isinstance(part, Symbol):
                if part.kind in _PLACES and not known:
                    known = "."
                    continue
                known = known.rpartition("/")[0]
                break
            known += part
        if reference.pattern is not None:
            known += "/" + "/".join(_fixed(literal(reference.pattern) or ""))
        names = [name for name in known.split("/") if name not in ("", ".")]
        if reference.function == "templatefile" and names and names[-1] in self.hot:
            return True
        # Without a name it is the module's directory or the stack's: these are among the places.
        return bool(names) and (names[-1] == ".." or names[-1] in self.changed.names or self._through(names))

    def _through(self, names: Sequence[str]) -> bool:
        return any(posixpath.basename(each) in names for each in self.changed.passed)


_PLACES = (SymbolKind.MODULE, SymbolKind.ROOT, SymbolKind.WORKING)


def _fixed(pattern: str) -> list[str]:
    """The names of a pattern before the first one with a wildcard."""
    names = []
    for name in pattern.split("/"):
        if any(mark in name for mark in "*?[{"):
            break
        names.append(name)
    return names


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


def by_files(
    targets: Mapping[TargetName, tuple[Target, Gates]],
    reached: Collection[str],
    changed: Changed,
    *,
    valued: bool,
) -> Iterator[TargetName]:
    """Targets whose stack is reached, or that name a changed path in their configuration. `valued`: a file of values
    that lies beside no stack names a changed path."""
    spelled: dict[int, bool] = {}
    for name, (target, gates) in targets.items():
        terraform = gates.terraform
        configs = [each for each in terraform.backend_config if isinstance(each, str)]
        if (
            target.stack.directory in reached
            or target.stack.reads
            or (valued and terraform.var_files)
            or _given([*terraform.var_files, *configs], target, changed)
            or _spells(target.inputs, changed, spelled)
            or _spells(target.environment_inputs, changed, spelled)
        ):
            yield name


def _given(files: Iterable[str], target: Target, changed: Changed) -> bool:
    return any(
        joined(place, templated(file, target)) in changed.places
        for file in files
        for place in (target.stack.directory, ".")
    )


def _spells(inputs: Inputs, changed: Changed, known: dict[int, bool]) -> bool:
    """Whether an input is a text that may be a changed path."""
    if id(inputs) not in known:
        texts = [each.value for each in inputs.values() if isinstance(each.value, str) and "/" in each.value]
        last = [text.rstrip("/").rpartition("/")[2] for text in texts]
        known[id(inputs)] = any(name in changed.names or name in ("", ".", "..") for name in last)
    return known[id(inputs)]


def is_configuration(path: str) -> bool:
    """Whether a change of this file may change the settings of targets, or which targets there are."""
    name = posixpath.basename(path)
    return path in ("runner.yaml", "runner.yml") or path.startswith("environments/") or name in CONFIGURATION
