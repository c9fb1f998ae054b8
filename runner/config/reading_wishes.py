"""The wishes of a repository, from the head's tree: stacks, and the wish keys of each environment's file."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from runner.config import FileKind
from runner.config.branches import branches_of
from runner.config.configuration import GatesConfiguration, WishesConfiguration
from runner.config.enforcement import GATE_KEYS, UNHONOURED_STACK_KEYS
from runner.config.engine_choice import EngineChoice
from runner.config.files import RUNNER_FILE, believed, environment_files, not_files
from runner.config.layout import compiled
from runner.config.members import members_of, stacks_by_environment
from runner.config.remembering import ConfigurationReader, ReadFile
from runner.config.section import Section
from runner.config.stack_search import Found, Search, found_stacks
from runner.config.wishing import Wisher
from runner.diagnostics import Diagnostic, Severity, Span
from runner.kit.tree import Tree
from runner.model.environment import Wishes
from runner.model.names import TargetName
from runner.model.stack import Stack
from runner.model.target import Target


def read_wishes(tree: Tree, gates: GatesConfiguration, reader: ConfigurationReader) -> WishesConfiguration:
    """All wishes, believed, under the law's layout and limits. Gates that this tree changes are reported as ignored.
    AskedWrongly with every mistake in the tree's configuration, gates included: they are to be law next."""
    paths, problems = environment_files(tree)
    search = found_stacks(tree, [compiled(text) for text in gates.layout], gates.limits.tree_files)
    problems += search.problems
    problems += not_files(tree, (_stack_file(found) for found in search.stacks))
    own = {_stack_file(found): found for found in search.stacks if "stack.yaml" in found.files}
    contents = tree.read_many([RUNNER_FILE, *paths.values(), *own, *sorted(search.version_files)])
    kinds = {RUNNER_FILE: FileKind.RUNNER, **dict.fromkeys(paths.values(), FileKind.ENVIRONMENT)}
    kinds |= dict.fromkeys(own, FileKind.STACK)
    read = reader.read(
        {path: (kind, contents[path]) for path, kind in kinds.items() if path in contents},
        gates.limits.yaml_nodes,
    )
    for file in read.values():
        problems += [mistake.diagnostic for mistake in file.mistakes]
    stacks = _stacks(search, read, contents, gates, problems)
    files = {name: read[path] for name, path in paths.items() if path in read}
    names = sorted({*files, *(stack.environment for stack in stacks if stack.environment)})
    wishes, targets = _targets(names, files, stacks, search.foreign, problems)
    problems += _limit(len(targets), gates)
    problems += _ignored(read, gates)
    unknown = frozenset(names) - frozenset(gates.environments)
    problems += _branchless(unknown, gates)
    warnings = believed(problems)
    reader.keep()
    return WishesConfiguration(
        wishes=wishes,
        stacks=stacks,
        targets=targets,
        unknown=unknown,
        foreign=search.foreign,
        warnings=warnings,
    )


def _stack_file(found: Found) -> str:
    directory = found.placed.directory
    return "stack.yaml" if directory == "." else f"{directory}/stack.yaml"


def _stacks(
    search: Search,
    read: Mapping[str, ReadFile],
    contents: Mapping[str, bytes],
    gates: GatesConfiguration,
    problems: list[Diagnostic],
) -> tuple[Stack, ...]:
    versions = {path: contents[path] for path in search.version_files if path in contents}
    choice = EngineChoice(gates.engines, versions)
    stacks = tuple(_stack(found, read.get(_stack_file(found)), choice, problems) for found in search.stacks)
    problems += choice.problems
    return stacks


def _stack(found: Found, file: ReadFile | None, choice: EngineChoice, problems: list[Diagnostic]) -> Stack:
    placed = found.placed
    section = file.section if file else Section({})
    tags = {*section.texts("tags"), *(f"{name}:{value}" for name, value in placed.captures.items())}
    if file:
        problems += _unhonoured(file)
    return Stack(
        name=placed.name,
        directory=placed.directory,
        engine=choice.of(found, section.section("engine")),
        environment=placed.environment,
        captures=placed.captures,
        tags=frozenset(tags),
        reads=_reads(placed.directory, file, problems) if file else (),
        timeout=section.seconds("timeout"),
        renamed_from=section.text("renamed_from"),
    )


