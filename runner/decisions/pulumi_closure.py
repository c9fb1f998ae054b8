"""The closure of a Pulumi target: project files, its stack's settings, its program, and what the configuration says."""

from __future__ import annotations

import posixpath

from msgspec import Struct

from runner.decisions.closure import Closure, Code
from runner.decisions.footprint import Footprint, Traced
from runner.decisions.gathering import MOST_ITEMS, Gathering
from runner.decisions.lookup import FILES, joined, located
from runner.decisions.program_reading import ProgramReading
from runner.decisions.python_places import ImportSearch, below
from runner.decisions.said_in_settings import gather_said
from runner.model.code import FileFacts, FileReference, literal
from runner.model.code_files import PROJECT_FILES
from runner.model.environment import Gates
from runner.model.target import Target

_ENDINGS = (".yaml", ".yml")


class Project(Struct, frozen=True, kw_only=True):
    """What a project file says: `configs` is where stacks have their settings; `plain` False where a key stands in a
    form that is not looked into, so that nothing is believed of it."""

    files: tuple[str, ...]
    name: str = ""
    main: str = ""
    runtime: str = ""
    configs: str = ""
    plain: bool = True


def project_of(directory: str, code: Code) -> Project:
    """The project in a directory that is free of links."""
    files = tuple(
        path for name in PROJECT_FILES if located(code, path := below(directory, name)).kind in FILES
    )
    facts = code.program(located(code, files[0]).path) if files else None
    said = _said(facts)
    return Project(
        files=files,
        name=said.get("name", ""),
        main=said.get("main", ""),
        runtime=said.get("runtime", ""),
        configs=said.get("configs", ""),
        plain=facts is not None and not facts.diagnostics and "odd" not in said,
    )


def _said(facts: FileFacts | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in facts.references if facts else ():
        found.setdefault(each.function, literal(each.path) or "")
    return found


class ProgramTrace(Struct, frozen=True, kw_only=True):
    """What is worth keeping of a closure. `project`: its name; `stacks`: where its program refers to others, wherever
    in its code; `footprint`: while it is not crossed, all of it stays as it is."""

    project: str
    stacks: tuple[FileReference, ...]
    footprint: Footprint


def pulumi_closure(target: Target, gates: Gates, code: Code, most_items: int = MOST_ITEMS) -> Closure:
    """The closure of `target`, in the tree of `code`."""
    return traced_closure(target, gates, code, most_items)[0]


def traced_closure(
    target: Target, gates: Gates, code: Code, most_items: int = MOST_ITEMS
) -> tuple[Closure, ProgramTrace]:
    """The closure, with what it was made of."""
    traced = Traced(code)
    found = Gathering(traced, most_items)
    directory = located(traced, target.stack.directory).path
    reading = read_program(target, directory, found, traced)
    gather_said(target, gates, found, directory, None)
    closure = Closure(
        target=target.name,
        directory=directory,
        items=tuple(found.items[name] for name in sorted(found.items)),
        watches=tuple(found.watches[key] for key in sorted(found.watches)),
        widened=tuple(found.widened),
        diagnostics=tuple(found.diagnostics.values()),
    )
    project = project_of(directory, traced).name
    return closure, ProgramTrace(
        project=project, stacks=tuple(reading.stacks), footprint=traced.asked.footprint
    )


def said_by_program(target: Target, code: Code) -> tuple[str, tuple[FileReference, ...]]:
    """The name of a target's project, and the references of its program to stacks, wherever in its code."""
    traced = Traced(code)
    directory = located(traced, target.stack.directory).path
    reading = read_program(target, directory, Gathering(traced), traced)
    return project_of(directory, traced).name, tuple(reading.stacks)


def read_program(target: Target, directory: str, found: Gathering, code: Traced) -> ProgramReading:
    """Adds the program of the project in `directory` to `found`, which is of the tree of `code`."""
    stack = target.name.environment
    project = project_of(directory, code)
    program = _program(directory, project, code)
    configs = (joined(directory, project.configs) if project.configs else None) or directory
    own = {below(configs, f"Pulumi.{stack}{ending}") for ending in _ENDINGS}
    found.unread = lambda path: path not in own and _is_settings(path, (directory, configs))
    search = ImportSearch(code)
    reading = ProgramReading(found, search, directory, posixpath.dirname(program) or ".", stack)
    for path in project.files:
        reading.read(path, "it describes the project")
    for path in sorted(own):
        reading.read(path, f"it holds the settings of `{stack}`")
    found.watch(configs, f"Pulumi.{stack}.{{yaml,yml}}", f"it would hold the settings of `{stack}`")
    for each in (*target.inputs.values(), *target.environment_inputs.values()):
        if isinstance(each.value, str) and each.value:
            reading.text(each.value, f"the input `{each.name}` names it")
    if project.runtime == "python" and project.plain and located(code, program).kind in FILES:
        for path in search.manifests(directory):
            reading.read(path, "it says what is installed for the program")
        reading.read(program, "the program")
    elif project.runtime == "python":
        reading.whole("its program is not where the project says, or that is not plain")
    else:
        reading.everything(directory, "a program may read all of its directory", runs=True)
    reading.follow()
    return reading


def _program(directory: str, project: Project, code: Code) -> str:
    """The file in which a Python program begins."""
    main = joined(directory, project.main or ".") or directory
    return main if located(code, main).kind in FILES else below(main, "__main__.py")


def _is_settings(path: str, places: tuple[str, ...]) -> bool:
    """Whether a file holds the settings of some stack."""
    place, name = posixpath.split(path)
    stem, ending = posixpath.splitext(name)
    return ending in _ENDINGS and stem.startswith("Pulumi.") and (place or ".") in places
