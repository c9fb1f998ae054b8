"""Which targets a person means (DESIGN, section 2, "Selectors"): the same language for every verb.

What matches nothing, or can be read two ways, is an error that lists what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from runner.decisions.edges import Edge
from runner.decisions.globs import compiled, is_glob
from runner.decisions.likeness import listed, way_out
from runner.decisions.lookup import joined
from runner.diagnostics import Diagnostic
from runner.errors import AskedWrongly
from runner.kit.dag import ancestors, descendants
from runner.model.names import TargetName
from runner.model.selection_request import SelectionRequest
from runner.model.target import Target

Targets = Mapping[TargetName, Target]
_SUFFIXES = (".yaml", ".yml")


def select(
    request: SelectionRequest,
    targets: Targets,
    edges: Mapping[TargetName, tuple[Edge, ...]],
    *,
    here: str = ".",
) -> frozenset[TargetName]:
    """The targets that `request` means; no selector means all. `here` is the working directory from the repository's
    root, for `.` and `./path`. Of `changed` only what it came to counts (`touched`). AskedWrongly with every selector
    that means nothing, or two things."""
    problems: list[Diagnostic] = []
    chosen: set[TargetName] = set()
    excluded: set[TargetName] = set()
    for written in request.selectors:
        try:
            meant = meaning(written.removeprefix("!"), targets, here)
        except AskedWrongly as error:
            problems.extend(error.diagnostics)
            continue
        (excluded if written.startswith("!") else chosen).update(meant)
    if problems:
        raise AskedWrongly(problems)
    if all(written.startswith("!") for written in request.selectors):
        chosen = set(targets)
    found = _narrowed(chosen - excluded, request, targets)
    if request.touched is not None:
        found &= request.touched
    needs = {name: [edge.target for edge in some] for name, some in edges.items()}
    widened = set(found)
    if request.with_dependents:
        widened |= descendants(needs, found)
    if request.with_dependencies:
        widened |= ancestors(needs, found)
    return frozenset(widened & targets.keys())


def one_environment(names: Iterable[TargetName], request: SelectionRequest, verb: str) -> None:
    """`up` and `destroy` want one environment. AskedWrongly where there are more."""
    environments = sorted({name.environment for name in names})
    if len(environments) > 1 and not request.all_environments:
        raise AskedWrongly.of(
            "many-environments",
            f"`{verb}` wants one environment, and this means {listed(environments)}",
            hint=f"`runner {verb} env/{environments[0]}`, or give --all-environments",
        )


def is_named(name: TargetName, request: SelectionRequest) -> bool:
    """Whether a selector names this very target, without a glob: then a held one comes back."""
    return any(each in (str(name), f"env/{name}") for each in request.selectors)


def is_environment(selector: str, environments: Iterable[str]) -> bool:
    """Whether a selector means whole environments, and no narrower thing."""
    text = selector.removeprefix("env/").removeprefix("environments/")
    for suffix in _SUFFIXES:
        text = text.removesuffix(suffix)
    pattern = _pattern(text)
    return "/" not in text and any(pattern(name) for name in environments)


def meaning(selector: str, targets: Targets, here: str = ".") -> frozenset[TargetName]:
    """The targets of one selector without its `!`. AskedWrongly where there are none, or two readings."""
    readings = {how: found for how, found in _readings(selector, targets, here).items() if found}
    different = set(readings.values())
    if len(different) == 1:
        return different.pop()
    if not different:
        raise AskedWrongly(_unmatched(selector, targets))
    ways = "; or ".join(f"{how} ({listed(map(str, found))})" for how, found in readings.items())
    raise AskedWrongly.of(
        "selector-ambiguous",
        f"`{selector}` can be read as {ways}",
        hint="write `env/NAME`, `ENVIRONMENT/STACK` or `./path`",
    )


def _readings(selector: str, targets: Targets, here: str) -> dict[str, frozenset[TargetName]]:
    """Every way in which the selector can be read, with what it then means."""
    if selector == "." or selector.startswith(("./", "../")):
        return {"a path": _at_path(selector, targets, here)}
    if selector.startswith("environments/") and selector.endswith(_SUFFIXES):
        name = selector.removeprefix("environments/").rsplit(".", 1)[0]
        return {"an environment": _environments(name, targets)}
    if selector.startswith("env/"):
        return _environment_or_target(selector.removeprefix("env/"), targets)
    if selector.startswith("stacks/"):
        return {
            "a directory": _directories(selector.rstrip("/"), targets),
            "a stack": _stacks(selector.removeprefix("stacks/").rstrip("/"), targets),
        }
    return _environment_or_target(selector, targets)


def _environment_or_target(text: str, targets: Targets) -> dict[str, frozenset[TargetName]]:
    text = text.rstrip("/")
    if "/" not in text:
        return {"an environment": _environments(text, targets)}
    pattern = _pattern(text)
    return {"a target": frozenset(name for name in targets if pattern(str(name)))}


def _pattern(text: str) -> Callable[[str], bool]:
    # A stack's name may hold slashes, and `prod/*` means all of prod.
    if not is_glob(text):
        return lambda name: name == text
    wide = "**".join(part.replace("*", "**") for part in text.split("**"))
    return compiled(wide)


def _environments(text: str, targets: Targets) -> frozenset[TargetName]:
    pattern = _pattern(text)
    return frozenset(name for name in targets if pattern(name.environment))


def _stacks(text: str, targets: Targets) -> frozenset[TargetName]:
    pattern = _pattern(text)
    return frozenset(name for name in targets if pattern(name.stack))


def _directories(text: str, targets: Targets) -> frozenset[TargetName]:
    pattern = _pattern(text)
    return frozenset(name for name, target in targets.items() if pattern(target.stack.directory))


def _at_path(selector: str, targets: Targets, here: str) -> frozenset[TargetName]:
    """The targets whose stack lies at or below a path, or (`./environments/prod.yaml`) the environment of a file."""
    place = joined(here, selector)
    if place is None:
        return frozenset()
    if place.startswith("environments/") and place.endswith(_SUFFIXES):
        return _environments(place.removeprefix("environments/").rsplit(".", 1)[0], targets)
    if is_glob(place):
        return _directories(place, targets)
    return frozenset(
        name
        for name, target in targets.items()
        if place == "." or target.stack.directory == place or target.stack.directory.startswith(place + "/")
    )


def _narrowed(names: set[TargetName], request: SelectionRequest, targets: Targets) -> set[TargetName]:
    """`--tag`, `--stack`, `--engine`: each narrows, several of one kind unite."""
    found = names
    for option, wanted in (("tag", request.tags), ("stack", request.stacks), ("engine", request.engines)):
        if not wanted:
            continue
        patterns = [_pattern(each) for each in wanted]
        kept = {
            name
            for name in found
            if any(pattern(value) for value in _values(targets[name], option) for pattern in patterns)
        }
        if found and not kept:
            there = {value for name in found for value in _values(targets[name], option)}
            raise AskedWrongly.of(
                "selection-empty",
                f"none of the chosen targets has the {option} {listed(wanted)}",
                hint=way_out(wanted[0], there, "they have"),
            )
        found = kept
    return found


def _values(target: Target, option: str) -> Iterable[str]:
    match option:
        case "tag":
            return target.tags | target.stack.tags
        case "stack":
            return (target.stack.name,)
        case _:
            return (target.stack.engine.name.value,)


def _unmatched(selector: str, targets: Targets) -> Diagnostic:
    if not targets:
        return Diagnostic(
            code="selector-unmatched",
            message=f"`{selector}` matches nothing: there is no target at all",
            hint="`runner init` proposes a layout and an environment; only `preview` sees what is not committed",
        )
    environments = {name.environment for name in targets}
    stacks = {f"stacks/{name.stack}" for name in targets}
    directories = {f"./{target.stack.directory}" for target in targets.values()}
    if selector == "." or selector.startswith(("./", "../")):
        known, what = directories, "stacks are at"
    elif "/" in selector and not selector.startswith(("env/", "stacks/", "environments/")):
        environment = selector.split("/", 1)[0]
        here = {str(name) for name in targets if name.environment == environment}
        known, what = (
            (here, f"`{environment}` has") if here else ({str(name) for name in targets}, "targets are")
        )
    elif selector.startswith("stacks/"):
        known, what = stacks, "stacks are"
    else:
        known, what = (
            environments | {f"env/{each}" for each in environments if selector.startswith("env/")},
            "environments are",
        )
        if f"stacks/{selector}" in stacks:
            return Diagnostic(
                code="selector-unmatched",
                message=f"`{selector}` is no environment, but a stack",
                hint=f"`stacks/{selector}` means it everywhere; environments are: {listed(environments)}",
            )
    return Diagnostic(
        code="selector-unmatched",
        message=f"`{selector}` matches nothing",
        hint=way_out(selector, known, what),
    )
