"""Which files of a tree are the user's configuration, and how mistakes in them are gathered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.diagnostics import Diagnostic, Severity, Span
from runner.errors import AskedWrongly
from runner.kit.tree import Kind, Tree
from runner.model.names import ENVIRONMENT_PATTERN, RESERVED_ENVIRONMENTS

RUNNER_FILE = "runner.yaml"
DIRECTORY = "environments"


def environment_files(tree: Tree) -> tuple[dict[str, str], list[Diagnostic]]:
    """Environment -> its file; and what is wrong with the files' names."""
    files: dict[str, str] = {}
    problems = not_files(tree, [RUNNER_FILE])
    directory = tree.node(DIRECTORY)
    if directory is not None and directory.kind is not Kind.DIRECTORY:
        problems.append(_unreadable(DIRECTORY, f"`{DIRECTORY}` is a {directory.kind}, and no directory"))
    for node in tree.children(DIRECTORY):
        name = node.path.removeprefix(f"{DIRECTORY}/")
        if not name.endswith((".yaml", ".yml")):
            continue
        if mistaken := not_files(tree, [node.path]):
            problems += mistaken
            continue
        stem, _, ending = name.rpartition(".")
        if ending == "yml":
            problems.append(
                _misnamed(node.path, "environments are read from *.yaml", f"rename it to {stem}.yaml")
            )
        elif stem in RESERVED_ENVIRONMENTS:
            problems.append(
                _misnamed(
                    node.path,
                    f"`{stem}` is a reserved word and cannot name an environment",
                    "rename the file",
                )
            )
        elif not ENVIRONMENT_PATTERN.fullmatch(stem):
            hint = "rename the file: a-z, 0-9, `_` and `-`, a letter or digit first"
            problems.append(_misnamed(node.path, f"`{stem}` cannot name an environment", hint))
        else:
            files[stem] = node.path
    problems += [
        _misnamed(name, "the repository's settings are read from runner.yaml", "rename it to runner.yaml")
        for name in ("runner.yml",)
        if tree.node(name)
    ]
    return files, problems


def not_files(tree: Tree, paths: Iterable[str]) -> list[Diagnostic]:
    """What is wrong with those of `paths` where something else than a file stands: read as absent, it would open every
    gate that it was meant to hold."""
    found = [node for path in paths if (node := tree.node(path)) is not None]
    return [
        _unreadable(node.path, f"`{node.path}` is a {node.kind}, and no file")
        for node in found
        if node.kind not in (Kind.FILE, Kind.EXECUTABLE)
    ]


def _unreadable(path: str, message: str) -> Diagnostic:
    span = Span(file=path, line=1, column=1)
    hint = "configuration is not read through links: put what it should hold into a file of that name"
    return Diagnostic(code="configuration-not-a-file", message=message, span=span, hint=hint)


def _misnamed(path: str, message: str, hint: str) -> Diagnostic:
    span = Span(file=path, line=1, column=1)
    return Diagnostic(code="environment-name-invalid", message=message, span=span, hint=hint)


def believed(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The warnings among `problems`, sorted by place. AskedWrongly with all of the errors when there is one."""
    ordered = sorted(dict.fromkeys(problems), key=_place)
    errors: Sequence[Diagnostic] = [each for each in ordered if each.severity is Severity.ERROR]
    if errors:
        raise AskedWrongly(errors)
    return tuple(ordered)


def _place(problem: Diagnostic) -> tuple[str, int, int, str]:
    span = problem.span
    return (span.file, span.line, span.column, problem.message) if span else ("", 0, 0, problem.message)