def _unhonoured(file: ReadFile) -> list[Diagnostic]:
    return [
        file.places.problem(
            "wish-not-honoured",
            f"this version cannot honour `{key}`",
            (key,),
            hint="remove it for now",
            key=True,
        )
        for key in sorted(UNHONOURED_STACK_KEYS)
        if key in file.section
    ]


def _reads(directory: str, file: ReadFile, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Globs from the repository's root."""
    globs = []
    for position, glob in enumerate(file.section.texts("reads")):
        path = posixpath.normpath(posixpath.join(directory, glob))
        if glob.startswith("/") or path.split("/")[0] == "..":
            message = f"`{glob}` lies outside the repository"
            hint = "read files of the repository only"
            problems.append(file.places.problem("path-outside", message, ("reads", position), hint=hint))
        globs.append(path)
    return tuple(globs)


def _targets(
    names: Sequence[str],
    files: Mapping[str, ReadFile],
    stacks: Sequence[Stack],
    foreign: Mapping[str, str],
    problems: list[Diagnostic],
) -> tuple[dict[str, Wishes], dict[TargetName, Target]]:
    globs = {name: (files[name].section.texts("stacks") if name in files else ()) or ("*",) for name in names}
    members = members_of(globs, stacks)
    wisher = Wisher(
        stacks=stacks_by_environment(members),
        all_stacks=frozenset(stack.name for stack in stacks),
        foreign=foreign,
    )
    wishes = {name: wisher.wishes(name, files.get(name)) for name in names}
    targets = {
        target.name: target for name in names for target in wisher.targets(wishes[name], members[name])
    }
    problems += wisher.problems
    return wishes, targets


def _limit(count: int, gates: GatesConfiguration) -> list[Diagnostic]:
    if count <= gates.limits.targets:
        return []
    message = f"there are {count} targets, more than {gates.limits.targets}"
    hint = "raise `limits.targets` in runner.yaml, or narrow `stacks:` of the environments"
    return [Diagnostic(code="limit-targets", message=message, hint=hint)]


def _branchless(unknown: frozenset[str], gates: GatesConfiguration) -> list[Diagnostic]:
    """Environments that nobody knows a branch for."""
    return [
        Diagnostic(
            code="branch-unknown",
            message=f"the branch of environment `{name}` is unknown: no remote says which branch is its default",
            hint="write `default_branch:` into runner.yaml",
        )
        for name in sorted(unknown)
        if not gates.default_branch and not branches_of(name, gates.branches)
    ]


def _ignored(read: Mapping[str, ReadFile], gates: GatesConfiguration) -> list[Diagnostic]:
    """Gates that differ from the law's."""
    problems: list[Diagnostic] = []
    for path, file in read.items():
        if not path.startswith("environments/") and path != RUNNER_FILE:
            continue
        law = gates.written.get(path, {})
        keys = (
            file.section.names() if path == RUNNER_FILE else tuple(k for k in GATE_KEYS if k in file.section)
        )
        problems += [
            _ignored_key(file, path, key)
            for key in keys
            if key not in law or file.section.json(key) != law[key]
        ]
    for path, law in gates.written.items():
        now = read[path].section if path in read else Section({})
        for key in sorted(law):
            if key not in now:
                message = f"`{key}` is gone from {path}, and still holds until that is merged"
                span = Span(file=path, line=1, column=1)
                problems.append(_warning(message, span))
    return problems


def _ignored_key(file: ReadFile, path: str, key: str) -> Diagnostic:
    message = f"`{key}` of {path} is a gate and differs from the law's: it is ignored until it is merged"
    span = file.places.span((key,), key=True)
    return _warning(message, span, file.places.line(span.line))


def _warning(message: str, span: Span, source: str = "") -> Diagnostic:
    return Diagnostic(
        code="gate-ignored",
        message=message,
        span=span,
        hint="gates are believed from the default branch, never from the change that alters them",
        source=source,
        severity=Severity.WARNING,
    )
