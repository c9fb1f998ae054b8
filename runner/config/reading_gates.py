"""The gates of a repository, from the law's tree: runner.yaml, and the gate keys of each environment's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from msgspec.structs import replace

from runner.config import FileKind
from runner.config.believing_gates import engines, forge, gates_of, ledger, limits, terraform_settings
from runner.config.branches import branches_of, default_branch, unbound
from runner.config.configuration import BranchFacts, GatesConfiguration, Limits
from runner.config.enforcement import (
    GATE_KEYS,
    WISH_KEYS,
    WITHOUT_EFFECT,
    unenforced_settings,
    without_effect,
)
from runner.config.files import DIRECTORY, RUNNER_FILE, believed, environment_files
from runner.config.layout import DEFAULT_LAYOUT, Pattern, PatternError, compiled
from runner.config.places import Places, Steps
from runner.config.reading_wishes import read_wishes
from runner.config.reference_syntax import ReferenceReader, Scope
from runner.config.remembering import ConfigurationReader, ReadFile
from runner.config.section import Section
from runner.config.stack_search import found_stacks
from runner.diagnostics import Diagnostic, Severity
from runner.errors import AskedWrongly
from runner.kit.tree import Tree
from runner.model.environment import Gates, TerraformSettings
from runner.model.names import ENVIRONMENT_PATTERN, RESERVED_ENVIRONMENTS
from runner.model.references import Expression, SecretReference


def read_gates(tree: Tree, facts: BranchFacts, reader: ConfigurationReader) -> GatesConfiguration:
    """All gates, believed. Mistakes under wish keys are left to `read_wishes`: a wish that is broken on the default
    branch must not keep the pull request that mends it from being planned. AskedWrongly with every other mistake."""
    paths, problems = environment_files(tree)
    contents = tree.read_many([RUNNER_FILE, *paths.values()])
    own = _runner_file(reader, contents)
    problems += [mistake.diagnostic for mistake in own.mistakes]
    bounds = limits(own.section.section("limits"))
    files = reader.read(
        {path: (FileKind.ENVIRONMENT, contents[path]) for path in paths.values() if path in contents},
        bounds.yaml_nodes,
    )
    for read in files.values():
        problems += [each.diagnostic for each in read.mistakes if each.key not in WISH_KEYS]
    layout = _layout(own, problems)
    names = [*paths, *_laid_out(tree, layout, bounds, problems)]
    judge = _Judge(own, facts, problems)
    environments: dict[str, Gates] = {}
    for name in dict.fromkeys(names):
        environments[name] = judge.gates(name, files.get(paths.get(name, "")))
    for name, path in paths.items():
        if path in files:
            problems += _strangers(files[path], environments[name], names)
            environments[name] = _with_addresses(files[path], environments[name], problems)
    law = judge.configuration(environments, layout, bounds, _written(own, files))
    if len(problems) > 0 and not any(each.code in _FOUNDATIONS for each in problems):
        problems += _wishes_too(tree, law, reader)
    warnings = believed(problems)
    reader.keep()
    return replace(law, warnings=warnings)


_FOUNDATIONS = frozenset({"layout-invalid", "limit-tree-files", "yaml-too-large"})
"""With one of these nothing can be said of stacks."""


def _wishes_too(tree: Tree, law: GatesConfiguration, reader: ConfigurationReader) -> tuple[Diagnostic, ...]:
    """What is wrong with the wishes of a tree whose gates are not believed: all mistakes are told at once. `law` goes
    no further than here."""
    try:
        read_wishes(tree, law, reader)
    except AskedWrongly as error:
        return error.diagnostics
    return ()


def _runner_file(reader: ConfigurationReader, contents: Mapping[str, bytes]) -> ReadFile:
    content = contents.get(RUNNER_FILE, b"")
    return reader.read({RUNNER_FILE: (FileKind.RUNNER, content)}, Limits().yaml_nodes)[RUNNER_FILE]


def _layout(own: ReadFile, problems: list[Diagnostic]) -> tuple[Pattern, ...]:
    written = own.section.texts("layout") or DEFAULT_LAYOUT
    patterns = []
    for position, text in enumerate(written):
        try:
            patterns.append(compiled(text))
        except PatternError as error:
            where = ("layout", position)
            problems.append(own.places.problem("layout-invalid", str(error), where, hint=error.hint))
    return tuple(patterns)


def _laid_out(tree: Tree, layout: Sequence[Pattern], bounds: Limits, problems: list[Diagnostic]) -> list[str]:
    """Environments that exist by a layout directory. What else is wrong with stacks is a matter of wishes."""
    if not any("{environment}" in pattern.text for pattern in layout):
        return []
    search = found_stacks(tree, layout, bounds.tree_files)
    problems += [each for each in search.problems if each.code == "limit-tree-files"]
    names = sorted({found.placed.environment for found in search.stacks} - {""} - RESERVED_ENVIRONMENTS)
    return [name for name in names if ENVIRONMENT_PATTERN.fullmatch(name)]


def _written(own: ReadFile, files: Mapping[str, ReadFile]) -> dict[str, dict[str, object]]:
    """The gates as checked, by file."""
    written: dict[str, dict[str, object]] = {
        path: {key: read.section.json(key) for key in GATE_KEYS if key in read.section}
        for path, read in files.items()
    }
    written[RUNNER_FILE] = {key: own.section.json(key) for key in own.section.names()}
    return written


class _Judge:
    """Believes environments one by one, under one runner.yaml."""

    def __init__(self, own: ReadFile, facts: BranchFacts, problems: list[Diagnostic]) -> None:
        self._own = own
        self._problems = problems
        self._default = default_branch(own.section.text("default_branch"), facts.remote_head, facts.local)
        self._branches = tuple(own.section.words("branches").items())
        shared = own.section.section("settings").section("terraform")
        self._terraform = terraform_settings(shared, TerraformSettings())
        self._closed = unenforced_settings(own.section)
        problems += _without_effect(own)
        for branch, environment in self._branches:
            for name in unbound(branch, environment):
                message = f"`{branch}` needs a value for `{{{name}}}`, and `{environment}` gives none"
                hint = f"write the environment with `{{{name}}}` too"
                problems.append(
                    own.places.problem("branches-invalid", message, ("branches", branch), hint=hint)
                )

    def gates(self, name: str, read: ReadFile | None) -> Gates:
        """The gates of one environment; those of one without a file are the defaults."""
        section = read.section if read else Section({})
        places = read.places if read else self._own.places
        branch = section.text("branch") or self._branch(name, places)
        return gates_of(name, branch, section, self._terraform, self._closed)

    def _branch(self, name: str, places: Places) -> str:
        given = branches_of(name, self._branches)
        if len(given) > 1:
            listed = " and ".join(f"`{branch}`" for branch in given)
            message = f"`branches` gives `{name}` the branches {listed}"
            hint = f"write `branch:` into {DIRECTORY}/{name}.yaml"
            self._problems.append(
                self._own.places.problem("branch-ambiguous", message, ("branches",), hint=hint, key=True)
            )
        if not given and not self._default:
            message = (
                f"the branch of environment `{name}` is unknown: no remote says which branch is its default"
            )
            hint = "write `default_branch:` into runner.yaml, or `branch:` here"
            self._problems.append(places.problem("branch-unknown", message, hint=hint))
        return given[0] if given else self._default

    def configuration(
        self,
        environments: Mapping[str, Gates],
        layout: Sequence[Pattern],
        bounds: Limits,
        written: Mapping[str, Mapping[str, object]],
    ) -> GatesConfiguration:
        """All of it; to be believed once nothing is wrong."""
        section = self._own.section
        return GatesConfiguration(
            environments=environments,
            default_branch=self._default,
            layout=tuple(pattern.text for pattern in layout),
            branches=self._branches,
            limits=bounds,
            ledger=ledger(section.section("ledger")),
            engines=engines(section.section("engines"), self._own.places),
            forge=forge(section.section("forge")),
            terraform=self._terraform,
            defaults=gates_of("", self._default, Section({}), self._terraform, self._closed),
            written=written,
        )


def _without_effect(own: ReadFile) -> list[Diagnostic]:
    return [
        own.places.problem(
            "key-without-effect",
            f"`{name}` has no effect yet: {WITHOUT_EFFECT[name]}",
            tuple(name.split(".")),
            severity=Severity.WARNING,
            key=True,
        )
        for name in without_effect(own.section)
    ]


def _strangers(read: ReadFile, gates: Gates, known: Sequence[str]) -> list[Diagnostic]:
    """Environments that the gates name and nobody has."""
    problems = []
    named: list[tuple[Steps, str]] = [
        (("allow", "environments", at), name) for at, name in enumerate(gates.allow.environments or ())
    ]
    named += [
        (("promote", "after", at), name)
        for at, name in enumerate(gates.promote.after if gates.promote else ())
    ]
    for where, name in named:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = (
                f"did you mean `{near[0]}`?" if near else f"add {DIRECTORY}/{name}.yaml, or remove the name"
            )
            problems.append(
                read.places.problem(
                    "environment-unknown", f"there is no environment `{name}`", where, hint=hint
                )
            )
    return problems


def _with_addresses(read: ReadFile, gates: Gates, problems: list[Diagnostic]) -> Gates:
    """`notify` with the secrets in its addresses read, and the mistakes in them."""
    references = ReferenceReader(read.places, Scope(environment=gates.environment, stacks={}))
    believed = []
    for position, message in enumerate(gates.notify):
        steps: Steps = ("notify", position, "url")
        value = references.value(str(message.url), steps)
        if isinstance(value, Expression):
            problems += [
                read.places.problem(
                    "reference-unknown", "only secrets may stand here", steps, hint="write `${secret:…}`"
                )
                for part in value.parts
                if not isinstance(part, (str, SecretReference))
            ]
        believed.append(replace(message, url=value))
    problems += map(_only_secrets, references.problems)
    return replace(gates, notify=tuple(believed))


def _only_secrets(problem: Diagnostic) -> Diagnostic:
    """A reference to an output is no matter of which stacks there are, where none may stand."""
    if problem.code not in ("stack-unknown", "environment-unknown"):
        return problem
    return replace(
        problem, code="reference-unknown", message="only secrets may stand here", hint="write `${secret:…}`"
    )
