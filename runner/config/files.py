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
    problems: list[Diagnostic] = []
    for node in tree.children(DIRECTORY):
        name = node.path.removeprefix(f"{DIRECTORY}/")
        if node.kind not in (Kind.FILE, Kind.EXECUTABLE) or not name.endswith((".yaml", ".yml")):
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
